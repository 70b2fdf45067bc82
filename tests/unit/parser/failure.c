/* What is read from the parts of a failure report. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/buf.h"
#include "core/limits.h"
#include "parser/failure.h"
#include "parser/feedback.h"
#include "parser/labels.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

#define HEADER "From: DMARC <d@Reporter.example>\nDate: 1 Jan 1970 00:00:09 GMT\n"
#define FIELDS                                                           \
	"Feedback-Type: auth-failure\nVersion: 1\nAuth-Failure: dmarc\n" \
	"Reported-Domain: D.Example.\nArrival-Date: 1 Jan 1970 00:00:05 GMT\n"
#define SAMPLE "From: a@f.example\nSubject: s\nMessage-ID: <1@f>\n\nbody\n"
#define PLAIN                                                                             \
	"Failed.\r\n\r\n  Sender Domain: d.example\r\n  Sender IP Address: 192.0.2.1\r\n" \
	"  Received Date: 1 Jan 1970 00:00:05 GMT\r\n  SPF Alignment: no\r\n"             \
	"  DMARC Results: None, Accept\r\n\r\n"

static struct failure_reader *reader;
static struct part part;

/* The rules that were applied, with blanks between; or the reason there is no report. */
static const char *
parse_source(const struct failure_source *s)
{
	static struct buf b;

	if (b.max == 0)
		buf_init(&b, 1u << 20);
	buf_reset(&b);
	part = (struct part){ 0 };
	failure_parse(reader, s, &part);
	assert_int_equal(part.failure != NULL, part.outcome == OUTCOME_REPORT);
	if (part.failure == NULL)
		buf_puts(&b, part.reason);
	for (size_t i = 0; part.failure != NULL && i < part.failure->nquirks; i++)
		buf_printf(&b, "%s%.*s", i > 0 ? " " : "", STR_ARG(part.failure->quirks[i].rule));
	buf_put8(&b, 0);
	return b.p;
}

static const char *
parse(const char *fields, const char *sample)
{
	const struct failure_source s = {
		.header = STR(HEADER), .fields = str_of(fields), .sample = str_of(sample)
	};

	return parse_source(&s);
}

#define assert_str(got, want) assert_true(str_eq((got), STR(want)))

static void
test_values(void **state)
{
	const struct failure *f;

	(void)state;
	assert_string_equal(parse(FIELDS "user-agent: ua\nOriginal-Mail-From:  <m@x>\n"
					 "Original-Envelope-Id: e\nReporting-MTA: dns; mx\n"
					 "Original-Rcpt-To: r1\nORIGINAL-RCPT-TO: r2\n"
					 "Authentication-Results: mx;\r\n\tdmarc=fail\r\n"
					 "Identity-Alignment: dkim,\n spf\nReported-URI: u\n"
					 "SPF-DNS: one\nSPF-DNS: two\nSource-IP: 2001:db8::1\n"
					 "Source-Port: 65535\nIncidents: 7\nDelivery-Result: Spam\n"
					 "DKIM-Domain: dd\nDKIM-Identity: di\nDKIM-Selector: ds\n"
					 "X-Unknown: x\n\n",
				SAMPLE),
	    "");
	f = part.failure;
	assert_int_equal(part.kind, KIND_FAILURE);
	assert_str(f->domain, "d.example");
	assert_str(f->reporter, "reporter.example");
	assert_str(f->user_agent, "ua");
	assert_str(f->version, "1");
	assert_str(f->auth_failure, "dmarc");
	assert_str(f->identity_alignment, "dkim, spf");
	assert_str(f->reporting_mta, "dns; mx");
	assert_str(f->original_mail_from, "<m@x>");
	assert_str(f->original_envelope_id, "e");
	assert_str(f->original_rcpt_to, "r1\nr2");
	assert_str(f->authentication_results, "mx; dmarc=fail");
	assert_str(f->reported_uri, "u");
	assert_str(f->spf_dns, "one\ntwo");
	assert_str(f->dkim_domain, "dd");
	assert_str(f->dkim_identity, "di");
	assert_str(f->dkim_selector, "ds");
	assert_int_equal(f->delivery_result, DELIVERY_SPAM);
	assert_int_equal(f->source_ip.family, 6);
	assert_int_equal(f->raw_source_ip.n + f->raw_delivery_result.n, 0);
	assert_true(f->has_source_port && f->has_incidents);
	assert_int_equal(f->source_port, 65535);
	assert_int_equal(f->incidents, 7);
	assert_int_equal(f->arrived, 5);
	assert_str(f->from_field, "a@f.example");
	assert_str(f->subject, "s");
	assert_str(f->message_id, "<1@f>");
	assert_str(f->header, "From: a@f.example\nSubject: s\nMessage-ID: <1@f>\n");
	assert_str(f->body, "body\n");
}

