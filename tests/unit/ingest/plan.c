#include "ingest/plan.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

/* Ask for the next window and answer it with the mails ${uids}, each of ${size} bytes. */
static void
answer(struct plan *p, uint32_t uidnext, const uint32_t *uids, size_t n, uint64_t size)
{
	uint32_t first, last;

	assert_true(plan_window(p, uidnext, &first, &last));
	for (size_t i = 0; i < n; i++)
		plan_found(p, uids[i], size, false);
	plan_window_done(p);
}

static size_t
pick(struct plan *p, uint64_t max, struct uidset *uids)
{
	uidset_reset(uids);
	plan_pick(p, max, uids);
	return uidset_count(uids);
}

static void
the_mark_passes_only_what_is_committed_without_a_gap(void **state)
{
	const uint32_t uids[] = { 11, 12, 15, 20 };
	struct uidset *batch = uidset_new();
	struct plan p;

	(void)state;
	plan_init(&p, 10);
	answer(&p, 30, uids, 4, 1000);
	assert_int_equal(pick(&p, 1 << 20, batch), 4);
	for (size_t i = 0; i < 4; i++)
		plan_handed(&p, uids[i]);
	assert_int_equal(plan_waiting(&p), 4);
	assert_int_equal(plan_held(&p), 4000);
	plan_done(&p, 15);
	plan_done(&p, 12);
	assert_int_equal(p.mark, 10);
	plan_done(&p, 11);
	assert_int_equal(p.mark, 15);
	assert_false(plan_is_handed(&p, 12));
	plan_done(&p, 20);
	/* a mail with a smaller UID than UIDNEXT may yet come: the mark stays at what was seen */
	assert_int_equal(p.mark, 20);
	assert_true(plan_is_through(&p, 30));
	assert_int_equal(plan_waiting(&p), 0);
	plan_fini(&p);
	uidset_free(batch);
}

static void
what_is_known_already_is_not_fetched(void **state)
{
	struct uidset *batch = uidset_new();
	uint32_t first, last;
	struct plan p;

	(void)state;
	plan_init(&p, 0);
	assert_true(plan_window(&p, 4, &first, &last));
	assert_int_equal(first, 1);
	assert_int_equal(last, 3);
	plan_found(&p, 1, 10, true);
	plan_found(&p, 2, 10, false);
	plan_found(&p, 3, 10, true);
	plan_window_done(&p);
	assert_int_equal(p.mark, 1);
	assert_int_equal(pick(&p, 100, batch), 1);
	assert_true(uidset_has(batch, 2));
	plan_done(&p, 2);
	assert_int_equal(p.mark, 3);
	plan_fini(&p);
	uidset_free(batch);
}

/* "n:*" names the last mail, in any order, twice, and with nothing new. */
static void
a_window_takes_only_what_lies_in_it(void **state)
{
	struct uidset *batch = uidset_new();
	uint32_t first, last;
	struct plan p;

	(void)state;
	plan_init(&p, 100);
	assert_true(plan_window(&p, 0, &first, &last));
	assert_int_equal(first, 101);
	assert_int_equal(last, UINT32_MAX);
	plan_found(&p, 100, 10, false);
	plan_found(&p, 107, 0, false);
	plan_found(&p, 103, 10, false);
	plan_found(&p, 107, 30, false);
	plan_found(&p, 5, 10, false);
	plan_window_done(&p);
	assert_false(plan_window(&p, 0, &first, &last));
	assert_int_equal(pick(&p, 1 << 20, batch), 2);
	assert_true(uidset_has(batch, 103) && uidset_has(batch, 107));
	plan_handed(&p, 103);
	plan_handed(&p, 107);
	assert_true(plan_is_through(&p, 0));
	plan_news(&p);
	assert_false(plan_is_through(&p, 0));
	assert_true(plan_window(&p, 0, &first, &last));
	assert_int_equal(first, 108);
	plan_found(&p, 107, 10, false);
	plan_window_done(&p);
	assert_true(plan_is_through(&p, 0));
	plan_fini(&p);
	uidset_free(batch);
}

static void
a_batch_is_bounded_by_bytes_and_number(void **state)
{
	struct uidset *batch = uidset_new();
	uint32_t uids[300];
	struct plan p;

	(void)state;
	for (uint32_t i = 0; i < 300; i++)
		uids[i] = i + 1;
	plan_init(&p, 0);
	answer(&p, 301, uids, 300, 1000);
	assert_int_equal(pick(&p, 1 << 20, batch), PLAN_BATCH);
	assert_int_equal(pick(&p, 2500, batch), 2);
	/* one that is larger than a batch comes alone */
	assert_int_equal(pick(&p, 10, batch), 1);
	plan_fini(&p);
	uidset_free(batch);
}

