#include "dashboard/peers.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "core/limits.h"

static time_t skew;

int clock_gettime(clockid_t clock, struct timespec *t);

/* The clock of the program under test: time passes when a test says so. */
int
clock_gettime(clockid_t clock, struct timespec *t)
{
	if (clock != CLOCK_MONOTONIC)
		return (int)syscall(SYS_clock_gettime, clock, t);
	*t = (struct timespec){ .tv_sec = 1000000 + skew };
	return 0;
}

union address {
	struct sockaddr any;
	struct sockaddr_in four;
	struct sockaddr_in6 six;
};

static union address
address(const char *text)
{
	union address a;

	memset(&a, 0, sizeof(a));
	if (inet_pton(AF_INET, text, &a.four.sin_addr) == 1)
		a.four.sin_family = AF_INET;
	else if (inet_pton(AF_INET6, text, &a.six.sin6_addr) == 1)
		a.six.sin6_family = AF_INET6;
	a.four.sin_port = htons(12345); /* the same place in both */
	return a;
}

/* An address that differs from others in its last number. */
static union address
numbered(const char *fmt, unsigned i)
{
	char text[64];

	snprintf(text, sizeof(text), fmt, i >> 8, i & 255);
	return address(text);
}

static bool
admits(struct peers *p, const char *text)
{
	union address a = address(text);

	return peers_admit(p, &a.any);
}

/* A client and the server's end of its connection. */
struct pair {
	int client, server;
	struct peer *peer;
};

