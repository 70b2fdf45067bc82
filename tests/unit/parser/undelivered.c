/* What is an error report, and how it is told. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/limits.h"
#include "parser/undelivered.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define BEGIN "an error report (RFC 7489 7.2.2): "

static void
test_texts(void **state)
{
	static const struct {
		const char *text, *reason;
	} table[] = {
		{ "Report-Date: today\r\nReport-Domain: d.example\r\nReport-ID: 1@x\r\n"
		  "Report-Size: 99\r\nSubmitter: s.example\r\nSubmitting-URI: mailto:a@b\r\n",
		    BEGIN
		    "s.example's report about d.example of 99 bytes could not be delivered to "
		    "mailto:a@b" },
		{ "Hello,\n\nREPORT-DOMAIN:d\nSubmitting-URI: u\nReport-Size: 1\nReport-Size: 2",
		    BEGIN "report about d of 1 bytes could not be delivered to u" },
		{ "Report-Domain: d\nSubmitting-URI: u\nReport-ID: 1\n",
		    BEGIN "report about d could not be delivered to u" },
		{ "Report-Domain: d\xFF\nSubmitting-URI: u\nReport-ID: 1\n",
		    BEGIN "report about d\xEF\xBF\xBD could not be delivered to u" },
		{ "Report-Domain: d\nSubmitting-URI: u\n", "" },
		{ "Report-Domain: d\nReport-Size: 1\n", "" },
		{ "Report-Domain:\nSubmitting-URI: u\nReport-Size: 1\n", "" },
		{ "> Report-Domain: d\n> Submitting-URI: u\n> Report-Size: 1\n", "" },
		{ "", "" },
	};
	struct buf reason;

	(void)state;
	buf_init(&reason, (size_t)8 * LIMIT_REASON_BYTES);
	for (size_t i = 0; i < COUNT(table); i++) {
		bool is;

		buf_reset(&reason);
		is = undelivered_parse(str_of(table[i].text), &reason);
		assert_true(is == (table[i].reason[0] != '\0'));
		assert_true(str_eq(buf_str(&reason), str_of(table[i].reason)));
	}
	buf_fini(&reason);
}

/* Whatever it says fits a buf of eight reasons. */
static void
test_long(void **state)
{
	struct buf text, reason;

	(void)state;
	buf_init(&text, 1u << 20);
	buf_init(&reason, (size_t)8 * LIMIT_REASON_BYTES);
	for (size_t i = 0; i < 5; i++) {
		static const char *const names[] = { "Report-Domain", "Report-ID", "Report-Size",
			"Submitter", "Submitting-URI" };

		buf_printf(&text, "%s:", names[i]);
		for (size_t n = 0; n < 10000; n++)
			buf_put8(&text, 0xFF);
		buf_put8(&text, '\n');
	}
	assert_true(undelivered_parse(buf_str(&text), &reason));
	assert_false(reason.over);
	assert_int_equal(str_utf8(buf_str(&reason)), reason.n);
	buf_fini(&text);
	buf_fini(&reason);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_long),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
