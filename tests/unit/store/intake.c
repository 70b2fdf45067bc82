#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/limits.h"
#include "core/wire.h"
#include "store/intake.h"

static const struct type_oids oids;
static struct intake_env env;

static int
setup(void **state)
{
	(void)state;
	intake_env_init(&env, "/tmp", &oids);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	intake_env_fini(&env);
	return 0;
}

/* Give ${in} the one frame in ${b}. */
static int
feed(struct intake *in, struct buf *b, struct err *e)
{
	enum frame_type type;
	struct str payload;
	size_t used;
	int rc;

	assert_int_equal(frame_next(buf_str(b), &type, &payload, &used), 1);
	assert_int_equal(used, b->n);
	rc = intake_frame(in, type, payload, e);
	buf_reset(b);
	return rc;
}

/* Record ${i}: 7 outcome sets in turn, some without a count, some with a recipient. */
static struct record
record(unsigned i)
{
	static const char *const froms[] = { "a.example", "b.example", "c.example", "d.example",
		"e.example", "f.example", "g.example" };
	struct record r = { .source_ip.family = 4,
		.has_count = i % 10 != 9,
		.count = i % 10 != 9 ? i : 0,
		.outcome.header_from = str_of(froms[i % 7]),
		.outcome.dkim = i % 2 ? VERDICT_PASS : VERDICT_FAIL };

	r.source_ip.b[3] = (unsigned char)i;
	r.source_ip.b[2] = (unsigned char)(i >> 8);
	if (i % 3 == 0)
		r.outcome.envelope_to = STR("rcpt.example");
	return r;
}

/* A report of ${n} records in the order from ${first} on, wrapping; its totals told as given. */
static int
report(struct intake *in, unsigned n, unsigned first, uint64_t records, struct err *e)
{
	struct report said = { .kind = KIND_AGGREGATE,
		.report_id = STR("id"),
		.policy.domain = STR("example.org"),
		.record_count = records };
	struct part part = { .outcome = OUTCOME_REPORT, .kind = KIND_AGGREGATE, .report = &said };
	struct buf b;
	int rc = 0;

	buf_init(&b, LIMIT_FRAME_BYTES);
	for (unsigned i = 0; i < n && rc == 0; i++) {
		struct record r = record((i + first) % n);

		said.message_count += r.count;
		record_put(&b, &r);
		rc = feed(in, &b, e);
	}
	part_put(&b, &part);
	if (rc == 0)
		rc = feed(in, &b, e);
	buf_fini(&b);
	return rc;
}

static void
test_order_does_not_matter(void **state)
{
	struct intake *a = intake_new(&env, "a"), *b = intake_new(&env, "b"),
		      *c = intake_new(&env, "c");
	struct err e;

	(void)state;
	assert_int_equal(report(a, 50, 0, 50, &e), 0);
	assert_int_equal(report(b, 50, 23, 50, &e), 0);
	assert_int_equal(report(c, 49, 0, 49, &e), 0);
	assert_memory_equal(
	    &a->parts->records_hash, &b->parts->records_hash, sizeof(struct sha256));
	assert_memory_not_equal(
	    &a->parts->records_hash, &c->parts->records_hash, sizeof(struct sha256));
	intake_free(a);
	intake_free(b);
	intake_free(c);
}

static void
test_blocks(void **state)
{
	static const struct {
		unsigned records, blocks;
	} cases[] = { { 0, 0 }, { 1, 1 }, { 999, 1 }, { 1000, 1 }, { 1001, 2 }, { 2500, 3 } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct intake *in = intake_new(&env, "mail");
		struct spool_reader r;
		struct str item;
		struct err e;
		uint32_t first = 1;
		unsigned blocks = 0;

		assert_int_equal(report(in, cases[i].records, 0, cases[i].records, &e), 0);
		assert_int_equal(intake_records(in), cases[i].records);
		spool_read(&r, &in->parts->blocks);
		while (spool_next(&r, &item, &e) > 0) {
			const unsigned char *p = (const unsigned char *)item.p;

			assert_int_equal((uint32_t)p[2] << 8 | p[3], first);
			first += LIMIT_BLOCK_RECORDS;
			blocks++;
		}
		spool_done(&r);
		assert_int_equal(blocks, cases[i].blocks);
		intake_free(in);
	}
}

static void
test_totals_must_match(void **state)
{
	struct intake *in = intake_new(&env, "mail");
	struct err e;

	(void)state;
	assert_int_equal(report(in, 5, 0, 6, &e), -1);
	assert_int_equal(e.kind, ERR_MESSAGE);
	intake_only(in, OUTCOME_CORRUPT, e.text);
	assert_int_equal(in->outcome, OUTCOME_CORRUPT);
	assert_null(in->parts->next);
	assert_true(intake_keeps_bytes(in));
	assert_int_equal(intake_reports(in), 0);
	assert_true(str_eq(in->name, STR("mail")));
	intake_free(in);
}

