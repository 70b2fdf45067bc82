#include "ingest/uidset.h"

#include <stdlib.h>
#include <time.h>

#include "tests/unit/ingest/tree.h"

static void
expect(const struct uidset *s, const char *text)
{
	struct buf b;
	uint32_t after = 0;

	buf_init(&b, 65536);
	uidset_put(s, &after, UINT64_MAX, 65536, &b);
	if (!str_eq(buf_str(&b), str_of(text)))
		fail_msg("%.*s is not %s", STR_ARG(buf_str(&b)), text);
	buf_fini(&b);
}

static void
ranges_join_and_part(void **state)
{
	struct uidset *s = uidset_new();

	(void)state;
	expect(s, "");
	assert_int_equal(uidset_add(s, 5, 5), 0);
	assert_int_equal(uidset_add(s, 7, 7), 0);
	expect(s, "5,7");
	assert_int_equal(uidset_add(s, 6, 6), 0);
	expect(s, "5:7");
	assert_int_equal(uidset_add(s, 1, 2), 0);
	assert_int_equal(uidset_add(s, 9, 12), 0);
	expect(s, "1:2,5:7,9:12");
	assert_int_equal(uidset_add(s, 6, 6), 0);
	expect(s, "1:2,5:7,9:12");
	assert_int_equal(uidset_count(s), 9);
	assert_int_equal(uidset_add(s, 2, 8), 0);
	expect(s, "1:12");
	assert_int_equal(uidset_ranges(s), 1);
	assert_int_equal(uidset_remove(s, 4, 4), 0);
	expect(s, "1:3,5:12");
	assert_int_equal(uidset_remove(s, 3, 6), 0);
	expect(s, "1:2,7:12");
	assert_int_equal(uidset_remove(s, 12, 100), 0);
	assert_int_equal(uidset_remove(s, 1, 1), 0);
	expect(s, "2,7:11");
	assert_int_equal(uidset_count(s), 6);
	assert_true(uidset_has(s, 2) && uidset_has(s, 7) && uidset_has(s, 11));
	assert_false(uidset_has(s, 1) || uidset_has(s, 3) || uidset_has(s, 12) || uidset_has(s, 0));
	assert_int_equal(uidset_add(s, UINT32_MAX, UINT32_MAX), 0);
	assert_int_equal(uidset_add(s, UINT32_MAX - 1, UINT32_MAX - 1), 0);
	expect(s, "2,7:11,4294967294:4294967295");
	assert_int_equal(uidset_add(s, 1, UINT32_MAX), 0);
	expect(s, "1:4294967295");
	assert_int_equal(uidset_count(s), UINT32_MAX);
	assert_int_equal(uidset_remove(s, 1, UINT32_MAX), 0);
	expect(s, "");
	assert_int_equal(uidset_count(s), 0);
	uidset_add(s, 3, 4);
	uidset_reset(s);
	expect(s, "");
	uidset_free(s);
	uidset_free(NULL);
}

#define MOST 20000

/* Whether ${s} holds exactly what ${in} does. */
static void
compare(const struct uidset *s, const bool *in)
{
	struct uid_range r;
	uint64_t count = 0;
	size_t ranges = 0;
	uint32_t uid = 1;

	for (uint32_t at = 0; uidset_next(s, at, &r); at = r.last) {
		for (; uid < r.first; uid++)
			assert_false(in[uid]);
		for (; uid <= r.last; uid++)
			assert_true(in[uid]);
		assert_false(r.last < MOST && in[r.last + 1]);
		count += r.last - r.first + 1;
		ranges++;
	}
	for (; uid <= MOST; uid++)
		assert_false(in[uid]);
	assert_int_equal(count, uidset_count(s));
	assert_int_equal(ranges, uidset_ranges(s));
}

static void
any_order_gives_the_same(void **state)
{
	static bool in[MOST + 2];
	struct uidset *s = uidset_new();

	(void)state;
	srandom(1);
	for (int round = 0; round < 60; round++) {
		bool add = round % 4 != 3;
		uint32_t widest = round % 7 == 0 ? 3000 : 3;

		for (int i = 0; i < (widest > 3 ? 20 : 2000); i++) {
			uint32_t first = 1 + (uint32_t)random() % MOST;
			uint32_t last = first + (uint32_t)random() % widest;

			if (last > MOST)
				last = MOST;
			if (add)
				assert_int_equal(uidset_add(s, first, last), 0);
			else
				assert_int_equal(uidset_remove(s, first, last), 0);
			for (uint32_t uid = first; uid <= last; uid++)
				in[uid] = add;
		}
		compare(s, in);
	}
	/* all blocks but for a few ranges each, then those too */
	for (uint32_t uid = 1; uid <= MOST; uid++) {
		in[uid] = uid % 2 == 1;
		assert_int_equal(in[uid] ? uidset_add(s, uid, uid) : uidset_remove(s, uid, uid), 0);
	}
	compare(s, in);
	for (uint32_t uid = 1; uid <= MOST; uid++)
		if (uid % 300 != 1) {
			assert_int_equal(uidset_remove(s, uid, uid), 0);
			in[uid] = false;
		}
	compare(s, in);
	for (uint32_t uid = MOST; uid > 0; uid--)
		assert_int_equal(uidset_remove(s, uid, uid), 0);
	assert_int_equal(uidset_ranges(s), 0);
	uidset_free(s);
}

