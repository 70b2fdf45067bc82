#include "dashboard/attempts.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START 100000

static const struct str here = { "192.0.2.1", 9 };

/* How many of ${most} tries in a row are let through. */
static unsigned
allowed(struct attempts *a, struct str user, struct str address, int64_t now, unsigned most)
{
	unsigned n = 0;

	while (n < most && attempts_charge(a, user, address, now) == 0)
		n++;
	return n;
}

/* ${text} with ${i} in the place of its #. */
static struct str
numbered(char *room, size_t n, const char *text, unsigned i)
{
	size_t hash = strcspn(text, "#");

	if (text[hash] == '\0')
		return str_of(text);
	snprintf(room, n, "%.*s%u%s", (int)hash, text, i, text + hash + 1);
	return str_of(room);
}

/* The same of users and addresses that have a # in them, for a number. */
static unsigned
allowed_numbered(
    struct attempts *a, const char *user, const char *address, int64_t now, unsigned most)
{
	char name[100], from[100];
	unsigned n = 0;

	for (unsigned i = 0; i < most; i++)
		n += attempts_charge(a, numbered(name, sizeof(name), user, i),
			 numbered(from, sizeof(from), address, i), now) == 0;
	return n;
}

static void
one_user_from_one_address(void **state)
{
	struct attempts *a = attempts_new();

	(void)state;
	assert_int_equal(allowed(a, STR("ann"), here, START, 100), 5);
	assert_int_equal(attempts_charge(a, STR("ann"), here, START), 60);
	assert_int_equal(attempts_charge(a, STR("ann"), here, START + 59), 1);
	assert_int_equal(attempts_charge(a, STR("ann"), here, START + 60), 0);
	assert_int_equal(attempts_charge(a, STR("ann"), here, START + 60), 60);
	/* Others are not to suffer. */
	assert_int_equal(attempts_charge(a, STR("bob"), here, START + 60), 0);
	assert_int_equal(attempts_charge(a, STR("ann"), STR("192.0.2.2"), START + 60), 0);
	attempts_free(a);
}

static void
refilled_with_time(void **state)
{
	const struct {
		int64_t later;
		unsigned allowed;
	} cases[] = { { 0, 0 }, { 59, 0 }, { 60, 1 }, { 119, 1 }, { 120, 2 }, { 239, 3 },
		{ 240, 4 }, { 299, 4 }, { 300, 5 }, { 301, 5 }, { 100000000, 5 } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct attempts *a = attempts_new();

		assert_int_equal(allowed(a, STR("ann"), here, START, 100), 5);
		assert_int_equal(
		    allowed(a, STR("ann"), here, START + cases[i].later, 100), cases[i].allowed);
		attempts_free(a);
	}
}

static void
one_address(void **state)
{
	struct attempts *a = attempts_new();

	(void)state;
	assert_int_equal(allowed_numbered(a, "user#", "192.0.2.1", START, 100), 20);
	assert_int_equal(attempts_charge(a, STR("fresh"), here, START), 15);
	assert_int_equal(attempts_charge(a, STR("fresh"), here, START + 14), 1);
	assert_int_equal(attempts_charge(a, STR("fresh"), here, START + 15), 0);
	assert_int_equal(attempts_charge(a, STR("fresh2"), here, START + 15), 15);
	assert_int_equal(attempts_charge(a, STR("fresh2"), STR("192.0.2.2"), START + 15), 0);
	assert_int_equal(allowed_numbered(a, "later#", "192.0.2.1", START + 315, 100), 20);
	attempts_free(a);
}

static void
one_user_from_everywhere(void **state)
{
	struct attempts *a = attempts_new();

	(void)state;
	assert_int_equal(allowed_numbered(a, "ann", "192.0.2.#", START, 100), 50);
	assert_int_equal(attempts_charge(a, STR("ann"), STR("198.51.100.1"), START), 10);
	assert_int_equal(attempts_charge(a, STR("ann"), STR("198.51.100.1"), START + 9), 1);
	assert_int_equal(attempts_charge(a, STR("ann"), STR("198.51.100.1"), START + 10), 0);
	assert_int_equal(attempts_charge(a, STR("bob"), STR("198.51.100.1"), START + 10), 0);
	attempts_free(a);
}