static void
test_end_in_the_middle(void **state)
{
	struct intake *in = intake_new(&env, "mail");
	struct record r = record(1);
	struct message m = { .size = 1 };
	struct err e;
	struct buf b;

	(void)state;
	buf_init(&b, LIMIT_FRAME_BYTES);
	record_put(&b, &r);
	assert_int_equal(feed(in, &b, &e), 0);
	message_put(&b, &m);
	assert_int_equal(feed(in, &b, &e), -1);
	assert_int_equal(e.kind, ERR_MESSAGE);
	buf_fini(&b);
	intake_free(in);
}

static void
test_worst_outcome(void **state)
{
	static const enum outcome worse[] = { OUTCOME_NULL_REPORT, OUTCOME_DUPLICATE,
		OUTCOME_IMPORTED, OUTCOME_CONFLICT, OUTCOME_REFUSED, OUTCOME_UNSUPPORTED,
		OUTCOME_TOO_BIG, OUTCOME_CORRUPT };
	struct intake *in = intake_new(&env, "mail");
	struct err e;

	(void)state;
	assert_int_equal(in->outcome, OUTCOME_NOT_A_REPORT);
	assert_int_equal(report(in, 1, 0, 1, &e), 0);
	assert_int_equal(report(in, 2, 0, 2, &e), 0);
	for (size_t i = 0; i < sizeof(worse) / sizeof(worse[0]); i++)
		for (size_t j = 0; j < sizeof(worse) / sizeof(worse[0]); j++) {
			intake_judge(in, in->parts, worse[i], NULL);
			intake_judge(in, in->parts->next, worse[j], NULL);
			assert_int_equal(in->outcome, worse[i > j ? i : j]);
			assert_int_equal(intake_keeps_bytes(in), i >= 4 || j >= 4);
		}
	intake_free(in);
}

static void
put_one(struct intake *in, struct record r, struct err *e)
{
	struct buf b;

	buf_init(&b, LIMIT_FRAME_BYTES);
	record_put(&b, &r);
	assert_int_equal(feed(in, &b, e), 0);
	buf_fini(&b);
}

/* Checked: claim and recomputed known for DKIM or SPF.  Disagreeing: one of them differs. */
static void
test_checked(void **state)
{
	static const struct {
		enum verdict dkim, dkim_recomputed, spf, spf_recomputed;
		bool checked, disagrees;
	} table[] = {
		{ VERDICT_PASS, VERDICT_PASS, VERDICT_FAIL, VERDICT_FAIL, true, false },
		{ VERDICT_PASS, VERDICT_PASS, VERDICT_FAIL, VERDICT_UNKNOWN, true, false },
		{ VERDICT_UNKNOWN, VERDICT_PASS, VERDICT_FAIL, VERDICT_UNKNOWN, false, false },
		{ VERDICT_PASS, VERDICT_FAIL, VERDICT_FAIL, VERDICT_FAIL, true, true },
		{ VERDICT_UNKNOWN, VERDICT_UNKNOWN, VERDICT_FAIL, VERDICT_PASS, true, true },
		{ VERDICT_PASS, VERDICT_FAIL, VERDICT_FAIL, VERDICT_PASS, true, true },
	};
	struct buf b;
	struct err e;

	(void)state;
	buf_init(&b, LIMIT_FRAME_BYTES);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct intake *in = intake_new(&env, "mail");
		struct record r = record(1);
		size_t at;

		r.count = 5;
		r.outcome.dkim = table[i].dkim;
		r.outcome.dkim_recomputed = table[i].dkim_recomputed;
		r.outcome.spf = table[i].spf;
		r.outcome.spf_recomputed = table[i].spf_recomputed;
		put_one(in, r, &e);
		/* The first record of a set decides for all of them. */
		r.outcome.dkim_recomputed = r.outcome.spf_recomputed = VERDICT_UNKNOWN;
		put_one(in, r, &e);
		assert_int_equal(in->open->records_checked, table[i].checked ? 2 : 0);
		assert_int_equal(in->open->messages_checked, table[i].checked ? 10 : 0);
		assert_int_equal(in->open->records_disagreeing, table[i].disagrees ? 2 : 0);
		assert_int_equal(in->open->messages_disagreeing, table[i].disagrees ? 10 : 0);
		at = frame_open(&b, FRAME_RETRACT);
		frame_close(&b, at);
		assert_int_equal(feed(in, &b, &e), 0);
		assert_int_equal(in->open->records_checked, 0);
		assert_int_equal(in->open->messages_disagreeing, 0);
		intake_free(in);
	}
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order_does_not_matter),
		cmocka_unit_test(test_blocks),
		cmocka_unit_test(test_totals_must_match),
		cmocka_unit_test(test_end_in_the_middle),
		cmocka_unit_test(test_worst_outcome),
		cmocka_unit_test(test_checked),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
