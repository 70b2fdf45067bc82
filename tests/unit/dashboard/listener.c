#include "dashboard/listener.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/str.h"

static bool
has_six(void)
{
	const struct sockaddr_in6 a = { .sin6_family = AF_INET6,
		.sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int fd = socket(AF_INET6, SOCK_STREAM, 0);
	bool yes = fd >= 0 && bind(fd, (const void *)&a, sizeof(a)) == 0;

	if (fd >= 0)
		close(fd);
	return yes;
}

/* Whether a client at ${address} reaches port ${port}. */
static bool
reaches(const char *address, unsigned port)
{
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };
	bool is_six = inet_pton(AF_INET6, address, &six.sin6_addr) == 1;
	int fd = socket(is_six ? AF_INET6 : AF_INET, SOCK_STREAM, 0);
	bool yes;

	if (!is_six)
		assert_int_equal(inet_pton(AF_INET, address, &four.sin_addr), 1);
	if (fd < 0)
		return false;
	yes = connect(fd, is_six ? (const void *)&six : (const void *)&four,
		  is_six ? sizeof(six) : sizeof(four)) == 0;
	close(fd);
	return yes;
}

static void
opened(struct listener *l, const char *address, unsigned tries)
{
	struct err e = { 0 };

	if (listener_open(l, address, tries, &e) < 0)
		fail_msg("%s: %s", address, e.text);
	assert_true(l->fd >= 0);
	assert_true(fcntl(l->fd, F_GETFD) & FD_CLOEXEC);
}

static void
a_free_port(void **state)
{
	struct listener l, other;

	(void)state;
	opened(&l, "127.0.0.1:0", 1);
	assert_true(l.port > 0 && l.port < 65536);
	assert_string_equal(l.host, "127.0.0.1");
	assert_true(l.loopback);
	assert_true(reaches("127.0.0.1", l.port));
	assert_false(reaches("127.0.0.2", l.port));
	opened(&other, "127.0.0.1:0", 1);
	assert_int_not_equal(l.port, other.port);
	close(l.fd);
	close(other.fd);
}

static void
addresses(void **state)
{
	const struct {
		const char *address, *host;
		bool loopback, six;
	} cases[] = {
		{ "127.0.0.1:0", "127.0.0.1", true, false },
		{ "127.1.2.3:0", "127.1.2.3", true, false },
		{ "[::1]:0", "[::1]", true, true },
		{ "[0:0::1]:0", "[::1]", true, true },
		{ "[127.0.0.1]:0", "127.0.0.1", true, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct listener l;

		if (cases[i].six && !has_six())
			continue;
		opened(&l, cases[i].address, 1);
		assert_string_equal(l.host, cases[i].host);
		assert_int_equal(l.loopback, cases[i].loopback);
		close(l.fd);
	}
}

static void
names(void **state)
{
	struct listener l;

	(void)state;
	opened(&l, "localhost:0", 1);
	assert_true(l.loopback);
	assert_true(strcmp(l.host, "127.0.0.1") == 0 || strcmp(l.host, "[::1]") == 0);
	close(l.fd);
}

/* A wildcard is no address to go to: it is told by our name. */
static void
named_ourselves(const struct listener *l)
{
	char name[300];

	assert_false(l->loopback);
	assert_int_equal(gethostname(name, sizeof(name)), 0);
	if (strlen(name) < 45)
		assert_string_equal(l->host, name);
}

/* Any address: of either family, and from nowhere is it a secret. */
static void
any(void **state)
{
	struct listener l;

	(void)state;
	opened(&l, "*:0", 1);
	named_ourselves(&l);
	assert_true(reaches("127.0.0.1", l.port));
	if (has_six() && !reaches("::1", l.port))
		fail_msg("* is not any address of IPv6");
	close(l.fd);
	opened(&l, "0.0.0.0:0", 1);
	named_ourselves(&l);
	assert_true(reaches("127.0.0.1", l.port));
	close(l.fd);
	if (!has_six())
		return;
	opened(&l, "[::]:0", 1);
	named_ourselves(&l);
	assert_true(reaches("::1", l.port));
	assert_true(reaches("127.0.0.1", l.port));
	close(l.fd);
}

static void
refused(const char *address, const char *story)
{
	struct listener l = { .fd = -1 };
	struct err e = { 0 };

	if (listener_open(&l, address, 3, &e) == 0)
		fail_msg("%s is listened on", address);
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_int_equal(l.fd, -1);
	if (strstr(e.text, story) == NULL)
		fail_msg("%s: %s", address, e.text);
}

static void
no_addresses(void **state)
{
	static const char *const cases[] = { "", ":", "x", "127.0.0.1", "127.0.0.1:", ":8080",
		"8080", "127.0.0.1:x", "127.0.0.1:80x", "127.0.0.1: 80", "127.0.0.1:-1",
		"127.0.0.1:+1", "127.0.0.1:65536", "127.0.0.1:4294967296",
		"127.0.0.1:99999999999999999999999", "::1:8080", "::1", "2001:db8::1:80",
		"http://127.0.0.1:80/", "127.0.0.1:80/" };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char quoted[100];

		snprintf(quoted, sizeof(quoted), "\"%s\"", cases[i]);
		refused(cases[i], quoted);
	}
}

