#include "dashboard/param.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "core/limits.h"

static const struct param params[] = {
	{ "domain", PARAM_TEXT, true, NULL },
	{ "from", PARAM_DAY, false, NULL },
	{ "within", PARAM_NETWORK, false, NULL },
	{ "key", PARAM_KEY, false, NULL },
	{ "order", PARAM_WORD, false, "asc desc" },
	{ "limit", PARAM_LIMIT, false, NULL },
	{ NULL, PARAM_TEXT, false, NULL },
};

#define N 6

/* Read ${n} fields; 0, or -1 with the culprit and the story. */
static int
read_fields(struct arena *a, const struct field *f, size_t n, const char **values,
    const char **culprit, struct err *e)
{
	struct request q = { .query = f, .nquery = n, .arena = a };

	*e = (struct err){ 0 };
	return params_read(&q, params, values, culprit, e);
}

/* Whether ${name} may be ${value}; where not, that is named. */
static bool
takes(const char *name, struct str value)
{
	const struct field f[] = { { STR("domain"), STR("example.org") }, { str_of(name), value } };
	struct arena *a = arena_new(LIMIT_HTTP_ARENA);
	const char *values[PARAMS_MOST], *culprit;
	struct err e;
	int rc = strcmp(name, "domain") == 0 ? read_fields(a, f + 1, 1, values, &culprit, &e)
					     : read_fields(a, f, 2, values, &culprit, &e);

	if (rc < 0) {
		assert_int_equal(e.kind, ERR_MESSAGE);
		assert_string_equal(culprit, name);
		assert_non_null(strstr(e.text, name));
	} else {
		assert_null(culprit);
		for (size_t i = 0; i < N; i++)
			if (strcmp(params[i].name, name) == 0)
				assert_string_equal(values[i], value.p);
	}
	arena_free(a);
	return rc == 0;
}

static void
expect(const char *name, const struct str *values, size_t n, bool good)
{
	for (size_t i = 0; i < n; i++)
		if (takes(name, values[i]) != good)
			fail_msg(
			    "%s=\"%.*s\" is %staken", name, STR_ARG(values[i]), good ? "not " : "");
}

#define TAKEN(name, ...)                                  \
	expect(name, (const struct str[]){ __VA_ARGS__ }, \
	    sizeof((const struct str[]){ __VA_ARGS__ }) / sizeof(struct str), true)
#define REFUSED(name, ...)                                \
	expect(name, (const struct str[]){ __VA_ARGS__ }, \
	    sizeof((const struct str[]){ __VA_ARGS__ }) / sizeof(struct str), false)

static void
days(void **state)
{
	(void)state;
	TAKEN("from", STR("2026-11-21"), STR("2024-02-29"), STR("2000-02-29"), STR("2196-02-29"),
	    STR("1970-01-01"), STR("2199-12-31"), STR("2026-01-31"), STR("2026-04-30"));
	REFUSED("from", STR("2026-02-30"), STR("2026-02-29"), STR("2023-02-29"), STR("1900-02-29"),
	    STR("2100-02-29"), STR("2026-04-31"), STR("2026-06-31"), STR("2026-09-31"),
	    STR("2026-11-31"), STR("2026-01-32"), STR("2026-00-01"), STR("2026-13-01"),
	    STR("2026-01-00"), STR("1969-12-31"), STR("2200-01-01"), STR("0000-01-01"),
	    STR("2026-1-1"), STR("2026-11-2"), STR("2026-11-211"), STR("20261121"),
	    STR("2026/11/21"), STR("21-11-2026"), STR(" 2026-11-2"), STR("2026-11-21 "),
	    STR("2026-11-21T00:00:00Z"), STR("-026-11-21"), STR("+026-11-21"), STR("2026--1-21"),
	    STR("2026-11-2a"), STR("today"), STR("infinity"), STR("yesterday!"),
	    STR("2026-11-21\0"), STR("\xD9\xA2\xD9\xA0-11-21"), STR("2026-11-2\xFF"));
}

