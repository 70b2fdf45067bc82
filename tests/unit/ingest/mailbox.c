#include "ingest/mailbox.h"

#include <time.h>

#include "tests/unit/ingest/tree.h"

static const struct mailbox_space plain = { .separator = '/' };
static const struct mailbox_space flat = { .separator = '\0' };
static const struct mailbox_space courier = {
	.separator = '.', .prefix = "INBOX.", .foreign = { "shared.", "" }, .nforeign = 2
};
static const struct mailbox_space cyrus = {
	.separator = '.', .foreign = { "user." }, .nforeign = 1
};
static const struct mailbox_space exchange = { .separator = '\\' };
static const struct mailbox_space uw = {
	.separator = '/', .prefix = "mail/", .foreign = { "~", "#shared/" }, .nforeign = 2
};

static void
check_to(const struct mailbox_space *s, struct str name, const char *wire)
{
	struct buf b;
	int rc;

	buf_init(&b, 4096);
	buf_puts(&b, STR("what was there before"));
	rc = mailbox_to_wire(s, name, &b);
	if ((rc == 0) != (wire != NULL))
		fail_msg("to: %.*s", STR_ARG(name));
	if (rc == 0 && (!str_eq(buf_str(&b), str_of(wire)) || b.p[b.n] != '\0'))
		fail_msg("to: %.*s became %s", STR_ARG(name), b.p);
	buf_fini(&b);
}

static void
check_from(const struct mailbox_space *s, struct str wire, const char *name)
{
	struct buf b;
	int rc;

	buf_init(&b, 4096);
	buf_puts(&b, STR("what was there before"));
	rc = mailbox_from_wire(s, wire, &b);
	if ((rc == 0) != (name != NULL))
		fail_msg("from: %.*s", STR_ARG(wire));
	if (rc == 0 && (!str_eq(buf_str(&b), str_of(name)) || b.p[b.n] != '\0'))
		fail_msg("from: %.*s became %s", STR_ARG(wire), b.p);
	buf_fini(&b);
}

