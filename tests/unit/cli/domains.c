#include "cli/domains.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N(a) (sizeof(a) / sizeof((a)[0]))

static void
test_has(void **state)
{
	static const char *const own[] = { "Example.ORG.", "*.example.org", "b\303\274cher.example",
		"*.M\303\234ller.example", "xn--strae-oqa.example", "mx?.example.net",
		"[ab].example.com" };
	static const struct {
		const char *domain;
		bool has;
	} t[] = { { "example.org", true }, { "EXAMPLE.org", true }, { "example.org.", true },
		{ "a.b.Example.org", true }, { "anexample.org", false }, { "org", false },
		{ "example.org.example", false }, { "xn--bcher-kva.example", true },
		{ "b\303\274cher.example", true }, { "a.xn--bcher-kva.example", false },
		{ "a.xn--mller-kva.example", true }, { "xn--mller-kva.example", false },
		{ "stra\303\237e.example", true }, { "mx1.example.net", true },
		{ "mx12.example.net", false }, { "a.example.com", true },
		{ "c.example.com", false }, { "", false }, { ".", false }, { "\xff\xfe", false },
		{ "*", false }, { "*.example.org", true } };
	struct err e;
	struct domains *d = domains_new(own, N(own), &e);

	(void)state;
	assert_non_null(d);
	for (size_t i = 0; i < N(t); i++)
		if (domains_has(d, str_of(t[i].domain)) != t[i].has)
			fail_msg("\"%s\" is %s", t[i].domain, t[i].has ? "not found" : "found");
	domains_free(d);
}

static void
test_none_is_all(void **state)
{
	struct err e;
	struct domains *d = domains_new(NULL, 0, &e);

	(void)state;
	assert_non_null(d);
	assert_true(domains_has(d, STR("whatever.example")));
	assert_true(domains_has(d, STR("")));
	domains_free(d);
}

static void
test_wrong(void **state)
{
	static const struct {
		const char *pattern, *why;
	} t[] = { { "", "an empty domain" }, { ".", "an empty label" },
		{ ".example.org", "an empty label" }, { "a..example.org", "an empty label" },
		{ "example.org..", "an empty label" }, { " example.org", "a space" },
		{ "example.org\n", "a space" }, { "b\303\274*.example", "can be ASCII alone" },
		{ "\xff.example", "no domain name" } };
	char longest[300];
	const char *name = longest;
	struct err e;

	(void)state;
	for (size_t i = 0; i < N(t); i++) {
		const char *const list[] = { "example.net", t[i].pattern };

		assert_null(domains_new(list, 2, &e));
		assert_int_equal(e.kind, ERR_CONFIG);
		if (strstr(e.text, t[i].why) == NULL)
			fail_msg("\"%s\": %s", t[i].pattern, e.text);
	}
	memset(longest, 'a', sizeof(longest));
	longest[256] = '\0';
	assert_null(domains_new(&name, 1, &e));
	assert_non_null(strstr(e.text, "longer than 255"));
	longest[255] = '\0';
	domains_free(domains_new(&name, 1, &e));
	assert_true(true);
}

/* As many as a provider has, each found and none that is not there. */
static void
test_many(void **state)
{
	static char room[10000][32];
	static const char *names[10000];
	struct domains *d;
	struct err e;
	char other[40];

	(void)state;
	for (size_t i = 0; i < N(names); i++) {
		snprintf(room[i], sizeof(room[i]), "d%zu.example", i * 7919 % 10000);
		names[i] = room[i];
	}
	d = domains_new(names, N(names), &e);
	assert_non_null(d);
	for (size_t i = 0; i < 1000000; i++) {
		if (!domains_has(d, str_of(room[i % 10000])))
			fail_msg("\"%s\" is not found", room[i % 10000]);
	}
	for (size_t i = 0; i < 1000; i++) {
		snprintf(other, sizeof(other), "d%zu.example", 10000 + i);
		assert_false(domains_has(d, str_of(other)));
	}
	domains_free(d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_has),
		cmocka_unit_test(test_none_is_all),
		cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
