#include "ingest/token.h"

#include "tests/unit/ingest/tree.h"

#include "ingest/form.h"
#include "ingest/https.h"
#include "ingest/tokengrant.h"
#include "ingest/tokenjson.h"
#include "ingest/tokenrefusal.h"
#include "ingest/tokenstore.h"

static void
forms_are_written_and_read(void **state)
{
	struct buf form, value;
	static const char every[] = "a z&=+%/?#\xc3\xa9\x01\x7f~-._";

	(void)state;
	buf_init(&form, 1000);
	buf_init(&value, 1000);
	form_put(&form, "first", str_of(every));
	form_put(&form, "empty", STR(""));
	form_put(&form, "last", STR("x"));
	assert_null(memchr(form.p, ' ', form.n));
	assert_int_equal(form_get(buf_str(&form), "first", &value), 1);
	assert_true(str_eq(buf_str(&value), str_of(every)));
	buf_reset(&value);
	assert_int_equal(form_get(buf_str(&form), "empty", &value), 1);
	assert_int_equal(value.n, 0);
	assert_int_equal(form_get(buf_str(&form), "irst", &value), 0);
	assert_int_equal(form_get(buf_str(&form), "lastly", &value), 0);
	assert_int_equal(form_get(STR("a=1&a=2"), "a", &value), -1);
	assert_int_equal(form_get(STR("a=%0"), "a", &value), -1);
	assert_int_equal(form_get(STR("a=%"), "a", &value), -1);
	assert_int_equal(form_get(STR("a=%zz"), "a", &value), -1);
	assert_int_equal(form_get(STR("a=x%00y"), "a", &value), -1);
	buf_reset(&value);
	assert_int_equal(form_get(STR("&&b&a=x+y%2b&"), "a", &value), 1);
	assert_true(str_eq(buf_str(&value), STR("x y+")));
	buf_fini(&form);
	buf_fini(&value);
}

static void
only_https_and_loopback_are_asked(void **state)
{
	static const struct {
		const char *url;
		int rc;
	} t[] = {
		{ "https://login.example/token", 0 },
		{ "https://login.example:8443/a/b?c=d", 0 },
		{ "HTTPS://login.example/token", 0 },
		{ "http://127.0.0.1:8080/token", 0 },
		{ "http://127.1.2.3/token", 0 },
		{ "http://[::1]:8080/token", 0 },
		{ "http://login.example/token", -1 },
		{ "http://localhost/token", -1 },
		{ "http://127.0.0.1.example/token", -1 },
		{ "http://127.0.0.1@evil.example/token", -1 },
		{ "http://[::2]/token", -1 },
		{ "http://10.0.0.1/token", -1 },
		{ "https://user:word@login.example/token", -1 },
		{ "https://login.example/token#x", -1 },
		{ "ftp://login.example/", -1 },
		{ "file:///etc/passwd", -1 },
		{ "login.example/token", -1 },
		{ "https://", -1 },
		{ "", -1 },
	};
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		e = (struct err){ 0 };
		if (https_check(t[i].url, &e) != t[i].rc)
			fail_msg("%s: %s", t[i].url, e.text);
		if (t[i].rc < 0)
			assert_int_equal(e.kind, ERR_CONFIG);
		assert_null(strstr(e.text, "word@"));
	}
}

