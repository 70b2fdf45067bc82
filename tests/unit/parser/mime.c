/* Which leaves a mail has, and what their bytes are. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base64.h"
#include "core/buf.h"
#include "core/limits.h"
#include "parser/failure.h"
#include "parser/mime.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define HEAD "MIME-Version: 1.0\n"
#define REPORT HEAD "Content-Type: multipart/report; report-type=feedback-report; boundary=b\n"
#define SHOWN "F" REPORT "|A: b|"
#define FEEDBACK "--b\nContent-Type: message/feedback-report\n\nA: b\n"
#define MIXED HEAD "Content-Type: multipart/mixed; boundary=b\n\n"

#define MIXED_BASE64 \
	HEAD "Content-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: Base64\n\n"
#define UU(name) "begin 644 " name "\n#86)C\n`\nend\n"

static struct mime *mime;
static struct arena *arena;

/* What was shown: "name|type|bytes\n" for each leaf, "!reason\n" for each limit. */
static struct buf seen;

static int
on_limit(void *arg, const char *reason, struct err *e)
{
	(void)arg, (void)e;
	buf_printf(&seen, "!%s\n", reason);
	return 0;
}

static int
on_leaf(void *arg, const struct mime_leaf *leaf, struct err *e)
{
	const struct mime_visitor v = { arg, on_leaf, on_limit };

	if (leaf->failure != NULL) {
		buf_printf(&seen, "F%.*s|%.*s|%.*s|%s%s%s%s\n", STR_ARG(leaf->header),
		    STR_ARG(leaf->bytes), STR_ARG(leaf->failure->sample),
		    leaf->failure->plain ? "p" : "", leaf->failure->encoded ? "e" : "",
		    leaf->failure->odd_type ? "t" : "", leaf->failure->odd_outer ? "o" : "");
		return 0;
	}
	if (leaf->sniff == SNIFF_MAIL)
		return mime_walk(mime, arena, leaf->bytes, NULL, &v, e);
	buf_printf(&seen, "%.*s|%.*s|%.*s\n", STR_ARG(leaf->name), STR_ARG(leaf->type),
	    STR_ARG(leaf->bytes));
	return 0;
}

static struct mime_header
walk(struct str mail)
{
	const struct mime_visitor v = { NULL, on_leaf, on_limit };
	struct mime_header h;
	struct err e;

	buf_reset(&seen);
	mime_reset(mime);
	arena_reset(arena);
	assert_int_equal(mime_walk(mime, arena, mail, &h, &v, &e), 0);
	return h;
}

static void
assert_seen(const char *want)
{
	buf_put8(&seen, 0);
	assert_string_equal(seen.p, want);
}

