/* Values as reporters write them, and what is kept. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

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
		{ "1.0", -1, 1 }, { "1 2", -1, 1 }, { "", -1, 1 } };

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
	} table[] = { { "1700000000", 0, 1700000000 }, { "1700000000.000", 1, 1700000000 },
		{ "1700000000.", 1, 1700000000 }, { "9223372036854775807", 0, INT64_MAX },
		{ "9223372036854775808", -1, 1 }, { "-1", -1, 1 }, { "1e9", -1, 1 },
		{ "1.2.3", -1, 1 }, { ".5", -1, 1 }, { "2023-11-15", -1, 1 }, { "", -1, 1 } };

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
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