/* A refusal is free: who hammers does not lock himself out any longer, nor others. */
static void
refusals_cost_nothing(void **state)
{
	struct attempts *a = attempts_new();

	(void)state;
	assert_int_equal(allowed(a, STR("ann"), here, START, 5), 5);
	for (unsigned i = 0; i < 10000; i++)
		assert_int_equal(attempts_charge(a, STR("ann"), here, START), 60);
	assert_int_equal(attempts_charge(a, STR("ann"), here, START + 60), 0);
	/* Of the address 14 are left, and 4 more came meanwhile. */
	assert_int_equal(allowed_numbered(a, "user#", "192.0.2.1", START + 60, 100), 18);
	/* What the address is refused the users do not pay for. */
	assert_int_equal(allowed_numbered(a, "user99", "203.0.113.#", START + 60, 100), 50);
	attempts_free(a);
}

static void
forgiven(void **state)
{
	struct attempts *a = attempts_new();

	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		assert_int_equal(attempts_charge(a, STR("ann"), here, START), 0);
		attempts_forgive(a, STR("ann"), here, START);
	}
	assert_int_equal(allowed(a, STR("ann"), here, START, 100), 5);
	attempts_forgive(a, STR("ann"), here, START);
	assert_int_equal(allowed(a, STR("ann"), here, START, 100), 1);
	/* A while after the charge, too: hashing takes time. */
	attempts_forgive(a, STR("ann"), here, START + 2);
	assert_int_equal(allowed(a, STR("ann"), here, START + 2, 100), 1);
	/* In all budgets: of the address 20 - 5. */
	assert_int_equal(allowed_numbered(a, "user#", "192.0.2.1", START, 100), 15);
	attempts_free(a);
}

static void
forgiveness_is_no_credit(void **state)
{
	struct attempts *a = attempts_new();

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		attempts_forgive(a, STR("ann"), here, START);
	assert_int_equal(allowed(a, STR("ann"), here, START, 100), 5);
	for (unsigned i = 0; i < 100; i++)
		attempts_forgive(a, STR("ann"), here, START + 1000);
	assert_int_equal(allowed(a, STR("ann"), here, START + 1000, 100), 5);
	attempts_free(a);
}

/* Whether wrong passwords from ${first} are counted together with those from ${second}. */
static bool
are_one(const char *first, const char *second)
{
	struct attempts *a = attempts_new();
	unsigned n;

	assert_int_equal(allowed(a, STR("ann"), str_of(first), START, 100), 5);
	n = allowed(a, STR("ann"), str_of(second), START, 1);
	attempts_free(a);
	return n == 0;
}

