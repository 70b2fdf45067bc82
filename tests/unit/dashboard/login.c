#include "dashboard/login.h"

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
	struct logins *logins;
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
	s->logins = logins_new(s->readers, "ruastat_8080");
	s->arena = arena_new(LIMIT_HTTP_ARENA);
	*state = s;
	return 0;
}

static int
stop(void **state)
{
	struct server *s = *state;

	arena_free(s->arena);
	logins_free(s->logins);
	readers_free(s->readers);
	database_close(s->db);
	free(s);
	return 0;
}

static void
user_names(void **state)
{
	static const struct {
		struct str given;
		const char *name; /* NULL: it is none */
	} cases[] = {
		{ { "ann", 3 }, "ann" },
		{ { "Ann", 3 }, "ann" },
		{ { "ANN.O+x_1-2@EXAMPLE.ORG", 23 }, "ann.o+x_1-2@example.org" },
		{ { "z", 1 }, "z" },
		{ { "0", 1 }, "0" },
		{ { "1234567890123456789012345678901234567890123456789012345678901234", 64 },
		    "1234567890123456789012345678901234567890123456789012345678901234" },
		{ { "12345678901234567890123456789012345678901234567890123456789012345", 65 },
		    NULL },
		{ { "", 0 }, NULL },
		{ { NULL, 0 }, NULL },
		{ { " ", 1 }, NULL },
		{ { "ann ", 4 }, NULL },
		{ { " ann", 4 }, NULL },
		{ { "ann\0", 4 }, NULL },
		{ { "a\0n", 3 }, NULL },
		{ { "\0ann", 4 }, NULL },
		{ { "ann\n", 4 }, NULL },
		{ { "a/b", 3 }, NULL },
		{ { "a%b", 3 }, NULL },
		{ { "a'b", 3 }, NULL },
		{ { "a\"b", 3 }, NULL },
		{ { "a\\b", 3 }, NULL },
		{ { "[", 1 }, NULL },
		{ { "`", 1 }, NULL },
		{ { "{", 1 }, NULL },
		{ { "b\xC3\xBC"
		    "rgen",
		      7 },
		    NULL },
		{ { "\xFF", 1 }, NULL },
		{ { "a\xE2\x80\x8B", 4 }, NULL },
	};
	const struct server *s = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err e = { 0 };
		struct str name = user_name(s->arena, cases[i].given, &e);

		if (cases[i].name == NULL) {
			if (name.n != 0 || e.kind != ERR_MESSAGE)
				fail_msg("<%.*s> is a name", STR_ARG(cases[i].given));
		} else if (!str_eq(name, str_of(cases[i].name))) {
			fail_msg(
			    "<%.*s> is <%.*s>: %s", STR_ARG(cases[i].given), STR_ARG(name), e.text);
		} else {
			assert_int_equal(strlen(name.p), name.n);
		}
	}
}

/* More than the arena holds. */
static void
huge_name(void **state)
{
	static char huge[LIMIT_HTTP_ARENA + 1];
	const struct server *s = *state;
	struct err e;

	memset(huge, 'a', sizeof(huge));
	assert_int_equal(user_name(s->arena, (struct str){ huge, sizeof(huge) }, &e).n, 0);
	assert_int_equal(user_name(s->arena, (struct str){ huge, 10000 }, &e).n, 0);
	assert_int_equal(e.kind, ERR_MESSAGE);
}

typedef void act(struct logins *s, const struct request *q, struct response *r);

/* Ask and compare the status, and that the answer has ${what} in it and no cookie. */
static void
asked(const struct server *s, act *what, const char *body, unsigned status, const char *code)
{
	const struct request q = { .method = METHOD_POST,
		.body = str_of(body),
		.arena = s->arena,
		.address = "192.0.2.1" };
	struct response r;

	response_init(&r);
	what(s->logins, &q, &r);
	if (r.status != status || str_find(buf_str(&r.body), str_of(code)) == NULL)
		fail_msg("%s: %u %.*s", body, r.status, STR_ARG(buf_str(&r.body)));
	assert_string_equal(r.cookie, "");
	assert_int_equal(r.retry_after > 0, status == 503);
	response_fini(&r);
}

