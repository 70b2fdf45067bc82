#include "ingest/namespace.h"

#include <stdio.h>

static void
copy_name(char *out, struct str s)
{
	snprintf(out, MAILBOX_BYTES, "%.*s", (int)s.n, s.p != NULL ? s.p : "");
}

/* The prefix and separator of one entry of NAMESPACE: ("INBOX." "."). */
static struct str
namespace_entry(const struct value *v, char *separator)
{
	const struct value *second;

	if (v == NULL || v->kind != VALUE_LIST || v->first == NULL ||
	    v->first->kind != VALUE_STRING || v->first->text.n >= MAILBOX_BYTES)
		return (struct str){ NULL, 0 };
	second = v->first->next;
	*separator = second != NULL && second->kind == VALUE_STRING && second->text.n == 1
	    ? second->text.p[0]
	    : '\0';
	return v->first->text;
}

/* RFC 2342: the user's own namespaces, those of other users, shared ones; each a list or NIL. */
static void
learn_namespaces(struct mailbox_space *space, const struct value *v)
{
	char separator = '\0';

	if (v != NULL && v->kind == VALUE_LIST) {
		copy_name(space->prefix, namespace_entry(v->first, &separator));
		space->separator = separator;
	}
	for (v = v != NULL ? v->next : NULL; v != NULL; v = v->next) {
		const struct value *entry = v->kind == VALUE_LIST ? v->first : NULL;

		for (; entry != NULL; entry = entry->next) {
			struct str prefix = namespace_entry(entry, &separator);

			if (prefix.n > 0 &&
			    space->nforeign < sizeof(space->foreign) / sizeof(space->foreign[0]))
				copy_name(space->foreign[space->nforeign++], prefix);
		}
	}
}

static int
on_space(void *arg, const struct response *r, struct err *e)
{
	struct mailbox_space *space = arg;
	const struct value *separator;

	(void)e;
	if (str_caseeq(r->name, STR("NAMESPACE"))) {
		learn_namespaces(space, r->values);
	} else if (str_caseeq(r->name, STR("LIST")) && r->values != NULL &&
	    space->separator == '\0') {
		separator = r->values->next;
		if (separator != NULL && separator->kind == VALUE_STRING && separator->text.n == 1)
			space->separator = separator->text.p[0];
	}
	return 0;
}

int
namespace_ask(struct session *s, struct mailbox_space *space, struct err *e)
{
	const struct session_sink sink = { .arg = space, .untagged = on_space };
	uint32_t listed;
	struct reply r;
	int rc;

	session_listen(s, &sink);
	rc = session_has(s, CAP_NAMESPACE) ? session_send(s, NULL, e, "NAMESPACE") : 0;
	if (rc == 0)
		rc = session_send(s, &listed, e, "LIST \"\" \"\"");
	if (rc == 0)
		rc = session_await(s, listed, &r, e);
	session_listen(s, NULL);
	return rc;
}
