/* Mails that would cost too much are told from those that look alike and do not. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/buf.h"
#include "core/limits.h"
#include "parser/prescan.h"

static struct buf b;

static void
repeat(const char *line, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_puts(&b, str_of(line));
}

static struct prescan
scan(const char *header)
{
	struct buf mail;
	struct prescan r;

	buf_init(&mail, LIMIT_MAIL_BYTES);
	buf_puts(&mail, str_of(header));
	buf_puts(&mail, buf_str(&b));
	r = prescan_mail(buf_str(&mail));
	buf_fini(&mail);
	buf_reset(&b);
	return r;
}

static void
test_header_length(void **state)
{
	(void)state;
	assert_int_equal(prescan_mail(STR("A: b\nC: d\n\nbody\n")).header, 10);
	assert_int_equal(prescan_mail(STR("A: b\r\n c\r\n\r\nbody")).header, 10);
	assert_int_equal(prescan_mail(STR("A: b")).header, 4);
	assert_int_equal(prescan_mail(STR("\nbody")).header, 0);
	assert_int_equal(prescan_mail((struct str){ NULL, 0 }).header, 0);
	repeat(" folded line of a header field\n", LIMIT_HEADER_BYTES / 31 + 1);
	assert_non_null(scan("A: b\n").excess);
	repeat(" folded line of a header field\n", LIMIT_HEADER_BYTES / 31 - 1);
	assert_null(scan("A: b\n").excess);
}

static void
test_boundaries(void **state)
{
	(void)state;
	repeat("--b\n\nx\n", 30000);
	assert_non_null(scan("Content-Type: multipart/mixed; boundary=b\n\n").excess);
	/* The same lines are text where the mail has no parts. */
	repeat("--b\n\nx\n", 30000);
	assert_null(scan("Content-Type: text/plain\n\n").excess);
	repeat("--b\n\nx\n", 1000);
	assert_null(scan("Content-Type:\n Multipart/mixed; boundary=b\n\n").excess);
}

static void
test_nesting(void **state)
{
	(void)state;
	repeat("Content-Type: message/rfc822\n\n", 30000);
	assert_non_null(scan("").excess);
	repeat("content-type:\n message/rfc822\n\n", 100);
	assert_null(scan("").excess);
}

static void
test_part_headers(void **state)
{
	const char *header = "Content-Type: multipart/mixed; boundary=b\n\n";

	(void)state;
	buf_puts(&b, STR("--b\n"));
	repeat("A:\n", 1u << 20);
	assert_non_null(scan(header).excess);
	/* A long text without an empty line, behind what only looks like a boundary. */
	buf_puts(&b, STR("--b\nContent-Type: text/xml\n\n<!--\n-->\n"));
	repeat("<record></record>\n", 1u << 20);
	assert_null(scan(header).excess);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_header_length),
		cmocka_unit_test(test_boundaries),
		cmocka_unit_test(test_nesting),
		cmocka_unit_test(test_part_headers),
	};
	int rc;

	buf_init(&b, LIMIT_MAIL_BYTES);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	buf_fini(&b);
	return rc;
}
