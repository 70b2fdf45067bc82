#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "core/limits.h"
#include "core/wire.h"
#include "store/intake.h"
#include "store/partcopy.h"

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

/* A TLS report with two policies, one of them with two failures. */
static void
put_tls(struct buf *b)
{
	struct quirk quirks[] = { { STR("rule"), STR("detail") } };
	struct tls_failure failures[] = { { .result_type = STR("certificate-expired"),
					      .sending_mta_ip.family = 4,
					      .raw_receiving_ip = STR("no address"),
					      .has_sessions = true,
					      .sessions = 7 },
		{ .result_type = STR("new"), .additional_information = STR("more") } };
	struct str strings[] = { STR("version: STSv1"), STR("mode: enforce") };
	struct str hosts[] = { STR("*.mx.example") };
	struct tls_policy policies[] = { { .type = TLS_POLICY_STS,
					     .domain = STR("example.org"),
					     .strings = strings,
					     .nstrings = 2,
					     .mx_hosts = hosts,
					     .nmx_hosts = 1,
					     .has_failed = true,
					     .failed = 7,
					     .failures = failures,
					     .nfailures = 2 },
		{ .raw_type = STR("odd") } };
	struct tls_report t = { .domain = STR("example.org"),
		.organization_name = STR("Org"),
		.report_id = STR("id"),
		.begin = 1,
		.end = 2,
		.policies = policies,
		.npolicies = 2,
		.quirks = quirks,
		.nquirks = 1 };
	struct part part = { .outcome = OUTCOME_REPORT, .kind = KIND_TLSRPT, .tls = &t };

	part_put(b, &part);
}

static void
put_failure(struct buf *b)
{
	struct failure f = { .domain = STR("example.org"),
		.subject = STR("Hello"),
		.header = STR("Subject: Hello\n"),
		.body = STR("secret"),
		.arrived = 5 };
	struct part part = { .outcome = OUTCOME_REPORT, .kind = KIND_FAILURE, .failure = &f };

	part_put(b, &part);
}

/* What is kept is our own: the frame is overwritten before it is looked at. */
static void
test_tls(void **state)
{
	struct intake *in = intake_new(&env, "mail");
	const struct tls_report *t;
	struct err e;
	struct buf b;

	(void)state;
	buf_init(&b, LIMIT_FRAME_BYTES);
	put_tls(&b);
	assert_int_equal(feed(in, &b, &e), 0);
	memset(b.p, 'x', 400);
	t = in->parts->part.tls;
	assert_non_null(t);
	assert_true(intake_part_holds(in->parts));
	assert_int_equal(intake_reports(in), 1);
	assert_true(str_eq(t->organization_name, STR("Org")));
	assert_true(str_eq(t->quirks[0].detail, STR("detail")));
	assert_int_equal(t->npolicies, 2);
	assert_true(str_eq(t->policies[0].strings[1], STR("mode: enforce")));
	assert_true(str_eq(t->policies[0].mx_hosts[0], STR("*.mx.example")));
	assert_true(str_eq(t->policies[0].failures[0].raw_receiving_ip, STR("no address")));
	assert_int_equal(t->policies[0].failures[0].sessions, 7);
	assert_false(t->policies[0].failures[1].has_sessions);
	assert_true(str_eq(t->policies[0].failures[1].additional_information, STR("more")));
	assert_true(str_eq(t->policies[1].raw_type, STR("odd")));
	assert_false(intake_has_failure(in));
	buf_fini(&b);
	intake_free(in);
}

