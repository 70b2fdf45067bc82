#include "ingest/tokengrant.h"

#include <stdio.h>

#include "ingest/form.h"
#include "ingest/https.h"
#include "ingest/tokenjson.h"
#include "ingest/tokenrefusal.h"

#define FORM_BYTES ((size_t)1 << 20) /* three texts of SECRET_BYTES, each byte as three */

int
tokengrant_init(struct tokengrant *g, const struct token_conf *conf, const char *name,
    const volatile int *stop, struct err *e)
{
	*g = (struct tokengrant){ .conf = conf, .name = name, .stop = stop };
	buf_init(&g->secret, SECRET_BYTES);
	if (!secret_is_named(&conf->client_secret))
		return 0;
	return secret_read(&conf->client_secret, "the client secret", &g->secret, e);
}

void
tokengrant_fini(struct tokengrant *g)
{
	secret_wipe(&g->secret);
}

static void
put_form(const struct tokengrant *g, const struct tokengrant_field *fields, struct buf *form)
{
	if (buf_room(form, FORM_BYTES) == NULL) /* at once: what grows leaves copies behind */
		return;
	for (const struct tokengrant_field *f = fields; f->name != NULL; f++)
		if (f->value != NULL)
			form_put(form, f->name, str_of(f->value));
	form_put(form, "client_id", str_of(g->conf->client_id));
	if (g->secret.n > 0)
		form_put(form, "client_secret", buf_str(&g->secret));
}

/* Which of the texts sent must not come back in an error. */
static bool
is_hidden(const char *field)
{
	static const char *const all[] = { "refresh_token", "device_code", "code",
		"code_verifier" };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (strcmp(field, all[i]) == 0)
			return true;
	return false;
}

static int
refuse(const struct tokengrant *g, const struct tokengrant_field *fields,
    const struct tokenjson *answer, long status, const char *url, struct err *e)
{
	struct str hidden[TOKENGRANT_FIELDS + 1];
	size_t n = 0;

	hidden[n++] = buf_str(&g->secret);
	for (const struct tokengrant_field *f = fields; f->name != NULL; f++)
		if (f->value != NULL && is_hidden(f->name) && n <= TOKENGRANT_FIELDS)
			hidden[n++] = str_of(f->value);
	return tokenrefusal_set(e, answer, status, url, g->name, hidden, n);
}

int
tokengrant_ask(const struct tokengrant *g, const char *url, const struct tokengrant_field *fields,
    char code[TOKENGRANT_CODE_BYTES], struct tokenjson **out, struct err *e)
{
	struct https_request r = { .url = url, .ca_file = g->conf->ca_file, .stop = g->stop };
	struct tokenjson *answer = NULL;
	struct buf form, body;
	long status = 0;
	int rc = -1;

	code[0] = '\0';
	buf_init(&form, FORM_BYTES);
	buf_init(&body, HTTPS_BYTES);
	put_form(g, fields, &form);
	r.form = buf_str(&form);
	if (form.over)
		err_set(e, ERR_CONFIG, "what is to be sent to %.200s is too long", url);
	else if (https_ask(&r, &status, &body, e) == 0) {
		answer = tokenjson_parse(buf_str(&body));
		if (answer != NULL && status == 200 && tokenjson_text(answer, "error") == NULL) {
			*out = answer;
			answer = NULL;
			rc = 0;
		} else {
			refuse(g, fields, answer, status, url, e);
			if (answer != NULL && tokenjson_text(answer, "error") != NULL)
				snprintf(code, TOKENGRANT_CODE_BYTES, "%s",
				    tokenjson_text(answer, "error"));
		}
	}
	tokenjson_free(answer);
	secret_wipe(&form);
	secret_wipe(&body);
	return rc;
}

bool
tokengrant_is_token(const char *token)
{
	size_t n = 0;

	for (; token[n] != '\0'; n++)
		if (token[n] < 0x21 || token[n] > 0x7e)
			return false;
	return n > 0 && n < SECRET_BYTES;
}

int
tokengrant_token(const struct tokengrant *g, const struct tokengrant_field *fields,
    char code[TOKENGRANT_CODE_BYTES], struct tokenjson **out, struct err *e)
{
	const char *url = g->conf->token_endpoint, *access, *refresh;
	struct tokenjson *answer;

	if (tokengrant_ask(g, url, fields, code, &answer, e) < 0)
		return -1;
	access = tokenjson_text(answer, "access_token");
	refresh = tokenjson_text(answer, "refresh_token");
	if (access != NULL && tokengrant_is_token(access) &&
	    (refresh == NULL || strlen(refresh) < SECRET_BYTES)) {
		*out = answer;
		return 0;
	}
	tokenjson_free(answer);
	return err_set(e, ERR_SOURCE, "the answer of %.200s has no token that can be used", url);
}
