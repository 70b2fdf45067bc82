/* Where the mails of an mbox begin and end, in every form MTAs write. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "core/buf.h"
#include "core/mbox.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define SEP "From a@b.example Wed Nov 15 02:00:00 2023\n"
#define SEP_CRLF "From a@b.example Wed Nov 15 02:00:00 2023\r\n"

/* As a file is: no more than what is asked for, and overwritten by the next call. */
struct slow {
	struct str all;
	char room[MBOX_WANT_BYTES];
};

static struct slow slow;

static struct str
slow_at(void *arg, uint64_t offset, size_t want)
{
	struct slow *s = arg;
	size_t n;

	assert_true(want <= MBOX_WANT_BYTES);
	if (offset >= s->all.n)
		return (struct str){ s->room, 0 };
	n = s->all.n - (size_t)offset < want ? s->all.n - (size_t)offset : want;
	memcpy(s->room, s->all.p + offset, n);
	return (struct str){ s->room, n };
}

static struct mbox_bytes
bytes_of(struct str s)
{
	slow.all = s;
	return (struct mbox_bytes){ .at = slow_at, .arg = &slow, .size = s.n };
}

/* All mails, "[mail]" each; "!" before one whose lines are not quoted, "~" before an internal one. */
static void
put_mails(struct str s, struct buf *out)
{
	struct mbox_bytes b = bytes_of(s);
	struct mbox_mail m;
	bool bare;
	uint64_t at = mbox_first(&b, &bare);

	while (at < s.n) {
		if (bare)
			mbox_bare(&b, at, &m);
		else if (!mbox_mail(&b, at, &m))
			break;
		assert_true(m.at <= m.start && m.start <= m.body && m.body <= m.end);
		assert_true(m.end > at && m.end <= s.n);
		buf_printf(
		    out, "%s%s%s[", bare ? "?" : "", m.quoted ? "" : "!", m.internal ? "~" : "");
		buf_put(out, s.p + m.start, (size_t)(m.end - m.start));
		buf_puts(out, STR("]"));
		at = m.end;
		bare = false;
	}
	buf_put8(out, '\0');
}

#define TEN "0123456789"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
#define LONG                                                                                 \
	"From a Wed Nov 15 " HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED \
	    HUNDRED HUNDRED "\n"

