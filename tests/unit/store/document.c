#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/document.h"

/* The document of a part. */
static void
is(const struct part *part, void (*put)(struct buf *out, const struct claim *c), const char *want)
{
	struct intake in = { .intake_id = 3, .read_at = 4 };
	struct intake_part p = { .part = *part,
		.identity = { .domain_id = -1, .reporter_id = 2, .day = -5 } };
	struct claim c = { &in, &p, FATE_REVISION };
	struct buf out;

	buf_init(&out, 1 << 20);
	put(&out, &c);
	buf_put8(&out, '\0');
	assert_string_equal(out.p, want);
	buf_fini(&out);
}

#define HEAD                                                                                \
	"{\"domain_id\":-1,\"day\":-5,\"report_key\":\"00000000000000000000000000000000\"," \
	"\"reporter_id\":2,\"intake_id\":3,\"imported_at\":4,"

/* What is not said is left out; what a stranger wrote stays inside its quotes. */
static void
test_failure(void **state)
{
	struct quirk quirk = { STR("rule"), STR("") };
	struct failure f = { .arrived = -1,
		.subject = STR("\"},{\x1b\n"),
		.source_ip = { .family = 6, .b = { 0x20, 1, 0xd, 0xb8, [15] = 1 } },
		.delivery_result = DELIVERY_OTHER,
		.has_incidents = true,
		.incidents = 1ull << 40,
		.quirks = &quirk,
		.nquirks = 1 };
	struct part part = { .failure = &f };

	(void)state;
	is(&part, document_failure,
	    HEAD "\"arrived_at\":-1,\"delivery_result\":\"other\",\"source_ip\":\"2001:db8::1\","
		 "\"incidents\":1099511627776,\"subject\":\"\\\"},{\\u001b\\u000a\","
		 "\"quirks\":[{\"rule\":\"rule\"}]}");
}

static void
test_tls(void **state)
{
	struct tls_failure failures[] = { { .result_type = STR("a") },
		{ .has_sessions = true, .sessions = 1 } };
	struct str hosts[] = { STR("mx1"), STR("\"") };
	struct tls_policy policies[] = { { .type = TLS_POLICY_NO_POLICY_FOUND,
					     .has_successful = true,
					     .successful = 5,
					     .failures = failures,
					     .nfailures = 2 },
		{ .raw_type = STR("odd"),
		    .mx_hosts = hosts,
		    .nmx_hosts = 2,
		    .has_failed = true,
		    .failed = 6 } };
	struct tls_report t = { .begin = 1, .end = 2, .policies = policies, .npolicies = 2 };
	struct part part = { .tls = &t };

	(void)state;
	is(&part, document_tls,
	    HEAD "\"identity_key\":\"00000000000000000000000000000000\",\"days\":0,"
		 "\"counted\":false,\"begin_at\":1,\"end_at\":2,\"successful_sessions\":5,"
		 "\"failed_sessions\":6,\"content_hash\":\""
		 "0000000000000000000000000000000000000000000000000000000000000000\","
		 "\"quirks\":[],\"policies\":[{\"n\":1,\"policy_type\":\"no-policy-found\","
		 "\"policy_strings\":[],\"mx_hosts\":[],\"successful_sessions\":5,"
		 "\"failures\":[{\"n\":1,\"result_type\":\"a\"},{\"n\":2,\"failed_sessions\":1}],"
		 "\"detailed_sessions\":1},"
		 "{\"n\":2,\"raw_policy_type\":\"odd\",\"policy_strings\":[],"
		 "\"mx_hosts\":[\"mx1\",\"\\\"\"],\"failed_sessions\":6,\"failures\":[],"
		 "\"detailed_sessions\":0}]}");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_failure),
		cmocka_unit_test(test_tls),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