static void
refusals_say_what_to_do(void **state)
{
	static const struct {
		const char *json;
		long status;
		enum err_kind kind;
		const char *words; /* one of those in the error */
	} t[] = {
		{ "{\"error\":\"invalid_grant\"}", 400, ERR_CONFIG, "\"ruastat login box\"" },
		{ "{\"error\":\"invalid_client\"}", 401, ERR_CONFIG,
		    "client_id or the client secret" },
		{ "{\"error\":\"interaction_required\"}", 400, ERR_CONFIG, "ruastat login" },
		{ "{\"error\":\"temporarily_unavailable\"}", 400, ERR_SOURCE, "busy" },
		{ "{\"error\":\"unheard_of\"}", 400, ERR_CONFIG, "refuses (unheard_of)" },
		{ "{\"error\":\"unheard_of\"}", 503, ERR_SOURCE, "refuses" },
		{ "{\"error\":\"unheard_of\"}", 429, ERR_SOURCE, "refuses" },
		{ "{\"error\":\"invalid_grant\",\"error_description\":\"AADSTS50173: a. Trace ID: b\"}",
		    400, ERR_CONFIG,
		    "the password was changed since: \"ruastat login box\" asks for "
		    "it anew (invalid_grant); the server says: AADSTS50173: a." },
		{ "{\"error\":\"invalid_grant\",\"error_description\":\"AADSTS7000222 x\"}", 401,
		    ERR_CONFIG, "the client secret has expired" },
		{ "{\"error\":\"invalid_grant\",\"error_description\":\"AADSTS: x\"}", 401,
		    ERR_CONFIG, "the permission has ended" },
		{ "{\"error\":\"e\",\"error_description\":\"it holds hush-hush\"}", 400, ERR_CONFIG,
		    "the server refuses (e)" },
		{ "{\"error\":\"hush-hush\"}", 400, ERR_CONFIG, "the server refuses ()" },
		{ "{\"error\":7}", 400, ERR_CONFIG, "HTTP status 400" },
		{ "{\"error\":7}", 200, ERR_SOURCE, "RFC 6749" },
		{ NULL, 500, ERR_SOURCE, "HTTP status 500" },
		{ NULL, 302, ERR_CONFIG, "redirects" },
	};
	const struct str hidden[] = { STR("hush-hush"), { NULL, 0 } };

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct tokenjson *answer = tokenjson_parse(str_of(t[i].json));
		struct err e;

		assert_int_equal(
		    tokenrefusal_set(&e, answer, t[i].status, "https://x/", "box", hidden, 2), -1);
		if (e.kind != t[i].kind || strstr(e.text, t[i].words) == NULL ||
		    strstr(e.text, "hush") != NULL || strstr(e.text, "Trace") != NULL)
			fail_msg("%zu: %s", i, e.text);
		tokenjson_free(answer);
	}
}

static void
json_is_read_with_care(void **state)
{
	struct tokenjson *t = tokenjson_parse(STR(
	    "{\"a\":\"x\",\"n\":12,\"s\":\"34\",\"e\":\"\",\"neg\":-1,\"big\":1e300,\"z\":null}"));
	static const char *const wrong[] = { "", "[]", "{", "\"a\"", "{\"a\":1,\"a\":2}", "{} x",
		"{\"a\":\"\\u0000\"}", "{\"a\":\"\xff\"}" };

	(void)state;
	assert_non_null(t);
	assert_string_equal(tokenjson_text(t, "a"), "x");
	assert_null(tokenjson_text(t, "n"));
	assert_null(tokenjson_text(t, "e"));
	assert_null(tokenjson_text(t, "none"));
	assert_int_equal(tokenjson_number(t, "n", 5), 12);
	assert_int_equal(tokenjson_number(t, "s", 5), 34);
	assert_int_equal(tokenjson_number(t, "neg", 5), 5);
	assert_int_equal(tokenjson_number(t, "big", 5), 5);
	assert_int_equal(tokenjson_number(t, "a", 5), 5);
	assert_int_equal(tokenjson_number(t, "none", 5), 5);
	tokenjson_free(t);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_null(tokenjson_parse(str_of(wrong[i])));
}

static void
tokens_are_of_plain_characters(void **state)
{
	static char large[SECRET_BYTES + 1];

	(void)state;
	assert_true(tokengrant_is_token("ya29.a0-_~+/="));
	assert_false(tokengrant_is_token(""));
	assert_false(tokengrant_is_token("a b"));
	assert_false(tokengrant_is_token("a\r\nb"));
	assert_false(tokengrant_is_token("a\001b"));
	assert_false(tokengrant_is_token("a\x7f"));
	assert_false(tokengrant_is_token("\xc3\xa9"));
	memset(large, 'a', sizeof(large) - 1);
	assert_false(tokengrant_is_token(large));
	assert_true(tokengrant_is_token(large + 1));
}

static void
save(const char *path, const char *value)
{
	struct err e;
	struct tokenstore *s = tokenstore_lock(path, NULL, &e);
	struct tokenjson *t = tokenjson_new();

	if (s == NULL)
		fail_msg("%s", e.text);
	tokenjson_put_text(t, "access_token", value);
	assert_int_equal(tokenstore_save(s, t, &e), 0);
	tokenstore_unlock(s);
	tokenjson_free(t);
}