/* What mailboxes are made of; long because of the table. */
static void
every_form(void **state)
{
	static const struct {
		const char *what, *in, *out;
	} table[] = {
		{ "mboxrd", SEP "A: 1\n\nx\n\n" SEP "B: 2\n\n>From y\n",
		    "[A: 1\n\nx\n\n][B: 2\n\n>From y\n]" },
		{ "no last line end", SEP "A: 1\n\n" SEP "B: 2\n\ny", "[A: 1\n\n][B: 2\n\ny]" },
		{ "CRLF", SEP_CRLF "A: 1\r\n\r\nx\r\n\r\n" SEP_CRLF "B: 2\r\n",
		    "[A: 1\r\n\r\nx\r\n\r\n][B: 2\r\n]" },
		{ "only behind an empty line", SEP "A: 1\n\nx\n" SEP "y\n",
		    "[A: 1\n\nx\n" SEP "y\n]" },
		{ "or before what a delivery writes", SEP "A: 1\n\nx\n" SEP "Return-path: <a>\n",
		    "[A: 1\n\nx\n][Return-path: <a>\n]" },
		{ "Exim",
		    SEP "Return-path: <a>\nEnvelope-to: b\nDelivery-date: c\n\nx\n\n" SEP
			"Return-path: <a>\n\ny\n\n",
		    "[Return-path: <a>\nEnvelope-to: b\nDelivery-date: c\n\nx\n\n]"
		    "[Return-path: <a>\n\ny\n\n]" },
		{ "Postfix",
		    SEP "Return-Path: <a>\nX-Original-To: b\n\nx\n\n" SEP "Return-Path: <>\n\n\n",
		    "[Return-Path: <a>\nX-Original-To: b\n\nx\n\n][Return-Path: <>\n\n\n]" },
		{ "no Content-Length here", SEP "Content-Length: 99\n\nx\n\n" SEP "B: 2\n",
		    "[Content-Length: 99\n\nx\n\n][B: 2\n]" },
		{ "one that lands on a separator",
		    SEP "Content-Length: 47\n\nx\n\n" SEP "y\n\n" SEP "B: 2\n",
		    "![Content-Length: 47\n\nx\n\n" SEP "y\n\n][B: 2\n]" },
		{ "one with the empty line behind it",
		    SEP "content-length:  48 \n\nx\n\n" SEP "yy\n\n" SEP "B: 2\n",
		    "![content-length:  48 \n\nx\n\n" SEP "yy\n\n][B: 2\n]" },
		{ "one that lands at the end", SEP "Content-Length: 48\n\nx\n\n" SEP "yy\n\n",
		    "![Content-Length: 48\n\nx\n\n" SEP "yy\n\n]" },
		{ "one that is a byte too long",
		    SEP "Content-Length: 50\n\nx\n\n" SEP "yy\n\n" SEP "B: 2\n",
		    "[Content-Length: 50\n\nx\n\n][yy\n\n][B: 2\n]" },
		{ "one that swallows a delivery",
		    SEP "Content-Length: 60\n\nx\n\n" SEP "Received: by z\n\n" SEP "B: 2\n",
		    "[Content-Length: 60\n\nx\n\n][Received: by z\n\n][B: 2\n]" },
		{ "one that is no number", SEP "Content-Length: -1\n\nx\n\n" SEP "B: 2\n",
		    "[Content-Length: -1\n\nx\n\n][B: 2\n]" },
		{ "one that overflows",
		    SEP "Content-Length: 18446744073709551615\n\nx\n\n" SEP "B: 2\n",
		    "[Content-Length: 18446744073709551615\n\nx\n\n][B: 2\n]" },
		{ "one of nothing", SEP "Content-Length: 0\n\n" SEP "B: 2\n",
		    "[Content-Length: 0\n\n][B: 2\n]" },
		{ "empty lines first", "\n\r\n" SEP "A: 1\n", "[A: 1\n]" },
		{ "half a line first", "zzz\n" SEP "A: 1\n", "[A: 1\n]" },
		{ "a mail without separator first", "A: 1\n\nx\n\n" SEP "B: 2\n",
		    "?[A: 1\n\nx\n\n][B: 2\n]" },
		{ "words first", "words\nand words\n" SEP "A: 1\n",
		    "?[words\nand words\n" SEP "A: 1\n]" },
		{ "a From_ line left over", SEP ">From c Wed Nov 15 remote from d\nA: 1\n\nx\n",
		    "[A: 1\n\nx\n]" },
		{ "internal data",
		    SEP
		    "From: Mail System Internal Data <x>\nSubject: DON'T DELETE THIS MESSAGE -- "
		    "FOLDER INTERNAL DATA\nX-IMAP: 1 2\n\nThis text is part\n\n" SEP "B: 2\n",
		    "~[From: Mail System Internal Data <x>\nSubject: DON'T DELETE THIS MESSAGE -- "
		    "FOLDER INTERNAL DATA\nX-IMAP: 1 2\n\nThis text is part\n\n][B: 2\n]" },
		{ "only its Subject", SEP "Subject: FOLDER INTERNAL DATA\n\nx\n",
		    "[Subject: FOLDER INTERNAL DATA\n\nx\n]" },
		{ "a separator that is not whole", SEP "A: 1\n\nx\n\nFrom a Wed Nov 15",
		    "[A: 1\n\nx\n\n]" },
		{ "a line too long for one", SEP "A: 1\n\nx\n\n" LONG "y\n\n" SEP "B: 2\n",
		    "[A: 1\n\nx\n\n" LONG "y\n\n][B: 2\n]" },
		{ "a mail without anything", SEP "\n" SEP "\n", "[\n][\n]" },
		{ "nothing", "", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct buf got;

		buf_init(&got, 1 << 16);
		put_mails(str_of(table[i].in), &got);
		if (strcmp(got.p, table[i].out) != 0)
			print_message("# %s\n", table[i].what);
		assert_string_equal(got.p, table[i].out);
		buf_fini(&got);
	}
}

/* Whatever piece a separator lies across, it is found: mails of every length around a piece's end. */
static void
across_pieces(void **state)
{
	struct buf text;

	(void)state;
	buf_init(&text, 1 << 20);
	for (size_t pad = 63200; pad < 66200; pad++) {
		struct mbox_bytes b;
		struct mbox_mail m;

		buf_reset(&text);
		buf_puts(&text, STR(SEP "A: 1\n\n"));
		memset(buf_room(&text, pad), 'x', pad);
		buf_grown(&text, pad);
		buf_puts(&text, STR("\n\n" SEP "B: 2\n\n"));
		b = bytes_of(buf_str(&text));
		assert_true(mbox_mail(&b, 0, &m));
		if (m.end != text.n - strlen(SEP "B: 2\n\n"))
			fail_msg("a separator at byte %zu was not found", pad);
		assert_true(mbox_mail(&b, m.end, &m));
		assert_true(m.end == text.n);
	}
	buf_fini(&text);
}

static void
quotes(void **state)
{
	static const struct {
		const char *in;
		size_t at, found;
	} table[] = {
		{ ">From x", 0, 0 },
		{ "a\n>>From x", 0, 2 },
		{ "a\n>>From x", 3, 10 }, /* one of them is enough */
		{ "q >From x", 0, 9 },
		{ "> From x", 0, 8 },
		{ ">Fromage", 0, 8 },
		{ "a >From b\n>From c", 0, 10 },
		{ "", 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++)
		assert_int_equal(mbox_quoted(str_of(table[i].in), table[i].at), table[i].found);
}

/* A megabyte of what nearly is a separator, of ">", of fields: linear, or this takes minutes. */
static void
what_grows(void **state)
{
	static const char *const units[] = { "\nFrom ", "\n\nFrom x ", "\n\nFrom x Wed Nov ", ">",
		">From ", ("\n\n" SEP), "Content-Length: 5\n", "\r\n", "From a Wed Nov 1\n" };
	struct buf text, got;

	(void)state;
	for (size_t i = 0; i < COUNT(units); i++) {
		buf_init(&text, 8 << 20);
		buf_init(&got, 32 << 20);
		buf_puts(&text, STR(SEP));
		while (text.n < (1 << 20))
			buf_puts(&text, str_of(units[i]));
		put_mails(buf_str(&text), &got);
		for (size_t at = 0; at < text.n; at++)
			at = mbox_quoted(buf_str(&text), at);
		buf_fini(&text);
		buf_fini(&got);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_form),
		cmocka_unit_test(across_pieces),
		cmocka_unit_test(quotes),
		cmocka_unit_test(what_grows),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("core/mbox", tests, NULL, NULL);
}