static void
pieces_keep_their_bounds(void **state)
{
	struct uidset *s = uidset_new(), *again = uidset_new();
	struct buf b;
	uint32_t after = 0;
	uint64_t n, sum = 0;

	(void)state;
	buf_init(&b, 8000);
	for (uint32_t uid = 1; uid <= 300000; uid += 3)
		uidset_add(s, uid, uid + uid % 2);
	while ((n = uidset_put(s, &after, UINT64_MAX, 8000, &b)) > 0) {
		assert_false(b.over);
		assert_true(b.n <= 8000);
		assert_int_equal(uidset_parse(again, buf_str(&b), n), 0);
		buf_reset(&b);
		sum += n;
	}
	assert_int_equal(sum, uidset_count(s));
	assert_int_equal(uidset_count(again), uidset_count(s));
	assert_int_equal(uidset_ranges(again), uidset_ranges(s));

	uidset_reset(s);
	uidset_add(s, 1, 250);
	uidset_add(s, UINT32_MAX - 1, UINT32_MAX);
	after = 0;
	assert_int_equal(uidset_put(s, &after, 100, 21, &b), 100);
	buf_put8(&b, ' ');
	assert_int_equal(uidset_put(s, &after, 0, 21, &b), 0);
	assert_int_equal(uidset_put(s, &after, UINT64_MAX, 21, &b), 150);
	buf_put8(&b, ' ');
	assert_int_equal(uidset_put(s, &after, UINT64_MAX, 21, &b), 2);
	assert_int_equal(uidset_put(s, &after, UINT64_MAX, 21, &b), 0);
	assert_true(str_eq(buf_str(&b), STR("1:100 101:250 4294967294:4294967295")));
	buf_fini(&b);
	uidset_free(s);
	uidset_free(again);
}

static void
sets_of_servers_are_checked(void **state)
{
	static const struct {
		const char *text, *set;
	} t[] = {
		{ "1", "1" },
		{ "304,319:320", "304,319:320" },
		{ "5:1,7", "1:5,7" },
		{ "3,1,2", "1:3" },
		{ "4294967295", "4294967295" },
		{ "007", "7" },
		{ "1:1000", "1:1000" },
		{ "1:1001", NULL },
		{ "1:1000,5", NULL },
		{ "1:4294967295,1:4294967295", NULL },
		{ "4294967296", NULL },
		{ "18446744073709551617", NULL },
		{ "0", NULL },
		{ "0:5", NULL },
		{ "1:*", NULL },
		{ "*", NULL },
		{ "", NULL },
		{ "1,", NULL },
		{ ",1", NULL },
		{ "1:", NULL },
		{ "1:2:3", NULL },
		{ "-1", NULL },
		{ "1 ", NULL },
		{ "1 2", NULL },
		{ "a", NULL },
	};
	struct uidset *s = uidset_new();

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		int rc = uidset_parse(s, str_of(t[i].text), 1000);

		if ((rc == 0) != (t[i].set != NULL))
			fail_msg("%s", t[i].text);
		if (rc == 0)
			expect(s, t[i].set);
		uidset_reset(s);
	}
	uidset_free(s);
}

/* Processor seconds of adding and removing ${n} scattered UIDs in the worst order. */
static double
cost(uint32_t n)
{
	struct uidset *s = uidset_new();
	clock_t start = clock();

	/* 2654435761 is odd: a permutation of 32 bits */
	for (uint32_t i = 1; i <= n; i++)
		uidset_add(s, i * 2654435761u, i * 2654435761u);
	assert_int_equal(uidset_count(s), n);
	for (uint32_t i = 1; i <= n; i++)
		uidset_remove(s, i * 2654435761u, i * 2654435761u);
	assert_int_equal(uidset_count(s), 0);
	uidset_free(s);
	return (double)(clock() - start) / CLOCKS_PER_SEC;
}

static void
scattered_uids_cost_little(void **state)
{
	double some = cost(100000), many = cost(400000);

	(void)state;
	print_message("# 100,000: %.3f s, 400,000: %.3f s\n", some, many);
	/* four times as many: quadratic would be 16 times as slow */
	assert_true(many < 10 * some + 0.1);
	assert_true(some < 5);
}

static void
there_is_a_limit(void **state)
{
	struct uidset *s = uidset_new();

	(void)state;
	for (uint32_t i = 1; i <= UIDSET_RANGES; i++)
		assert_int_equal(uidset_add(s, 4 * i, 4 * i + 2), 0);
	assert_int_equal(uidset_add(s, 1, 1), -1);
	assert_int_equal(uidset_remove(s, 401, 401), -1);
	assert_true(uidset_has(s, 401));
	assert_int_equal(uidset_add(s, 403, 403), 0);
	assert_int_equal(uidset_ranges(s), UIDSET_RANGES - 1);
	assert_int_equal(uidset_remove(s, 401, 401), 0);
	assert_int_equal(uidset_ranges(s), UIDSET_RANGES);
	/* of each block a few stay: their memory does not */
	for (uint32_t i = 1; i <= UIDSET_RANGES; i++)
		if (i % 200 != 0)
			assert_int_equal(uidset_remove(s, 4 * i, 4 * i + 2), 0);
	for (uint32_t i = UIDSET_RANGES; i >= 2; i--)
		assert_int_equal(uidset_add(s, 4 * i, 4 * i), 0);
	assert_int_equal(uidset_add(s, 1, UINT32_MAX), 0);
	assert_int_equal(uidset_ranges(s), 1);
	uidset_free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges_join_and_part),
		cmocka_unit_test(any_order_gives_the_same),
		cmocka_unit_test(pieces_keep_their_bounds),
		cmocka_unit_test(sets_of_servers_are_checked),
		cmocka_unit_test(scattered_uids_cost_little),
		cmocka_unit_test(there_is_a_limit),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("uidset", tests, NULL, NULL);
}
