/* What one side puts the other gets, and nothing that was tampered with gets by. */
#include "core/wire.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "core/frame.h"
#include "core/limits.h"

static struct arena *arena;

/* Read ${payload} as one kind and, where that succeeds, put what was read to ${again}. */
typedef int reader(struct str payload, struct buf *again);

static int
read_job(struct str payload, struct buf *again)
{
	struct job j;
	struct err e;

	if (job_get(payload, &j, &e) != 0)
		return -1;
	job_put(again, &j);
	return 0;
}

static int
read_begin(struct str payload, struct buf *again)
{
	uint64_t ticket;
	struct err e;

	if (begin_get(payload, &ticket, &e) != 0)
		return -1;
	begin_put(again, ticket);
	return 0;
}

static int
read_record(struct str payload, struct buf *again)
{
	struct record r;
	struct str set;
	struct err e;

	if (record_get(payload, &r, &set, &e) != 0 ||
	    outcome_set_get(arena, set, &r.outcome, &e) != 0)
		return -1;
	record_put(again, &r);
	return 0;
}

static int
read_part(struct str payload, struct buf *again)
{
	struct part p;
	struct err e;

	if (part_get(arena, payload, &p, &e) != 0)
		return -1;
	part_put(again, &p);
	return 0;
}

static int
read_message(struct str payload, struct buf *again)
{
	struct message m;
	struct err e;

	if (message_get(payload, &m, &e) != 0)
		return -1;
	message_put(again, &m);
	return 0;
}

static struct str
payload_of(const struct buf *frame, enum frame_type expected)
{
	enum frame_type type;
	struct str payload;
	size_t used;

	assert_false(frame->over);
	assert_int_equal(frame_next(buf_str(frame), &type, &payload, &used), 1);
	assert_int_equal(used, frame->n);
	assert_int_equal(type, expected);
	return payload;
}

/* ${frame} as it is comes back the same; cut, lengthened or with a byte changed it never does harm. */
static void
torture(const struct buf *frame, enum frame_type type, reader *get)
{
	struct str payload = payload_of(frame, type);
	struct buf again, bent;

	buf_init(&again, 2 * LIMIT_FRAME_BYTES);
	buf_init(&bent, 2 * LIMIT_FRAME_BYTES);
	assert_int_equal(get(payload, &again), 0);
	assert_true(str_eq(buf_str(&again), buf_str(frame)));
	for (size_t n = 0; n < payload.n; n++) {
		/* Of its very size, so that a sanitizer sees what is read beyond. */
		char *cut = malloc(n > 0 ? n : 1);

		assert_non_null(cut);
		memcpy(cut, payload.p, n);
		assert_int_equal(get((struct str){ cut, n }, &again), -1);
		arena_reset(arena);
		free(cut);
	}
	buf_puts(&bent, payload);
	buf_put8(&bent, 0);
	assert_int_equal(get(buf_str(&bent), &again), -1);
	for (size_t i = 0; i < payload.n; i++) {
		static const unsigned char flips[] = { 0x01, 0x80, 0xFF };

		for (size_t f = 0; f < sizeof(flips); f++) {
			buf_reset(&bent);
			buf_reset(&again);
			buf_puts(&bent, payload);
			bent.p[i] = (char)(bent.p[i] ^ flips[f]);
			/* One value has one encoding: what is accepted is told the same way. */
			if (get(buf_str(&bent), &again) == 0)
				assert_true(str_eq(payload_of(&again, type), buf_str(&bent)));
			arena_reset(arena);
		}
	}
	buf_fini(&again);
	buf_fini(&bent);
}

