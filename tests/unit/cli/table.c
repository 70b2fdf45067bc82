#include "cli/table.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

static const struct column columns[] = {
	{ "domain", COLUMN_TEXT },
	{ "messages", COLUMN_NUMBER },
	{ "dkim_percent", COLUMN_NUMBER },
	{ "counted", COLUMN_BOOLEAN },
	{ "last_day", COLUMN_TEXT },
};

#define N (sizeof(columns) / sizeof(columns[0]))

static char *
printed(enum output output, size_t width, const struct column *cols, size_t n,
    const char *const *rows, size_t nrows)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	struct table *t = table_new(f, output, width, cols, n);

	for (size_t i = 0; i < nrows; i++)
		table_row(t, rows + i * n);
	table_end(t);
	fclose(f);
	return text;
}

static void
expect(enum output output, const char *const *rows, size_t nrows, const char *expected)
{
	char *text = printed(output, 0, columns, N, rows, nrows);

	assert_string_equal(text, expected);
	free(text);
}

static const char *const two_rows[] = {
	"example.org",
	"12",
	"97.5",
	"true",
	"2026-11-20",
	"b\xC3\xBC"
	"cher.example",
	"1048576",
	NULL,
	"false",
	NULL,
};

static void
json(void **state)
{
	(void)state;
	expect(OUTPUT_JSON, two_rows, 2,
	    "{\"domain\":\"example.org\",\"messages\":12,\"dkim_percent\":97.5,\"counted\":true,"
	    "\"last_day\":\"2026-11-20\"}\n"
	    "{\"domain\":\"b\xC3\xBC"
	    "cher.example\",\"messages\":1048576,\"dkim_percent\":null,"
	    "\"counted\":false,\"last_day\":null}\n");
	expect(OUTPUT_JSON, NULL, 0, "");
}

static void
json_escapes(void **state)
{
	const char *const row[] = { "a\"b\\\n\x1B[2J\xFF", "0", "0.0", "true", "" };

	(void)state;
	expect(OUTPUT_JSON, row, 1,
	    "{\"domain\":\"a\\\"b\\\\\\u000a\\u001b[2J\xEF\xBF\xBD\",\"messages\":0,"
	    "\"dkim_percent\":0.0,\"counted\":true,\"last_day\":\"\"}\n");
}

static void
csv(void **state)
{
	const char *const row[] = { "=1+1,\"x\"", "-3", NULL, "true", "two\nlines" };

	(void)state;
	expect(OUTPUT_CSV, two_rows, 2,
	    "domain,messages,dkim_percent,counted,last_day\r\n"
	    "example.org,12,97.5,true,2026-11-20\r\n"
	    "b\xC3\xBC"
	    "cher.example,1048576,,false,\r\n");
	expect(OUTPUT_CSV, NULL, 0, "domain,messages,dkim_percent,counted,last_day\r\n");
	expect(OUTPUT_CSV, row, 1,
	    "domain,messages,dkim_percent,counted,last_day\r\n"
	    "\"'=1+1,\"\"x\"\"\",-3,,true,\"two\nlines\"\r\n");
}

/* Numbers stand right, and what is not ASCII is as wide as it looks. */
static void
shown(void **state)
{
	(void)state;
	expect(OUTPUT_TABLE, two_rows, 2,
	    "domain         messages DKIM % counted last day\n"
	    "example.org          12   97.5 true    2026-11-20\n"
	    "b\xC3\xBC"
	    "cher.example  1048576        false   \n");
}

static void
shown_without_control(void **state)
{
	const char *const row[] = { "\x1B]0;x\x07\xE2\x80\xAE\\x41", "1", "1.0", "true", "a\nb" };
	char *text = printed(OUTPUT_TABLE, 0, columns, N, row, 1);

	(void)state;
	assert_non_null(strstr(text, "\n\\x1b]0;x\\x07\\u{202e}\\x41 "));
	assert_non_null(strstr(text, " a\\x0ab\n"));
	assert_null(strchr(text, '\x1B'));
	free(text);
}

static size_t
longest_line(const char *text)
{
	size_t most = 0, n;

	for (; *text != '\0'; text += n + (text[n] == '\n')) {
		n = strcspn(text, "\n");
		most = n > most ? n : most;
	}
	return most;
}

/* A long text is broken to fit, but not where too little of the line would be left for it. */
static void
fits_the_terminal(void **state)
{
	const struct {
		size_t width, longest;
	} cases[] = { { 0, 106 }, { 200, 106 }, { 106, 106 }, { 80, 80 }, { 40, 40 }, { 20, 106 } };
	const struct column two[] = { { "id", COLUMN_NUMBER }, { "reason", COLUMN_TEXT } };
	char reason[101];
	const char *row[] = { "12345", reason };

	(void)state;
	memset(reason, 'x', 100);
	reason[100] = '\0';
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text = printed(OUTPUT_TABLE, cases[i].width, two, 2, row, 1);
		size_t x = 0;

		if (longest_line(text) != cases[i].longest)
			fail_msg("%zu wide: the longest line has %zu", cases[i].width,
			    longest_line(text));
		for (const char *p = text; *p != '\0'; p++)
			x += *p == 'x';
		assert_int_equal(x, 100);
		free(text);
	}
}

static void
values(void **state)
{
	const struct {
		enum column_type type;
		const char *value, *json;
	} cases[] = {
		{ COLUMN_TEXT, NULL, "null" },
		{ COLUMN_TEXT, "", "\"\"" },
		{ COLUMN_TEXT, "12", "\"12\"" },
		{ COLUMN_NUMBER, NULL, "null" },
		{ COLUMN_NUMBER, "-12.50", "-12.50" },
		{ COLUMN_BOOLEAN, "false", "false" },
	};
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf_reset(&b);
		table_json(&b, cases[i].type, cases[i].value);
		assert_true(str_eq(buf_str(&b), str_of(cases[i].json)));
	}
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json),
		cmocka_unit_test(json_escapes),
		cmocka_unit_test(csv),
		cmocka_unit_test(shown),
		cmocka_unit_test(shown_without_control),
		cmocka_unit_test(fits_the_terminal),
		cmocka_unit_test(values),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
