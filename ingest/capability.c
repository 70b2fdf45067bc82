#include "ingest/capability.h"

#include <string.h>

#define TEXT_BYTES 4096

static const char *const words[CAP_COUNT] = {
	[CAP_STARTTLS] = "STARTTLS",
	[CAP_LOGINDISABLED] = "LOGINDISABLED",
	[CAP_SASL_IR] = "SASL-IR",
	[CAP_PLAIN] = "AUTH=PLAIN",
	[CAP_LOGIN] = "AUTH=LOGIN",
	[CAP_XOAUTH2] = "AUTH=XOAUTH2",
	[CAP_OAUTHBEARER] = "AUTH=OAUTHBEARER",
	[CAP_EXTERNAL] = "AUTH=EXTERNAL",
	[CAP_IDLE] = "IDLE",
	[CAP_MOVE] = "MOVE",
	[CAP_UIDPLUS] = "UIDPLUS",
	[CAP_NAMESPACE] = "NAMESPACE",
	[CAP_COMPRESS] = "COMPRESS=DEFLATE",
	[CAP_ID] = "ID",
};

void
capabilities_init(struct capabilities *c)
{
	*c = (struct capabilities){ .told = false };
	buf_init(&c->text, TEXT_BYTES);
}

void
capabilities_fini(struct capabilities *c)
{
	buf_fini(&c->text);
}

void
capabilities_forget(struct capabilities *c)
{
	memset(c->has, 0, sizeof(c->has));
	buf_reset(&c->text);
	c->told = false;
}

void
capabilities_learn(struct capabilities *c, const struct value *v)
{
	capabilities_forget(c);
	c->told = true;
	for (; v != NULL; v = v->next) {
		if (v->kind != VALUE_ATOM)
			continue;
		if (c->text.n > 0)
			buf_put8(&c->text, ' ');
		buf_puts(&c->text, v->text);
		for (size_t i = 0; i < CAP_COUNT; i++)
			if (str_caseeq(v->text, str_of(words[i])))
				c->has[i] = true;
	}
}