static void
bad_logins(void **state)
{
	const struct server *s = *state;

	asked(s, login_by_password, "", 400, "\"bad_request\"");
	asked(s, login_by_password, "[]", 400, "\"bad_request\"");
	asked(s, login_by_password, "{\"name\":\"ann\",\"password\":1}", 400, "\"bad_request\"");
	asked(s, login_by_password, "{\"name\":\"ann\",\"pass\":\"x\"}", 400, "\"bad_request\"");
	asked(s, login_by_password, "{}", 401, "\"wrong_password\"");
	asked(
	    s, login_by_password, "{\"name\":\"\",\"password\":\"x\"}", 401, "\"wrong_password\"");
	asked(s, login_by_password, "{\"name\":\"a b\",\"password\":\"x\"}", 401,
	    "\"wrong_password\"");
	asked(s, login_by_link, "token", 400, "\"bad_request\"");
	asked(s, login_by_link, "{\"token\":null}", 400, "\"bad_request\"");
	asked(s, login_by_link, "{\"name\":\"x\"}", 400, "\"bad_request\"");
}

/* The database's absence is nobody's guess: however often, nobody is locked out. */
static void
database_away(void **state)
{
	const struct server *s = *state;

	for (size_t i = 0; i < 60; i++) {
		asked(s, login_by_password, "{\"name\":\"ann\",\"password\":\"x\"}", 503,
		    "\"database_away\"");
		asked(s, login_by_link, "{\"token\":\"" TOKEN "\"}", 503, "\"database_away\"");
	}
	assert_true(readers_lost(s->readers));
}

static const struct session *by;

static void
change(struct logins *s, const struct request *q, struct response *r)
{
	login_password(s, q, by, r);
}

static void
end(struct logins *s, const struct request *q, struct response *r)
{
	login_end(s, q, by, r);
}

static void
bad_passwords(void **state)
{
	const struct session user = { .name = "ann" }, link = { .admin = true };
	const struct server *s = *state;

	by = &user;
	asked(s, change, "{", 400, "\"bad_request\"");
	asked(s, change, "{}", 400, "\"parameter\":\"new_password\"");
	asked(s, change, "{\"password\":\"x\"}", 400, "\"parameter\":\"new_password\"");
	asked(s, change, "{\"password\":\"x\",\"new_password\":\"elevenbytes\"}", 400,
	    "\"parameter\":\"new_password\"");
	asked(s, change, "{\"name\":\"x\",\"new_password\":\"twelve bytes\"}", 400,
	    "\"bad_request\"");
	asked(s, change, "{\"password\":\"x\",\"new_password\":\"twelve bytes\"}", 503,
	    "\"database_away\"");
	by = &link;
	asked(s, change, "{\"password\":\"x\",\"new_password\":\"twelve bytes\"}", 400,
	    "\"bad_request\"");
	asked(s, change, "{\"new_password\":\"twelve bytes\"}", 400, "\"parameter\":\"name\"");
	asked(s, change, "{\"name\":\"a b\",\"new_password\":\"twelve bytes\"}", 400,
	    "\"parameter\":\"name\"");
	asked(s, change, "{\"name\":\"ann\",\"new_password\":\"short\"}", 400,
	    "\"parameter\":\"new_password\"");
	asked(s, change, "{\"name\":\"ann\",\"new_password\":\"twelve bytes\"}", 503,
	    "\"database_away\"");
	/* Nobody is told that he is logged out while he is not. */
	asked(s, end, "{}", 503, "\"database_away\"");
}

static void
nothing_to_free(void **state)
{
	(void)state;
	logins_free(NULL);
	readers_free(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(user_names),
		TEST(huge_name),
		TEST(bad_logins),
		TEST(database_away),
		TEST(bad_passwords),
		cmocka_unit_test(nothing_to_free),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("login", tests, NULL, NULL);
}
