/* A rule is kept once, with what it met first. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "parser/quirks.h"

static void
test_once(void **state)
{
	struct quirks q = { .arena = arena_new(1u << 20) };
	char detail[4] = "one";

	(void)state;
	quirks_add(&q, "text-cut", str_of(detail));
	detail[0] = 'O';
	quirks_add(&q, "text-cut", STR("two"));
	quirks_add(&q, "time-fraction", STR(""));
	assert_int_equal(q.n, 2);
	assert_true(str_eq(q.list[0].rule, STR("text-cut")));
	assert_true(str_eq(q.list[0].detail, STR("one")));
	assert_int_equal(q.list[1].detail.n, 0);
	arena_free(q.arena);
}

static void
test_limits(void **state)
{
	static char names[LIMIT_QUIRKS + 1][8];
	struct quirks q = { .arena = arena_new(1u << 20) };
	char detail[1000];

	(void)state;
	memset(detail, 'x', sizeof(detail));
	for (size_t i = 0; i <= LIMIT_QUIRKS; i++) {
		names[i][0] = (char)('A' + i % 26);
		names[i][1] = (char)('a' + i / 26);
		quirks_add(&q, names[i], (struct str){ detail, sizeof(detail) });
	}
	assert_int_equal(q.n, LIMIT_QUIRKS);
	assert_int_equal(q.list[LIMIT_QUIRKS - 1].detail.n, 120);
	assert_true(str_eq(q.list[LIMIT_QUIRKS - 1].rule, STR("quirks-cut")));
	assert_false(str_eq(q.list[LIMIT_QUIRKS - 2].rule, STR("quirks-cut")));
	arena_free(q.arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_once),
		cmocka_unit_test(test_limits),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