static struct pair
connect_from(struct peers *p, const union address *a)
{
	struct pair c;
	int fd[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
	c = (struct pair){ .client = fd[0], .server = fd[1] };
	c.peer = peers_opened(p, c.server, &a->any);
	return c;
}

static struct pair
open_one(struct peers *p, const char *text)
{
	union address a = address(text);

	return connect_from(p, &a);
}

static void
close_one(struct peers *p, struct pair *c)
{
	peers_closed(p, c->peer);
	close(c->client);
	close(c->server);
	c->peer = NULL;
}

/* Whether the client was cut off. */
static bool
is_ended(const struct pair *c)
{
	char byte;

	return read(c->client, &byte, 1) == 0;
}

static void
per_address(void **state)
{
	const struct {
		const char *many, *other;
		bool one;
	} cases[] = {
		{ "192.0.2.1", "192.0.2.1", true },
		{ "192.0.2.1", "192.0.2.2", false },
		{ "192.0.2.1", "::ffff:192.0.2.1", true },
		{ "::ffff:192.0.2.1", "192.0.2.1", true },
		{ "::ffff:192.0.2.1", "::ffff:192.0.2.2", false },
		{ "2001:db8:0:1::1", "2001:db8:0:1:ffff::2", true },
		{ "2001:db8:0:1::1", "2001:db8:0:2::1", false },
		{ "::1", "127.0.0.1", false },
		{ "::1", "::ffff:127.0.0.1", false },
		{ "::", "0.0.0.0", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct peers *p = peers_new(NULL, 0);
		struct pair c[LIMIT_HTTP_PER_ADDRESS];

		for (size_t k = 0; k < LIMIT_HTTP_PER_ADDRESS; k++) {
			assert_true(admits(p, cases[i].many));
			c[k] = open_one(p, cases[i].many);
			assert_non_null(c[k].peer);
		}
		/* Beyond that the first must go; another address costs nobody anything. */
		assert_true(admits(p, cases[i].other));
		if (is_ended(&c[0]) != cases[i].one)
			fail_msg("%s and %s", cases[i].many, cases[i].other);
		for (size_t k = 1; k < LIMIT_HTTP_PER_ADDRESS; k++)
			assert_false(is_ended(&c[k]));
		/* Whoever is being answered stays: then it is the newcomer who must. */
		for (size_t k = 0; k < LIMIT_HTTP_PER_ADDRESS; k++)
			peers_asked(p, c[k].peer);
		if (cases[i].one)
			c[0] = open_one(p, cases[i].many);
		peers_asked(p, c[0].peer);
		assert_false(admits(p, cases[i].many));
		close_one(p, &c[7]);
		assert_true(admits(p, cases[i].many));
		for (size_t k = 0; k < LIMIT_HTTP_PER_ADDRESS; k++)
			if (k != 7)
				close_one(p, &c[k]);
		peers_free(p);
	}
}

/* As many connections as there may be, each from an address of its own, from ${first} on. */
static void
fill(struct peers *p, struct pair *all, unsigned first)
{
	for (unsigned i = first; i < LIMIT_HTTP_CONNECTIONS; i++) {
		union address a = numbered("10.0.%u.%u", i);

		assert_true(peers_admit(p, &a.any));
		all[i] = connect_from(p, &a);
		assert_non_null(all[i].peer);
	}
}

static void
close_all(struct peers *p, struct pair *all)
{
	for (unsigned i = 0; i < LIMIT_HTTP_CONNECTIONS; i++)
		close_one(p, &all[i]);
}

static unsigned
ended(const struct pair *all)
{
	unsigned n = 0;

	for (unsigned i = 0; i < LIMIT_HTTP_CONNECTIONS; i++)
		n += is_ended(&all[i]);
	return n;
}

static void
the_longest_goes(void **state)
{
	struct peers *p = peers_new(NULL, 0);
	struct pair all[LIMIT_HTTP_CONNECTIONS];
	union address a = numbered("10.0.%u.%u", 0);

	(void)state;
	skew = 0;
	/* The first place is taken anew and the third has asked since: it is the second's turn. */
	for (unsigned i = 0; i < 4; i++)
		all[i] = connect_from(p, &a);
	skew = 5;
	close_one(p, &all[0]);
	all[0] = connect_from(p, &a);
	peers_asked(p, all[2].peer);
	peers_answered(p, all[2].peer);
	peers_asked(p, all[3].peer);
	skew = 6;
	fill(p, all, 4);
	assert_int_equal(ended(all), 0);
	assert_true(admits(p, "192.0.2.1"));
	assert_true(is_ended(&all[1]));
	assert_int_equal(ended(all), 1);
	/* Who was shut down makes room as soon as its thread notices. */
	close_one(p, &all[1]);
	all[1] = open_one(p, "192.0.2.1");
	assert_non_null(all[1].peer);
	assert_int_equal(ended(all), 0);
	/* The next is one of the two that came at 5. */
	assert_true(admits(p, "192.0.2.2"));
	assert_int_equal(is_ended(&all[0]) + is_ended(&all[2]), 1);
	assert_int_equal(ended(all), 1);
	close_all(p, all);
	peers_free(p);
}

/* The thread of the one that must go has not come to it yet: who comes for it is served all the same. */
static void
newcomer_stays(void **state)
{
	struct peers *p = peers_new(NULL, 0);
	struct pair all[LIMIT_HTTP_CONNECTIONS], one;

	(void)state;
	fill(p, all, 0);
	assert_true(admits(p, "192.0.2.1"));
	one = open_one(p, "192.0.2.1");
	assert_int_equal(ended(all), 1);
	assert_false(is_ended(&one));
	assert_non_null(one.peer);
	close_one(p, &one);
	close_all(p, all);
	peers_free(p);
}

/* Who was sent away does not count, neither among all nor among those of his address. */
static void
leaving(void **state)
{
	struct peers *p = peers_new(NULL, 0);
	struct pair all[LIMIT_HTTP_CONNECTIONS];

	(void)state;
	skew = 0;
	for (unsigned i = 0; i < LIMIT_HTTP_PER_ADDRESS; i++)
		all[i] = open_one(p, "192.0.2.1");
	skew = LIMIT_HTTP_WAIT_SECONDS + 1;
	peers_tick(p);
	for (unsigned i = 0; i < LIMIT_HTTP_PER_ADDRESS; i++)
		assert_true(is_ended(&all[i]));
	assert_true(admits(p, "192.0.2.1"));
	skew = 0;
	for (unsigned i = 0; i < LIMIT_HTTP_PER_ADDRESS; i++)
		close_one(p, &all[i]);
	/* A place is used again as if nobody had been there. */
	fill(p, all, 0);
	assert_true(admits(p, "192.0.2.1"));
	assert_int_equal(ended(all), 1);
	close_all(p, all);
	peers_free(p);
}

/* The second of two is not let in on account of the first one's place. */
static void
two_newcomers(void **state)
{
	struct peers *p = peers_new(NULL, 0);
	struct pair all[LIMIT_HTTP_CONNECTIONS], more[2];

	(void)state;
	fill(p, all, 0);
	for (unsigned i = 0; i < 2; i++) {
		assert_true(admits(p, "192.0.2.1"));
		more[i] = open_one(p, "192.0.2.1");
		assert_non_null(more[i].peer);
		assert_int_equal(ended(all), i + 1);
	}
	assert_false(is_ended(&more[0]) || is_ended(&more[1]));
	close_one(p, &more[0]);
	close_one(p, &more[1]);
	close_all(p, all);
	peers_free(p);
}

/* Who is being answered goes only where nobody waits, and then the one that began first. */
static void
answers_are_finished(void **state)
{
	struct peers *p = peers_new(NULL, 0);
	struct pair all[LIMIT_HTTP_CONNECTIONS];

	(void)state;
	fill(p, all, 0);
	for (unsigned i = 0; i < LIMIT_HTTP_CONNECTIONS; i++)
		peers_asked(p, all[i].peer);
	peers_answered(p, all[123].peer);
	assert_true(admits(p, "192.0.2.1"));
	assert_true(is_ended(&all[123]));
	assert_int_equal(ended(all), 1);
	close_one(p, &all[123]);
	all[123] = open_one(p, "192.0.2.123");
	peers_asked(p, all[123].peer);
	skew = 1;
	peers_asked(p, all[0].peer);
	assert_true(admits(p, "192.0.2.1"));
	skew = 0;
	assert_false(is_ended(&all[0]));
	assert_int_equal(ended(all), 1);
	close_all(p, all);
	peers_free(p);
}

/* One more than there are places: no place, and the client is told by the end of its connection. */
static void
beyond_all_places(void **state)
{
	struct peers *p = peers_new(NULL, 0);
	struct pair all[LIMIT_HTTP_CONNECTIONS];
	struct pair more[PEERS_PLACES - LIMIT_HTTP_CONNECTIONS + 1];
	size_t n = sizeof(more) / sizeof(more[0]);

	(void)state;
	fill(p, all, 0);
	for (size_t i = 0; i < n; i++) {
		more[i] = open_one(p, "192.0.2.1");
		assert_int_equal(more[i].peer == NULL, i == n - 1);
	}
	assert_true(is_ended(&more[n - 1]));
	assert_int_equal(ended(all), 0);
	/* What is not there can be asked and closed. */
	peers_asked(p, NULL);
	peers_answered(p, NULL);
	peers_closed(p, NULL);
	for (size_t i = 0; i < n; i++)
		close_one(p, &more[i]);
	close_all(p, all);
	peers_free(p);
	peers_free(NULL);
}

static void
proxies(void **state)
{
	const char *const list[] = { "127.0.0.1", "2001:db8::1", "nonsense" };
	const struct {
		const char *text;
		bool trusted;
	} cases[] = {
		{ "127.0.0.1", true },
		{ "::ffff:127.0.0.1", true },
		{ "127.0.0.2", false },
		{ "2001:db8::1", true },
		{ "2001:db8::2", false }, /* of its /64, but not the proxy */
		{ "2001:db8::1:1", false },
		{ "::1", false },
		{ "0.0.0.0", false },
		{ "::", false },
		{ "no address at all", false },
	};
	struct peers *p = peers_new(list, 3), *none = peers_new(NULL, 0);
	struct pair all[LIMIT_HTTP_CONNECTIONS];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		union address a = address(cases[i].text);

		if (peers_trusts(p, &a.any) != cases[i].trusted)
			fail_msg("%s", cases[i].text);
		assert_false(peers_trusts(none, &a.any));
	}
	/* It may have all of them, and is one of many when they are all taken. */
	for (unsigned i = 0; i < LIMIT_HTTP_CONNECTIONS; i++) {
		assert_true(admits(p, "127.0.0.1"));
		all[i] = open_one(p, "127.0.0.1");
	}
	assert_int_equal(ended(all), 0);
	assert_true(admits(p, "127.0.0.1"));
	assert_int_equal(ended(all), 1);
	close_all(p, all);
	peers_free(p);
	peers_free(none);
}

/* A list as long as there may be, and longer: the rest is not believed. */
static void
many_proxies(void **state)
{
	char room[LIMIT_PROXIES + 1][32];
	const char *list[LIMIT_PROXIES + 1];
	struct peers *p;

	(void)state;
	for (unsigned i = 0; i <= LIMIT_PROXIES; i++) {
		snprintf(room[i], sizeof(room[i]), "192.0.2.%u", i);
		list[i] = room[i];
	}
	p = peers_new(list, LIMIT_PROXIES + 1);
	for (unsigned i = 0; i <= LIMIT_PROXIES; i++) {
		union address a = address(list[i]);

		assert_int_equal(peers_trusts(p, &a.any), i < LIMIT_PROXIES);
	}
	peers_free(p);
}

static void
deadlines(void **state)
{
	const time_t wait = LIMIT_HTTP_WAIT_SECONDS, taking = LIMIT_HTTP_ANSWER_SECONDS;
	struct peers *p = peers_new(NULL, 0);
	struct pair silent, asking, again;
	int fd[2];

	(void)state;
	skew = 0;
	silent = open_one(p, "192.0.2.1");
	asking = open_one(p, "192.0.2.1");
	again = open_one(p, "192.0.2.1");
	peers_asked(p, asking.peer);
	skew = wait - 1;
	peers_asked(p, again.peer);
	peers_answered(p, again.peer);
	peers_tick(p);
	assert_false(is_ended(&silent) || is_ended(&asking) || is_ended(&again));
	/* At the very second, or the one after it. */
	skew = wait + 1;
	peers_tick(p);
	assert_true(is_ended(&silent));
	assert_false(is_ended(&asking) || is_ended(&again));
	skew = wait - 1 + wait - 1;
	peers_tick(p);
	assert_false(is_ended(&asking) || is_ended(&again));
	skew = wait - 1 + wait + 1;
	peers_tick(p);
	assert_true(is_ended(&again));
	skew = taking - 1;
	peers_tick(p);
	assert_false(is_ended(&asking));
	skew = taking + 1;
	peers_tick(p);
	assert_true(is_ended(&asking));
	/* What is closed is let alone: its descriptor is another's by now. */
	peers_closed(p, silent.peer);
	skew += 1000;
	peers_closed(p, asking.peer);
	peers_closed(p, again.peer);
	close(silent.client);
	close(silent.server);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
	silent = (struct pair){ .client = fd[0], .server = fd[1] };
	peers_tick(p);
	assert_false(is_ended(&silent));
	close(silent.client);
	close(silent.server);
	peers_free(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(per_address),
		cmocka_unit_test(the_longest_goes),
		cmocka_unit_test(newcomer_stays),
		cmocka_unit_test(leaving),
		cmocka_unit_test(two_newcomers),
		cmocka_unit_test(answers_are_finished),
		cmocka_unit_test(beyond_all_places),
		cmocka_unit_test(proxies),
		cmocka_unit_test(many_proxies),
		cmocka_unit_test(deadlines),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("peers", tests, NULL, NULL);
}
