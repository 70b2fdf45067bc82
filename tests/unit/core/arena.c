#include "core/arena.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdalign.h>

#define KIB ((size_t)1 << 10)

static bool
zeroed(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != 0)
			return false;
	return true;
}

static void
gives_zeroed_aligned_pieces_apart(void **state)
{
	struct arena *a = arena_new(1024 * KIB);
	char *last = NULL;

	(void)state;
	for (size_t n = 1; n < 300; n++) {
		char *p = arena_alloc(a, n);

		assert_non_null(p);
		assert_int_equal((uintptr_t)p % alignof(max_align_t), 0);
		assert_true(zeroed(p, n));
		if (last != NULL)
			assert_int_equal((unsigned char)last[n - 2], (n - 1) & 0xFF);
		memset(p, (int)(n & 0xFF), n);
		last = p;
	}
	arena_free(a);
	arena_free(NULL);
}

static void
keeps_its_ceiling(void **state)
{
	static const size_t ceilings[] = { 16, 100, 64 * KIB, 65 * KIB, 200 * KIB };

	(void)state;
	for (size_t i = 0; i < sizeof(ceilings) / sizeof(ceilings[0]); i++) {
		struct arena *a = arena_new(ceilings[i]);
		size_t got = 0;

		assert_null(arena_alloc(a, ceilings[i] + 1));
		assert_null(arena_alloc(a, SIZE_MAX));
		while (arena_alloc(a, 16) != NULL)
			got += 16;
		assert_int_equal(got, ceilings[i] / 16 * 16);
		arena_free(a);
	}
}

static void
a_large_piece_has_its_own_chunk(void **state)
{
	struct arena *a = arena_new(1024 * KIB);
	char *large;

	(void)state;
	assert_non_null(arena_alloc(a, 10));
	large = arena_alloc(a, 600 * KIB);
	assert_non_null(large);
	memset(large, 1, 600 * KIB);
	assert_null(arena_alloc(a, 600 * KIB));
	assert_non_null(arena_alloc(a, 400 * KIB));
	arena_free(a);
}

static void
reset_gives_everything_back(void **state)
{
	struct arena *a = arena_new(256 * KIB);
	char *first = NULL;
	size_t pieces = 0;

	(void)state;
	for (size_t round = 0; round < 5; round++) {
		size_t n = 0;
		char *p;

		while ((p = arena_alloc(a, 1000)) != NULL) {
			assert_true(zeroed(p, 1000));
			memset(p, 0xFF, 1000);
			if (n++ == 0 && round > 0)
				assert_ptr_equal(p, first);
			else if (n == 1)
				first = p;
		}
		assert_in_range(n, 200, 262);
		if (round == 0)
			pieces = n;
		assert_int_equal(n, pieces);
		arena_reset(a);
	}
	arena_reset(a);
	arena_free(a);
}

static void
strings_are_copied_with_a_nul(void **state)
{
	struct arena *a = arena_new(64);
	char text[] = "te\0xt";
	struct str s = arena_str(a, (struct str){ text, 5 });

	(void)state;
	text[0] = 'X';
	assert_true(str_eq(s, STR("te\0xt")));
	assert_int_equal(s.p[5], 0);
	s = arena_str(a, (struct str){ NULL, 0 });
	assert_non_null(s.p);
	assert_int_equal(s.p[0], 0);
	assert_int_equal(s.n, 0);
	s = arena_str(a, STR("this is longer than what is left in an arena of 64"));
	assert_null(s.p);
	assert_int_equal(s.n, 0);
	arena_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_zeroed_aligned_pieces_apart),
		cmocka_unit_test(keeps_its_ceiling),
		cmocka_unit_test(a_large_piece_has_its_own_chunk),
		cmocka_unit_test(reset_gives_everything_back),
		cmocka_unit_test(strings_are_copied_with_a_nul),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