static void
what_does_not_come_is_asked_for_again_alone_and_then_blocks_the_mark(void **state)
{
	const uint32_t uids[] = { 1, 2, 3 };
	struct uidset *batch = uidset_new();
	struct plan p;

	(void)state;
	plan_init(&p, 0);
	answer(&p, 4, uids, 3, 10);
	assert_int_equal(pick(&p, 1000, batch), 3);
	plan_handed(&p, 1);
	assert_false(plan_failed(&p, 2));
	plan_handed(&p, 3);
	for (int i = 1; i < PLAN_TRIES; i++) {
		assert_false(plan_is_through(&p, 4));
		assert_int_equal(pick(&p, 1000, batch), 1);
		assert_true(uidset_has(batch, 2));
		assert_int_equal(plan_failed(&p, 2), i + 1 == PLAN_TRIES);
	}
	assert_int_equal(pick(&p, 1000, batch), 0);
	assert_true(plan_is_through(&p, 4));
	plan_done(&p, 1);
	plan_done(&p, 3);
	assert_int_equal(p.mark, 1);
	plan_fini(&p);
	uidset_free(batch);
}

static void
a_lost_connection_asks_again_for_what_had_not_come(void **state)
{
	const uint32_t uids[] = { 1, 2, 3 };
	struct uidset *batch = uidset_new();
	uint32_t first, last;
	struct plan p;

	(void)state;
	plan_init(&p, 0);
	answer(&p, 10, uids, 3, 10);
	assert_int_equal(pick(&p, 1000, batch), 3);
	plan_handed(&p, 2);
	plan_again(&p, true);
	assert_int_equal(p.batch, PLAN_BATCH / 10);
	assert_int_equal(pick(&p, 1000, batch), 2);
	assert_false(uidset_has(batch, 2));
	plan_grow(&p);
	assert_int_equal(p.batch, PLAN_BATCH / 5);
	plan_fini(&p);

	/* a window that was not answered whole is asked for again */
	plan_init(&p, 0);
	assert_true(plan_window(&p, 10, &first, &last));
	plan_found(&p, 5, 10, false);
	plan_again(&p, false);
	assert_true(plan_window(&p, 10, &first, &last));
	assert_int_equal(first, 1);
	plan_found(&p, 5, 10, false);
	plan_window_done(&p);
	assert_int_equal(pick(&p, 1000, batch), 1);
	plan_fini(&p);
	uidset_free(batch);
}

/* 200,000 mails with UIDs up to 200 millions: few windows, little memory, the mark at the end. */
static void
scattered_uids_cost_little(void **state)
{
	const uint32_t mails = 200000, step = 1000, uidnext = mails * step + 1;
	struct uidset *batch = uidset_new();
	uint32_t first, last, windows = 0, at = step;
	size_t most = 0;
	struct uid_range r;
	struct plan p;

	(void)state;
	plan_init(&p, 0);
	while (!plan_is_through(&p, uidnext) || plan_waiting(&p) > 0) {
		if (plan_window(&p, uidnext, &first, &last)) {
			windows++;
			for (; at <= last && at < uidnext; at += step)
				plan_found(&p, at, 100, false);
			plan_window_done(&p);
		}
		most = p.items.n > most ? p.items.n : most;
		pick(&p, 1 << 20, batch);
		for (uint32_t uid = 0; uidset_next(batch, uid, &r); uid = r.last) {
			plan_handed(&p, r.first);
			plan_done(&p, r.first);
		}
	}
	assert_int_equal(p.mark, mails * step);
	assert_true(windows < 1000);
	assert_true(most < 16 * (size_t)(2 * PLAN_AHEAD + 4096));
	plan_fini(&p);
	uidset_free(batch);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_mark_passes_only_what_is_committed_without_a_gap),
		cmocka_unit_test(what_is_known_already_is_not_fetched),
		cmocka_unit_test(a_window_takes_only_what_lies_in_it),
		cmocka_unit_test(a_batch_is_bounded_by_bytes_and_number),
		cmocka_unit_test(
		    what_does_not_come_is_asked_for_again_alone_and_then_blocks_the_mark),
		cmocka_unit_test(a_lost_connection_asks_again_for_what_had_not_come),
		cmocka_unit_test(scattered_uids_cost_little),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
