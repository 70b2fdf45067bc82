#include "dashboard/session.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "core/limits.h"

#define TOKEN "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ"

/* A server that asks a database which is not there. */
struct server {
	struct database *db;
	struct readers *readers;
	struct arena *arena;
};

static int
start(void **state)
{
	const struct database_conf conf = { NULL, "host=/nonexistent dbname=none" };
	struct server *s = calloc(1, sizeof(*s));
	struct err e;

	s->db = database_open(&conf, &e);
	if (s->db == NULL) {
		free(s);
		return -1;
	}
	s->readers = readers_new(s->db);
	s->arena = arena_new(LIMIT_HTTP_ARENA);
	*state = s;
	return 0;
}

static int
stop(void **state)
{
	struct server *s = *state;

	arena_free(s->arena);
	readers_free(s->readers);
	database_close(s->db);
	free(s);
	return 0;
}

#define JSON "application/json"
#define HOST "dash.example:8080"

static void
own_pages(void **state)
{
	static const struct {
		const char *type, *site, *origin, *host;
		bool own;
	} cases[] = {
		{ JSON, NULL, NULL, HOST, true },
		{ JSON, "same-origin", "http://" HOST, HOST, true },
		{ JSON, "same-origin", "https://" HOST, HOST, true },
		{ JSON, NULL, "http://DASH.Example:8080", HOST, true },
		{ JSON, NULL, "http://[::1]:8080", "[::1]:8080", true },
		{ "Application/JSON", NULL, NULL, HOST, true },
		{ JSON "; charset=utf-8", NULL, NULL, HOST, true },
		{ " " JSON " ;x", NULL, NULL, HOST, true },
		/* What a form can send. */
		{ NULL, NULL, NULL, HOST, false },
		{ "", NULL, NULL, HOST, false },
		{ "text/plain", NULL, NULL, HOST, false },
		{ "text/plain;" JSON, NULL, NULL, HOST, false },
		{ "application/x-www-form-urlencoded", NULL, NULL, HOST, false },
		{ "multipart/form-data; boundary=" JSON, NULL, NULL, HOST, false },
		{ JSON "x", NULL, NULL, HOST, false },
		{ JSON ", text/plain", NULL, NULL, HOST, false },
		{ "text/plain, " JSON, NULL, NULL, HOST, false },
		/* Who says where it is from. */
		{ JSON, "cross-site", NULL, HOST, false },
		{ JSON, "same-site", NULL, HOST, false },
		{ JSON, "none", NULL, HOST, false },
		{ JSON, "Same-Origin", NULL, HOST, false },
		{ JSON, "same-origin, cross-site", NULL, HOST, false },
		{ JSON, "cross-site", "http://" HOST, HOST, false },
		{ JSON, "same-origin", "http://evil.example", HOST, false },
		{ JSON, NULL, "null", HOST, false },
		{ JSON, NULL, "null", "", false },
		{ JSON, NULL, "http://evil.example", HOST, false },
		{ JSON, NULL, "http://dash.example", HOST, false },
		{ JSON, NULL, "http://dash.example:8081", HOST, false },
		{ JSON, NULL, "http://dash.example:80800", HOST, false },
		{ JSON, NULL, "http://x" HOST, HOST, false },
		{ JSON, NULL, "http://evil.example/" HOST, HOST, false },
		{ JSON, NULL, "http://evil.example#http://" HOST, HOST, false },
		{ JSON, NULL, "http://" HOST "/", HOST, false },
		{ JSON, NULL, "http://" HOST " http://evil.example", HOST, false },
		{ JSON, NULL, "http://" HOST, NULL, false },
		{ JSON, NULL, "http://", HOST, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct request q = { .content_type = str_of(cases[i].type),
			.fetch_site = str_of(cases[i].site),
			.origin = str_of(cases[i].origin),
			.host = str_of(cases[i].host) };

		if (session_is_own(&q, NULL) != cases[i].own)
			fail_msg("case %zu: %s, %s, %s", i, cases[i].type, cases[i].site,
			    cases[i].origin);
	}
}

static void
own_token(void **state)
{
	struct session session = { .name = "ann" };
	char other[TOKEN_HASH_BYTES];
	struct request q = { .content_type = STR(JSON), .host = STR(HOST) };

	(void)state;
	token_csrf(STR(TOKEN), session.csrf);
	token_hash(STR(TOKEN), session.token_hash);
	token_csrf(STR("another"), other);
	assert_false(session_is_own(&q, &session));
	q.csrf = str_of(other);
	assert_false(session_is_own(&q, &session));
	q.csrf = str_of(session.token_hash);
	assert_false(session_is_own(&q, &session));
	q.csrf = STR(TOKEN);
	assert_false(session_is_own(&q, &session));
	q.csrf = (struct str){ session.csrf, TOKEN_HASH_BYTES - 2 };
	assert_false(session_is_own(&q, &session));
	q.csrf = (struct str){ session.csrf, TOKEN_HASH_BYTES };
	assert_false(session_is_own(&q, &session));
	q.csrf = str_of(session.csrf);
	assert_true(session_is_own(&q, &session));
	/* The right token is not enough. */
	q.origin = STR("http://evil.example");
	assert_false(session_is_own(&q, &session));
	q.origin = STR("");
	q.content_type = STR("text/plain");
	assert_false(session_is_own(&q, &session));
}

static void
told(void **state)
{
	const struct {
		struct session session;
		const char *json;
	} cases[] = {
		{ { .name = "ann", .admin = true, .csrf = "c5" },
		    "{\"name\":\"ann\",\"role\":\"admin\",\"csrf\":\"c5\",\"by_link\":false,"
		    "\"version\":\"" RUASTAT_VERSION "\"}" },
		{ { .name = "b", .csrf = "" },
		    "{\"name\":\"b\",\"role\":\"viewer\",\"csrf\":\"\",\"by_link\":false,"
		    "\"version\":\"" RUASTAT_VERSION "\"}" },
		{ { .admin = true, .csrf = "1" },
		    "{\"name\":null,\"role\":\"admin\",\"csrf\":\"1\",\"by_link\":true,"
		    "\"version\":\"" RUASTAT_VERSION "\"}" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct response r;

		response_init(&r);
		session_tell(&cases[i].session, &r);
		assert_true(str_eq(buf_str(&r.body), str_of(cases[i].json)));
		assert_int_equal(r.status, 200);
		response_fini(&r);
	}
}

/* What is no token is not looked up; what may be one is. */
static void
tokens(void **state)
{
	static const struct str cases[] = { { NULL, 0 }, { "", 0 }, { "x", 1 }, { TOKEN, 42 },
		{ TOKEN "R", 44 }, { TOKEN, 44 } };
	const struct server *s = *state;
	struct request q = { .arena = s->arena };
	struct session session;
	struct err e = { 0 };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		memset(&session, 'x', sizeof(session));
		q.token = cases[i];
		assert_int_equal(session_find(s->readers, &q, &session, &e), 0);
		assert_null(session.name);
		assert_false(session.admin);
	}
	q.token = STR(TOKEN);
	assert_int_equal(session_find(s->readers, &q, &session, &e), -1);
	assert_int_equal(e.kind, ERR_DATABASE);
	assert_false(session.admin);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(own_pages),
		cmocka_unit_test(own_token),
		cmocka_unit_test(told),
		TEST(tokens),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
