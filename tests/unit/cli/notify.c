#include "cli/notify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Listen at ${name}, as $NOTIFY_SOCKET has it. */
static int
listen_at(const char *name)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	memcpy(to.sun_path, name, strlen(name));
	if (name[0] == '@')
		to.sun_path[0] = '\0';
	assert_int_equal(bind(fd, (const struct sockaddr *)&to,
			     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name))),
	    0);
	assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
	return fd;
}

static void
hears(int fd, const char *text)
{
	char got[1024];
	ssize_t n = recv(fd, got, sizeof(got), 0);

	if (text == NULL) {
		assert_int_equal(n, -1);
		return;
	}
	assert_int_equal(n, strlen(text));
	assert_memory_equal(got, text, strlen(text));
}

static void
sends_to_paths_and_abstract_names(void **state)
{
	char names[2][64];

	(void)state;
	snprintf(names[0], sizeof(names[0]), "/tmp/ruastat-notify-%d", (int)getpid());
	snprintf(names[1], sizeof(names[1]), "@ruastat-notify-%d", (int)getpid());
	unsetenv("WATCHDOG_USEC");
	for (size_t i = 0; i < 2; i++) {
		int fd = listen_at(names[i]);
		struct notify n;

		notify_open(&n);
		notify_send(&n, "READY=%d", 1);
		hears(fd, "READY=1");
		hears(fd, NULL);
		assert_int_equal(notify_pulse(&n), -1);
		close(fd);
		notify_send(&n, "nobody listens any more");
		notify_close(&n);
		notify_send(&n, "nor here");
	}
	unlink(names[0]);
}

static void
says_nothing_where_nobody_asked(void **state)
{
	static const char *const names[] = { "", "@", "relative", "/", NULL };
	struct notify n;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (names[i] != NULL)
			setenv("NOTIFY_SOCKET", names[i], 1);
		else
			unsetenv("NOTIFY_SOCKET");
		notify_open(&n);
		assert_int_equal(n.fd, -1);
		assert_int_equal(notify_pulse(&n), -1);
		notify_close(&n);
	}
}

static void
feeds_its_own_watchdog(void **state)
{
	static const struct {
		const char *usec;
		int pid; /* added to ours; -1: not said */
		int most;
	} t[] = {
		{ "200000", -1, 100 },
		{ "200000", 0, 100 },
		{ "200000", 1, -1 },
		{ "0", 0, -1 },
		{ "no number", 0, -1 },
		{ NULL, 0, -1 },
	};
	char name[64], pid[16];
	int fd;

	(void)state;
	snprintf(name, sizeof(name), "@ruastat-watchdog-%d", (int)getpid());
	fd = listen_at(name);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct notify n;

		unsetenv("WATCHDOG_USEC");
		unsetenv("WATCHDOG_PID");
		snprintf(pid, sizeof(pid), "%d", (int)getpid() + t[i].pid);
		if (t[i].usec != NULL)
			setenv("WATCHDOG_USEC", t[i].usec, 1);
		if (t[i].pid >= 0)
			setenv("WATCHDOG_PID", pid, 1);
		notify_open(&n);
		assert_int_equal(notify_pulse(&n), t[i].most);
		hears(fd, t[i].most >= 0 ? "WATCHDOG=1" : NULL);
		/* not again before it is due */
		if (t[i].most == 100)
			assert_in_range(notify_pulse(&n), 1, 100);
		hears(fd, NULL);
		notify_close(&n);
	}
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sends_to_paths_and_abstract_names),
		cmocka_unit_test(says_nothing_where_nobody_asked),
		cmocka_unit_test(feeds_its_own_watchdog),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("notify", tests, NULL, NULL);
}
