#include "ingest/imapurl.h"

#include "core/arena.h"

#include "tests/unit/ingest/tree.h"

static bool
same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void
urls_are_taken_apart(void **state)
{
	static const struct {
		const char *url, *user, *host, *port;
		bool tls_first;
		const char *folder;
	} t[] = {
		{ "imaps://ada@imap.example.org", "ada", "imap.example.org", "993", true, NULL },
		{ "imap://ada@imap.example.org/", "ada", "imap.example.org", "143", false, NULL },
		{ "IMAPS://ada%40example.org@IMAP.Example.ORG:1993/INBOX", "ada@example.org",
		    "imap.example.org", "1993", true, "INBOX" },
		{ "imaps://ada@example.org@imap.example.org/DMARC/2024/", "ada@example.org",
		    "imap.example.org", "993", true, "DMARC/2024" },
		{ "imap://imap.example.org/a@b", NULL, "imap.example.org", "143", false, "a@b" },
		{ "imap://imap.example.org:0143", NULL, "imap.example.org", "143", false, NULL },
		{ "imap://u@host:/F", "u", "host", "143", false, "F" },
		{ "imaps://u@[2001:DB8:0::1]:1/x", "u", "2001:db8::1", "1", true, "x" },
		{ "imaps://u@[::1]", "u", "::1", "993", true, NULL },
		{ "imaps://a%3Ab%25@h/%C3%A9t%c3%a9%2Fx%20y z", "a:b%", "h", "993", true,
		    "\xC3\xA9t\xC3\xA9/x y z" },
		{ "imaps://\xC3\xA9@h/\xC3\xA9:1", "\xC3\xA9", "h", "993", true, "\xC3\xA9:1" },
		{ "imaps://u@h:7/a:b@c", "u", "h", "7", true, "a:b@c" },
		{ "imaps://u@127.0.0.1:65535", "u", "127.0.0.1", "65535", true, NULL },
	};
	struct arena *a = arena_new(1 << 20);

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct imapurl u;
		struct err e = { .kind = ERR_NONE };

		assert_true(imapurl_is(t[i].url));
		if (imapurl_parse(a, t[i].url, &u, &e) != 0)
			fail_msg("%s", e.text);
		if (!same(u.user, t[i].user) || !same(u.host, t[i].host) ||
		    !same(u.port, t[i].port) || u.tls_first != t[i].tls_first ||
		    !same(u.folder, t[i].folder))
			fail_msg("%s: %s %s %s %s", t[i].url, u.user, u.host, u.port, u.folder);
	}
	arena_free(a);
}

static void
wrong_urls_are_named(void **state)
{
	static const struct {
		const char *url, *shown, *why;
	} t[] = {
		{ "imaps://ada:secret@host/F", "\"imaps://ada:...@host/F\"", "password_file" },
		{ "imaps://ada:se@cr:et@host", "\"imaps://ada:...@host\"", "password_file" },
		{ "imaps://ada:se/cret@host/F", "\"imaps://ada:...@host/F\"", "password_file" },
		{ "imaps://ada:@host", "\"imaps://ada:...@host\"", "password_file" },
		{ "imaps://ada:secret;AUTH=PLAIN@host", "\"imaps://ada:...@host\"", "password" },
		{ "imaps://", "\"imaps://\"", "host" },
		{ "imaps:///INBOX", "\"imaps:///INBOX\"", "host" },
		{ "imaps://@host", "\"imaps://@host\"", "user" },
		{ "imaps://a%4@host", "\"imaps://a%4@host\"", "user" },
		{ "imaps://a%00@host", "\"imaps://a%00@host\"", "user" },
		{ "imaps://a%0d%0ab@host", "\"imaps://a%0d%0ab@host\"", "user" },
		{ "imaps://a%ff@host", "\"imaps://a%ff@host\"", "user" },
		{ "imaps://a;AUTH=*@host", "\"imaps://a;AUTH=*@host\"", "auth" },
		{ "imaps://u@", "\"imaps://u@\"", "host" },
		{ "imaps://u@h st", "\"imaps://u@h st\"", "host" },
		{ "imaps://u@h%73t", "\"imaps://u@h%73t\"", "host" },
		{ "imaps://u@m\xC3\xBCller", "\"imaps://u@m\xC3\xBCller\"", "host" },
		{ "imaps://u@[::1", "\"imaps://u@[::1\"", "host" },
		{ "imaps://u@[]", "\"imaps://u@[]\"", "host" },
		{ "imaps://u@[1.2.3.4]", "\"imaps://u@[1.2.3.4]\"", "host" },
		{ "imaps://u@[::1]x", "\"imaps://u@[::1]x\"", "host" },
		{ "imaps://u@::1", "\"imaps://u@::1\"", "host" },
		{ "imaps://u@h:0", "\"imaps://u@h:0\"", "port" },
		{ "imaps://u@h:65536", "\"imaps://u@h:65536\"", "port" },
		{ "imaps://u@h:imap", "\"imaps://u@h:imap\"", "port" },
		{ "imaps://h?x", "\"imaps://h?x\"", "host" },
		{ "imaps://h/a?x", "\"imaps://h/a?x\"", "%3F" },
		{ "imaps://h/a#x", "\"imaps://h/a#x\"", "%23" },
		{ "imaps://h/a;uidvalidity=1/;uid=2", "\"imaps://h/a;uidvalidity=1/;uid=2\"",
		    "%3B" },
		{ "imaps://h/%1", "\"imaps://h/%1\"", "folder" },
		{ "imaps://h/\xFF", "\"imaps://h/\xFF\"", "folder" },
		{ "imaps:/h", "\"imaps:/h\"", "no IMAP URL" },
	};
	struct arena *a = arena_new(1 << 20);

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct imapurl u = { .user = "untouched" };
		struct err e = { .kind = ERR_NONE };

		if (imapurl_parse(a, t[i].url, &u, &e) == 0)
			fail_msg("%s was taken", t[i].url);
		assert_int_equal(e.kind, ERR_CONFIG);
		assert_string_equal(u.user, "untouched");
		if (strstr(e.text, t[i].shown) == NULL || strstr(e.text, t[i].why) == NULL ||
		    strstr(e.text, "cret") != NULL)
			fail_msg("%s: %s", t[i].url, e.text);
	}
	arena_free(a);
}