static void
test_rules(void **state)
{
	static const struct {
		const char *fields, *sample, *rules;
	} table[] = {
		{ FIELDS, SAMPLE, "" },
		{ FIELDS, "", "failure-sample-missing" },
		{ FIELDS "Version: 2\n", SAMPLE, "failure-field-twice" },
		{ FIELDS "Reported-Domain: e\n", SAMPLE, "failure-field-twice" },
		{ FIELDS "gibberish\n", SAMPLE, "failure-line-unreadable" },
		{ FIELDS "Source-IP: 192.0.2.1 (mx)\n", SAMPLE, "failure-source-ip-text" },
		{ FIELDS "Source-IP: 192.0.2.1; mx\n", SAMPLE, "failure-source-ip-text" },
		{ FIELDS "Source-IP: [IPv6:::1]\n", SAMPLE, "failure-source-ip-text" },
		{ FIELDS "Source-IP: mx\n", SAMPLE, "failure-source-ip-unreadable" },
		{ FIELDS "Source-IP:\n", SAMPLE, "" },
		{ FIELDS "Source-Port: 65536\n", SAMPLE, "failure-source-port-unreadable" },
		{ FIELDS "Incidents: -1\n", SAMPLE, "failure-incidents-unreadable" },
		{ FIELDS "Delivery-Result: smg-policy-action\n", SAMPLE,
		    "failure-unknown-delivery-result" },
		{ "Feedback-Type: auth-failure\n", SAMPLE,
		    "failure-version-missing failure-auth-failure-missing failure-domain-missing "
		    "failure-date-missing" },
		{ "Auth-Failure: spf\nVersion: 1\nReported-Domain: d\nArrival-Date: soon\n", SAMPLE,
		    "failure-type-missing failure-date-unreadable" },
		{ "Feedback-Type: abuse\n", SAMPLE, "an abuse report (ARF)" },
		{ "Feedback-Type: not-spam\nAuth-Failure: dmarc\n", SAMPLE,
		    "a not-spam report (ARF)" },
		{ "Feedback-Type: x\n", SAMPLE, "a feedback report (ARF) about something else" },
		{ "Version: 1\n", SAMPLE, "a feedback report (ARF) about something else" },
		{ "", SAMPLE, "the failure report lacks its message/feedback-report" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		const char *got = parse(table[i].fields, table[i].sample);

		if (strcmp(got, table[i].rules) != 0)
			print_message("# row %zu\n", i);
		assert_string_equal(got, table[i].rules);
	}
	parse(FIELDS "Source-IP: 192.0.2.1 (mx)\nDelivery-Result: odd\n", SAMPLE);
	assert_int_equal(part.failure->source_ip.family, 4);
	assert_str(part.failure->raw_source_ip, "192.0.2.1 (mx)");
	assert_int_equal(part.failure->delivery_result, DELIVERY_OTHER);
	assert_str(part.failure->raw_delivery_result, "odd");
	parse("Feedback-Type: abuse\n", SAMPLE);
	assert_int_equal(part.outcome, OUTCOME_NOT_A_REPORT);
	assert_int_equal(part.kind, KIND_UNKNOWN);
}

/* Where the domain and the date come from when the fields lack them. */
static void
test_fallbacks(void **state)
{
	struct failure_source s = { .fields = STR("Feedback-Type: auth-failure\n") };

	(void)state;
	parse("Feedback-Type: auth-failure\nDKIM-Domain: Dkim.example\n", SAMPLE);
	assert_str(part.failure->domain, "f.example");
	assert_int_equal(part.failure->arrived, 9);
	parse("Feedback-Type: auth-failure\nDKIM-Domain: Dkim.example\n", "Subject: s\n");
	assert_str(part.failure->domain, "dkim.example");
	parse("Feedback-Type: auth-failure\nReceived-Date: 1 Jan 1970 00:00:06 GMT\n", SAMPLE);
	assert_int_equal(part.failure->arrived, 6);
	assert_string_equal(parse_source(&s), "neither the failure report nor its mail has a date");
	assert_int_equal(part.outcome, OUTCOME_CORRUPT);
}

static void
test_shape(void **state)
{
	const struct failure_source s = {
		.header = STR(HEADER),
		.fields = STR(FIELDS),
		.sample = STR(SAMPLE),
		.encoded = true,
		.odd_type = true,
		.odd_outer = true,
		.blank_lines = true,
	};

	(void)state;
	assert_string_equal(parse_source(&s),
	    "failure-blank-lines failure-encoded failure-outer-type failure-sample-type");
}

static void
test_plain(void **state)
{
	static const char *const none[] = { "", "Sender Domain: d\n",
		"Sender Domain: d\nSender IP Address: i\n",
		"------\nSender Domain: d\nSender IP Address: i\nSPF Alignment: no\n" };
	struct failure_source s = {
		.header = STR(HEADER),
		.fields =
		    STR(PLAIN "------ This is a copy of the headers that were received before\r\n"
			      "       the error was detected.\r\n\r\n" SAMPLE),
		.plain = true,
	};

	(void)state;
	for (size_t i = 0; i < COUNT(none); i++)
		assert_false(labels_are_failure(str_of(none[i])));
	assert_true(labels_are_failure(s.fields));
	assert_string_equal(parse_source(&s), "failure-plain-text");
	assert_str(part.failure->domain, "d.example");
	assert_int_equal(part.failure->arrived, 5);
	assert_int_equal(part.failure->source_ip.family, 4);
	assert_str(
	    part.failure->authentication_results, "SPF Alignment: no\nDMARC Results: None, Accept");
	assert_str(part.failure->subject, "s");
	s.fields = STR(PLAIN);
	assert_string_equal(parse_source(&s), "failure-plain-text failure-sample-missing");
}

static void
test_blank_lines(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	assert_false(feedback_undo_blank_lines(STR("a: feedback-report\n\nb"), &b));
	assert_false(feedback_undo_blank_lines(STR("a: b\n \nc"), &b));
	assert_false(feedback_undo_blank_lines(STR("a: feedback-report\n c\n"), &b));
	assert_true(feedback_undo_blank_lines(STR("a: feedback-report\n c\n \t\r\nb\n \n"), &b));
	assert_str(buf_str(&b), "a: feedback-report\n c\n\nb\n\n");
	buf_fini(&b);
}

/* ${n} times ${unit} behind ${before}; NUL-terminated. */
static const char *
repeat(const char *before, const char *unit, unsigned n, const char *after)
{
	static struct buf b;

	if (b.max == 0)
		buf_init(&b, 8u << 20);
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
	(void)state;
	/* The block is cut, but what stands behind the cut is found. */
	assert_string_equal(
	    parse(FIELDS, repeat("", "X: \xFF\n", LIMIT_SAMPLE_HEADER, SAMPLE)), "text-cut");
	assert_in_range(part.failure->header.n, LIMIT_SAMPLE_HEADER - 4, LIMIT_SAMPLE_HEADER);
	assert_str(part.failure->subject, "s");
	assert_string_equal(
	    parse(FIELDS, repeat("a: b\n\n", "\xC3\xA9", LIMIT_SAMPLE_BODY, "")), "");
	assert_in_range(part.failure->body.n, LIMIT_SAMPLE_BODY - 4, LIMIT_SAMPLE_BODY);
	assert_int_equal(str_utf8(part.failure->body), part.failure->body.n);
	assert_string_equal(
	    parse(repeat(FIELDS "User-Agent: ", "\xE9", LIMIT_COMMENT_BYTES + 1, "\n"), SAMPLE),
	    "text-cut");
	assert_in_range(part.failure->user_agent.n, LIMIT_COMMENT_BYTES - 3, LIMIT_COMMENT_BYTES);
	assert_string_equal(
	    parse(repeat(FIELDS, "Original-Rcpt-To: somebody@example.com\n", 100000, ""), SAMPLE),
	    "text-cut");
	assert_in_range(part.failure->original_rcpt_to.n, 4000, LIMIT_COMMENT_BYTES);
}

static int
setup(void **state)
{
	(void)state;
	reader = failure_new();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	failure_free(reader);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_fallbacks),
		cmocka_unit_test(test_shape),
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_blank_lines),
		cmocka_unit_test(test_limits),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