static void
networks(void **state)
{
	(void)state;
	TAKEN("within", STR("192.0.2.1"), STR("198.51.100.0/24"), STR("0.0.0.0/0"),
	    STR("255.255.255.255/32"), STR("2001:db8::/48"), STR("2001:db8::1"), STR("::"),
	    STR("::/0"), STR("::1/128"), STR("::ffff:192.0.2.1"), STR("::ffff:192.0.2.1/96"),
	    STR("2001:0db8:0000:0000:0000:0000:0000:0001/64"),
	    STR("0000:0000:0000:0000:0000:ffff:255.255.255.255"));
	REFUSED("within", STR("192.0.2.1/33"), STR("192.0.2.1/"), STR("192.0.2.1/-1"),
	    STR("192.0.2.1/+1"), STR("192.0.2.1/ 1"), STR("192.0.2.1/1 "), STR("192.0.2.1/8/8"),
	    STR("192.0.2.1/255.255.255.0"), STR("192.0.2.1/99999999999999999999999"),
	    STR("2001:db8::/129"), STR("2001:db8::/x"), STR("/24"), STR("/"), STR("192.0.2"),
	    STR("192.0.2.256"), STR("192.0.2.1.1"), STR("0x7f.1"), STR("2130706433"),
	    STR(" 192.0.2.1"), STR("192.0.2.1 "), STR("::1::1"), STR("fe80::1%eth0"), STR("[::1]"),
	    STR("localhost"), STR("example.org"), STR("192.0.2.1\0"), STR("192.0.2.1\0/24"),
	    STR("1:2:3:4:5:6:7:8:9"), STR("00000000000000000000000000000000000000000000000000::1"),
	    STR("' OR 1=1 --"));
}

static void
keys(void **state)
{
	(void)state;
	TAKEN("key", STR("01234567-89ab-cdef-0123-456789abcdef"),
	    STR("00000000-0000-0000-0000-000000000000"));
	REFUSED("key", STR("01234567-89ab-cdef-0123-456789abcde"),
	    STR("01234567-89ab-cdef-0123-456789abcdef0"),
	    STR("01234567-89AB-cdef-0123-456789abcdef"),
	    STR("01234567-89ab-cdef-0123-456789abcdeg"), STR("0123456789abcdef0123456789abcdef"),
	    STR("{1234567-89ab-cdef-0123-456789abcde}"),
	    STR("012345678-9ab-cdef-0123-456789abcdef"),
	    STR("01234567_89ab_cdef_0123_456789abcdef"),
	    STR("01234567-89ab-cdef-0123-456789abcde\0"), STR("x"));
}

static void
words(void **state)
{
	(void)state;
	TAKEN("order", STR("asc"), STR("desc"));
	REFUSED("order", STR("as"), STR("ASC"), STR("asc desc"), STR(" asc"), STR("asc "), STR(" "),
	    STR("ascc"), STR("esc"), STR("asc\0"), STR("asc;"));
}

static void
limits(void **state)
{
	(void)state;
	TAKEN("limit", STR("1"), STR("100"), STR("999"), STR("1000"));
	REFUSED("limit", STR("0"), STR("1001"), STR("-1"), STR("+1"), STR("x"), STR("1x"),
	    STR(" 1"), STR("1 "), STR("1.0"), STR("1e2"), STR("0x10"), STR("18446744073709551617"),
	    STR("99999999999999999999999999999"), STR("all"), STR("1\0"));
}

static void
texts(void **state)
{
	static char most[LIMIT_PARAMETER_BYTES + 2];
	const struct str longest[] = { { most, LIMIT_PARAMETER_BYTES } };
	const struct str beyond[] = { { most, LIMIT_PARAMETER_BYTES + 1 } };

	(void)state;
	memset(most, 'x', LIMIT_PARAMETER_BYTES);
	expect("domain", longest, 1, true);
	most[LIMIT_PARAMETER_BYTES] = 'x';
	expect("domain", beyond, 1, false);
	TAKEN("domain", STR("example.org"), STR("'; DROP TABLE x; --"), STR("%"), STR("\x01\x1B"),
	    STR("b\xC3\xBC"
		"cher.example"),
	    STR("\xE2\x80\xAE"), STR("\xF4\x8F\xBF\xBF"), STR(" "));
	REFUSED("domain", STR("a\0b"), STR("\0"), STR("\xFF"), STR("\xC3"), STR("\xC0\xAF"),
	    STR("\xED\xA0\x80"), STR("\xF4\x90\x80\x80"), STR("ok\x80"));
}

