#include "dashboard/session.h"

#include <stdio.h>

#include "core/limits.h"
#include "core/text.h"

/* An answer's value, in the arena of the request; NULL for SQL's NULL. */
static const char *
keep(const struct request *q, const struct answer *a, size_t column)
{
	const char *value = answer_value(a, 0, column);

	return value != NULL ? arena_str(q->arena, str_of(value)).p : NULL;
}

int
session_find(struct readers *readers, const struct request *q, struct session *out, struct err *e)
{
	char most[16], idle[16];
	const char *values[] = { out->token_hash, most, idle };
	const char *role;
	struct answer *a;
	int found;

	*out = (struct session){ 0 };
	if (q->token.n != TOKEN_BYTES - 1)
		return 0;
	token_hash(q->token, out->token_hash);
	snprintf(most, sizeof(most), "%d", LIMIT_SESSION_SECONDS);
	snprintf(idle, sizeof(idle), "%d", LIMIT_SESSION_IDLE_SECONDS);
	a = readers_ask(readers, NULL, "session_find", values, 3, false, e);
	if (a == NULL)
		return -1;
	found = answer_rows(a) > 0;
	if (found) {
		out->name = keep(q, a, 0);
		role = keep(q, a, 1);
		out->admin = role != NULL && strcmp(role, "admin") == 0;
		token_csrf(q->token, out->csrf);
	}
	answer_free(a);
	return found;
}

/* "https://host:8080" without its scheme. */
static struct str
host_of(struct str origin)
{
	const char *at = str_find(origin, STR("://"));

	return at == NULL ? origin : (struct str){ at + 3, origin.n - (size_t)(at + 3 - origin.p) };
}

bool
session_is_own(const struct request *q, const struct session *session)
{
	struct str type = q->content_type;
	const char *semicolon = type.n > 0 ? memchr(type.p, ';', type.n) : NULL;

	if (semicolon != NULL)
		type.n = (size_t)(semicolon - type.p);
	if (!str_caseeq(str_trim(type), STR("application/json")))
		return false;
	if (q->fetch_site.n > 0 && !str_eq(q->fetch_site, STR("same-origin")))
		return false;
	if (q->origin.n > 0 && !str_caseeq(host_of(q->origin), q->host))
		return false;
	return session == NULL || token_eq(q->csrf, str_of(session->csrf));
}

void
session_tell(const struct session *session, struct response *r)
{
	buf_puts(&r->body, STR("{\"name\":"));
	text_json_or_null(&r->body, str_of(session->name));
	buf_printf(&r->body, ",\"role\":\"%s\",\"csrf\":\"%s\",\"by_link\":%s,\"version\":\"%s\"}",
	    session->admin ? "admin" : "viewer", session->csrf,
	    session->name == NULL ? "true" : "false", RUASTAT_VERSION);
}
