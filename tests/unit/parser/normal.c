/* Values as reporters write them, and what is kept. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "core/limits.h"
#include "parser/normal.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static void
assert_str(struct str got, const char *want)
{
	assert_int_equal(got.n, strlen(want));
	assert_memory_equal(got.p, want, got.n);
}

static void
test_domain(void **state)
{
	static const char *const table[][2] = { { "example.com", "example.com" },
		{ "EXAMPLE.Com.", "example.com" }, { "a..", "a." }, { ".", "." }, { "", "" },
		{ "M\xC3\x9CLLER.example", "m\xC3\x9Cller.example" } };
	char room[64];

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++)
		assert_str(normal_domain(str_of(table[i][0]), room), table[i][1]);
}

static void
test_line(void **state)
{
	static const char *const table[][2] = { { "a  b\n\tc", "a b c" }, { " x ", "x" },
		{ "", "" }, { " \n", "" }, { "one", "one" } };
	char room[64];

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++)
		assert_str(normal_line(str_of(table[i][0]), room), table[i][1]);
}

static void
test_keyword(void **state)
{
	static const char *const table[][2] = { { "reject;", "reject" }, { "reject ; ;", "reject" },
		{ "none", "none" }, { ";", "" }, { "", "" } };

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++)
		assert_str(normal_keyword(str_of(table[i][0])), table[i][1]);
}

static void
test_report_id(void **state)
{
	static const char *const table[][2] = { { "<a@b>", "a@b" }, { "< a >", "a" },
		{ "<<a>>", "<a>" }, { "<a", "<a" }, { "a>", "a>" }, { "<", "<" }, { "<>", "" },
		{ "a<b>", "a<b>" } };

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++)
		assert_str(normal_report_id(str_of(table[i][0])), table[i][1]);
}

static void
test_cut(void **state)
{
	static const struct {
		const char *in;
		size_t max;
		const char *out;
	} table[] = { { "abc", 3, "abc" }, { "abc", 2, "ab" }, { "a\xC3\xBC", 2, "a" },
		{ "\xE2\x82\xAC", 2, "" }, { "\xE2\x82\xAC", 3, "\xE2\x82\xAC" },
		{ "x\xF0\x9F\x98\x80y", 4, "x" }, { "", 0, "" } };

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++)
		assert_str(normal_cut(str_of(table[i].in), table[i].max), table[i].out);
}

static void
test_count(void **state)
{
	static const struct {
		const char *in;
		int rc;
		uint64_t out;
	} table[] = { { "0", 0, 0 }, { "17", 0, 17 }, { "007", 0, 7 },
		{ "1099511627776", 0, LIMIT_COUNT }, { "1099511627777", -1, 1 },
		{ "18446744073709551617", -1, 1 }, { "-5", -1, 1 }, { "+5", -1, 1 },
		{ "1.0", 1, 1 }, { "5.", 1, 5 }, { "5.00", 1, 5 }, { "5.5", -1, 1 },
		{ ".0", -1, 1 }, { "5.0.0", -1, 1 }, { "1 2", -1, 1 }, { "", -1, 1 } };

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		uint64_t v = 1;

		assert_int_equal(normal_count(str_of(table[i].in), &v), table[i].rc);
		assert_int_equal(v, table[i].out);
	}
}

static void
test_time(void **state)
{
	static const struct {
		const char *in;
		int rc;
		int64_t out;
	} table[] = { { "1700000000", TIME_PLAIN, 1700000000 },
		{ "0000001700000000", TIME_PLAIN, 1700000000 },
		{ "1700000000.000", TIME_FRACTION, 1700000000 },
		{ "1700000000.", TIME_FRACTION, 1700000000 },
		{ "99999999999", TIME_PLAIN, 99999999999 },
		{ "100000000000", TIME_FINER, 100000000 },
		{ "1700000000123", TIME_FINER, 1700000000 },
		{ "1700000000123.5", TIME_FINER, 1700000000 },
		{ "1700000000123456", TIME_FINER, 1700000000 },
		{ "1700000000123456789", TIME_FINER, 1700000000 },
		{ "9223372036854775807", TIME_FINER, 9223372036 }, { "9223372036854775808", -1, 1 },
		{ "-1", -1, 1 }, { "1e9", -1, 1 }, { "1.2.3", -1, 1 }, { ".5", -1, 1 },
		{ "", -1, 1 }, { "2023-11-15", TIME_CALENDAR, 1700006400 },
		{ "2023-11-15T00:00:00Z", TIME_CALENDAR, 1700006400 },
		{ "2023-11-15 00:00:00", TIME_CALENDAR, 1700006400 },
		{ "2023-11-15t01:02", TIME_CALENDAR, 1700006400 + 3720 },
		{ "2023-11-15T01:00:00.250+01:00", TIME_CALENDAR, 1700006400 },
		{ "2023-11-14T19:00:00-0500", TIME_CALENDAR, 1700006400 },
		{ "2023-11-15T14:00:00 +14", TIME_CALENDAR, 1700006400 },
		{ "2023-11-15 00:00:00 UTC", TIME_CALENDAR, 1700006400 },
		{ "2024-02-29", TIME_CALENDAR, 1709164800 },
		{ "2024-03-01", TIME_CALENDAR, 1709251200 }, { "1970-01-01", TIME_CALENDAR, 0 },
		{ "0001-01-01", TIME_CALENDAR, -62135596800 },
		{ "9999-12-31T23:59:59Z", TIME_CALENDAR, 253402300799 }, { "2023-02-29", -1, 1 },
		{ "1900-02-29", -1, 1 }, { "2023-13-01", -1, 1 }, { "2023-00-01", -1, 1 },
		{ "2023-11-31", -1, 1 }, { "2023-11-15T", -1, 1 }, { "2023-11-15T24:00", -1, 1 },
		{ "2023-11-15T10:00:00+1", -1, 1 }, { "2023-11-15T10:00:00+01:0", -1, 1 },
		{ "2023-11-15T10:00:00+15", -1, 1 }, { "2023-11-15T10:00:00 CET", -1, 1 },
		{ "2023-11-15x", -1, 1 }, { "15.11.2023", -1, 1 }, { "yesterday", -1, 1 } };

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		int64_t v = 1;

		assert_int_equal(normal_time(str_of(table[i].in), &v), table[i].rc);
		assert_int_equal(v, table[i].out);
	}
}

static void
test_address(void **state)
{
	static const struct {
		const char *in;
		unsigned family;
		unsigned char first, last;
	} table[] = { { "192.0.2.1", 4, 192, 1 }, { "2001:DB8::25", 6, 0x20, 0x25 },
		{ "::ffff:192.0.2.7", 6, 0, 7 }, { "", 0, 0, 0 }, { "X.X.X.X", 0, 0, 0 },
		{ "192.0.2.1 ", 0, 0, 0 }, { "192.0.2", 0, 0, 0 },
		{ "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0001", 0, 0, 0 } };

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct address a = normal_address(str_of(table[i].in));

		assert_int_equal(a.family, table[i].family);
		if (a.family != 0) {
			assert_int_equal(a.b[0], table[i].first);
			assert_int_equal(a.b[a.family == 4 ? 3 : 15], table[i].last);
		}
	}
}

static void
test_client(void **state)
{
	static const struct {
		const char *in, *address;
		bool plain;
	} table[] = { { "192.0.2.1", "192.0.2.1", true }, { "2001:DB8::25", "2001:db8::25", true },
		{ "[192.0.2.1]", "192.0.2.1", false }, { "[2001:db8::1]", "2001:db8::1", false },
		{ "IPv6:2001:db8::1", "2001:db8::1", false },
		{ "[IPv6:2001:db8::1]", "2001:db8::1", false },
		{ "192.0.2.1:25", "192.0.2.1", false },
		{ "[2001:db8::1]:65535", "2001:db8::1", false },
		{ "fe80::1%eth0", "fe80::1", false }, { "::ffff:192.0.2.7", "192.0.2.7", false },
		{ "[::FFFF:c000:207]:25", "192.0.2.7", false },
		{ "::192.0.2.7", "::192.0.2.7", true }, { "192.000.002.001", NULL, false },
		{ "192.0.2.1:", NULL, false }, { "192.0.2.1:66666", NULL, false },
		{ "[192.0.2.1", NULL, false }, { "[192.0.2.1]x", NULL, false },
		{ "[]", NULL, false }, { "%", NULL, false }, { "X.X.X.X", NULL, false },
		{ "ipv6:", NULL, false }, { "", NULL, false },
		{ "192.0.2.1 192.0.2.2", NULL, false } };

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		char text[INET6_ADDRSTRLEN];
		bool plain;
		struct address a = normal_client(str_of(table[i].in), &plain);

		assert_int_equal(plain, table[i].plain);
		assert_int_equal(a.family != 0, table[i].address != NULL);
		if (a.family != 0)
			assert_string_equal(
			    inet_ntop(a.family == 4 ? AF_INET : AF_INET6, a.b, text, sizeof(text)),
			    table[i].address);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_domain),
		cmocka_unit_test(test_line),
		cmocka_unit_test(test_keyword),
		cmocka_unit_test(test_report_id),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_count),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_address),
		cmocka_unit_test(test_client),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