static void
the_file_is_replaced_as_a_whole(void **state)
{
	struct tree tree = tree_new("/tmp");
	char path[100];
	struct tokenjson *t;
	struct stat st;
	struct err e;
	mode_t mask = umask(0);

	(void)state;
	snprintf(path, sizeof(path), "%s/tokens/a.json", tree.path);
	assert_int_equal(tokenstore_load(path, &t, &e), 0);
	assert_null(t);
	save(path, "one");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_nlink, 1);
	assert_int_equal(stat(tree_at(&tree, "tokens"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	tree_file(&tree, "tokens/a.json.new", "what somebody left who was killed");
	save(path, "two");
	assert_false(tree_has(&tree, "tokens/a.json.new"));
	assert_int_equal(tokenstore_load(path, &t, &e), 0);
	assert_string_equal(tokenjson_text(t, "access_token"), "two");
	tokenjson_free(t);
	tokenstore_unlock(tokenstore_lock(path, NULL, &e));
	assert_false(tree_has(&tree, "tokens/a.json.new"));
	assert_int_equal(chmod(path, 0640), 0);
	assert_int_equal(tokenstore_load(path, &t, &e), -1);
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_null(t);
	umask(mask);
	tree_remove(&tree);
}

/* The second one waits; who is told to stop does not. */
static void
one_at_a_time(void **state)
{
	struct tree tree = tree_new("/tmp");
	const char *path = tree_at(&tree, "tokens/a.json");
	const volatile int stop = 1;
	struct tokenstore *s;
	struct err e;
	int status;
	pid_t pid;

	(void)state;
	s = tokenstore_lock(path, NULL, &e);
	assert_non_null(s);
	assert_null(tokenstore_lock(path, &stop, &e));
	assert_int_equal(e.kind, ERR_SOURCE);
	assert_true(tree_has(&tree, "tokens/a.json.new")); /* still ours */
	pid = fork();
	if (pid == 0) {
		save(path, "child");
		_exit(0);
	}
	usleep(200000);
	assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
	tokenstore_unlock(s);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	tree_remove(&tree);
}

static void
where_nothing_can_be_kept(void **state)
{
	struct err e;

	(void)state;
	assert_null(tokenstore_lock("/proc/self/tokens/a.json", NULL, &e));
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_null(tokenstore_lock("a.json", NULL, &e));
	assert_int_equal(e.kind, ERR_CONFIG);
}

static void
what_cannot_be_got(void **state)
{
	const struct token_conf none = { .grant = TOKEN_NONE };
	const struct token_conf command = { .grant = TOKEN_COMMAND,
		.command = "echo token-$((1+1))" };
	const struct token_conf failing = { .grant = TOKEN_COMMAND, .command = "exit 1" };
	const struct token_talk talk = { .typed = -1 };
	struct buf out;
	struct err e;

	(void)state;
	buf_init(&out, SECRET_BYTES);
	assert_int_equal(token_get(&none, "x", false, &out, &e), -1);
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_int_equal(token_login(&none, "x", &talk, &e), -1);
	assert_int_equal(token_login(&command, "x", &talk, &e), -1);
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_int_equal(token_get(&failing, "x", false, &out, &e), -1);
	assert_int_equal(e.kind, ERR_SOURCE);
	assert_int_equal(token_get(&command, "x", true, &out, &e), 0);
	assert_string_equal(out.p, "token-2");
	assert_int_equal(out.n, 7);
	secret_wipe(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forms_are_written_and_read),
		cmocka_unit_test(only_https_and_loopback_are_asked),
		cmocka_unit_test(refusals_say_what_to_do),
		cmocka_unit_test(json_is_read_with_care),
		cmocka_unit_test(tokens_are_of_plain_characters),
		cmocka_unit_test(the_file_is_replaced_as_a_whole),
		cmocka_unit_test(one_at_a_time),
		cmocka_unit_test(where_nothing_can_be_kept),
		cmocka_unit_test(what_cannot_be_got),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
