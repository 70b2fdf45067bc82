#include "dashboard/json.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/instrument.h"

static const char *const names[] = { "name", "password" };

/* Values that were read, or NULLs and ${complaint} where they must not be. */
struct reading {
	struct str text;
	struct str name, password;
	const char *complaint; /* a part of it */
};

static void
check_readings(const struct reading *r, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct arena *a = arena_new(10000);
		struct str values[2];
		struct err e = { 0 };
		int rc = json_strings(a, r[i].text, names, 2, values, &e);

		if (rc != (r[i].complaint != NULL ? -1 : 0))
			fail_msg("%.*s: %d %s", STR_ARG(r[i].text), rc, e.text);
		if (rc < 0 && (e.kind != ERR_MESSAGE || strstr(e.text, r[i].complaint) == NULL))
			fail_msg("%.*s: \"%s\"", STR_ARG(r[i].text), e.text);
		if (rc == 0 && (!str_eq(values[0], r[i].name) || !str_eq(values[1], r[i].password)))
			fail_msg("%.*s: <%.*s> <%.*s>", STR_ARG(r[i].text), STR_ARG(values[0]),
			    STR_ARG(values[1]));
		/* They are C strings too. */
		for (size_t k = 0; rc == 0 && k < 2; k++)
			assert_int_equal(
			    values[k].p != NULL ? strlen(values[k].p) : 0, values[k].n);
		arena_free(a);
	}
}

static void
strings(void **state)
{
	const struct reading r[] = {
		{ STR("{}"), STR(""), STR(""), NULL },
		{ STR(" \r\n\t{ } \n"), STR(""), STR(""), NULL },
		{ STR("{\"name\":\"ann\",\"password\":\"x y\"}"), STR("ann"), STR("x y"), NULL },
		{ STR("{\"password\":\"p\",\"name\":\"n\"}"), STR("n"), STR("p"), NULL },
		{ STR("{\"password\":\"\"}"), STR(""), STR(""), NULL },
		{ STR("{\"name\":\"\\\"\\\\\\/\\b\\n\\u00e4\\ud83d\\ude00\\u202e\"}"),
		    STR("\"\\/\b\n\xC3\xA4\xF0\x9F\x98\x80\xE2\x80\xAE"), STR(""), NULL },
		{ STR("{\"na\\u006de\":\"n\"}"), STR("n"), STR(""), NULL },
	};

	(void)state;
	check_readings(r, sizeof(r) / sizeof(r[0]));
}

