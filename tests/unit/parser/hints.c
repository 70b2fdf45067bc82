/* What Subjects and file names say, as they are met. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/limits.h"
#include "parser/hints.h"

static void
assert_str(struct str got, const char *want)
{
	assert_int_equal(got.n, strlen(want));
	assert_memory_equal(got.p, want, got.n);
}

static void
test_subject(void **state)
{
	static const char *const table[][4] = {
		{ "Report domain: d.example Submitter: google.com Report-ID: 123", "d.example",
		    "google.com", "123" },
		{ "Report Domain: d.example Submitter: s Report-ID: <1.2@s>", "d.example", "s",
		    "1.2@s" },
		{ "Report Domain: d.example\tSubmitter: s\tReport-ID:<d.1.2>", "d.example", "s",
		    "d.1.2" },
		{ "Dmarc Aggregate Report Domain: {d.example}  Submitter: {Amazon SES}  Date: "
		  "{2023-11-15}  Report-ID: {9-a}",
		    "d.example", "Amazon SES", "9-a" },
		{ "[Preview] Report Domain: d Submitter: s Report-ID: a b", "d", "s", "a b" },
		{ "Fwd: [EXTERNAL] report DOMAIN:d.example SUBMITTER:s", "d.example", "s", "" },
		{ "Submitter: s Domain: d", "d", "s", "" },
		{ "Report Domain: d Submitter: s Report-ID: d:17", "d", "s", "d:17" },
		{ "Subdomain: x Domain: d", "d", "", "" },
		{ "Domain: Domain: d", "Domain: d", "", "" },
		{ "Re: lunch", "", "", "" },
		{ "domain:", "", "", "" },
		{ "Report-ID: <>", "", "", "" },
		{ "", "", "", "" },
	};

	(void)state;
	assert_int_equal(hints_subject(str_of(NULL)).domain.n, 0);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct hints_subject h = hints_subject(str_of(table[i][0]));

		assert_str(h.domain, table[i][1]);
		assert_str(h.submitter, table[i][2]);
		assert_str(h.report_id, table[i][3]);
	}
}

static void
test_name(void **state)
{
	static const struct {
		const char *name, *receiver, *domain, *id;
		int64_t begin, end;
	} good[] = {
		{ "r.example!d.example!1699920000!1700006399.xml.gz", "r.example", "d.example", "",
		    1699920000, 1700006399 },
		{ "r!d!1699920000!1700006399!a1.zip", "r", "d", "a1", 1699920000, 1700006399 },
		{ "!d.example!1699920000!1700006399.xml", "", "d.example", "", 1699920000,
		    1700006399 },
		{ "/var/db/opendmarc/r!d!1!2.XML", "r", "d", "", 1, 2 },
		{ "C:\\x\\r!d!1!2", "r", "d", "", 1, 2 },
		{ "x!y!3!4.zip > r!d!1!2.xml", "r", "d", "", 1, 2 },
		{ "r!d!1699920000000!1700006399999!i.d.json.gz", "r", "d", "i.d", 1699920000,
		    1700006399 },
		{ "_var_db_opendmarc_r!d!1!2.xml", "_var_db_opendmarc_r", "d", "", 1, 2 },
	};
	static const char *const bad[] = { "", "report.xml", "r!d!1", "r!d!x!2.xml", "r!d!1!y.xml",
		"r!d!1!.xml", "!!!" };
	struct hints_name n;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(hints_name(str_of(good[i].name), &n));
		assert_str(n.receiver, good[i].receiver);
		assert_str(n.domain, good[i].domain);
		assert_str(n.id, good[i].id);
		assert_int_equal(n.begin, good[i].begin);
		assert_int_equal(n.end, good[i].end);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(hints_name(str_of(bad[i]), &n));
	assert_false(hints_name(str_of(NULL), &n));
}

static void
test_domain(void **state)
{
	static const char *const table[][2] = { { "D.example.", "d.example" },
		{ "_dmarc.d.example", "_dmarc.d.example" },
		{ "m\xC3\xBCller.example", "xn--mller-kva.example" }, { "a b", "" }, { "{d}", "" },
		{ ".", "" }, { "\xFF\xFE", "" }, { "", "" } };
	char to[LIMIT_DOMAIN_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		assert_str(hints_domain(str_of(table[i][0]), to), table[i][1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_subject),
		cmocka_unit_test(test_name), cmocka_unit_test(test_domain) };

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
