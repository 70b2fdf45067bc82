/* U-labels to A-labels. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "parser/idn.h"

static void
test_ascii(void **state)
{
	static const char *const table[][2] = {
		{ "m\xC3\xBCller.example", "xn--mller-kva.example" },
		{ "M\xC3\x9CLLER.Example", "xn--mller-kva.example" },
		{ "mu\xCC\x88ller.example", "xn--mller-kva.example" }, /* not composed */
		{ "stra\xC3\x9F"
		  "e.example",
		    "xn--strae-oqa.example" },
		{ "\xE4\xBE\x8B\xE3\x81\x88.example", "xn--r8jz45g.example" },
		{ "a_b.m\xC3\xBCller.example", "a_b.xn--mller-kva.example" },
		{ "example.com", "example.com" },
		{ "a\xC3\xBC..example", "xn--a-eha..example" },
		{ "\xC3\x28.example", "" },
		{ "", "" },
	};
	char to[LIMIT_DOMAIN_BYTES], monster[400];

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct str got = idn_ascii(str_of(table[i][0]), to);

		assert_int_equal(got.n, strlen(table[i][1]));
		assert_memory_equal(got.p, table[i][1], got.n);
	}
	for (size_t i = 0; i < sizeof(monster); i += 2)
		memcpy(monster + i, "\xC3\xBC", 2);
	for (size_t n = 2; n <= sizeof(monster); n += 2)
		assert_true(idn_ascii((struct str){ monster, n }, to).n <= 63);
	assert_int_equal(idn_ascii((struct str){ monster, sizeof(monster) }, to).n, 0);
	assert_false(idn_needed(STR("example.com")));
	assert_false(idn_needed(STR("")));
	assert_true(idn_needed(STR("m\xC3\xBCller")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_ascii) };

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