static void
others_are_no_urls(void **state)
{
	(void)state;
	assert_false(imapurl_is(""));
	assert_false(imapurl_is("imap"));
	assert_false(imapurl_is("imaps:/x"));
	assert_false(imapurl_is("/imaps://x"));
	assert_false(imapurl_is("https://x"));
	assert_true(imapurl_is("imap://"));
	assert_true(imapurl_is("ImapS://x"));
}

static void
long_urls_are_refused(void **state)
{
	struct arena *a = arena_new(1 << 20);
	struct imapurl u;
	struct err e;
	struct buf b;

	(void)state;
	buf_init(&b, 1 << 16);
	buf_printf(&b, "imaps://u@h/");
	for (int i = 0; i < 1024; i++)
		buf_puts(&b, STR("%61"));
	buf_put8(&b, '\0');
	assert_int_equal(imapurl_parse(a, b.p, &u, &e), 0);
	assert_int_equal(strlen(u.folder), 1024);
	b.n--;
	buf_printf(&b, "a%c", '\0');
	assert_int_equal(imapurl_parse(a, b.p, &u, &e), -1);
	b.n = 0;
	buf_printf(&b, "imaps://%0300d/%c", 1, '\0');
	assert_int_equal(imapurl_parse(a, b.p, &u, &e), -1);
	buf_fini(&b);
	arena_free(a);
}

static void
accounts_have_one_name(void **state)
{
	static const struct {
		const char *user, *host, *port, *id;
	} t[] = {
		{ "ada", "imap.example.org", "993", "imap://ada@imap.example.org" },
		{ "ada", "IMAP.example.org", "143", "imap://ada@imap.example.org" },
		{ "ada", "imap.example.org", "1143", "imap://ada@imap.example.org:1143" },
		{ "ada@example.org", "h", "993", "imap://ada%40example.org@h" },
		{ "Ada \xC3\xA9:/%", "h", "993", "imap://Ada%20%C3%A9%3A%2F%25@h" },
		{ "u", "::1", "993", "imap://u@[::1]" },
		{ "u", "::1", "44", "imap://u@[::1]:44" },
	};
	struct arena *a = arena_new(1 << 20);

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		const char *id = imapurl_id(a, t[i].user, t[i].host, t[i].port);
		struct imapurl u;
		struct err e;

		assert_string_equal(id, t[i].id);
		assert_int_equal(imapurl_parse(a, id, &u, &e), 0);
		assert_string_equal(u.user, t[i].user);
	}
	arena_free(a);
	a = arena_new(8);
	assert_null(imapurl_id(a, "somebody", "somewhere", "143"));
	arena_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(urls_are_taken_apart),
		cmocka_unit_test(wrong_urls_are_named),
		cmocka_unit_test(others_are_no_urls),
		cmocka_unit_test(long_urls_are_refused),
		cmocka_unit_test(accounts_have_one_name),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("imapurl", tests, NULL, NULL);
}
