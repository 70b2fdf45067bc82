/* pool_driver.h - messages to hand to a pool, what it told of them, and the caller's loop. */
#ifndef TESTS_UNIT_PARSER_POOL_DRIVER_H
#define TESTS_UNIT_PARSER_POOL_DRIVER_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/limits.h"
#include "parser/pool.h"

#define MESSAGES 10000
#define PLENTY 60000 /* ms of wall time, for what will not hang */
#define HARDLY 500   /* and for what will */

/* A message handed in, and what the pool told of it. */
struct given {
	int fd;
	char name[32];
	unsigned records, ended, failed, restarts;
	pid_t pid;        /* of the worker, where the message asked for it */
	unsigned kills;   /* how often its worker is still to be killed from here */
	int signal;       /* and by what */
	const char *then; /* what the message says from then on */
	char reason[512];
};

static size_t last_ended; /* messages that ended, in order */
static struct given *ended[MESSAGES];

static void
on_record(struct given *g, struct str payload)
{
	uint64_t pid;

	g->records++;
	if (str_u64(payload, INT32_MAX, &pid) != 0)
		return;
	g->pid = (pid_t)pid;
	if (g->kills == 0)
		return;
	g->kills--;
	if (g->kills == 0 && g->then != NULL) {
		assert_int_equal(ftruncate(g->fd, 0), 0);
		assert_int_equal(pwrite(g->fd, g->then, strlen(g->then), 0), strlen(g->then));
	}
	assert_int_equal(kill(g->pid, g->signal), 0);
}

static int
on_frame(void *arg, void *context, enum frame_type type, struct str payload, struct err *e)
{
	struct given *g = context;

	assert_ptr_equal(arg, ended);
	assert_false(g->ended || g->failed);
	if (type == FRAME_RECORD) {
		on_record(g, payload);
		return 0;
	}
	assert_int_equal(type, FRAME_END);
	if (str_eq(payload, STR("refuse me")))
		return err_set(e, ERR_MESSAGE, "the sink refused it");
	assert_true(str_eq(payload, str_of(g->name)));
	g->ended++;
	ended[last_ended++ % MESSAGES] = g;
	return 0;
}

static void
on_restart(void *arg, void *context)
{
	struct given *g = context;

	assert_ptr_equal(arg, ended);
	assert_false(g->ended || g->failed);
	g->records = 0;
	g->restarts++;
}

static void
on_failed(void *arg, void *context, const char *reason)
{
	struct given *g = context;

	assert_ptr_equal(arg, ended);
	assert_false(g->ended || g->failed);
	g->failed++;
	snprintf(g->reason, sizeof(g->reason), "%s", reason);
}

static struct pool *
new_pool(unsigned workers, const char *exe, int wall_ms)
{
	struct pool_conf conf = {
		.workers = workers,
		.exe = exe,
		.sink = { ended, on_frame, on_restart, on_failed },
		.cpu_seconds = 1,
		.wall_ms = wall_ms,
	};

	last_ended = 0;
	return pool_new(&conf);
}

static void
open_given(struct given *g, const char *what)
{
	g->fd = memfd_create("message", MFD_CLOEXEC);
	assert_true(g->fd >= 0);
	assert_int_equal(write(g->fd, what, strlen(what)), strlen(what));
	if (g->name[0] == '\0')
		snprintf(g->name, sizeof(g->name), "message %p", (void *)g);
}

static int
submit(struct pool *p, struct given *g, struct err *e)
{
	return pool_submit(p, g, g->fd, 100, g->name, false, 0, e);
}

static int
milliseconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int)(t.tv_sec % 1000000 * 1000 + t.tv_nsec / 1000000);
}

/* One round of the caller's loop. */
static int
turn(struct pool *p, struct err *e)
{
	struct pollfd fds[LIMIT_WORKERS];
	size_t n = pool_pollfds(p, fds, LIMIT_WORKERS);
	int start = milliseconds();
	int rc = poll(fds, n, pool_timeout(p));

	assert_true(rc >= 0 || errno == EINTR);
	return pool_service(p, fds, n, milliseconds() - start, e);
}

static void
drain(struct pool *p)
{
	struct err e;

	while (pool_busy(p) > 0)
		if (turn(p, &e) != 0)
			fail_msg("%s", e.text);
}

static size_t
open_files(void)
{
	DIR *d = opendir("/proc/self/fd");
	size_t n = 0;

	assert_non_null(d);
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

/* Around each test: no descriptor and no child may be left. */
static int
before(void **state)
{
	static size_t files;

	files = open_files();
	*state = &files;
	return 0;
}

static int
after(void **state)
{
	const size_t *files = *state;

	assert_int_equal(open_files(), *files);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	return 0;
}

/* Which process it is that takes the next message. */
static pid_t
worker_of(struct pool *p)
{
	struct given g = { 0 };
	struct err e;

	open_given(&g, "whoami");
	assert_int_equal(submit(p, &g, &e), 0);
	drain(p);
	assert_int_equal(g.ended, 1);
	close(g.fd);
	return g.pid;
}

#endif
