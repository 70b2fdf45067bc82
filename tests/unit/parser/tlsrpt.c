/* What is read from the JSON of a TLS report, and what is made of all that is not as it should be. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/buf.h"
#include "core/limits.h"
#include "parser/tlsrpt.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

#define NAMES "\"organization-name\":\"Org\",\"report-id\":\"id\",\"contact-info\":\"c\","
#define RANGE                                                          \
	"\"date-range\":{\"start-datetime\":\"1970-01-01T00:00:01Z\"," \
	"\"end-datetime\":\"1970-01-01T00:00:02Z\"}"
#define POLICY "\"policy\":{\"policy-type\":\"sts\",\"policy-domain\":\"d.example\"}"
#define SUMMARY \
	"\"summary\":{\"total-successful-session-count\":5,\"total-failure-session-count\":2}"
#define REPORT(policies) "{" NAMES RANGE ",\"policies\":[" policies "]}"
#define DETAIL(members) REPORT("{" POLICY "," SUMMARY ",\"failure-details\":[{" members "}]}")

static struct tlsrpt *reader;
static struct part part;

/* The rules that were applied, with blanks between; "" for none; or the reason there is no report. */
static const char *
parse_str(struct str json, const char *domain)
{
	static struct buf b;

	if (b.max == 0)
		buf_init(&b, 1u << 20);
	buf_reset(&b);
	part = (struct part){ 0 };
	tlsrpt_parse(reader, json, str_of(domain), &part);
	assert_int_equal(part.tls != NULL, part.outcome <= OUTCOME_NULL_REPORT);
	if (part.tls == NULL)
		buf_puts(&b, part.reason);
	for (size_t i = 0; part.tls != NULL && i < part.tls->nquirks; i++)
		buf_printf(&b, "%s%.*s", i > 0 ? " " : "", STR_ARG(part.tls->quirks[i].rule));
	buf_put8(&b, 0);
	return b.p;
}

static const char *
parse(const char *json)
{
	return parse_str(str_of(json), "");
}

#define assert_str(got, want) assert_true(str_eq((got), STR(want)))

static void
test_values(void **state)
{
	const struct tls_policy *p;
	const struct tls_failure *f;

	(void)state;
	assert_string_equal(
	    parse(
		"{" NAMES RANGE
		",\"policies\":[{\"policy\":{\"policy-type\":\"STS\",\"policy-domain\":\"D.Example.\","
		"\"policy-string\":[\"version: STSv1\",\"mode: none\"],\"mx-host\":[\"*.d.example\"]},"
		"\"summary\":{\"total-successful-session-count\":5,"
		"\"total-failure-session-count\":2.0},\"failure-details\":[{"
		"\"result-type\":\"Certificate-Expired\",\"sending-mta-ip\":\"192.0.2.1\","
		"\"receiving-ip\":\"2001:db8::1\",\"receiving-mx-hostname\":\"MX.d.example\","
		"\"receiving-mx-helo\":\"helo\",\"failed-session-count\":2,"
		"\"additional-information\":\"more\",\"failure-reason-code\":\"why\"}]}]}"),
	    "");
	assert_int_equal(part.outcome, OUTCOME_REPORT);
	assert_int_equal(part.kind, KIND_TLSRPT);
	assert_str(part.tls->organization_name, "Org");
	assert_str(part.tls->report_id, "id");
	assert_str(part.tls->contact_info, "c");
	assert_str(part.tls->domain, "d.example");
	assert_int_equal(part.tls->begin, 1);
	assert_int_equal(part.tls->end, 2);
	assert_int_equal(part.tls->npolicies, 1);
	p = part.tls->policies;
	assert_int_equal(p->type, TLS_POLICY_STS);
	assert_str(p->domain, "d.example");
	assert_int_equal(p->nstrings, 2);
	assert_str(p->strings[1], "mode: none");
	assert_str(p->mx_hosts[0], "*.d.example");
	assert_true(p->has_successful && p->has_failed);
	assert_int_equal(p->successful * 10 + p->failed, 52);
	f = p->failures;
	assert_str(f->result_type, "certificate-expired");
	assert_int_equal(f->sending_mta_ip.family * 10 + f->receiving_ip.family, 46);
	assert_str(f->receiving_mx_hostname, "mx.d.example");
	assert_str(f->receiving_mx_helo, "helo");
	assert_true(f->has_sessions);
	assert_int_equal(f->sessions, 2);
	assert_str(f->additional_information, "more");
	assert_str(f->failure_reason_code, "why");
}

