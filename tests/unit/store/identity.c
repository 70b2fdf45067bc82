#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

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
	r.submitter = STR("submitter.example");
	assert_true(str_eq(identity_reporter(&r), STR("submitter.example")));
	r.org_name = STR("google.com");
	assert_true(str_eq(identity_reporter(&r), STR("google.com")));
	assert_true(str_eq(identity_report_id(&r), STR("1")));
	r.report_id.n = 0;
	r.given_id = STR("2");
	assert_true(str_eq(identity_report_id(&r), STR("2")));
}

/* The same document in two mails is one report, whatever these say of it. */
static void
test_mail_around(void **state)
{
	struct report r = report_of(NOON_2026, NOON_2026 + 3600);
	struct identity bare, mailed;

	(void)state;
	r.org_name.n = r.report_id.n = 0;
	bare = identity(&r, 1);
	r.submitter = STR("submitter.example");
	r.given_id = STR("17");
	mailed = identity(&r, 1);
	assert_true(key_eq(bare.identity_key, mailed.identity_key));
	assert_true(key_eq(bare.report_key, mailed.report_key));
	assert_int_not_equal(bare.reporter_id, mailed.reporter_id);
}

/* Keys of reports that are stored somewhere must stay what they are. */
static void
test_stored_keys(void **state)
{
	struct report r = report_of(1700006400, 1700092799);
	struct identity id = identity(&r, 1);
	char hex[2 * sizeof(id.report_key.b) + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(id.report_key.b); i++)
		snprintf(hex + 2 * i, 3, "%02x", (unsigned char)id.report_key.b[i]);
	assert_string_equal(hex, "cbba6060799037db13ea34ddfc3e6f9b");
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

static struct sha256
content(struct tls_policy *policies, uint16_t n)
{
	struct digest *d = digest_new();
	struct tls_report t = { .policies = policies, .npolicies = n };
	struct sha256 h = identity_tls_content(d, &t);

	digest_free(d);
	return h;
}

static bool
same(struct sha256 a, struct sha256 b)
{
	return memcmp(a.b, b.b, sizeof(a.b)) == 0;
}

/* Order does not matter, everything else does. */
static void
test_tls_content(void **state)
{
	struct tls_failure one = { .result_type = STR("a"), .has_sessions = true, .sessions = 1 },
			   two = { .result_type = STR("b") };
	struct tls_failure forth[] = { one, two }, back[] = { two, one }, other[] = { one, one };
	struct tls_policy p = { .type = TLS_POLICY_STS, .failures = forth, .nfailures = 2 },
			  q = { .type = TLS_POLICY_TLSA };
	struct tls_policy list[] = { p, q }, reversed[] = { q, p };
	struct sha256 h = content(list, 2);
	struct str mx = STR("mx");

	(void)state;
	assert_true(same(h, content(reversed, 2)));
	list[0].failures = back;
	assert_true(same(h, content(list, 2)));
	list[0].failures = other;
	assert_false(same(h, content(list, 2)));
	list[0] = p;
	assert_false(same(h, content(list, 1)));
	list[0].has_failed = true; /* none is said to have failed, or it is not said */
	assert_false(same(h, content(list, 2)));
	list[0] = p;
	list[0].strings = &mx;
	list[0].nstrings = 1;
	h = content(list, 2);
	list[0] = p;
	list[0].mx_hosts = &mx;
	list[0].nmx_hosts = 1;
	assert_false(same(h, content(list, 2)));
}

static void
test_tls_keys(void **state)
{
	struct tls_report t = { .domain = STR("example.org"),
		.organization_name = STR("google.com"),
		.report_id = STR("1"),
		.begin = NOON_2026,
		.end = NOON_2026 + 3600 };
	struct report r = report_of(NOON_2026, NOON_2026 + 3600);
	struct identity a, b, aggregate = identity(&r, 1);
	struct digest *d = digest_new();
	struct sha256 hash = { { 1 } };

	(void)state;
	identity_of_tls(d, &t, &hash, NOON_2026, &a);
	assert_int_equal(a.days, 1);
	assert_int_equal(a.day, NOON_2026 / DAY);
	/* Both kinds have their originals in one table, and their names in one dictionary. */
	assert_false(key_eq(a.identity_key, aggregate.identity_key));
	assert_false(key_eq(a.report_key, aggregate.report_key));
	assert_int_equal(a.domain_id, aggregate.domain_id);
	assert_int_equal(a.reporter_id, aggregate.reporter_id);
	t.contact_info = STR("nobody");
	identity_of_tls(d, &t, &hash, NOON_2026, &b);
	assert_true(key_eq(a.report_key, b.report_key));
	hash.b[0]++;
	identity_of_tls(d, &t, &hash, NOON_2026, &b);
	assert_true(key_eq(a.identity_key, b.identity_key));
	assert_false(key_eq(a.report_key, b.report_key));
	t.report_id = STR("2");
	identity_of_tls(d, &t, &hash, NOON_2026, &b);
	assert_false(key_eq(a.identity_key, b.identity_key));
	digest_free(d);
}

/* Each field makes another report of it, but not the body, which is not always kept. */
static void
test_failure_keys(void **state)
{
	const struct failure plain = { .domain = STR("example.org"), .arrived = NOON_2026 };
	struct failure f[] = { plain, plain, plain, plain, plain, plain, plain };
	struct digest *d = digest_new();
	struct identity first, other;

	(void)state;
	f[0].body = STR("x");
	f[1].subject = STR("x");
	f[2].message_id = STR("x");
	f[3].header = STR("x");
	f[4].arrived++;
	f[5].source_ip.family = 4;
	f[6].has_incidents = true;
	identity_of_failure(d, &plain, &first);
	assert_int_equal(first.day, NOON_2026 / DAY);
	for (size_t i = 0; i < sizeof(f) / sizeof(f[0]); i++) {
		identity_of_failure(d, &f[i], &other);
		assert_true(key_eq(other.identity_key, other.report_key));
		assert_int_equal(key_eq(first.report_key, other.report_key), i == 0);
	}
	digest_free(d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_days),
		cmocka_unit_test(test_before_dmarc),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_reporter),
		cmocka_unit_test(test_mail_around),
		cmocka_unit_test(test_stored_keys),
		cmocka_unit_test(test_datable),
		cmocka_unit_test(test_tls_content),
		cmocka_unit_test(test_tls_keys),
		cmocka_unit_test(test_failure_keys),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
