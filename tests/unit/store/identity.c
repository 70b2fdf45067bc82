#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/identity.h"

#define DAY INT64_C(86400)
#define NOON_2026 INT64_C(1795003200) /* 2026-11-18 12:00 UTC */

static struct report
report_of(int64_t begin, int64_t end)
{
	return (struct report){ .org_name = STR("google.com"),
		.report_id = STR("1"),
		.begin = begin,
		.end = end,
		.policy.domain = STR("example.org") };
}

static struct identity
identity(const struct report *r, unsigned char records)
{
	struct digest *d = digest_new();
	struct sha256 hash = { { records } };
	struct identity id;

	identity_of(d, r, &hash, NOON_2026, &id);
	digest_free(d);
	return id;
}

static void
test_days(void **state)
{
	static const struct {
		int64_t begin, end;
		int16_t days;
		int32_t day; /* counted from the day of NOON_2026 */
	} cases[] = {
		{ -12 * 3600, 12 * 3600 - 1, 1, 0 },              /* Google: to 23:59:59 */
		{ -12 * 3600, 12 * 3600, 1, 0 },                  /* Microsoft: to midnight */
		{ 0, 0, 1, 0 },                                   /* GoDaddy: begin is end */
		{ -5 * 3600, 19 * 3600, 1, 0 },                   /* somebody's local day */
		{ -12 * 3600, 13 * 3600, 1, 0 },                  /* 25 hours: still one day */
		{ -12 * 3600, 13 * 3600 + 1, 2, 0 },              /* one second more: spread */
		{ -12 * 3600 - 6 * DAY, 12 * 3600, 7, -3 },       /* a week to midnight */
		{ -12 * 3600 - 30 * DAY, 12 * 3600, 31, -15 },    /* the longest */
		{ -12 * 3600 - 30 * DAY, 12 * 3600 + 1, 0, -15 }, /* longer than that */
		{ 3600, 0, 0, 0 },                                /* reversed */
		{ DAY, 2 * DAY, 1, 2 },                           /* two days ahead */
		{ DAY, 2 * DAY + 1, 0, 2 },                       /* further */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct report r = report_of(NOON_2026 + cases[i].begin, NOON_2026 + cases[i].end);
		struct identity id = identity(&r, 1);

		assert_int_equal(id.days, cases[i].days);
		assert_int_equal(id.day, (int32_t)(NOON_2026 / DAY) + cases[i].day);
	}
}

static void
test_before_dmarc(void **state)
{
	struct report r = report_of(-DAY, -1);
	struct identity id = identity(&r, 1);

	(void)state;
	assert_int_equal(id.days, 0);
	assert_int_equal(id.day, -1);
	r = report_of(1325376000 - 1, 1325376000 + 3600);
	assert_int_equal(identity(&r, 1).days, 0);
}

static void
test_keys(void **state)
{
	struct report a = report_of(NOON_2026, NOON_2026 + 3600), b = a;
	struct identity first = identity(&a, 1), other;

	(void)state;
	other = identity(&a, 2);
	assert_true(key_eq(first.identity_key, other.identity_key));
	assert_false(key_eq(first.report_key, other.report_key));
	b.report_id = STR("2");
	assert_false(key_eq(first.identity_key, identity(&b, 1).identity_key));
	b = a;
	b.end++;
	assert_false(key_eq(first.identity_key, identity(&b, 1).identity_key));
	b = a;
	b.org_name = STR("yahoo.com");
	assert_false(key_eq(first.identity_key, identity(&b, 1).identity_key));
	assert_int_equal(first.domain_id, identity(&b, 1).domain_id);
	/* Where one field ends and the next begins is part of the key. */
	b = a;
	b.org_name = STR("google.co");
	b.report_id = STR("m1");
	assert_false(key_eq(first.identity_key, identity(&b, 1).identity_key));
}

static void
test_reporter(void **state)
{
	struct report r = report_of(0, 0);

	(void)state;
	assert_true(str_eq(identity_reporter(&r), STR("google.com")));
	r.org_name.n = 0;
	r.email = STR("dmarc@mx@reporter.example");
	assert_true(str_eq(identity_reporter(&r), STR("reporter.example")));
	r.email = STR("nobody@");
	assert_true(str_eq(identity_reporter(&r), STR("unknown")));
}

static void
test_datable(void **state)
{
	struct report r = report_of(0, INT64_C(9466848000000));

	(void)state;
	assert_false(identity_datable(&r));
	r.end = INT64_C(253402300799);
	assert_true(identity_datable(&r));
	r.begin = INT64_MIN;
	assert_false(identity_datable(&r));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_days),
		cmocka_unit_test(test_before_dmarc),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_reporter),
		cmocka_unit_test(test_datable),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