static void
addresses(void **state)
{
	const struct {
		const char *first, *second;
		bool one;
	} cases[] = {
		{ "192.0.2.1", "192.0.2.1", true },
		{ "192.0.2.1", "192.0.2.2", false },
		{ "192.0.2.1", "192.0.2.10", false },
		{ "2001:db8:0:1::1", "2001:db8:0:1::2", true },
		{ "2001:db8:0:1::1", "2001:DB8:0:1:ffff:ffff:ffff:ffff", true },
		{ "2001:db8:0:1::1", "2001:0db8:0000:0001:0:0:0:1", true },
		{ "2001:db8:0:1::1", "2001:db8:0:2::1", false },
		{ "2001:db8:0:1::1", "2001:db8:1:1::1", false },
		{ "2001:db8::1", "2001:db9::1", false },
		{ "::1", "127.0.0.1", false },
		{ "", "192.0.2.1", false },
		{ "", "", true },
		/* More than an address may be, and none at all: still told apart. */
		{ "2001:db8:0:1::1                                            x",
		    "2001:db8:0:1::1                                            y", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (are_one(cases[i].first, cases[i].second) != cases[i].one)
			fail_msg("\"%s\" and \"%s\"", cases[i].first, cases[i].second);
}

/* A socket of both families tells IPv4 addresses as ::ffff:192.0.2.1. */
static void
mapped_addresses(void **state)
{
	(void)state;
	if (are_one("::ffff:192.0.2.1", "::ffff:192.0.2.2"))
		fail_msg("all of IPv4 is one");
	if (are_one("::ffff:192.0.2.1", "::1"))
		fail_msg("IPv4 and ::1 are one");
	if (!are_one("::ffff:192.0.2.1", "192.0.2.1"))
		fail_msg("one client is two");
}

static void
hostile_names(void **state)
{
	static char huge[100000];
	const struct str names[] = { STR(""), STR("\0"), STR("\0\0"), STR("ann\0bob"),
		STR("ann\0carl"), STR("a"), STR("\xFF\xFE"), STR("ann"), { huge, sizeof(huge) },
		{ huge, sizeof(huge) - 1 } };
	const size_t n = sizeof(names) / sizeof(names[0]);
	struct attempts *a = attempts_new();

	(void)state;
	memset(huge, 'x', sizeof(huge));
	/* Each is a user of its own: 2 of each are within the budgets only if none is another's. */
	for (size_t i = 0; i < n; i++)
		assert_int_equal(allowed(a, names[i], here, START, 2), 2);
	assert_int_equal(attempts_charge(a, STR("more"), here, START), 15);
	attempts_free(a);
	/* Where a name ends and the address begins is no matter of taste. */
	a = attempts_new();
	assert_int_equal(allowed(a, STR("ann1"), STR("92.0.2.1"), START, 100), 5);
	assert_int_equal(attempts_charge(a, STR("ann"), STR("192.0.2.1"), START), 0);
	attempts_free(a);
}

/* The boundaries of the clock. */
static void
clocks(void **state)
{
	const int64_t times[] = { 0, 1, INT64_C(1) << 31, INT64_C(1) << 32, INT64_MAX / 2 };

	(void)state;
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		struct attempts *a = attempts_new();

		assert_int_equal(allowed(a, STR("ann"), here, times[i], 100), 5);
		assert_int_equal(attempts_charge(a, STR("ann"), here, times[i]), 60);
		assert_int_equal(attempts_charge(a, STR("ann"), here, times[i] + 60), 0);
		attempts_free(a);
	}
}

/* Memory is bounded; a flood from everywhere does not make it forget who is most suspicious. */
static void
flooded(void **state)
{
	struct attempts *a = attempts_new();

	(void)state;
	assert_int_equal(allowed(a, STR("ann"), here, START, 5), 5);
	for (unsigned i = 0; i < 50000; i++) {
		char name[32], from[32];

		snprintf(name, sizeof(name), "user%u", i);
		snprintf(from, sizeof(from), "10.%u.%u.%u", i >> 16, i >> 8 & 255, i & 255);
		attempts_charge(a, str_of(name), str_of(from), START);
	}
	assert_int_equal(attempts_charge(a, STR("ann"), here, START), 60);
	/* What was told to wait in vain is over: nobody is locked out by the flood for ever. */
	assert_int_equal(attempts_charge(a, STR("ann"), here, START + 300), 0);
	assert_int_equal(attempts_charge(a, STR("carl"), STR("198.51.100.7"), START + 300), 0);
	attempts_free(a);
}

static void *
log_in_and_out(void *arg)
{
	for (unsigned i = 0; i < 5000; i++)
		if (attempts_charge(arg, STR("ann"), here, START) == 0)
			attempts_forgive(arg, STR("ann"), here, START);
	return NULL;
}

static void
threads(void **state)
{
	struct attempts *a = attempts_new();
	pthread_t t[4];

	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&t[i], NULL, log_in_and_out, a), 0);
	for (size_t i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	assert_int_equal(allowed(a, STR("ann"), here, START, 100), 5);
	attempts_free(a);
	attempts_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_user_from_one_address),
		cmocka_unit_test(refilled_with_time),
		cmocka_unit_test(one_address),
		cmocka_unit_test(one_user_from_everywhere),
		cmocka_unit_test(refusals_cost_nothing),
		cmocka_unit_test(forgiven),
		cmocka_unit_test(forgiveness_is_no_credit),
		cmocka_unit_test(addresses),
		cmocka_unit_test(mapped_addresses),
		cmocka_unit_test(hostile_names),
		cmocka_unit_test(clocks),
		cmocka_unit_test(flooded),
		cmocka_unit_test(threads),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("attempts", tests, NULL, NULL);
}
