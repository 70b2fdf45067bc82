#include "core/buf.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

static void
grows_to_its_ceiling_and_no_further(void **state)
{
	static const size_t ceilings[] = { 0, 1, 255, 256, 257, 1000, 65536 };

	(void)state;
	for (size_t i = 0; i < sizeof(ceilings) / sizeof(ceilings[0]); i++) {
		size_t max = ceilings[i];
		struct buf b;

		buf_init(&b, max);
		for (size_t n = 0; n < max; n++)
			buf_put8(&b, (uint8_t)n);
		assert_false(b.over);
		assert_int_equal(b.n, max);
		for (size_t n = 0; n < max; n++)
			assert_int_equal((uint8_t)b.p[n], (uint8_t)n);
		buf_put8(&b, 1);
		assert_true(b.over);
		assert_int_equal(b.n, max);
		buf_fini(&b);
	}
}

static void
what_does_not_fit_is_dropped_whole_and_for_good(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 4);
	buf_puts(&b, STR("abc"));
	buf_puts(&b, STR("de"));
	assert_true(b.over);
	buf_puts(&b, STR("f"));
	buf_printf(&b, "g");
	assert_true(str_eq(buf_str(&b), STR("abc")));
	assert_null(buf_room(&b, 0));
	buf_reset(&b);
	assert_false(b.over);
	buf_puts(&b, STR("abcd"));
	assert_true(str_eq(buf_str(&b), STR("abcd")));
	/* Given back, it may be used again, to the same ceiling. */
	buf_fini(&b);
	assert_int_equal(b.n, 0);
	buf_puts(&b, STR("abcd"));
	assert_false(b.over);
	buf_put8(&b, 'e');
	assert_true(b.over);
	buf_fini(&b);
}

static void
a_huge_length_is_over_and_not_wrapped(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	buf_put8(&b, 'x');
	assert_null(buf_room(&b, SIZE_MAX));
	assert_true(b.over);
	buf_reset(&b);
	assert_null(buf_room(&b, SIZE_MAX - 1));
	buf_fini(&b);
}

static void
printf_may_fill_it_to_the_brim(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 8);
	buf_printf(&b, "%s", "");
	assert_int_equal(b.n, 0);
	buf_printf(&b, "%d-%s", 123, "abcd");
	assert_false(b.over);
	assert_true(str_eq(buf_str(&b), STR("123-abcd")));
	buf_reset(&b);
	buf_printf(&b, "%09d", 1);
	assert_true(b.over);
	assert_int_equal(b.n, 0);
	buf_fini(&b);
}

static void
integers_are_in_network_order(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	buf_put8(&b, 0x01);
	buf_put16(&b, 0x0203);
	buf_put32(&b, 0x04050607);
	buf_put64(&b, 0x08090A0B0C0D0E0Full);
	buf_put64(&b, (uint64_t)-2);
	assert_true(str_eq(buf_str(&b),
	    STR("\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0A\x0B\x0C\x0D\x0E\x0F"
		"\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFE")));
	buf_fini(&b);
}

static void
skipping_and_writing_in_place(void **state)
{
	struct buf b;
	char *at;

	(void)state;
	buf_init(&b, 100);
	buf_skip(&b, 0);
	at = buf_room(&b, 6);
	assert_non_null(at);
	memcpy(at, "abcdef", 6);
	buf_grown(&b, 5);
	assert_true(str_eq(buf_str(&b), STR("abcde")));
	buf_skip(&b, 2);
	assert_true(str_eq(buf_str(&b), STR("cde")));
	buf_puts(&b, STR("xyz"));
	buf_puts(&b, (struct str){ NULL, 0 });
	assert_true(str_eq(buf_str(&b), STR("cdexyz")));
	buf_skip(&b, 6);
	assert_int_equal(b.n, 0);
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grows_to_its_ceiling_and_no_further),
		cmocka_unit_test(what_does_not_fit_is_dropped_whole_and_for_good),
		cmocka_unit_test(a_huge_length_is_over_and_not_wrapped),
		cmocka_unit_test(printf_may_fill_it_to_the_brim),
		cmocka_unit_test(integers_are_in_network_order),
		cmocka_unit_test(skipping_and_writing_in_place),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