static struct reason reasons[] = {
	{ REASON_FORWARDED, { NULL, 0 }, { "arc=pass", 8 },
	    { VERDICT_PASS, 2, { "lists.example", 13 }, { 4, { 192, 0, 2, 7 } } } },
	{ .type = REASON_UNKNOWN, .raw_type = { "strange", 7 } },
};
static struct dkim_result dkims[] = {
	{ { "example.org", 11 }, { "s1", 2 }, RESULT_PASS, { NULL, 0 }, { "ok", 2 } },
	{ { "example.net", 11 }, { NULL, 0 }, RESULT_UNKNOWN, { "hm", 2 }, { NULL, 0 } },
};
static struct spf_result spfs[] = {
	{ { "bounce.example.org", 18 }, SCOPE_MFROM, RESULT_SOFTFAIL, { NULL, 0 }, { NULL, 0 } },
};

static struct record
a_record(void)
{
	return (struct record){
		.source_ip = { 4, { 192, 0, 2, 1 } },
		.raw_source_ip = STR("[192.0.2.1]:25"),
		.has_count = true,
		.count = LIMIT_COUNT,
		.outcome = {
			.disposition = DISPOSITION_REJECT,
			.dkim = VERDICT_PASS,
			.spf = VERDICT_FAIL,
			.dkim_recomputed = VERDICT_PASS,
			.raw_spf = STR("softfail"),
			.header_from = STR("example.org"),
			.envelope_from = STR("b\xC3\xBC" "cher.example"),
			.envelope_to = STR("example.com"),
			.reasons = reasons,
			.nreasons = 2,
			.dkims = dkims,
			.ndkims = 2,
			.spfs = spfs,
			.nspfs = 1,
		},
	};
}

static void
jobs(void **state)
{
	struct job j = { 0x0102030405060708ull, STR("1700000000.M1P2.host:2,S\xFF"), true,
		LIMIT_HEADER_BYTES, ceilings_default };
	struct job got;
	struct buf b;
	struct err e;

	(void)state;
	buf_init(&b, LIMIT_FRAME_BYTES);
	job_put(&b, &j);
	torture(&b, FRAME_JOB, read_job);
	assert_int_equal(job_get(payload_of(&b, FRAME_JOB), &got, &e), 0);
	assert_int_equal(got.ticket, j.ticket);
	assert_true(got.bare);
	assert_int_equal(got.header, j.header);
	assert_int_equal(got.ceilings.mail, j.ceilings.mail);
	assert_int_equal(got.ceilings.unpacked, j.ceilings.unpacked);
	assert_int_equal(got.ceilings.parts, j.ceilings.parts);
	assert_int_equal(got.ceilings.members, j.ceilings.members);
	assert_true(str_eq(got.name, j.name));
	buf_reset(&b);
	begin_put(&b, UINT64_MAX);
	torture(&b, FRAME_BEGIN, read_begin);
	buf_fini(&b);
}

static void
records(void **state)
{
	struct record r = a_record();
	struct record got;
	struct buf b;
	struct str set;
	struct err e;

	(void)state;
	buf_init(&b, LIMIT_FRAME_BYTES);
	record_put(&b, &r);
	torture(&b, FRAME_RECORD, read_record);
	assert_int_equal(record_get(payload_of(&b, FRAME_RECORD), &got, &set, &e), 0);
	assert_int_equal(outcome_set_get(arena, set, &got.outcome, &e), 0);
	assert_int_equal(got.source_ip.family, 4);
	assert_memory_equal(got.source_ip.b, r.source_ip.b, 16);
	assert_int_equal(got.count, r.count);
	assert_int_equal(got.outcome.disposition, DISPOSITION_REJECT);
	assert_int_equal(got.outcome.spf, VERDICT_FAIL);
	assert_true(str_eq(got.outcome.raw_spf, r.outcome.raw_spf));
	assert_true(str_eq(got.outcome.envelope_from, r.outcome.envelope_from));
	assert_true(str_eq(got.outcome.envelope_to, r.outcome.envelope_to));
	assert_int_equal(got.outcome.nreasons, 2);
	assert_int_equal(got.outcome.reasons[0].arc.hops, 2);
	assert_true(str_eq(got.outcome.reasons[0].arc.sealer, STR("lists.example")));
	assert_int_equal(got.outcome.reasons[0].arc.source_ip.b[3], 7);
	assert_true(str_eq(got.outcome.reasons[1].raw_type, STR("strange")));
	assert_int_equal(got.outcome.ndkims, 2);
	assert_true(str_eq(got.outcome.dkims[0].selector, STR("s1")));
	assert_int_equal(got.outcome.dkims[0].result, RESULT_PASS);
	assert_int_equal(got.outcome.nspfs, 1);
	assert_int_equal(got.outcome.spfs[0].scope, SCOPE_MFROM);
	assert_int_equal(got.outcome.spfs[0].result, RESULT_SOFTFAIL);
	buf_reset(&b);
	r = (struct record){ .source_ip = { 6, { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 } } };
	record_put(&b, &r);
	torture(&b, FRAME_RECORD, read_record);
	buf_reset(&b);
	r = (struct record){ .raw_source_ip = STR("not an address") };
	record_put(&b, &r);
	torture(&b, FRAME_RECORD, read_record);
	buf_fini(&b);
}