static void
test_leaves(void **state)
{
	static const struct {
		const char *mail, *seen;
	} table[] = {
		{ "Subject: x\n\nbody", "|text/plain|body\n" },
		{ HEAD
		    "Content-Transfer-Encoding: BASE64 \nContent-Type: application/zip; name=a.zip"
		    "\n\nYWJj\n!ZG\nVm",
		    "a.zip|application/zip|abcdef\n" },
		{ HEAD "Content-Transfer-Encoding: quoted-printable\n\na=3Db=\nc",
		    "|text/plain|a=bc\n" },
		{ HEAD "Content-Transfer-Encoding: x-unknown\n\nYWJj", "|text/plain|YWJj\n" },
		{ HEAD "Content-Transfer-Encoding: base64\n\n", "|text/plain|\n" },
		{ MIXED "preface\n--b\n\none\n--b\nContent-Type: text/xml\n\ntwo\n--b--\nrest",
		    "|text/plain|one\n|text/xml|two\n" },
		{ MIXED "--b\n\nnever closed", "|text/plain|never closed\n" },
		{ MIXED "--b\nContent-Disposition: inline; filename*0=\"a.xm\"; filename*1=\"l.gz\""
			"\n\nx\n--b--\n",
		    "a.xml.gz|text/plain|x\n" },
		{ MIXED "--b\nContent-Type: message/rfc822\n\nSubject: in\n\nx\n--b--\n",
		    "|text/plain|x\n" },
		{ MIXED "--b\nContent-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n"
			"U3ViamVjdDogaW4KVG86IHgKCmJvZHk=\n--b--\n",
		    "|text/plain|body\n" },
		{ MIXED
		    "--b\nContent-Type: application/octet-stream\n\nFrom: x\nTo: y\n\nz\n--b--\n",
		    "|text/plain|z\n" },
		{ HEAD "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n"
		       "--b\n\ntext\n--b--\n",
		    "" },
		{ HEAD "Content-Type: multipart/report; report-type=tlsrpt; boundary=b\n\n"
		       "--b\n\ntext\n--b--\n",
		    "|text/plain|text\n" },
		/* No notification's enclosure, whatever the multipart is called; nothing encrypted. */
		{ MIXED "--b\n\ntext\n--b\nContent-Type: message/delivery-status\n\nx: y\n--b--\n",
		    "" },
		{ HEAD "Content-Type: multipart/encrypted; boundary=b\n\n--b\n\ntext\n--b--\n",
		    "" },
		/* Base64 where MIME forbids it; without a boundary in it there is nothing. */
		{ MIXED_BASE64 "LS1iCgpvbmUKLS1iLS0K", "|text/plain|one\n" },
		{ MIXED_BASE64 "dGV4dA==", "" },
		{ HEAD "Content-Transfer-Encoding: base64\n\n unused\n",
		    "|text/plain| unused\n\n" },
		/* "abc" is #86)C in uuencoding. */
		{ HEAD "\nHello\n" UU("a.gz") "Bye\n" UU("b c"),
		    "|text/plain|Hello\n" UU("a.gz") "Bye\n" UU(
			"b c") "\n"
			       "a.gz|application/octet-stream|abc\nb c|application/octet-stream|abc\n" },
		{ HEAD "Content-Transfer-Encoding: uuencode\n\n" UU("a"), "|text/plain|abc\n" },
		{ HEAD "Content-Transfer-Encoding: uuencode\n\nno file", "|text/plain|\n" },
		{ HEAD "\nbegin 644\nbegin 9 x\nbegin 64444 x\nbegin 644x y\nbegin again\n",
		    "|text/plain|begin 644\nbegin 9 x\nbegin 64444 x\nbegin 644x y\nbegin again\n\n" },
		{ "", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		walk(str_of(table[i].mail));
		assert_seen(table[i].seen);
	}
}

static void
test_what_it_is(void **state)
{
	static const struct {
		const char *mail;
		enum mime_automatic automatic;
		bool bounce, disposition, encrypted;
	} table[] = {
		{ HEAD "\n", MIME_BY_HAND, false, false, false },
		{ HEAD "Auto-Submitted: no\n\n", MIME_BY_HAND, false, false, false },
		{ HEAD "Auto-Submitted: Auto-Replied (vacation)\n\n", MIME_REPLIED, false, false,
		    false },
		{ HEAD "Auto-Submitted: auto-generated\n\n", MIME_GENERATED, false, false, false },
		{ HEAD "Precedence: auto_reply\n\n", MIME_REPLIED, false, false, false },
		{ HEAD "Precedence: bulk\n\n", MIME_BY_HAND, false, false, false },
		{ HEAD "X-Autoreply: yes\n\n", MIME_REPLIED, false, false, false },
		{ HEAD "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n"
		       "--b\n\ntext\n--b--\n",
		    MIME_BY_HAND, true, false, false },
		{ MIXED "--b\nContent-Type: message/global-delivery-status\n\nx: y\n--b--\n",
		    MIME_BY_HAND, true, false, false },
		{ MIXED "--b\nContent-Type: message/disposition-notification\n\nx: y\n--b--\n",
		    MIME_BY_HAND, false, true, false },
		{ HEAD "Content-Type: multipart/encrypted; boundary=b\n\n--b\n\ntext\n--b--\n",
		    MIME_BY_HAND, false, false, true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct mime_header h = walk(str_of(table[i].mail));

		assert_int_equal(h.automatic, table[i].automatic);
		assert_true(h.bounce == table[i].bounce);
		assert_true(h.disposition == table[i].disposition);
		assert_true(h.encrypted == table[i].encrypted);
	}
	assert_true(str_eq(
	    walk(STR("Subject: =?utf-8?Q?a=C3=A4?=\n b\n\n")).hints.subject, STR("a\xC3\xA4 b")));
}

static void
test_header(void **state)
{
	static const struct {
		const char *mail, *id, *domain, *header;
	} table[] = {
		{ "From: \"A, B\" <a@Example.COM>\nMessage-ID: <1@x>\n\n", "1@x", "example.com",
		    "From: \"A, B\" <a@Example.COM>\nMessage-ID: <1@x>\n" },
		{ "From x Wed\nFrom: a@b.example., c@d.example\nMessage-Id:\n <2>\n\nx", "2",
		    "b.example", "From: a@b.example., c@d.example\nMessage-Id:\n <2>\n" },
		{ "From: undisclosed: x@group.example, y@z;\n\n", "", "group.example",
		    "From: undisclosed: x@group.example, y@z;\n" },
		{ "From: nobody\nMessage-ID: no-brackets\n\n", "no-brackets", "",
		    "From: nobody\nMessage-ID: no-brackets\n" },
		{ "Subject: x\n\n", "", "", "Subject: x\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct mime_header h = walk(str_of(table[i].mail));

		assert_true(str_eq(h.message_id, str_of(table[i].id)));
		assert_true(str_eq(h.hints.from_domain, str_of(table[i].domain)));
		assert_true(str_eq(h.header, str_of(table[i].header)));
	}
}

/* Groups in groups: GMime would go as deep as they do. */
static void
test_endless_groups(void **state)
{
	struct buf mail;

	(void)state;
	buf_init(&mail, LIMIT_MAIL_BYTES);
	buf_puts(&mail, STR("From: "));
	for (size_t i = 0; i < 100000; i++)
		buf_puts(&mail, STR("g:"));
	buf_puts(&mail, STR("\n\n"));
	assert_int_equal(walk(buf_str(&mail)).hints.from_domain.n, 0);
	buf_fini(&mail);
}

static void
test_limits(void **state)
{
	struct buf mail;

	(void)state;
	buf_init(&mail, LIMIT_MAIL_BYTES);
	buf_puts(&mail, STR(MIXED));
	for (size_t i = 0; i < LIMIT_MIME_PARTS + 50; i++)
		buf_puts(&mail, STR("--b\n\nx\n"));
	walk(buf_str(&mail));
	buf_put8(&seen, 0);
	assert_non_null(strstr(seen.p, "!the mail has more than 200 parts; max_parts raises it\n"));
	assert_int_equal(seen.n, (LIMIT_MIME_PARTS - 1) * 14 + 55 + 1);

	buf_reset(&mail);
	for (size_t i = 0; i < 3 * LIMIT_MIME_DEPTH; i++)
		buf_printf(&mail, "Content-Type: multipart/mixed; boundary=b%zu\n\n--b%zu\n", i, i);
	walk(buf_str(&mail));
	assert_seen("!the mail is nested more than 10 deep; this limit is fixed\n");

	buf_reset(&mail);
	for (size_t i = 0; i < 3 * LIMIT_MIME_DEPTH; i++)
		buf_puts(&mail, STR("Content-Type: message/rfc822\n\n"));
	walk(buf_str(&mail));
	assert_seen("!the mail is nested more than 10 deep; this limit is fixed\n");
	buf_fini(&mail);
}

/* A multipart in base64 of one in base64: all that they decode to is no larger than a mail may be. */
static void
test_base64_in_base64(void **state)
{
	struct buf mail, body;

	(void)state;
	buf_init(&mail, LIMIT_MAIL_BYTES);
	buf_init(&body, LIMIT_MAIL_BYTES);
	for (size_t i = 0; i < 20000000; i++)
		buf_put8(&mail, 'x');
	for (int i = 0; i < 3; i++) {
		buf_reset(&body);
		buf_puts(&body, STR("--b\n"));
		buf_puts(&body, buf_str(&mail));
		buf_puts(&body, STR("\n--b--\n"));
		buf_reset(&mail);
		buf_puts(&mail,
		    STR("Content-Type: multipart/mixed; boundary=b\n"
			"Content-Transfer-Encoding: base64\n\n"));
		base64_put(&mail, buf_str(&body));
	}
	walk(buf_str(&mail));
	assert_seen("!the mail's parts decode to more than 64 MB; max_mail_size raises it\n");
	buf_fini(&mail);
	buf_fini(&body);
}

/* What is certainly no report is not decoded to its end. */
static void
test_beginning_only(void **state)
{
	const struct mime_visitor v = { NULL, on_leaf, on_limit };
	struct buf mail;
	struct err e;

	(void)state;
	buf_init(&mail, LIMIT_MAIL_BYTES);
	buf_puts(&mail, STR("Content-Transfer-Encoding: base64\n\n"));
	for (size_t i = 0; i < 100000; i++)
		buf_puts(&mail, STR("YWJjZGVm"));
	buf_reset(&seen);
	mime_reset(mime);
	assert_int_equal(mime_walk(mime, arena, buf_str(&mail), NULL, &v, &e), 0);
	assert_memory_equal(seen.p, "|text/plain|abcdef", 18);
	buf_fini(&mail);
}

/* A failure report is one leaf, with the failed message as it came; nothing in that is shown. */
static void
test_failure(void **state)
{
	static const struct {
		const char *mail, *seen;
	} table[] = {
		{ REPORT
		    "\n--b\n\ntext\n" FEEDBACK
		    "--b\nContent-Type: message/rfc822\n\nX:\n y\nContent-Type: a/b\n\nz\n\n--b--",
		    SHOWN "X:\n y\nContent-Type: a/b\n\nz\n|\n" },
		{ REPORT "\n" FEEDBACK
			 "--b\nContent-Type: message/rfc822\n\nContent-Type: multipart/mixed; "
			 "boundary=c\n\n--c\n\none\n--c--\n--b\n\ntwo\n--b--",
		    SHOWN "Content-Type: multipart/mixed; boundary=c\n\n--c\n\none\n--c--|\n" },
		{ REPORT "\n" FEEDBACK "--b\nContent-Type: text/rfc822-headers\n\nX: y\n--b--",
		    SHOWN "X: y|\n" },
		{ REPORT "\n" FEEDBACK "--b\nContent-Type: text/rfc-822\n\nX: y\n--b--",
		    SHOWN "X: y|t\n" },
		{ REPORT "\n" FEEDBACK "--b\nContent-Type: message/rfc822\n"
			 "Content-Transfer-Encoding: base64\n\nWDogeQo=\n--b--",
		    SHOWN "X: y\n|e\n" },
		{ REPORT "\n--b\nContent-Type: message/feedback-report\n"
			 "Content-Transfer-Encoding: base64\n\nQTogYg==\n--b--",
		    SHOWN "|e\n" },
		{ REPORT "\n--b\nContent-Type: message/rfc822\n\nX: y\n" FEEDBACK "--b--",
		    SHOWN "X: y|\n" },
		{ REPORT "\n--b\n\ntext\n--b\nContent-Type: text/xml\n\n<feedback/>\n--b--",
		    "F" REPORT "|||\n" },
		{ HEAD "Content-Type: message/rfc822\n\n" REPORT "\n" FEEDBACK "--b--",
		    SHOWN "|\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		walk(str_of(table[i].mail));
		assert_seen(table[i].seen);
	}
	walk(STR(MIXED FEEDBACK "--b\nContent-Type: text/xml\n\n<feedback/>\n--b--"));
	assert_seen("F" HEAD "Content-Type: multipart/mixed; boundary=b\n|A: b|<feedback/>|to\n");
	walk(STR(MIXED "--b\n\nSender Domain: d\nSender IP Address: i\nSPF Alignment: no\n"
		       "--b\nContent-Type: message/rfc822\n\nX: y\n--b--\n"));
	assert_seen("F" HEAD "Content-Type: multipart/mixed; boundary=b\n|Sender Domain: d\n"
		    "Sender IP Address: i\nSPF Alignment: no|X: y|po\n");
}

static struct buf told; /* "subject|from|tls domain|tls submitter\n" for each leaf */

static int
on_hints(void *arg, const struct mime_leaf *leaf, struct err *e)
{
	const struct mime_visitor v = { arg, on_hints, on_limit };
	const struct hints *h = leaf->hints;

	if (leaf->sniff == SNIFF_MAIL)
		return mime_walk(mime, arena, leaf->bytes, NULL, &v, e);
	buf_printf(&told, "%.*s|%.*s|%.*s|%.*s\n", STR_ARG(h->subject), STR_ARG(h->from_domain),
	    STR_ARG(h->tls_domain), STR_ARG(h->tls_submitter));
	return 0;
}

/* Each leaf is told of by the mail right around it. */
static void
test_hints(void **state)
{
	static const struct {
		const char *mail, *told;
	} table[] = {
		{ "Subject: =?iso-8859-1?Q?M=FCnchen?=\n\tb\nFrom: a <a@X.example>\n\nx",
		    "M\xC3\xBCnchen\tb|x.example||\n" },
		{ "TLS-Report-Domain: d.example\nTLS-Report-Submitter: s.example\n\nx",
		    "||d.example|s.example\n" },
		{ "\n\nx", "|||\n" },
		{ "Subject: outer\nFrom: o@o.example\n" MIXED "--b\n\none\n--b\n"
		  "Content-Type: message/rfc822\n\nSubject: inner\nFrom: i@i.example\n\ntwo\n"
		  "--b\nContent-Type: message/rfc822\n\nX: no subject\n\nthree\n--b\n\nfour\n"
		  "--b\nContent-Type: application/octet-stream\n\nFrom: e@e.example\n"
		  "Subject: file\n\nfive\n--b--\n",
		    "outer|o.example||\ninner|i.example||\n|||\nouter|o.example||\n"
		    "file|e.example||\n" },
	};
	const struct mime_visitor v = { NULL, on_hints, on_limit };
	struct err e;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		buf_reset(&told);
		mime_reset(mime);
		arena_reset(arena);
		assert_int_equal(mime_walk(mime, arena, str_of(table[i].mail), NULL, &v, &e), 0);
		buf_put8(&told, 0);
		assert_string_equal(told.p, table[i].told);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hints),
		cmocka_unit_test(test_leaves),
		cmocka_unit_test(test_what_it_is),
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_endless_groups),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_base64_in_base64),
		cmocka_unit_test(test_beginning_only),
		cmocka_unit_test(test_failure),
	};
	struct err e;
	int rc;

	mime = mime_new(&e);
	arena = arena_new(LIMIT_WORKER_ARENA);
	buf_init(&told, 1u << 20);
	buf_init(&seen, 1u << 20);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	mime_free(mime);
	arena_free(arena);
	buf_fini(&told);
	buf_fini(&seen);
	return rc;
}