/* All at once, in their order, and what is told where nothing is said. */
static void
order_and_defaults(void **state)
{
	const struct field all[] = { { STR("limit"), STR("7") }, { STR("order"), STR("desc") },
		{ STR("key"), STR("01234567-89ab-cdef-0123-456789abcdef") },
		{ STR("within"), STR("::/0") }, { STR("from"), STR("2024-02-29") },
		{ STR("domain"), STR("example.org, and more") } };
	const struct field one[] = { { STR("domain"), { "example.org, and more", 11 } },
		{ STR("from"), STR("") }, { STR("within"), { NULL, 0 } }, { STR("limit"), STR("") },
		{ STR("order"), STR("") }, { STR("key"), STR("") } };
	struct arena *a = arena_new(LIMIT_HTTP_ARENA);
	const char *values[PARAMS_MOST], *culprit = "x";
	struct err e;

	(void)state;
	assert_int_equal(read_fields(a, all, N, values, &culprit, &e), 0);
	assert_null(culprit);
	assert_string_equal(values[0], "example.org, and more");
	assert_string_equal(values[1], "2024-02-29");
	assert_string_equal(values[2], "::/0");
	assert_string_equal(values[3], "01234567-89ab-cdef-0123-456789abcdef");
	assert_string_equal(values[4], "desc");
	assert_string_equal(values[5], "7");
	/* Empty is absent, with or without a NUL behind the name and the value. */
	for (size_t n = 1; n <= N; n += N - 1) {
		assert_int_equal(read_fields(a, one, n, values, &culprit, &e), 0);
		assert_string_equal(values[0], "example.org");
		for (size_t i = 1; i < 5; i++)
			assert_null(values[i]);
		assert_string_equal(values[5], "100");
	}
	arena_free(a);
}

static void
complaints(void **state)
{
	const struct field domain = { STR("domain"), STR("x") };
	const struct {
		struct field f[3];
		size_t n;
		const char *culprit, *story;
	} cases[] = {
		{ { { STR(""), STR("") } }, 0, "domain", "missing" },
		{ { { STR("domain"), STR("") } }, 1, "domain", "missing" },
		{ { { STR("from"), STR("2026-11-21") } }, 1, "domain", "missing" },
		{ { domain, domain }, 2, "domain", "twice" },
		{ { domain, { STR("domain"), STR("") } }, 2, "domain", "twice" },
		{ { domain, { STR("from"), STR("") }, { STR("from"), STR("") } }, 3, "from",
		    "twice" },
		{ { domain, { STR("limit"), STR("1") }, { STR("limit"), STR("1") } }, 3, "limit",
		    "twice" },
		{ { domain, { STR("nonsense"), STR("1") } }, 2, "nonsense", "no parameter" },
		{ { domain, { STR("Domain"), STR("1") } }, 2, "Domain", "no parameter" },
		{ { domain, { STR("domain\0"), STR("1") } }, 2, "domain", "no parameter" },
		{ { domain, { STR("fro"), STR("1") } }, 2, "fro", "no parameter" },
		{ { domain, { STR("from "), STR("1") } }, 2, "from ", "no parameter" },
		{ { domain, { STR(""), STR("") } }, 2, "", "no parameter" },
		{ { domain, { { NULL, 0 }, { NULL, 0 } } }, 2, "", "no parameter" },
		{ { domain, { STR("a\"b\xFF\x1B"), STR("1") } }, 2, "a\"b\xFF\x1B",
		    "no parameter" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct arena *a = arena_new(LIMIT_HTTP_ARENA);
		const char *values[PARAMS_MOST], *culprit = NULL;
		struct err e;

		assert_int_equal(read_fields(a, cases[i].f, cases[i].n, values, &culprit, &e), -1);
		assert_int_equal(e.kind, ERR_MESSAGE);
		assert_non_null(culprit);
		if (strcmp(culprit, cases[i].culprit) != 0 ||
		    strstr(e.text, cases[i].story) == NULL)
			fail_msg("case %zu: \"%s\": %s", i, culprit, e.text);
		arena_free(a);
	}
}

/* A huge name, and no memory for a value. */
static void
huge(void **state)
{
	static char name[100000];
	const struct field f[] = { { { name, sizeof(name) }, STR("1") } };
	const struct field g[] = { { STR("domain"), { name, 1000 } } };
	struct arena *a = arena_new(LIMIT_HTTP_ARENA), *small = arena_new(100);
	const char *values[PARAMS_MOST], *culprit;
	struct err e;

	(void)state;
	memset(name, 'x', sizeof(name));
	assert_int_equal(read_fields(a, f, 1, values, &culprit, &e), -1);
	assert_int_equal(strlen(culprit), sizeof(name));
	assert_int_equal(read_fields(small, g, 1, values, &culprit, &e), -1);
	assert_string_equal(culprit, "domain");
	assert_int_equal(e.kind, ERR_MESSAGE);
	arena_free(a);
	arena_free(small);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(days),
		cmocka_unit_test(networks),
		cmocka_unit_test(keys),
		cmocka_unit_test(words),
		cmocka_unit_test(limits),
		cmocka_unit_test(texts),
		cmocka_unit_test(order_and_defaults),
		cmocka_unit_test(complaints),
		cmocka_unit_test(huge),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("param", tests, NULL, NULL);
}
