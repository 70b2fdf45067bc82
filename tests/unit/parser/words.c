/* The words of the RFCs, and the others that mean one of them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/report.h"
#include "parser/words.h"

static void
test_words(void **state)
{
	static const struct {
		enum words which;
		const char *said;
		unsigned means;
		enum word_is is;
	} table[] = {
		{ WORDS_DKIM, "pass", RESULT_PASS, WORD_PLAIN },
		{ WORDS_DKIM, "Pass", RESULT_PASS, WORD_OF_OTHER_CASE },
		{ WORDS_DKIM, "softfail", RESULT_FAIL, WORD_SYNONYM },
		{ WORDS_DKIM, "HardFail", RESULT_FAIL, WORD_SYNONYM },
		{ WORDS_DKIM, "permfail", RESULT_PERMERROR, WORD_SYNONYM },
		{ WORDS_DKIM, "tempfail", RESULT_TEMPERROR, WORD_SYNONYM },
		{ WORDS_DKIM, "invalid", RESULT_PERMERROR, WORD_SYNONYM },
		{ WORDS_DKIM, "nxdomain", RESULT_PERMERROR, WORD_SYNONYM },
		{ WORDS_DKIM, "signed", RESULT_NEUTRAL, WORD_SYNONYM },
		{ WORDS_DKIM, "discard", RESULT_NEUTRAL, WORD_SYNONYM },
		{ WORDS_DKIM, "unknown", RESULT_NEUTRAL, WORD_SYNONYM },
		{ WORDS_DKIM, "policy", RESULT_POLICY, WORD_PLAIN },
		{ WORDS_DKIM, "error", RESULT_UNKNOWN, WORD_UNKNOWN },
		{ WORDS_DKIM, "", RESULT_UNKNOWN, WORD_UNKNOWN },
		{ WORDS_SPF, "softfail", RESULT_SOFTFAIL, WORD_PLAIN },
		{ WORDS_SPF, "policy", RESULT_POLICY, WORD_PLAIN },
		{ WORDS_SPF, "unknown", RESULT_TEMPERROR, WORD_SYNONYM },
		{ WORDS_SPF, "error", RESULT_PERMERROR, WORD_SYNONYM },
		{ WORDS_SPF, "hardfail", RESULT_FAIL, WORD_SYNONYM },
		{ WORDS_SPF, "permfail", RESULT_PERMERROR, WORD_SYNONYM },
		{ WORDS_SPF, "tempfail", RESULT_TEMPERROR, WORD_SYNONYM },
		{ WORDS_SPF, "invalid", RESULT_PERMERROR, WORD_SYNONYM },
		{ WORDS_SPF, "nxdomain", RESULT_PERMERROR, WORD_SYNONYM },
		{ WORDS_SPF, "signed", RESULT_NEUTRAL, WORD_SYNONYM },
		{ WORDS_SPF, "discard", RESULT_NEUTRAL, WORD_SYNONYM },
		{ WORDS_SPF, "whim", RESULT_UNKNOWN, WORD_UNKNOWN },
		{ WORDS_SCOPE, "mfrom", SCOPE_MFROM, WORD_PLAIN },
		{ WORDS_SCOPE, "MAILFROM", SCOPE_MFROM, WORD_SYNONYM },
		{ WORDS_SCOPE, "ehlo", SCOPE_HELO, WORD_SYNONYM },
		{ WORDS_DISPOSITION, "None", DISPOSITION_NONE, WORD_OF_OTHER_CASE },
		{ WORDS_DISPOSITION, "pass", DISPOSITION_PASS, WORD_PLAIN },
		{ WORDS_DISPOSITION, "softfail", DISPOSITION_NONE, WORD_SYNONYM },
		{ WORDS_DISPOSITION, "unknown", DISPOSITION_UNKNOWN, WORD_UNKNOWN },
		{ WORDS_VERDICT, "FAIL", VERDICT_FAIL, WORD_OF_OTHER_CASE },
		{ WORDS_VERDICT, "hardfail", VERDICT_FAIL, WORD_SYNONYM },
		{ WORDS_VERDICT, "none", VERDICT_UNKNOWN, WORD_UNKNOWN },
		{ WORDS_VERDICT, "softfail", VERDICT_UNKNOWN, WORD_UNKNOWN },
		{ WORDS_ACTION, "reject", ACTION_REJECT, WORD_PLAIN },
		{ WORDS_ACTION, "unknown", ACTION_UNKNOWN, WORD_UNKNOWN },
		{ WORDS_ALIGNMENT, "S", ALIGNMENT_STRICT, WORD_OF_OTHER_CASE },
		{ WORDS_DISCOVERY, "treewalk", DISCOVERY_TREEWALK, WORD_PLAIN },
		{ WORDS_REASON, "policy_test_mode", REASON_POLICY_TEST_MODE, WORD_PLAIN },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		enum word_is is;

		assert_int_equal(
		    words_find(table[i].which, str_of(table[i].said), &is), table[i].means);
		assert_int_equal(is, table[i].is);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_words) };

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
