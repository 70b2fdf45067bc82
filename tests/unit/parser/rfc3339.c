/* Times as RFC 3339 has them and as others write them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "parser/rfc3339.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static void
test_read(void **state)
{
	static const struct {
		const char *text;
		int64_t at;
		int bits;
	} table[] = {
		{ "1970-01-01T00:00:00Z", 0, 0 },
		{ "2016-04-01T23:59:59Z", 1459555199, 0 },
		{ "2000-02-29T12:00:00z", 951825600, 0 },
		{ "1900-03-01t00:00:00Z", -2203891200, 0 },
		{ "9999-12-31T23:59:59Z", 253402300799, 0 },
		{ "0001-01-01T00:00:00Z", -62135596800, 0 },
		{ "2023-11-14T01:00:00+01:00", 1699920000, 0 },
		{ "2023-11-13T17:30:00-0630", 1699920000, 0 },
		{ "2016-12-31T23:59:60Z", 1483228800, 0 },
		{ "2023-11-14T00:00:00", 1699920000, RFC3339_NO_ZONE },
		{ "2023-11-14 00:00:00", 1699920000, RFC3339_NO_ZONE },
		{ "2023-11-14T00:00:00.123456789Z", 1699920000, RFC3339_FRACTION },
		{ "2023-11-14T00:00:00.5", 1699920000, RFC3339_FRACTION | RFC3339_NO_ZONE },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		int64_t at = 1;

		assert_int_equal(rfc3339_parse(str_of(table[i].text), &at), table[i].bits);
		assert_int_equal(at, table[i].at);
	}
}

static void
test_none(void **state)
{
	static const char *const table[] = { "", "today", "1699920000", "2023-11-14",
		"2023-11-14T00:00Z", "2023-02-29T00:00:00Z", "2023-00-01T00:00:00Z",
		"2023-13-01T00:00:00Z", "2023-11-00T00:00:00Z", "2023-11-31T00:00:00Z",
		"2023-11-14T24:00:00Z", "2023-11-14T00:60:00Z", "2023-11-14T00:00:61Z",
		"2023-11-14T00:00:00.Z", "2023-11-14T00:00:00Zx", "2023-11-14T00:00:00+24:00",
		"2023-11-14T00:00:00+01", "2023-11-14T00:00:00 UTC", "-023-11-14T00:00:00Z",
		"0000-01-01T00:00:00Z", "2023-11-14T00:00:0", "2023-1114T00:00:00Z" };

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		int64_t at = 7;

		assert_int_equal(rfc3339_parse(str_of(table[i]), &at), -1);
		assert_int_equal(at, 7);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_none),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