/*
 * The set's bytes name it: who sent, how many and to whom must not be in them, nor what is worked
 * out with a list of public suffixes that changes.
 */
static void
the_outcome_set_stands_apart(void **state)
{
	struct record r = a_record();
	struct buf a, b;
	struct str one, other;
	struct err e;

	(void)state;
	buf_init(&a, LIMIT_FRAME_BYTES);
	buf_init(&b, LIMIT_FRAME_BYTES);
	record_put(&a, &r);
	r.source_ip = (struct address){ 6, { 1 } };
	r.has_count = false;
	r.outcome.envelope_to = STR("elsewhere.example");
	r.outcome.dkim_recomputed = VERDICT_FAIL;
	r.outcome.spf_recomputed = VERDICT_FAIL;
	record_put(&b, &r);
	assert_int_equal(record_get(payload_of(&a, FRAME_RECORD), &r, &one, &e), 0);
	assert_int_equal(record_get(payload_of(&b, FRAME_RECORD), &r, &other, &e), 0);
	assert_true(one.n > 0);
	assert_true(str_eq(one, other));
	buf_reset(&b);
	r = a_record();
	r.outcome.dkim = VERDICT_FAIL;
	record_put(&b, &r);
	assert_int_equal(record_get(payload_of(&b, FRAME_RECORD), &r, &other, &e), 0);
	assert_false(str_eq(one, other));
	buf_fini(&a);
	buf_fini(&b);
}

/* ARC is concluded from the comment: identities must not change with how well that is read. */
static void
conclusions_are_not_said(void **state)
{
	struct record r = a_record();
	struct buf a, b, c;

	(void)state;
	buf_init(&a, LIMIT_FRAME_BYTES);
	buf_init(&b, LIMIT_FRAME_BYTES);
	buf_init(&c, LIMIT_FRAME_BYTES);
	outcome_set_said(&a, &r.outcome);
	r.outcome.reasons[0].arc = (struct arc){ .verdict = VERDICT_FAIL, .hops = 9 };
	outcome_set_said(&b, &r.outcome);
	r.outcome.reasons[0].comment = STR("another");
	outcome_set_said(&c, &r.outcome);
	assert_true(str_eq(buf_str(&a), buf_str(&b)));
	assert_false(str_eq(buf_str(&a), buf_str(&c)));
	buf_fini(&a);
	buf_fini(&b);
	buf_fini(&c);
}