static void
no_object(void **state)
{
	const char *const why = "no JSON object";
	const struct reading r[] = {
		{ { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, why },
		{ STR(""), STR(""), STR(""), why },
		{ STR("  "), STR(""), STR(""), why },
		{ STR("null"), STR(""), STR(""), why },
		{ STR("true"), STR(""), STR(""), why },
		{ STR("1"), STR(""), STR(""), why },
		{ STR("\"name\""), STR(""), STR(""), why },
		{ STR("[]"), STR(""), STR(""), why },
		{ STR("[{\"name\":\"x\"}]"), STR(""), STR(""), why },
		{ STR("name=ann&password=x"), STR(""), STR(""), why },
		{ STR("{"), STR(""), STR(""), why },
		{ STR("{\"name\""), STR(""), STR(""), why },
		{ STR("{\"name\":\"x\""), STR(""), STR(""), why },
		{ STR("{\"name\":\"x\",}"), STR(""), STR(""), why },
		{ STR("{name:\"x\"}"), STR(""), STR(""), why },
		{ STR("{'name':'x'}"), STR(""), STR(""), why },
		{ STR("{}{}"), STR(""), STR(""), why },
		{ STR("{} x"), STR(""), STR(""), why },
		{ STR("{}\0"), STR(""), STR(""), why },
		{ STR("\xEF\xBB\xBF{}"), STR(""), STR(""), why },
		{ STR("{\"name\":\"a\nb\"}"), STR(""), STR(""), why },
		{ STR("{\"name\":\"\\x41\"}"), STR(""), STR(""), why },
		/* A NUL, escaped, raw, in a name. */
		{ STR("{\"name\":\"a\\u0000b\"}"), STR(""), STR(""), why },
		{ STR("{\"name\":\"a\0b\"}"), STR(""), STR(""), why },
		{ STR("{\"name\\u0000\":\"a\"}"), STR(""), STR(""), why },
		/* What is not UTF-8: stray, overlong, a surrogate, too far. */
		{ STR("{\"name\":\"\xFF\"}"), STR(""), STR(""), why },
		{ STR("{\"name\":\"\xC0\x80\"}"), STR(""), STR(""), why },
		{ STR("{\"name\":\"\xED\xA0\x80\"}"), STR(""), STR(""), why },
		{ STR("{\"name\":\"\xF4\x90\x80\x80\"}"), STR(""), STR(""), why },
		{ STR("{\"name\":\"\\ud800\"}"), STR(""), STR(""), why },
		{ STR("{\"name\":\"\xC3"), STR(""), STR(""), why },
		/* Twice, even the same, even in disguise. */
		{ STR("{\"name\":\"x\",\"name\":\"x\"}"), STR(""), STR(""), why },
		{ STR("{\"name\":\"x\",\"n\\u0061me\":\"y\"}"), STR(""), STR(""), why },
	};

	(void)state;
	check_readings(r, sizeof(r) / sizeof(r[0]));
}

static void
no_string(void **state)
{
	const struct reading r[] = {
		{ STR("{\"name\":null}"), STR(""), STR(""), "\"name\"" },
		{ STR("{\"name\":1}"), STR(""), STR(""), "\"name\"" },
		{ STR("{\"name\":true}"), STR(""), STR(""), "\"name\"" },
		{ STR("{\"name\":[\"x\"]}"), STR(""), STR(""), "\"name\"" },
		{ STR("{\"password\":{\"name\":\"x\"}}"), STR(""), STR(""), "\"password\"" },
		{ STR("{\"other\":\"x\"}"), STR(""), STR(""), "not known" },
		{ STR("{\"Name\":\"x\"}"), STR(""), STR(""), "not known" },
		{ STR("{\"\":\"x\"}"), STR(""), STR(""), "not known" },
		{ STR("{\"name\":\"x\",\"role\":\"admin\"}"), STR(""), STR(""), "not known" },
		{ STR("{\"__proto__\":{}}"), STR(""), STR(""), "not known" },
	};

	(void)state;
	check_readings(r, sizeof(r) / sizeof(r[0]));
}

/* A value longer than the arena, and brackets deeper than any stack. */
static void
huge(void **state)
{
	const size_t n = 1000000;
	char *text = calloc(1, n + 100);
	struct arena *a = arena_new(1000);
	struct str values[2];
	struct err e;

	(void)state;
	memcpy(text, "{\"name\":\"", 9);
	memset(text + 9, 'x', 2000);
	memcpy(text + 2009, "\"}", 2);
	assert_int_equal(json_strings(a, (struct str){ text, 2011 }, names, 2, values, &e), -1);
	assert_int_equal(e.kind, ERR_MESSAGE);
	assert_non_null(strstr(e.text, "\"name\""));
	memset(text + 8, '[', n);
	assert_int_equal(json_strings(a, (struct str){ text, n }, names, 2, values, &e), -1);
	for (size_t i = 0; i + 5 <= n; i += 5)
		memcpy(text + i, "{\"a\":", 5);
	assert_int_equal(json_strings(a, (struct str){ text, n }, names, 2, values, &e), -1);
	assert_int_equal(e.kind, ERR_MESSAGE);
	arena_free(a);
	free(text);
}

/* The rows as CSV, or that they are none when ${expected} is NULL. */
static void
check_csv(struct str text, const char *expected, bool more)
{
	struct err e = { 0 };
	struct buf out;
	bool got = !more;

	buf_init(&out, 100000);
	if (json_csv(text, &out, &got, &e) < 0) {
		if (expected != NULL || e.kind != ERR_CONFIG || e.text[0] == '\0')
			fail_msg("%.*s: %s", STR_ARG(text), e.text);
	} else if (expected == NULL || !str_eq(buf_str(&out), str_of(expected))) {
		fail_msg("%.*s:\n%.*s\ninstead of\n%s", STR_ARG(text), STR_ARG(buf_str(&out)),
		    expected != NULL ? expected : "a complaint");
	} else if (got != more) {
		fail_msg("%.*s: more or not", STR_ARG(text));
	}
	buf_fini(&out);
}

static void
csv(void **state)
{
	const struct {
		struct str text;
		const char *csv;
	} cases[] = {
		{ STR("{\"rows\":[],\"total\":0,\"next\":null}"), "" },
		{ STR(" {\n\"rows\" :\t[ ] , \"total\" : 0, \"next\" : null }\r\n"), "" },
		{ STR("{\"rows\":[{\"day\":\"2026-01-02\",\"messages\":12,\"dmarc_percent\":97.5,"
		      "\"counted\":true,\"told\":false,\"sp\":null}],\"total\":1,\"next\":null}"),
		    "day,messages,dmarc_percent,counted,told,sp\r\n"
		    "2026-01-02,12,97.5,true,false,\r\n" },
		{ STR("{\"rows\":[{\"a\":1} ,\n {\"a\":-2},{\"a\":0.1},{\"a\":100.0},{\"a\":33.3},"
		      "{\"a\":9007199254740993},{\"a\":-0.5},{\"a\":\"\"}],\"total\":8}"),
		    "a\r\n1\r\n-2\r\n0.1\r\n100\r\n33.3\r\n9007199254740993\r\n-0.5\r\n\r\n" },
		{ STR("{\"rows\":[{\"dkim\":[{\"domain\":\"d.example\",\"selector\":null,"
		      "\"result\":\"pass\"},{\"domain\":\"e.example\"}],\"tags\":[\"x\",2,[3,4]],"
		      "\"none\":[],\"o\":{}}],\"total\":1,\"next\":null}"),
		    "dkim,tags,none,o\r\nd.example pass; e.example,x; 2; 3; 4,,\r\n" },
		/* Brackets and quotes of strangers end nothing. */
		{ STR("{\"rows\":[{\"a\":\"]}\\\",{\"},{\"a\":\"\\\\\"}],\"next\":null}"),
		    "a\r\n\"]}\"\",{\"\r\n\\\r\n" },
		{ STR("{\"rows\":[{}],\"total\":1}"), "\r\n\r\n" },
		{ STR("{\"rows\":[{\"a,\\\"b\":1,\"=c\":2}],\"total\":1}"),
		    "\"a,\"\"b\",\"'=c\"\r\n1,2\r\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_csv(cases[i].text, cases[i].csv, false);
}

static void
csv_of_strangers(void **state)
{
	const struct {
		const char *json, *field;
	} cases[] = {
		{ "\"=1+1\"", "\"'=1+1\"" },
		{ "\"+1\"", "\"'+1\"" },
		{ "\"-1\"", "-1" },
		{ "\"-1-2\"", "\"'-1-2\"" },
		{ "\"-\"", "\"'-\"" },
		{ "\"@SUM(A1)\"", "\"'@SUM(A1)\"" },
		{ "\"\\t=1\"", "\"'\t=1\"" },
		{ "\"\\r=1\"", "\"'\r=1\"" },
		{ "\"a=1\"", "a=1" },
		{ "[\"=1\",\"x\"]", "\"'=1; x\"" },
		{ "{\"a\":null,\"b\":\"=cmd\"}", "\"'=cmd\"" },
		{ "\"say \\\"x\\\"\"", "\"say \"\"x\"\"\"" },
		{ "\"a,b\"", "\"a,b\"" },
		{ "\"two\\r\\nlines\"", "\"two\r\nlines\"" },
		{ "\"\\u001b[2J\"", "\\x1b[2J" },
		{ "\"\\u007f\\u0001\"", "\\x7f\\x01" },
		{ "\"\\u202emoc.elpmaxe\"", "\\u{202e}moc.elpmaxe" },
		{ "\"\\u2066x\\u200b\\ufeff\"", "\\u{2066}x\\u{200b}\\u{feff}" },
		{ "\"b\xC3\xBC"
		  "cher \xF0\x9F\x93\xA7\"",
		    "b\xC3\xBC"
		    "cher \xF0\x9F\x93\xA7" },
	};
	struct buf in, out;

	(void)state;
	buf_init(&in, 1000);
	buf_init(&out, 1000);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf_reset(&in);
		buf_reset(&out);
		buf_printf(&in, "{\"rows\":[{\"f\":%s,\"n\":1}],\"total\":1}", cases[i].json);
		buf_printf(&out, "f,n\r\n%s,1\r\n", cases[i].field);
		buf_put8(&out, '\0');
		check_csv(buf_str(&in), out.p, false);
	}
	buf_fini(&in);
	buf_fini(&out);
}

static void
csv_goes_on(void **state)
{
	(void)state;
	check_csv(STR("{\"rows\":[{\"a\":1}],\"total\":9,\"next\":\"k\"}"), "a\r\n1\r\n", true);
	check_csv(STR("{\"rows\":[{\"a\":1}],\"next\":\"\"}"), "a\r\n1\r\n", true);
	check_csv(STR("{\"rows\":[{\"a\":1}],\"next\":{\"day\":1},\"x\":1}"), "a\r\n1\r\n", true);
	check_csv(STR("{\"rows\":[{\"a\":1}],\"next\":0}"), "a\r\n1\r\n", true);
	check_csv(
	    STR("{\"rows\":[{\"next\":\"k\"}],\"total\":1,\"next\":null}"), "next\r\nk\r\n", false);
	check_csv(STR("{\"rows\":[{\"a\":1}],\"period\":{\"next\":\"k\"},\"next\":null}"),
	    "a\r\n1\r\n", false);
	check_csv(STR("{\"rows\":[{\"a\":\"\\\"next\\\":1\"}],\"total\":1}"),
	    "a\r\n\"\"\"next\"\":1\"\r\n", false);
}

static void
no_csv(void **state)
{
	const struct str cases[] = { { NULL, 0 }, STR(""), STR(" "), STR("null"), STR("[]"),
		STR("{}"), STR("{\"rows\""), STR("{\"rows\":"), STR("{\"rows\":["),
		STR("{\"rows\":[]"), STR("{\"rows\":[],"), STR("{\"rows\":[],\"total\":1"),
		STR("{\"rows\":[],\"total\"}"), STR("{\"rows\":[],\"total\":1} x"),
		STR("{\"rows\":{},\"total\":0}"), STR("{\"rows\":null,\"total\":0}"),
		STR("{\"total\":0,\"rows\":[]}"), STR("{\"rowss\":[],\"total\":0}"),
		STR("{\"rows\":[1],\"total\":0}"), STR("{\"rows\":[null],\"total\":0}"),
		STR("{\"rows\":[[]],\"total\":0}"),
		STR("{\"rows\":[{\"a\":1}{\"a\":2}],\"total\":0}"),
		STR("{\"rows\":[{\"a\":1},],\"total\":0}"),
		STR("{\"rows\":[,{\"a\":1}],\"total\":0}"),
		STR("{\"rows\":[{\"a\":1},{\"a\":],\"total\":0}"),
		STR("{\"rows\":[{\"a\":\"\xFF\"}],\"t\":0}"),
		STR("{\"rows\":[{\"a\":\"\\u0000\"}],\"t\":0}") };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_csv(cases[i], NULL, false);
}

/* The most rows that there may be, in a time that grows as they do. */
static void
csv_large(void **state)
{
	const unsigned rows = 100000;
	const time_t most = INSTRUMENTED ? 600 : 20;
	struct timespec begin, end;
	struct buf in, out;
	struct err e;
	size_t lines = 0;
	bool more;

	(void)state;
	buf_init(&in, SIZE_MAX / 2);
	buf_init(&out, SIZE_MAX / 2);
	buf_puts(&in, STR("{\"rows\":["));
	for (unsigned i = 0; i < rows; i++)
		buf_printf(&in,
		    "%s{\"source\":\"192.0.2.%u\",\"messages\":%u,\"dmarc_percent\":%u.5}",
		    i > 0 ? ", " : "", i, i, i % 100);
	buf_puts(&in, STR("],\"total\":100000,\"next\":null}"));
	clock_gettime(CLOCK_MONOTONIC, &begin);
	assert_int_equal(json_csv(buf_str(&in), &out, &more, &e), 0);
	clock_gettime(CLOCK_MONOTONIC, &end);
	for (size_t i = 0; i < out.n; i++)
		lines += out.p[i] == '\n';
	assert_int_equal(lines, rows + 1);
	assert_memory_equal(out.p + out.n - 26, "192.0.2.99999,99999,99.5\r\n", 26);
	assert_true(end.tv_sec - begin.tv_sec < most);
	buf_fini(&in);
	buf_fini(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strings),
		cmocka_unit_test(no_object),
		cmocka_unit_test(no_string),
		cmocka_unit_test(huge),
		cmocka_unit_test(csv),
		cmocka_unit_test(csv_of_strangers),
		cmocka_unit_test(csv_goes_on),
		cmocka_unit_test(no_csv),
		cmocka_unit_test(csv_large),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
