/* The Public Suffix List: suffixes of one and of several labels, private ones, wildcards, A-labels. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "parser/orgdomain.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static void
test_list(void **state)
{
	static const char *const table[][2] = { { "example.com", "example.com" },
		{ "a.b.example.com", "example.com" }, { "_dmarc.example.com", "example.com" },
		{ "com", "" }, { "localhost", "" }, { "co.uk", "" },
		{ "example.co.uk", "example.co.uk" }, { "mail.example.co.uk", "example.co.uk" },
		{ "github.io", "" }, { "a.user.github.io", "user.github.io" }, { "b.ck", "" },
		{ "x.a.b.ck", "a.b.ck" }, { "a.www.ck", "www.ck" },
		{ "a.b.xn--fiqs8s", "b.xn--fiqs8s" }, { "a.b.xn--55qx5d.cn", "b.xn--55qx5d.cn" },
		{ "a.b.no-such-suffix", "b.no-such-suffix" } };
	struct orgdomain *o = orgdomain_new(NULL, &(struct err){ 0 });

	(void)state;
	assert_non_null(o);
	/* The second time from what is remembered. */
	for (size_t i = 0; i < 2 * COUNT(table); i++) {
		struct str domain = str_of(table[i % COUNT(table)][0]);
		struct str want = str_of(table[i % COUNT(table)][1]);

		assert_true(orgdomain_knows(domain));
		if (!str_eq(orgdomain_of(o, domain), want))
			fail_msg("%s", domain.p);
	}
	orgdomain_free(o);
}

/* More domains than are remembered: each answer stays its own. */
static void
test_many(void **state)
{
	struct orgdomain *o = orgdomain_new(NULL, &(struct err){ 0 });
	char name[40], want[40];

	(void)state;
	for (int i = 0; i < 20000; i++) {
		snprintf(name, sizeof(name), "a.d%d.%s", i % 5000, i % 2 == 0 ? "co.uk" : "org");
		snprintf(want, sizeof(want), "%s", name + 2);
		assert_true(str_eq(orgdomain_of(o, str_of(name)), str_of(want)));
	}
	orgdomain_free(o);
}

static void
test_knows(void **state)
{
	static const char *const no[] = { "", ".", "a..b", ".a", "a.", "A.example",
		"m\xC3\xBCller.de", "a b.example", "192.0.2.1", "[192.0.2.1]", "user@example.com" };
	char longest[257];

	(void)state;
	for (size_t i = 0; i < COUNT(no); i++)
		if (orgdomain_knows(str_of(no[i])))
			fail_msg("%s", no[i]);
	memset(longest, 'a', sizeof(longest));
	assert_true(orgdomain_knows((struct str){ longest, 255 }));
	assert_false(orgdomain_knows((struct str){ longest, 256 }));
}

static void
test_longest(void **state)
{
	struct orgdomain *o = orgdomain_new(NULL, &(struct err){ 0 });
	char name[255];

	(void)state;
	memset(name, 'a', sizeof(name));
	memcpy(name + sizeof(name) - 10, ".x.example", 10);
	assert_int_equal(orgdomain_of(o, (struct str){ name, sizeof(name) }).n, 9);
	assert_int_equal(orgdomain_of(o, (struct str){ name, sizeof(name) }).n, 9);
	orgdomain_free(o);
}

/* A newer list than the system's is the one. */
static void
test_newer(void **state)
{
	char path[] = "/tmp/ruastat-psl-XXXXXX";
	int fd = mkstemp(path);
	static const char list[] = "// ===BEGIN ICANN DOMAINS===\ncom\nexample.com\n"
				   "// ===END ICANN DOMAINS===\n";
	struct orgdomain *o;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, list, sizeof(list) - 1), sizeof(list) - 1);
	close(fd);
	o = orgdomain_new(path, &(struct err){ 0 });
	unlink(path);
	assert_non_null(o);
	assert_true(str_eq(orgdomain_of(o, STR("x.a.example.com")), STR("a.example.com")));
	orgdomain_free(o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_knows),
		cmocka_unit_test(test_longest),
		cmocka_unit_test(test_newer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