static void
names_go_both_ways(void **state)
{
	static const struct {
		const struct mailbox_space *s;
		const char *name, *wire;
	} t[] = {
		{ &plain, "INBOX", "INBOX" },
		{ &plain, "DMARC/2024", "DMARC/2024" },
		{ &plain, "a.b \"\\*%~", "a.b \"\\*%~" },
		{ &plain, "Tom & Jerry", "Tom &- Jerry" },
		{ &plain, "&", "&-" },
		{ &plain, "-", "-" },
		{ &plain, "Entw\xC3\xBCrfe", "Entw&APw-rfe" },
		/* RFC 3501 5.1.3 */
		{ &plain,
		    "~peter/mail/\xE5\x8F\xB0\xE5\x8C\x97/\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E",
		    "~peter/mail/&U,BTFw-/&ZeVnLIqe-" },
		{ &plain, "\xF0\x9F\x93\xA7", "&2D3c5w-" },
		{ &plain, "a\xF0\x9F\x93\xA7\xC3\xA9-\xC3\xA9&", "a&2D3c5wDp--&AOk-&-" },
		{ &plain, "\xF4\x8F\xBF\xBF\xEF\xBF\xBF\xC2\xA0", "&2,,f,,,,AKA-" },
		{ &courier, "INBOX", "INBOX" },
		{ &courier, "DMARC/Alt\xC3\xA9", "INBOX.DMARC.Alt&AOk-" },
		{ &courier, "shared/team", "shared.team" },
		{ &courier, "shared", "INBOX.shared" },
		{ &courier, "INBOXES", "INBOX.INBOXES" },
		{ &courier, "INBOX/INBOX", "INBOX.INBOX" },
		{ &courier, "INBOX/INBOX/x", "INBOX.INBOX.x" },
		{ &courier, "INBOX/shared/x", "INBOX.shared.x" },
		{ &cyrus, "user/ada/a", "user.ada.a" },
		{ &cyrus, "INBOX/a", "INBOX.a" },
		{ &exchange, "a/b", "a\\b" },
		{ &flat, "a/b", "a/b" },
		{ &uw, "a/b", "mail/a/b" },
		{ &uw, "~bob/mail", "~bob/mail" },
		{ &uw, "mail/mail/x", "mail/mail/x" },
		{ &uw, "#shared/x", "#shared/x" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		check_to(t[i].s, str_of(t[i].name), t[i].wire);
		check_from(t[i].s, str_of(t[i].wire), t[i].name);
	}
}

static void
names_are_checked(void **state)
{
	static const char *const bad[] = { "", "/", "a/", "/a", "a//b", "a\nb", "a\x7F",
		"a\xC2\x85", "\xFF", "\xC3", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xC0\xAF" };
	struct buf b, out;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		check_to(&plain, str_of(bad[i]), NULL);
	check_to(&plain, STR("a\0b"), NULL);
	check_to(&courier, STR("a.b"), NULL);
	check_to(&exchange, STR("a\\b"), NULL);
	check_to(&exchange, STR("a.b"), "a.b");
	/* INBOX has no case, other names do */
	check_to(&plain, STR("inBox"), "INBOX");
	check_to(&courier, STR("Inbox"), "INBOX");
	check_to(&courier, STR("inbox/DMARC"), "INBOX.DMARC");
	check_to(&courier, STR("INBOX/DMARC"), "INBOX.DMARC");
	check_to(&uw, STR("mail/x"), "mail/x");
	check_to(&uw, STR("Mail/x"), "mail/Mail/x");

	buf_init(&b, 4096);
	buf_init(&out, 4096);
	for (int i = 0; i < MAILBOX_BYTES; i++)
		buf_put8(&b, 'a');
	assert_int_equal(mailbox_to_wire(&plain, buf_str(&b), &out), 0);
	assert_int_equal(out.n, MAILBOX_BYTES);
	assert_int_equal(mailbox_to_wire(&courier, buf_str(&b), &out), -1);
	assert_int_equal(mailbox_from_wire(&plain, buf_str(&b), &out), 0);
	out.max = MAILBOX_BYTES / 2;
	buf_fini(&out);
	assert_int_equal(mailbox_to_wire(&plain, buf_str(&b), &out), -1);
	assert_int_equal(mailbox_from_wire(&plain, buf_str(&b), &out), -1);
	out.max = 4096;
	buf_put8(&b, 'a');
	assert_int_equal(mailbox_to_wire(&plain, buf_str(&b), &out), -1);
	assert_int_equal(mailbox_from_wire(&plain, buf_str(&b), &out), -1);
	buf_fini(&out);
	buf_fini(&b);
}

/* Whatever is not the one spelling stays as it is. */
static void
strange_wires_pass_or_not(void **state)
{
	static const struct {
		const struct mailbox_space *s;
		const char *wire, *name;
	} t[] = {
		{ &plain, "inbox", "INBOX" },
		{ &courier, "inbox.DMARC", "DMARC" },
		{ &courier, "Public.x", "Public/x" },
		{ &courier, "a/b", NULL },
		{ &courier, "INBOX.a/b", NULL },
		{ &plain, "", NULL },
		{ &plain, "a&b", "a&b" },
		{ &plain, "a&", "a&" },
		{ &plain, "&AOk", "&AOk" },
		{ &plain, "&AOl-", "&AOl-" },           /* bits behind the last character */
		{ &plain, "&AOkA-", "&AOkA-" },         /* and a digit */
		{ &plain, "&AGE-", "&AGE-" },           /* "a", which needs no base64 */
		{ &plain, "&AC8-", "&AC8-" },           /* '/' */
		{ &plain, "&AAo-", "&AAo-" },           /* a line's end */
		{ &plain, "&AAA-", "&AAA-" },           /* NUL */
		{ &plain, "&AOk-&AOk-", "&AOk-&AOk-" }, /* one shift would do */
		{ &plain, "&AOkA6Q-", "\xC3\xA9\xC3\xA9" },
		{ &plain, "&2D0-", "&2D0-" },       /* half a pair */
		{ &plain, "&3Oc-", "&3Oc-" },       /* the other half */
		{ &plain, "&2D3YPQ-", "&2D3YPQ-" }, /* two first halves */
		{ &plain, "&2D0A6Q-", "&2D0A6Q-" },
		{ &plain, "&U/BTFw-", "&U/BTFw-" }, /* '/' for ',' */
		{ &plain, "&AOk=-", "&AOk=-" },
		{ &plain, "Entw\xC3\xBCrfe", "Entw\xC3\xBCrfe" },
		{ &courier, "INBOX.Entw\xC3\xBCrfe.x", "Entw\xC3\xBCrfe/x" },
		{ &courier, "INBOX.a&b.c", "a&b/c" },
		{ &plain, "a\xFF", NULL },
		{ &plain, "a\x1B[31m", NULL },
		{ &plain, "a\xC2\x9B", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		check_from(t[i].s, str_of(t[i].wire), t[i].name);
	check_from(&plain, STR("a\0b"), NULL);
}

static void
patterns_match(void **state)
{
	static const struct {
		const char *pattern, *name;
		bool yes;
	} t[] = {
		{ "", "", true },
		{ "", "a", false },
		{ "a", "", false },
		{ "*", "", true },
		{ "%", "", true },
		{ "*", "a/b/c", true },
		{ "%", "a", true },
		{ "%", "a/b", false },
		{ "%/%", "a/b", true },
		{ "%/%", "a/b/c", false },
		{ "%/%", "a", false },
		{ "DMARC/*", "DMARC/a/b", true },
		{ "DMARC/*", "DMARC", false },
		{ "DMARC*", "DMARC", true },
		{ "DMARC/%", "DMARC/a/b", false },
		{ "DMARC/%", "dmarc/a", false },
		{ "*/rua", "a/b/rua", true },
		{ "*/rua", "rua", false },
		{ "%a%b", "xaya/zb", false },
		{ "%a%b", "xayab", true },
		{ "*a%b", "a/xab", true },
		{ "*a%c", "a/ac", true },
		{ "a*b%c*d", "a/b/bxc/d", true },
		{ "a*b%c*d", "a/b/bx/d", false },
		{ "%*", "a/b", true },
		{ "*%", "a/b", true },
		{ "%%", "ab", true },
		{ "a?", "ab", false },
		{ "[a]", "a", false },
		{ "\\*", "*", false },
		{ "inbox", "INBOX", true },
		{ "INBOX", "Inbox", true },
		{ "in*", "INBOX", true },
		{ "iN%oX/a", "INBOX/a", true },
		{ "inbox/a", "INBOX/A", false },
		{ "inboxes", "INBOXES", false },
		{ "*x", "INBOX", true },
		{ "*x", "a/INBOX", false },
		{ "\xC3\xA9*", "\xC3\xA9t\xC3\xA9", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		if (mailbox_matches(str_of(t[i].pattern), str_of(t[i].name)) != t[i].yes)
			fail_msg("%s %s", t[i].pattern, t[i].name);
	assert_false(mailbox_is_pattern(STR("")));
	assert_false(mailbox_is_pattern(STR("a/b.c")));
	assert_true(mailbox_is_pattern(STR("a%")));
	assert_true(mailbox_is_pattern(STR("*")));
}

static void
patterns_cost_little(void **state)
{
	char pattern[MAILBOX_BYTES], name[MAILBOX_BYTES + 1];
	clock_t start = clock();

	(void)state;
	memset(name, 'a', sizeof(name));
	for (int i = 0; i < 20; i++) {
		for (size_t k = 0; k < sizeof(pattern); k++)
			pattern[k] = k + 1 == sizeof(pattern) ? 'b'
			    : k % 2 != 0                      ? 'a'
			    : k % 4 != 0                      ? '%'
							      : '*';
		assert_false(mailbox_matches(
		    (struct str){ pattern, sizeof(pattern) }, (struct str){ name, MAILBOX_BYTES }));
		pattern[sizeof(pattern) - 1] = 'a';
		assert_true(mailbox_matches(
		    (struct str){ pattern, sizeof(pattern) }, (struct str){ name, MAILBOX_BYTES }));
	}
	assert_false(mailbox_matches(STR("*"), (struct str){ name, sizeof(name) }));
	assert_true(clock() - start < 10 * CLOCKS_PER_SEC);
}

static void
names_are_quoted(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 64);
	buf_puts(&b, STR("SELECT "));
	assert_int_equal(mailbox_quote(STR("a \"b\"\\{5}"), &b), 0);
	assert_int_equal(mailbox_quote(STR(""), &b), 0);
	assert_true(str_eq(buf_str(&b), STR("SELECT \"a \\\"b\\\"\\\\{5}\"\"\"")));
	assert_int_equal(mailbox_quote(STR("a\r\nA2 DELETE b"), &b), -1);
	assert_int_equal(mailbox_quote(STR("\xC3\xA9"), &b), -1);
	assert_int_equal(mailbox_quote(STR("a\0"), &b), -1);
	assert_true(str_eq(buf_str(&b), STR("SELECT \"a \\\"b\\\"\\\\{5}\"\"\"")));
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_go_both_ways),
		cmocka_unit_test(names_are_checked),
		cmocka_unit_test(strange_wires_pass_or_not),
		cmocka_unit_test(patterns_match),
		cmocka_unit_test(patterns_cost_little),
		cmocka_unit_test(names_are_quoted),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("mailbox", tests, NULL, NULL);
}