static void
test_failure(void **state)
{
	(void)state;
	for (int bodies = 0; bodies < 2; bodies++) {
		struct intake *in = intake_new(&env, "mail");
		struct err e;
		struct buf b;

		env.bodies = bodies;
		buf_init(&b, LIMIT_FRAME_BYTES);
		put_failure(&b);
		assert_int_equal(feed(in, &b, &e), 0);
		memset(b.p, 'x', 100);
		assert_true(str_eq(in->parts->part.failure->header, STR("Subject: Hello\n")));
		assert_int_equal(in->parts->part.failure->body.n, bodies ? 6 : 0);
		assert_true(intake_has_failure(in));
		assert_false(intake_passed_over(in));
		intake_pass_over(in, in->parts, "not wanted");
		assert_true(intake_passed_over(in));
		assert_false(intake_part_holds(in->parts));
		assert_int_equal(in->outcome, OUTCOME_NULL_REPORT);
		/* What the database refuses is still known to be one. */
		intake_only(in, OUTCOME_REFUSED, "refused");
		assert_true(intake_has_failure(in));
		assert_false(intake_passed_over(in));
		buf_fini(&b);
		intake_free(in);
	}
	env.bodies = false;
}

/* Records that came before belong to nothing. */
static void
test_records_before_tls(void **state)
{
	struct intake *in = intake_new(&env, "mail");
	struct record r = { .has_count = true, .count = 3 };
	struct err e;
	struct buf b;

	(void)state;
	buf_init(&b, LIMIT_FRAME_BYTES);
	record_put(&b, &r);
	assert_int_equal(feed(in, &b, &e), 0);
	put_tls(&b);
	assert_int_equal(feed(in, &b, &e), 0);
	assert_int_equal(intake_records(in), 0);
	assert_int_equal(in->parts->messages, 0);
	buf_fini(&b);
	intake_free(in);
}

/* Every frame cut short, and with each byte changed: refused or read, never worse. */
static void
test_hostile_parts(void **state)
{
	void (*const put[])(struct buf * b) = { put_tls, put_failure };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct buf whole, b;
		struct err e;

		buf_init(&whole, LIMIT_FRAME_BYTES);
		buf_init(&b, LIMIT_FRAME_BYTES);
		put[i](&whole);
		for (size_t at = FRAME_HEAD; at < whole.n; at++) {
			struct intake *in = intake_new(&env, "mail");
			size_t head = frame_open(&b, FRAME_PART);

			buf_put(&b, whole.p + FRAME_HEAD, at - FRAME_HEAD);
			frame_close(&b, head);
			assert_int_equal(feed(in, &b, &e), -1);
			assert_int_equal(e.kind, ERR_MESSAGE);
			intake_free(in);
			for (unsigned bit = 1; bit < 256; bit <<= 1) {
				in = intake_new(&env, "mail");
				buf_put(&b, whole.p, whole.n);
				b.p[at] = (char)(b.p[at] ^ (int)bit);
				(void)feed(in, &b, &e);
				intake_free(in);
			}
		}
		buf_fini(&whole);
		buf_fini(&b);
	}
}

/* The arena of a mail is full before memory is: reports without end cost their mail alone. */
static void
test_tls_without_end(void **state)
{
	struct intake *in = intake_new(&env, "mail");
	struct tls_failure *failures = calloc(LIMIT_TLS_FAILURES, sizeof(*failures));
	struct tls_policy policies[6] = { { .type = TLS_POLICY_STS } };
	struct tls_report t = {
		.domain = STR("example.org"), .policies = policies, .npolicies = 6
	};
	struct part part = { .outcome = OUTCOME_REPORT, .kind = KIND_TLSRPT, .tls = &t };
	struct err e;
	struct buf b;
	int rc = 0;

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		policies[i].failures = failures;
		policies[i].nfailures = LIMIT_TLS_FAILURES;
	}
	buf_init(&b, LIMIT_FRAME_BYTES);
	for (int i = 0; i < 100 && rc == 0; i++) {
		part_put(&b, &part);
		assert_false(b.over);
		rc = feed(in, &b, &e);
		assert_true(arena_size(in->arena) <= LIMIT_WORKER_ARENA + (1u << 20));
	}
	assert_int_equal(rc, -1);
	assert_int_equal(e.kind, ERR_MESSAGE);
	buf_fini(&b);
	free(failures);
	intake_free(in);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tls),
		cmocka_unit_test(test_failure),
		cmocka_unit_test(test_records_before_tls),
		cmocka_unit_test(test_hostile_parts),
		cmocka_unit_test(test_tls_without_end),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
