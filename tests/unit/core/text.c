#include "core/text.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

static void
check(void (*print)(struct buf *, struct str), struct str in, struct str expected)
{
	struct buf b;

	buf_init(&b, 1000);
	print(&b, in);
	if (!str_eq(buf_str(&b), expected))
		fail_msg("expected <%.*s>, got <%.*s>", STR_ARG(expected), STR_ARG(buf_str(&b)));
	buf_fini(&b);
}

static void
terminal(void **state)
{
	const struct {
		struct str in, out;
	} cases[] = {
		{ { NULL, 0 }, STR("") },
		{ STR("plain ~ text"), STR("plain ~ text") },
		{ STR("\x1B[2J"), STR("\\x1b[2J") },
		{ STR("a\nb\r\tc"), STR("a\\x0ab\\x0d\\x09c") },
		{ STR("\0\x7F"), STR("\\x00\\x7f") },
		{ STR("\xC2\x9B"
		      "31m"),
		    STR("\\u{009b}31m") },
		{ STR("\xC2\xA0"), STR("\xC2\xA0") },
		{ STR("gr\xC3\xBC\xC3\x9F dich"), STR("gr\xC3\xBC\xC3\x9F dich") },
		{ STR("\xE2\x80\xAEmoc.elpmaxe"), STR("\\u{202e}moc.elpmaxe") },
		{ STR("\xE2\x81\xA6x\xE2\x81\xA9"), STR("\\u{2066}x\\u{2069}") },
		{ STR("\xD8\x9C\xE2\x80\x8F\xEF\xBB\xBF"), STR("\\u{061c}\\u{200f}\\u{feff}") },
		{ STR("\xE2\x82\xAC\xF0\x9F\x93\xA7"), STR("\xE2\x82\xAC\xF0\x9F\x93\xA7") },
		{ STR("\xFF\x80"), STR("\\xff\\x80") },
		/* A stray byte behind a character is not the character's. */
		{ STR("a\x80"
		      "b"),
		    STR("a\\x80b") },
		{ STR("\xC3\xA4\x80"), STR("\xC3\xA4\\x80") },
		{ STR("\xC3"), STR("\\xc3") },
		{ STR("\xE2\x82"
		      "a"),
		    STR("\\xe2\\x82a") },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check(text_terminal, cases[i].in, cases[i].out);
}

static void
json(void **state)
{
	const struct {
		struct str in, out;
	} cases[] = {
		{ { NULL, 0 }, STR("\"\"") },
		{ STR("a/b"), STR("\"a/b\"") },
		{ STR("\"\\"), STR("\"\\\"\\\\\"") },
		{ STR("\n\x1F\x7F"), STR("\"\\u000a\\u001f\\u007f\"") },
		{ STR("a\0b"), STR("\"a\\u0000b\"") },
		{ STR("\xC3\xA4\xE2\x82\xAC"), STR("\"\xC3\xA4\xE2\x82\xAC\"") },
		{ STR("a\xFF"
		      "b"),
		    STR("\"a\xEF\xBF\xBD"
			"b\"") },
		{ STR("a\x80"), STR("\"a\xEF\xBF\xBD\"") },
		{ STR("\xED\xA0\x80"), STR("\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"") },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check(text_json, cases[i].in, cases[i].out);
	check(text_json_or_null, STR(""), STR("null"));
	check(text_json_or_null, STR("null"), STR("\"null\""));
}

static void
csv(void **state)
{
	const struct {
		struct str in, out;
	} cases[] = {
		{ { NULL, 0 }, STR("") },
		{ STR("plain"), STR("plain") },
		{ STR("two words"), STR("two words") },
		{ STR("a,b"), STR("\"a,b\"") },
		{ STR("say \"x\""), STR("\"say \"\"x\"\"\"") },
		{ STR("a\nb"), STR("\"a\nb\"") },
		{ STR("a\rb"), STR("\"a\rb\"") },
		{ STR("=1+1"), STR("\"'=1+1\"") },
		{ STR("+1"), STR("\"'+1\"") },
		{ STR("-x"), STR("\"'-x\"") },
		{ STR("-"), STR("\"'-\"") },
		{ STR("-12.5"), STR("-12.5") },
		{ STR("@SUM(A1)"), STR("\"'@SUM(A1)\"") },
		{ STR("\tx"), STR("\"'\tx\"") },
		{ STR("\rx"), STR("\"'\rx\"") },
		{ STR("\nx"), STR("\"'\nx\"") },
		{ STR("\xEF\xBC\x9D"
		      "1+1"),
		    STR("\"'\xEF\xBC\x9D"
			"1+1\"") },
		{ STR("\xEF\xBC\x8B"
		      "1"),
		    STR("\"'\xEF\xBC\x8B"
			"1\"") },
		{ STR("\xEF\xBC\x9E"
		      "1"),
		    STR("\xEF\xBC\x9E"
			"1") },
		{ STR("=\"a\",b"), STR("\"'=\"\"a\"\",b\"") },
		{ STR("a=b"), STR("a=b") },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check(text_csv, cases[i].in, cases[i].out);
}

static void
utf8(void **state)
{
	const struct {
		struct str in, out;
	} cases[] = {
		{ { NULL, 0 }, STR("") },
		{ STR("\xC3\xA4"), STR("\xC3\xA4") },
		{ STR("a\0b\xFF"),
		    STR("a\xEF\xBF\xBD"
			"b\xEF\xBF\xBD") },
		{ STR("\xE2\x82"), STR("\xEF\xBF\xBD\xEF\xBF\xBD") },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check(text_utf8, cases[i].in, cases[i].out);
}

/* Whatever bytes come, what goes out is UTF-8, and free of controls where that was promised. */
static void
any_two_bytes_come_out_clean(void **state)
{
	void (*const printers[])(
	    struct buf *, struct str) = { text_terminal, text_json, text_utf8 };

	(void)state;
	for (unsigned v = 0; v < 0x10000; v++) {
		char in[3] = { (char)(v >> 8), (char)v, 'z' };

		for (size_t i = 0; i < 3; i++) {
			struct buf b;
			struct str out;

			buf_init(&b, 100);
			printers[i](&b, (struct str){ in, 3 });
			out = buf_str(&b);
			assert_int_equal(str_utf8(out), out.n);
			assert_non_null(str_find(out, STR("z")));
			for (size_t j = 0; i < 2 && j < out.n; j++)
				assert_true((unsigned char)out.p[j] >= 0x20 && out.p[j] != 0x7F);
			buf_fini(&b);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(terminal),
		cmocka_unit_test(json),
		cmocka_unit_test(csv),
		cmocka_unit_test(utf8),
		cmocka_unit_test(any_two_bytes_come_out_clean),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
