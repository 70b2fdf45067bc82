#include "core/base64.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

/* RFC 4648, section 10, and bytes that are no text. */
static const struct {
	struct str raw, encoded;
} pairs[] = {
	{ { "", 0 }, { "", 0 } },
	{ { "f", 1 }, { "Zg==", 4 } },
	{ { "fo", 2 }, { "Zm8=", 4 } },
	{ { "foo", 3 }, { "Zm9v", 4 } },
	{ { "foobar", 6 }, { "Zm9vYmFy", 8 } },
	{ { "\0ada\0\xff\xfe", 7 }, { "AGFkYQD//g==", 12 } },
};

static void
goes_both_ways(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		buf_reset(&b);
		base64_put(&b, pairs[i].raw);
		assert_true(str_eq(buf_str(&b), pairs[i].encoded));
		buf_reset(&b);
		assert_int_equal(base64_get(&b, pairs[i].encoded), 0);
		assert_true(str_eq(buf_str(&b), pairs[i].raw));
	}
	buf_fini(&b);
}

static void
what_is_no_base64_is_refused(void **state)
{
	static const char *const wrong[] = { "Zg", "Zg=", "Z===", "====", "Zm9v!mFy", "Zm9vY===" };
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		buf_reset(&b);
		assert_int_equal(base64_get(&b, str_of(wrong[i])), -1);
	}
	buf_fini(&b);
}

static void
a_full_buffer_is_over(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 4);
	base64_put(&b, STR("foobar"));
	assert_true(b.over);
	assert_int_equal(b.n, 0);
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goes_both_ways),
		cmocka_unit_test(what_is_no_base64_is_refused),
		cmocka_unit_test(a_full_buffer_is_over),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