/* Values that a parser must not send; the record before them is good. */
static void
records_out_of_range(void **state)
{
	static char text[LIMIT_COMMENT_BYTES + 1];
	static struct reason many[LIMIT_RESULTS + 1];
	struct record bad[7];
	struct buf b, again;

	(void)state;
	memset(text, 'x', sizeof(text));
	for (size_t i = 0; i < 7; i++)
		bad[i] = a_record();
	bad[0].count = LIMIT_COUNT + 1;
	bad[1].outcome.header_from = (struct str){ text, LIMIT_NAME_BYTES + 1 };
	bad[2].outcome.header_from = STR("a\0b");
	bad[3].outcome.envelope_to = STR("\xC0\x80");
	bad[4].outcome.reasons = many;
	bad[4].outcome.nreasons = LIMIT_RESULTS + 1;
	bad[5].outcome.disposition = (enum disposition)(DISPOSITION_REJECT + 1);
	many[0].comment = (struct str){ text, LIMIT_COMMENT_BYTES + 1 };
	bad[6].outcome.reasons = many;
	bad[6].outcome.nreasons = 1;
	buf_init(&b, LIMIT_FRAME_BYTES);
	buf_init(&again, LIMIT_FRAME_BYTES);
	for (size_t i = 0; i < 7; i++) {
		buf_reset(&b);
		record_put(&b, &bad[i]);
		if (read_record(payload_of(&b, FRAME_RECORD), &again) == 0)
			fail_msg("record %zu was taken", i);
	}
	buf_fini(&b);
	buf_fini(&again);
}

/* Every text and every list as long as they may be: it has to fit a frame. */
static void
the_largest_record_fits_a_frame(void **state)
{
	static char text[LIMIT_COMMENT_BYTES];
	const struct str name = { text, LIMIT_NAME_BYTES }, comment = { text, sizeof(text) };
	static struct reason r[LIMIT_RESULTS];
	static struct dkim_result d[LIMIT_RESULTS];
	static struct spf_result s[LIMIT_RESULTS];
	struct record rec = { .raw_source_ip = name,
		.has_count = true,
		.outcome = { .raw_disposition = name,
		    .raw_dkim = name,
		    .raw_spf = name,
		    .header_from = name,
		    .envelope_from = name,
		    .envelope_to = name,
		    .reasons = r,
		    .dkims = d,
		    .spfs = s,
		    .nreasons = LIMIT_RESULTS,
		    .ndkims = LIMIT_RESULTS,
		    .nspfs = LIMIT_RESULTS } };
	struct buf b, again;

	(void)state;
	memset(text, 'x', sizeof(text));
	for (size_t i = 0; i < LIMIT_RESULTS; i++) {
		r[i] =
		    (struct reason){ .type = REASON_OTHER, .raw_type = name, .comment = comment };
		r[i].arc.sealer = (struct str){ text, LIMIT_DOMAIN_BYTES };
		d[i] = (struct dkim_result){ name, name, RESULT_FAIL, name, comment };
		s[i] = (struct spf_result){ name, SCOPE_HELO, RESULT_FAIL, name, comment };
	}
	buf_init(&b, FRAME_HEAD + LIMIT_FRAME_BYTES);
	buf_init(&again, FRAME_HEAD + LIMIT_FRAME_BYTES);
	record_put(&b, &rec);
	assert_int_equal(read_record(payload_of(&b, FRAME_RECORD), &again), 0);
	assert_true(str_eq(buf_str(&b), buf_str(&again)));
	buf_fini(&b);
	buf_fini(&again);
}