static void
test_counts(void **state)
{
	static const struct {
		const char *json;
		bool has;
		uint64_t value;
		const char *rules;
	} table[] = {
		{ DETAIL("\"result-type\":\"x\",\"failed-session-count\":0"), true, 0, "" },
		{ DETAIL("\"result-type\":\"x\",\"failed-session-count\":1099511627776"), true,
		    LIMIT_COUNT, "" },
		{ DETAIL("\"result-type\":\"x\",\"failed-session-count\":1099511627777"), false, 0,
		    "tls-count-unreadable" },
		{ DETAIL("\"result-type\":\"x\",\"failed-session-count\":-1"), false, 0,
		    "tls-count-unreadable" },
		{ DETAIL("\"result-type\":\"x\",\"failed-session-count\":1.5"), false, 0,
		    "tls-count-unreadable" },
		{ DETAIL("\"result-type\":\"x\",\"failed-session-count\":1e30"), false, 0,
		    "tls-count-unreadable" },
		{ DETAIL("\"result-type\":\"x\",\"failed-session-count\":99999999999999999999"),
		    false, 0, "tls-count-unreadable" },
		{ DETAIL("\"result-type\":\"x\",\"failed-session-count\":\" 7 \""), true, 7,
		    "tls-count-text" },
		{ DETAIL("\"result-type\":\"x\",\"failed-session-count\":\"-7\""), false, 0,
		    "tls-count-unreadable" },
		{ DETAIL("\"result-type\":\"x\",\"failed-session-count\":null"), false, 0,
		    "tls-count-missing" },
		{ DETAIL("\"result-type\":\"x\",\"failed-session-count\":true"), false, 0,
		    "tls-count-unreadable" },
		{ DETAIL("\"result-type\":\"x\""), false, 0, "tls-count-missing" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		assert_string_equal(parse(table[i].json), table[i].rules);
		assert_int_equal(part.tls->policies->failures->has_sessions, table[i].has);
		assert_int_equal(part.tls->policies->failures->sessions, table[i].value);
	}
}

static void
test_rules(void **state)
{
	static const struct {
		const char *json, *rules;
	} table[] = {
		{ REPORT("{" POLICY "}"), "tls-count-missing" },
		{ REPORT("{" SUMMARY "}"), "tls-unknown-policy-type tls-domain-missing" },
		{ REPORT("{\"policy\":[]," SUMMARY "}"),
		    "tls-value-type tls-unknown-policy-type tls-domain-missing" },
		{ REPORT("7,{" POLICY "," SUMMARY "}"), "tls-value-type" },
		{ REPORT("{" POLICY "," SUMMARY ",\"failure-details\":null}"), "" },
		{ REPORT("{" POLICY "," SUMMARY ",\"failure-details\":[1]}"), "tls-value-type" },
		{ REPORT("{\"policy\":{\"policy-type\":\"sts\",\"policy-domain\":\"d\","
			 "\"mx-host\":\"m\",\"policy-string\":\"s\"}," SUMMARY "}"),
		    "tls-list-as-text" },
		{ REPORT("{\"policy\":{\"policy-type\":\"sts\",\"policy-domain\":\"d\","
			 "\"mx-host-pattern\":[\"m\"]}," SUMMARY "}"),
		    "tls-old-key" },
		{ DETAIL("\"failed-session-count\":1,\"result-type\":\"x\","
			 "\"additional-info-uri\":\"u\""),
		    "tls-old-key" },
		{ DETAIL("\"failed-session-count\":1"), "tls-result-type-missing" },
		{ DETAIL("\"failed-session-count\":1,\"result-type\":\"x\","
			 "\"receiving-ip\":\"mx\""),
		    "tls-address-unreadable" },
		{ "{" RANGE ",\"report-id\":5}",
		    "tls-organization-missing tls-value-type tls-contact-missing "
		    "tls-policies-missing" },
		{ "{" RANGE ",\"organization-name\":\"o\",\"contact-info\":null,\"policies\":{}}",
		    "tls-report-id-missing tls-contact-missing tls-value-type "
		    "tls-policies-missing" },
		{ "{" NAMES "\"report-id\":\"b\"," RANGE "}",
		    "tls-duplicate-key tls-policies-missing" },
		{ "{" NAMES RANGE "} and more", "tls-bytes-after-end tls-policies-missing" },
		{ "{" NAMES "\"x\":\"\xE9\"," RANGE "}", "tls-not-utf8 tls-policies-missing" },
		{ "\xEF\xBB\xBF{" NAMES RANGE "}", "tls-policies-missing" },
		{ "{\"date-range\":{\"start-datetime\":\"1970-01-01T00:00:01\","
		  "\"end-datetime\":\"1970-01-01T00:00:02.5Z\"}," NAMES "\"policies\":null}",
		    "tls-time-zone-missing tls-time-fraction tls-policies-missing" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		const char *got = parse(table[i].json);

		if (strcmp(got, table[i].rules) != 0)
			print_message("# row %zu\n", i);
		assert_string_equal(got, table[i].rules);
		assert_int_equal(
		    part.outcome, part.tls->npolicies > 0 ? OUTCOME_REPORT : OUTCOME_NULL_REPORT);
	}
	parse("{" NAMES "\"report-id\":\"b\"," RANGE "}");
	assert_str(part.tls->report_id, "b");
	parse("{" RANGE ",\"report-id\":5}");
	assert_str(part.tls->report_id, "5");
	parse(REPORT("{\"policy\":{\"policy-type\":\"new\"}}"));
	assert_int_equal(part.tls->policies->type, TLS_POLICY_UNKNOWN);
	assert_str(part.tls->policies->raw_type, "new");
	parse(DETAIL("\"receiving-ip\":\"mx\""));
	assert_int_equal(part.tls->policies->failures->receiving_ip.family, 0);
	assert_str(part.tls->policies->failures->raw_receiving_ip, "mx");
}

static void
test_none(void **state)
{
	static const struct {
		const char *json;
		enum outcome outcome;
		const char *reason;
	} table[] = {
		{ "{\"policies\":[]}", OUTCOME_NOT_A_REPORT, "the JSON is no TLS report" },
		{ "{" NAMES "\"policies\":[]}", OUTCOME_CORRUPT, "start-datetime is missing" },
		{ "{" NAMES "\"date-range\":7}", OUTCOME_CORRUPT, "start-datetime is missing" },
		{ "{" NAMES "\"date-range\":{\"start-datetime\":\"1970-01-01T00:00:01Z\"}}",
		    OUTCOME_CORRUPT, "end-datetime is missing" },
		{ "{" NAMES "\"date-range\":{\"start-datetime\":\"1970\"}}", OUTCOME_CORRUPT,
		    "start-datetime \"1970\" is no time" },
		{ "{" NAMES RANGE, OUTCOME_CORRUPT,
		    "not well-formed at line 1: '}' expected near end of file" },
		{ "{\"a\":\"\\u0000\"}", OUTCOME_CORRUPT,
		    "not well-formed at line 1: \\u0000 is not allowed without JSON_ALLOW_NUL "
		    "near '\"\\u0000\"'" },
	};
	const struct str wide[] = { STR("\xFF\xFE{\0"), STR("\xFE\xFF\0{"), STR("{\0\"\0"),
		STR("\0{\0\"") };

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		assert_string_equal(parse(table[i].json), table[i].reason);
		assert_int_equal(part.outcome, table[i].outcome);
	}
	for (size_t i = 0; i < COUNT(wide); i++) {
		parse_str(wide[i], "");
		assert_int_equal(part.outcome, OUTCOME_UNSUPPORTED);
	}
}

/* The mail knows better than the policies, and DANE's domains are those of hosts. */
static void
test_domain(void **state)
{
	const char *two =
	    REPORT("{\"policy\":{\"policy-type\":\"tlsa\",\"policy-domain\":\"mx.d\"}},"
		   "{\"policy\":{\"policy-type\":\"sts\",\"policy-domain\":\"d\"}}");
	const char *one =
	    REPORT("{\"policy\":{\"policy-type\":\"tlsa\",\"policy-domain\":\"mx.d\"}}");
	char longest[LIMIT_DOMAIN_BYTES + 2];

	(void)state;
	parse(two);
	assert_str(part.tls->domain, "d");
	parse(one);
	assert_str(part.tls->domain, "mx.d");
	parse_str(str_of(two), "E.Example.");
	assert_str(part.tls->domain, "e.example");
	memset(longest, 'a', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	parse_str(str_of(two), longest);
	assert_str(part.tls->domain, "d");
}

/* ${n} times ${unit} between ${before} and ${after}. */
static const char *
repeat(const char *before, const char *unit, unsigned n, const char *after)
{
	static struct buf b;

	if (b.max == 0)
		buf_init(&b, 64u << 20);
	buf_reset(&b);
	buf_puts(&b, str_of(before));
	for (unsigned i = 0; i < n; i++)
		buf_puts(&b, str_of(unit));
	buf_puts(&b, str_of(after));
	buf_put8(&b, 0);
	return b.p;
}

static void
test_limits(void **state)
{
	static const struct {
		const char *before, *unit;
		unsigned n;
		const char *after, *reason;
	} table[] = {
		{ "{" NAMES RANGE ",\"policies\":[", "{},", LIMIT_TLS_POLICIES, "{}]}",
		    "the report has more than 1000 policies; this limit is fixed" },
		{ "{" NAMES RANGE ",\"policies\":[{\"failure-details\":[", "{},",
		    LIMIT_TLS_FAILURES, "{}]}]}",
		    "a policy has more than 10000 failure-details; this limit is fixed" },
		{ "{" NAMES RANGE ",\"x\":[", "1,", LIMIT_JSON_VALUES, "1]}",
		    "the report has more than 300000 values; this limit is fixed" },
		{ "{" NAMES RANGE "}", " ", LIMIT_JSON_BYTES, "",
		    "the report has 16777372 bytes, more than 16 MB; this limit is fixed" },
		{ "{\"report-id\":\"", "x", LIMIT_NAME_BYTES + 1, "\"," RANGE "}",
		    "report-id is longer than 1024 bytes; this limit is fixed" },
		{ "{" NAMES RANGE ",\"x\":", "[", 3000, "",
		    "not well-formed at line 1: maximum parsing depth reached near '['" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++)
		assert_string_equal(
		    parse(repeat(table[i].before, table[i].unit, table[i].n, table[i].after)),
		    table[i].reason);
	/* All that fits the limit of texts. */
	assert_string_equal(parse(repeat("{" NAMES RANGE ",\"policies\":[{" POLICY "," SUMMARY
					 ",\"failure-details\":[{\"result-type\":\"x\","
					 "\"failed-session-count\":1}",
				",{\"result-type\":\"x\",\"failed-session-count\":1}",
				LIMIT_TLS_FAILURES - 1, "]}]}")),
	    "");
	assert_int_equal(part.tls->policies->nfailures, LIMIT_TLS_FAILURES);
	assert_string_equal(
	    parse(repeat("{" NAMES RANGE ",\"policies\":[{" SUMMARY ",\"policy\":{"
			 "\"policy-type\":\"sts\",\"policy-domain\":\"d\",\"mx-host\":[",
		"\"m\",", LIMIT_TLS_STRINGS, "\"m\"]}}]}")),
	    "tls-too-many-strings");
	assert_int_equal(part.tls->policies->nmx_hosts, LIMIT_TLS_STRINGS);
	assert_string_equal(parse(repeat("{\"contact-info\":\"", "x", LIMIT_NAME_BYTES + 1,
				"\"," RANGE ",\"report-id\":\"i\"}")),
	    "tls-organization-missing text-cut tls-policies-missing");
	assert_int_equal(part.tls->contact_info.n, LIMIT_NAME_BYTES);
	assert_string_equal(
	    parse(repeat("{" NAMES RANGE ",\"policies\":[{" SUMMARY
			 ",\"policy\":{\"policy-type\":\"sts\",\"policy-domain\":\"",
		"x", LIMIT_DOMAIN_BYTES + 1, "\"}}]}")),
	    "tls-domain-too-long tls-domain-missing");
}

static int
setup(void **state)
{
	(void)state;
	reader = tlsrpt_new();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	tlsrpt_free(reader);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_domain),
		cmocka_unit_test(test_limits),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
