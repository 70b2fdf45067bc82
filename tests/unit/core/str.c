#include "core/str.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

static void
comparing(void **state)
{
	const struct {
		struct str a, b;
		bool eq, caseeq, starts;
	} cases[] = {
		{ { NULL, 0 }, STR(""), true, true, true },
		{ STR("a"), STR(""), false, false, true },
		{ STR(""), STR("a"), false, false, false },
		{ STR("Abc"), STR("aBC"), false, true, true },
		{ STR("abc"), STR("abc"), true, true, true },
		{ STR("abcd"), STR("ABC"), false, false, true },
		{ STR("ab"), STR("abc"), false, false, false },
		{ STR("a\0b"), STR("a\0b"), true, true, true },
		{ STR("a\0b"), STR("a\0c"), false, false, false },
		{ STR("["), STR("{"), false, false, false },
		{ STR("@"), STR("`"), false, false, false },
		{ STR("\xC3\xA4"), STR("\xC3\x84"), false, false, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(str_eq(cases[i].a, cases[i].b), cases[i].eq);
		assert_int_equal(str_caseeq(cases[i].a, cases[i].b), cases[i].caseeq);
		assert_int_equal(str_casestarts(cases[i].a, cases[i].b), cases[i].starts);
	}
	assert_true(str_eq(str_of(NULL), STR("")));
	assert_true(str_eq(str_of("abc"), STR("abc")));
}

static void
trimming(void **state)
{
	const struct {
		struct str in, out;
	} cases[] = {
		{ { NULL, 0 }, STR("") },
		{ STR(" \t\r\n"), STR("") },
		{ STR("a"), STR("a") },
		{ STR(" a b\n"), STR("a b") },
		{ STR("\r\n\ta"), STR("a") },
		{ STR("\fa\v"), STR("\fa\v") },
		{ STR("\0a "), STR("\0a") },
		{ STR("\xC2\xA0"), STR("\xC2\xA0") },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_true(str_eq(str_trim(cases[i].in), cases[i].out));
}

static void
finding(void **state)
{
	struct str hay = STR("one two\0two");

	(void)state;
	assert_ptr_equal(str_find(hay, STR("two")), hay.p + 4);
	assert_ptr_equal(str_find(hay, STR("\0t")), hay.p + 7);
	assert_null(str_find(hay, STR("three")));
	assert_null(str_find(hay, STR("one two\0two and more")));
	assert_null(str_find(str_of(NULL), STR("a")));
}

static void
numbers(void **state)
{
	const struct {
		struct str in;
		uint64_t max, out;
		int rc;
	} cases[] = {
		{ STR("0"), 0, 0, 0 },
		{ STR("1"), 0, 0, -1 },
		{ STR("7"), 5, 0, -1 },
		{ STR("5"), 5, 5, 0 },
		{ STR("9"), 8, 0, -1 },
		{ STR("007"), 10, 7, 0 },
		{ STR("10"), 10, 10, 0 },
		{ STR("11"), 10, 0, -1 },
		{ STR("18446744073709551615"), UINT64_MAX, UINT64_MAX, 0 },
		{ STR("18446744073709551616"), UINT64_MAX, 0, -1 },
		{ STR("184467440737095516150"), UINT64_MAX, 0, -1 },
		{ STR("99999999999999999999999"), UINT64_MAX, 0, -1 },
		{ STR(""), 10, 0, -1 },
		{ STR("-1"), 10, 0, -1 },
		{ STR("+1"), 10, 0, -1 },
		{ STR(" 1"), 10, 0, -1 },
		{ STR("1 "), 10, 0, -1 },
		{ STR("1\0"), 10, 0, -1 },
		{ STR("0x1"), 10, 0, -1 },
		{ STR("/"), 10, 0, -1 },
		{ STR(":"), 10, 0, -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t out = 4711;

		assert_int_equal(str_u64(cases[i].in, cases[i].max, &out), cases[i].rc);
		assert_int_equal(out, cases[i].rc == 0 ? cases[i].out : 4711);
	}
}

/* The examples of Unicode's table 3-7 and what stands just beside each range. */
static void
utf8_examples(void **state)
{
	const struct {
		struct str in;
		size_t good;
	} cases[] = {
		{ { NULL, 0 }, 0 },
		{ STR("abc"), 3 },
		{ STR("a\0b"), 1 },
		{ STR("\x7F"), 1 },
		{ STR("\x80"), 0 },
		{ STR("\xBF"), 0 },
		{ STR("\xC0\x80"), 0 },
		{ STR("\xC1\xBF"), 0 },
		{ STR("\xC2\x80"), 2 },
		{ STR("\xC2"), 0 },
		{ STR("\xC2\x7F"), 0 },
		{ STR("\xC2\xC0"), 0 },
		{ STR("\xDF\xBF"), 2 },
		{ STR("\xE0\x9F\xBF"), 0 },
		{ STR("\xE0\xA0\x80"), 3 },
		{ STR("\xE0\xA0"), 0 },
		{ STR("\xED\x9F\xBF"), 3 },
		{ STR("\xED\xA0\x80"), 0 },
		{ STR("\xED\xBF\xBF"), 0 },
		{ STR("\xEE\x80\x80"), 3 },
		{ STR("\xEF\xBF\xBF"), 3 },
		{ STR("\xF0\x8F\xBF\xBF"), 0 },
		{ STR("\xF0\x90\x80\x80"), 4 },
		{ STR("\xF0\x90\x80"), 0 },
		{ STR("\xF4\x8F\xBF\xBF"), 4 },
		{ STR("\xF4\x90\x80\x80"), 0 },
		{ STR("\xF5\x80\x80\x80"), 0 },
		{ STR("\xFF"), 0 },
		{ STR("ok\xC3\xA4\xFFno"), 4 },
		{ STR("ok\xE2\x82"), 2 },
		{ STR("a\x80"), 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(str_utf8(cases[i].in), cases[i].good);
}

/* Every code point there is, in the one encoding it has. */
static void
utf8_all(void **state)
{
	(void)state;
	for (uint32_t c = 0; c < 0x120000; c++) {
		unsigned char b[4] = { (unsigned char)(0xF0 | c >> 18),
			(unsigned char)(0x80 | (c >> 12 & 63)),
			(unsigned char)(0x80 | (c >> 6 & 63)), (unsigned char)(0x80 | (c & 63)) };
		size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
		bool valid = c > 0 && c < 0x110000 && (c < 0xD800 || c > 0xDFFF);
		struct str s = { (const char *)b + 4 - n, n };

		if (n == 1)
			b[3] = (unsigned char)c;
		else if (n == 2)
			b[2] = (unsigned char)(0xC0 | c >> 6);
		else if (n == 3)
			b[1] = (unsigned char)(0xE0 | c >> 12);
		if (str_utf8(s) != (valid ? n : 0))
			fail_msg("U+%04X", c);
	}
}

static void
printing(void **state)
{
	char long_text[300];
	char out[400];

	(void)state;
	memset(long_text, 'x', sizeof(long_text));
	snprintf(out, sizeof(out), "[%.*s]", STR_ARG(((struct str){ long_text, 300 })));
	assert_int_equal(strlen(out), 202);
	snprintf(out, sizeof(out), "[%.*s]", STR_ARG(((struct str){ NULL, 0 })));
	assert_string_equal(out, "[]");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comparing),
		cmocka_unit_test(trimming),
		cmocka_unit_test(finding),
		cmocka_unit_test(numbers),
		cmocka_unit_test(utf8_examples),
		cmocka_unit_test(utf8_all),
		cmocka_unit_test(printing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