static void
parts(void **state)
{
	static struct quirk quirks[] = { { { "count-missing", 13 }, { "taken as 1", 10 } } };
	const struct report report = {
		.kind = KIND_AGGREGATE,
		.org_name = STR("Example"),
		.email = STR("dmarc@example.org"),
		.report_id = STR("1"),
		.version = STR("1.0"),
		.error = STR("one\ntwo"),
		.begin = -1,
		.end = INT64_MAX,
		.policy = { .domain = STR("example.org"),
		    .p = ACTION_REJECT,
		    .np = ACTION_NONE,
		    .adkim = ALIGNMENT_STRICT,
		    .pct = STR("100"),
		    .discovery_method = DISCOVERY_TREEWALK },
		.quirks = quirks,
		.nquirks = 1,
		.partial = true,
		.record_count = 1,
		.message_count = UINT64_MAX,
	};
	struct part p = {
		.kind = KIND_AGGREGATE, .member = STR("a.zip > a.xml"), .report = &report
	};
	struct part got;
	struct buf b;
	struct err e;

	(void)state;
	buf_init(&b, LIMIT_FRAME_BYTES);
	part_put(&b, &p);
	torture(&b, FRAME_PART, read_part);
	assert_int_equal(part_get(arena, payload_of(&b, FRAME_PART), &got, &e), 0);
	assert_int_equal(got.report->begin, -1);
	assert_int_equal(got.report->end, INT64_MAX);
	assert_int_equal(got.report->policy.np, ACTION_NONE);
	assert_int_equal(got.report->policy.discovery_method, DISCOVERY_TREEWALK);
	assert_true(str_eq(got.report->error, report.error));
	assert_true(str_eq(got.report->quirks[0].detail, quirks[0].detail));
	assert_true(got.report->partial);
	assert_int_equal(got.report->message_count, UINT64_MAX);
	buf_reset(&b);
	p = (struct part){
		.outcome = OUTCOME_CORRUPT, .reason = STR("truncated gzip"), .has_original = true
	};
	part_put(&b, &p);
	torture(&b, FRAME_PART, read_part);
	buf_fini(&b);
}

static void
tls_reports(void **state)
{
	static struct str lines[] = { { "version: STSv1", 14 }, { "mode: enforce", 13 } };
	static struct tls_failure failures[] = {
		{ .result_type = { "certificate-expired", 19 },
		    .sending_mta_ip = { 4, { 192, 0, 2, 3 } },
		    .has_sessions = true,
		    .sessions = 3 },
		{ .raw_receiving_ip = { "mx", 2 }, .receiving_ip = { 6, { [15] = 1 } } },
	};
	static struct tls_policy policies[] = {
		{ .type = TLS_POLICY_STS,
		    .domain = { "example.org", 11 },
		    .strings = lines,
		    .nstrings = 2,
		    .mx_hosts = lines,
		    .nmx_hosts = 1,
		    .has_successful = true,
		    .successful = LIMIT_COUNT,
		    .failures = failures,
		    .nfailures = 2 },
		{ .raw_type = { "invalid", 7 } },
	};
	const struct tls_report report = { .domain = STR("example.org"),
		.report_id = STR("1"),
		.begin = 1,
		.end = 2,
		.policies = policies,
		.npolicies = 2 };
	const struct part p = { .kind = KIND_TLSRPT, .tls = &report };
	struct part got;
	struct buf b;
	struct err e;

	(void)state;
	buf_init(&b, LIMIT_FRAME_BYTES);
	part_put(&b, &p);
	torture(&b, FRAME_PART, read_part);
	assert_int_equal(part_get(arena, payload_of(&b, FRAME_PART), &got, &e), 0);
	assert_null(got.report);
	assert_int_equal(got.tls->npolicies, 2);
	assert_true(str_eq(got.tls->policies[0].strings[1], lines[1]));
	assert_int_equal(got.tls->policies[0].failures[0].sessions, 3);
	assert_int_equal(got.tls->policies[0].failures[1].receiving_ip.family, 6);
	buf_fini(&b);
}