/* What stands between brackets is told with them. */
static void
no_addresses_in_brackets(void **state)
{
	(void)state;
	refused("[::1]:99999", "\"[::1]:99999\"");
	refused("[::1]:", "\"[::1]:\"");
	refused("[]:80", "\"[]:80\"");
	refused("[::1]", "\"[::1]\"");
	refused("[::1]x:80", "[::1]x");
}

static void
not_to_be_had(void **state)
{
	char host[400];

	(void)state;
	/* 192.0.2.1 is no machine's (RFC 5737). */
	refused("192.0.2.1:0", "192.0.2.1");
	refused("no-such-host.invalid:80", "no-such-host.invalid");
	memset(host, 'x', sizeof(host));
	memcpy(host + sizeof(host) - 4, ":80", 4);
	refused(host, "xxxxxxxx");
	refused("127.0.0.1\n:80", "127.0.0.1");
}

static void
the_next_port(void **state)
{
	struct listener first = { .fd = -1 }, next = { .fd = -1 };
	struct err e = { 0 };
	char address[64];

	(void)state;
	do { /* one with free ports behind it, as well as can be known */
		if (first.fd >= 0)
			close(first.fd);
		opened(&first, "127.0.0.1:0", 1);
	} while (first.port > 65000);
	snprintf(address, sizeof(address), "127.0.0.1:%u", first.port);
	assert_int_equal(listener_open(&next, address, 1, &e), -1);
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_non_null(strstr(e.text, "127.0.0.1"));
	snprintf(address, sizeof(address), "%u", first.port);
	assert_non_null(strstr(e.text, address));
	snprintf(address, sizeof(address), "127.0.0.1:%u", first.port);
	opened(&next, address, 20);
	assert_true(next.port > first.port && next.port < first.port + 20);
	close(next.fd);
	/* A port that was left just now may be had again. */
	assert_true(reaches("127.0.0.1", first.port));
	close(first.fd);
	opened(&next, address, 1);
	assert_int_equal(next.port, first.port);
	close(next.fd);
}

/* Ports end at 65535. */
static void
the_last_port(void **state)
{
	struct listener last, next = { .fd = -1 };
	struct err e = { 0 };

	(void)state;
	if (listener_open(&last, "127.0.0.1:65535", 1, &e) < 0)
		skip();
	assert_int_equal(last.port, 65535);
	assert_int_equal(listener_open(&next, "127.0.0.1:65535", 100, &e), -1);
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_int_equal(next.fd, -1);
	close(last.fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_free_port),
		cmocka_unit_test(addresses),
		cmocka_unit_test(names),
		cmocka_unit_test(any),
		cmocka_unit_test(no_addresses),
		cmocka_unit_test(no_addresses_in_brackets),
		cmocka_unit_test(not_to_be_had),
		cmocka_unit_test(the_next_port),
		cmocka_unit_test(the_last_port),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("listener", tests, NULL, NULL);
}