static void
failures(void **state)
{
	const struct failure failure = { .domain = STR("example.org"),
		.reporter = STR("mx.example"),
		.user_agent = STR("Lua/1.0"),
		.message_id = STR("1@example.org"),
		.delivery_result = DELIVERY_REJECT,
		.source_ip = { 4, { 192, 0, 2, 3 } },
		.has_source_port = true,
		.source_port = 2525,
		.arrived = -5,
		.header = STR("From: a@example.org\r\n"),
		.body = STR("hello\n") };
	const struct part p = { .kind = KIND_FAILURE, .failure = &failure };
	struct part got;
	struct buf b;
	struct err e;

	(void)state;
	buf_init(&b, LIMIT_FRAME_BYTES);
	part_put(&b, &p);
	torture(&b, FRAME_PART, read_part);
	assert_int_equal(part_get(arena, payload_of(&b, FRAME_PART), &got, &e), 0);
	assert_true(str_eq(got.failure->user_agent, failure.user_agent));
	assert_true(str_eq(got.failure->message_id, failure.message_id));
	assert_true(str_eq(got.failure->body, failure.body));
	assert_int_equal(got.failure->source_port, 2525);
	assert_int_equal(got.failure->arrived, -5);
	buf_fini(&b);
}

/* A report has a report in it and nothing else has; the store's outcomes are not the parser's. */
static void
outcome_and_content_agree(void **state)
{
	const struct report report = { .org_name = STR("x") };
	struct buf b;
	struct err e;

	(void)state;
	buf_init(&b, LIMIT_FRAME_BYTES);
	for (unsigned o = 0; o < OUTCOME_COUNT; o++) {
		for (int with = 0; with < 2; with++) {
			bool good =
			    o <= OUTCOME_TOO_BIG && (with == 1) == (o <= OUTCOME_NULL_REPORT);
			struct part p = { .outcome = (enum outcome)o,
				.kind = KIND_AGGREGATE,
				.report = with ? &report : NULL };
			int rc;

			buf_reset(&b);
			part_put(&b, &p);
			rc = part_get(arena, payload_of(&b, FRAME_PART), &p, &e);
			assert_int_equal(rc, good ? 0 : -1);
			if (rc != 0)
				assert_int_equal(e.kind, ERR_MESSAGE);
		}
	}
	buf_fini(&b);
}

static void
messages(void **state)
{
	struct message m = { .message_id = STR("<1@example.org>"),
		.from_domain = STR("example.org"),
		.header = STR("Subject: \xFF\0\r\n"),
		.sha256 = { 1, [31] = 2 },
		.size = 12345678901ull };
	struct message got;
	struct buf b;
	struct err e;

	(void)state;
	buf_init(&b, LIMIT_FRAME_BYTES);
	message_put(&b, &m);
	torture(&b, FRAME_END, read_message);
	assert_int_equal(message_get(payload_of(&b, FRAME_END), &got, &e), 0);
	assert_true(str_eq(got.header, m.header));
	assert_memory_equal(got.sha256, m.sha256, 32);
	assert_int_equal(got.size, m.size);
	buf_fini(&b);
}

/* An arena that is too small for a list is an error like any other. */
static void
a_full_arena_is_told(void **state)
{
	struct arena *tiny = arena_new(16);
	struct record r = a_record();
	struct buf b;
	struct str set;
	struct err e;

	(void)state;
	buf_init(&b, LIMIT_FRAME_BYTES);
	record_put(&b, &r);
	assert_int_equal(record_get(payload_of(&b, FRAME_RECORD), &r, &set, &e), 0);
	assert_int_equal(outcome_set_get(tiny, set, &r.outcome, &e), -1);
	assert_int_equal(e.kind, ERR_MESSAGE);
	buf_fini(&b);
	arena_free(tiny);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(jobs),
		cmocka_unit_test(records),
		cmocka_unit_test(the_outcome_set_stands_apart),
		cmocka_unit_test(conclusions_are_not_said),
		cmocka_unit_test(records_out_of_range),
		cmocka_unit_test(the_largest_record_fits_a_frame),
		cmocka_unit_test(parts),
		cmocka_unit_test(tls_reports),
		cmocka_unit_test(failures),
		cmocka_unit_test(outcome_and_content_agree),
		cmocka_unit_test(messages),
		cmocka_unit_test(a_full_arena_is_told),
	};
	int rc;

	cmocka_set_message_output(CM_OUTPUT_TAP);
	arena = arena_new(1 << 20);
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	arena_free(arena);
	return rc;
}
