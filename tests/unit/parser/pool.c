/* The pool with real processes: the program itself is the worker, by fake_worker.h. */
#include "parser/pool.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/again.h"
#include "core/instrument.h"
#include "core/limits.h"
#include "parser/worker.h"

#include "tests/unit/parser/fake_worker.h"
#include "tests/unit/parser/pool_driver.h"

static char self[4096];                             /* this program */
static char aliases[] = "/tmp/ruastat-pool-XXXXXX"; /* a directory for its other names */

static void
every_message_ends_once(void **state)
{
	struct given *given = calloc(MESSAGES, sizeof(*given));
	struct pool *p = new_pool(2, self, PLENTY);
	struct given content = { 0 };
	struct err e;

	(void)state;
	assert_non_null(given);
	open_given(&content, "1");
	for (size_t i = 0; i < MESSAGES; i++) {
		given[i].fd = content.fd;
		snprintf(given[i].name, sizeof(given[i].name), "%zu", i);
		while (pool_full(p))
			assert_int_equal(turn(p, &e), 0);
		assert_int_equal(submit(p, &given[i], &e), 0);
		assert_in_range(pool_busy(p), 1, 4);
	}
	drain(p);
	assert_int_equal(last_ended, MESSAGES);
	for (size_t i = 0; i < MESSAGES; i++) {
		assert_int_equal(given[i].ended, 1);
		assert_int_equal(given[i].records, 1);
		assert_int_equal(given[i].restarts, 0);
	}
	pool_free(p);
	close(content.fd);
	free(given);
}

static void
one_worker_keeps_the_order_and_is_replaced(void **state)
{
	static struct given given[LIMIT_WORKER_MESSAGES - 2];
	const size_t n = sizeof(given) / sizeof(given[0]);
	struct pool *p = new_pool(1, self, PLENTY);
	struct given content = { 0 };
	struct err e;
	pid_t pid;

	(void)state;
	open_given(&content, "0");
	pid = worker_of(p);
	last_ended = 0;
	for (size_t i = 0; i < n; i++) {
		given[i].fd = content.fd;
		snprintf(given[i].name, sizeof(given[i].name), "%zu", i);
		while (pool_full(p))
			assert_int_equal(turn(p, &e), 0);
		assert_int_equal(submit(p, &given[i], &e), 0);
	}
	drain(p);
	for (size_t i = 0; i < n; i++)
		assert_ptr_equal(ended[i], &given[i]);
	assert_int_equal(worker_of(p), pid);
	assert_int_not_equal(worker_of(p), pid);
	pool_free(p);
	close(content.fd);
}

static void
workers_start_when_needed(void **state)
{
	struct pool *p = new_pool(3, self, PLENTY);
	struct pollfd fds[LIMIT_WORKERS];
	struct given g[6] = { 0 };
	struct err e;

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		size_t expected = i < 3 ? i : 3;

		assert_int_equal(pool_pollfds(p, fds, LIMIT_WORKERS), expected);
		assert_false(pool_full(p));
		open_given(&g[i], "1");
		assert_int_equal(submit(p, &g[i], &e), 0);
	}
	assert_true(pool_full(p));
	assert_int_equal(pool_pollfds(p, fds, 2), 2);
	drain(p);
	for (size_t i = 0; i < 6; i++) {
		assert_int_equal(g[i].ended, 1);
		close(g[i].fd);
	}
	pool_free(p);
}

/* What a message does, and what is told of it and of the one that waited behind it. */
static void
one_message_costs_itself_only(void **state)
{
	static const struct {
		const char *what;
		const char *reason; /* NULL: it ends well */
		unsigned records;
		bool sanitized; /* it can be tried in an instrumented build too */
	} cases[] = {
		{ "0", NULL, 0, true },
		{ "3", NULL, 3, true },
		{ "3 dribble", NULL, 3, true },
		{ "200000", NULL, 200000, true },
		{ "crash", "the parser crashed (signal 4)", 0, true },
		{ "abort",
		    "the parser crashed (signal 6) or needed more than 512 MB of memory; worker_memory raises it",
		    0, true },
		{ "eat",
		    "the parser crashed (signal 6) or needed more than 512 MB of memory; worker_memory raises it",
		    0, false },
		{ "exit", "the parser ended in the middle of a mail (exit status 7)", 0, true },
		{ "hang", "the parser hung for 1 s; worker_wait raises it", 0, true },
		{ "not a frame", "the parser sent what is no frame", 0, true },
		{ "a job", "the parser sent frames out of order", 0, true },
		{ "again", "the parser began a mail it was not given", 0, true },
	};
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int wall_ms = strcmp(cases[i].what, "hang") == 0 ? HARDLY : PLENTY;
		struct pool *p = new_pool(1, self, wall_ms);
		struct given g[3] = { 0 };

		if (INSTRUMENTED && !cases[i].sanitized) {
			pool_free(p);
			continue;
		}
		open_given(&g[0], cases[i].what);
		open_given(&g[1], "2");
		open_given(&g[2], "1");
		assert_int_equal(submit(p, &g[0], &e), 0);
		assert_int_equal(submit(p, &g[1], &e), 0);
		assert_true(pool_full(p));
		drain(p);
		if (cases[i].reason != NULL)
			assert_string_equal(g[0].reason, cases[i].reason);
		assert_int_equal(g[0].failed, cases[i].reason != NULL);
		assert_int_equal(g[0].ended, cases[i].reason == NULL);
		assert_int_equal(g[0].records, cases[i].records);
		assert_int_equal(g[0].restarts, 0);
		assert_int_equal(submit(p, &g[2], &e), 0);
		drain(p);
		for (size_t j = 1; j < 3; j++) {
			assert_int_equal(g[j].ended, 1);
			assert_int_equal(g[j].records, 3 - j);
			assert_int_equal(g[j].restarts, 0);
		}
		pool_free(p);
		for (size_t j = 0; j < 3; j++)
			close(g[j].fd);
	}
}

/* One worker for all: what the messages before have used is not counted against the next. */
static void
cpu_time_is_counted_per_message(void **state)
{
	static const char *const what[] = { "burn", "burn", "burn", "spin", "burn" };
	struct pool *p = new_pool(1, self, PLENTY);
	struct given g[5] = { 0 };
	struct err e;

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		open_given(&g[i], what[i]);
		while (pool_full(p))
			assert_int_equal(turn(p, &e), 0);
		assert_int_equal(submit(p, &g[i], &e), 0);
	}
	drain(p);
	for (size_t i = 0; i < 5; i++) {
		bool spins = strcmp(what[i], "spin") == 0;

		assert_string_equal(g[i].reason,
		    spins ? "needed more than 1 s of CPU time; worker_seconds raises it" : "");
		assert_int_equal(g[i].ended, !spins);
		assert_int_equal(g[i].restarts, 0);
		close(g[i].fd);
	}
	pool_free(p);
}

static void
the_sink_may_refuse_a_frame(void **state)
{
	struct pool *p = new_pool(1, self, PLENTY);
	struct given g[2] = { { .name = "refuse me" } };
	struct err e;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		open_given(&g[i], "1");
		assert_int_equal(submit(p, &g[i], &e), 0);
	}
	drain(p);
	assert_string_equal(g[0].reason, "the sink refused it");
	assert_int_equal(g[1].ended, 1);
	pool_free(p);
	close(g[0].fd);
	close(g[1].fd);
}

static void
a_kill_from_outside_starts_it_anew(void **state)
{
	static const struct {
		int signal;
		unsigned kills;
		const char *reason; /* NULL: it ends well */
	} cases[] = {
		{ SIGKILL, 1, NULL },
		{ SIGTERM, 1, NULL },
		{ SIGHUP, 1, NULL },
		{ SIGXCPU, 1, NULL }, /* it had not used its time: the limit was not its own */
		{ SIGKILL, LIMIT_WORKER_RETRIES, NULL },
		{ SIGKILL, LIMIT_WORKER_RETRIES + 1,
		    "the parser was killed 4 times (out of memory?)" },
		{ SIGSEGV, 1, INSTRUMENTED ? NULL : "the parser crashed (signal 11)" },
	};
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pool *p = new_pool(1, self, PLENTY);
		struct given g[2] = {
			{ .kills = cases[i].kills, .signal = cases[i].signal, .then = "5" }
		};

		if (INSTRUMENTED && cases[i].signal == SIGSEGV) {
			pool_free(p);
			continue;
		}
		open_given(&g[0], "pid");
		open_given(&g[1], "2");
		assert_int_equal(submit(p, &g[0], &e), 0);
		assert_int_equal(submit(p, &g[1], &e), 0);
		drain(p);
		assert_int_equal(g[0].kills, 0);
		if (cases[i].reason != NULL) {
			assert_string_equal(g[0].reason, cases[i].reason);
		} else {
			assert_string_equal(g[0].reason, "");
			assert_int_equal(g[0].ended, 1);
			assert_int_equal(g[0].records, 5);
			assert_int_equal(g[0].restarts, cases[i].kills);
		}
		assert_int_equal(g[1].ended, 1);
		assert_int_equal(g[1].restarts, 0);
		pool_free(p);
		close(g[0].fd);
		close(g[1].fd);
	}
}

/* Ctrl-C goes to the worker too, and is the parent's to decide on. */
static void
an_interrupt_does_not_end_a_worker(void **state)
{
	struct pool *p = new_pool(1, self, HARDLY);
	struct given g = { .kills = 1, .signal = SIGINT };
	struct err e;

	(void)state;
	open_given(&g, "pid");
	assert_int_equal(submit(p, &g, &e), 0);
	drain(p);
	assert_int_equal(g.restarts, 0);
	assert_string_equal(g.reason, "the parser hung for 1 s; worker_wait raises it");
	pool_free(p);
	close(g.fd);
}

static void
an_idle_worker_may_die(void **state)
{
	struct pool *p = new_pool(1, self, PLENTY);
	struct given g[2] = { { .kills = 1, .signal = SIGKILL, .then = "1" } };
	struct pollfd fd;
	struct err e;

	(void)state;
	open_given(&g[0], "pid");
	open_given(&g[1], "1");
	assert_int_equal(submit(p, &g[0], &e), 0);
	drain(p);
	assert_int_equal(pool_timeout(p), -1);
	/* Half a connection is as good as none: the worker sees the end and leaves. */
	assert_int_equal(pool_pollfds(p, &fd, 1), 1);
	assert_int_equal(shutdown(fd.fd, SHUT_WR), 0);
	assert_int_equal(submit(p, &g[1], &e), 0);
	drain(p);
	assert_int_equal(g[1].ended, 1);
	assert_int_equal(g[1].restarts, 0);
	pool_free(p);
	close(g[0].fd);
	close(g[1].fd);
}

static void
workers_that_never_work_end_the_run(void **state)
{
	static const struct {
		const char *name;
		const char *text;   /* of the error */
		const char *reason; /* why the message fails before, or NULL */
	} cases[] = {
		{ "unable", "the parser cannot be set up or jailed", NULL },
		{ "stillborn", "the parser ended 10 times before its first mail", NULL },
		{ "wrong-ticket", "the parser ended 10 times before its first mail",
		    "the parser began a mail it was not given" },
		{ "early-record", "the parser ended 10 times before its first mail",
		    "the parser sent frames out of order" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char path[sizeof(aliases) + 32];
		struct given g[16] = { 0 };
		size_t n = 0;
		struct pool *p;
		struct err e;
		int rc = 0;

		snprintf(path, sizeof(path), "%s/%s", aliases, cases[i].name);
		assert_int_equal(symlink(self, path), 0);
		p = new_pool(1, path, PLENTY);
		while (rc == 0 && n < 16) {
			open_given(&g[n], "1");
			assert_int_equal(submit(p, &g[n++], &e), 0);
			while (rc == 0 && pool_full(p))
				rc = turn(p, &e);
		}
		assert_int_equal(rc, -1);
		assert_int_equal(e.kind, ERR_CONFIG);
		assert_memory_equal(e.text, cases[i].text, strlen(cases[i].text));
		assert_string_equal(g[0].reason, cases[i].reason != NULL ? cases[i].reason : "");
		assert_int_equal(g[0].ended, 0);
		pool_free(p);
		while (n > 0)
			close(g[--n].fd);
		assert_int_equal(unlink(path), 0);
	}
}

static void
a_program_that_is_not_there_is_told(void **state)
{
	struct pool *p = new_pool(1, "/nonexistent/ruastat", PLENTY);
	struct given g = { 0 };
	struct err e;
	int rc;

	(void)state;
	open_given(&g, "1");
	rc = submit(p, &g, &e);
	/* Where processes cannot share memory (valgrind) posix_spawn tells it by an exit status. */
	while (rc == 0)
		rc = turn(p, &e);
	assert_int_equal(rc, -1);
	assert_int_equal(e.kind, ERR_CONFIG);
	pool_free(p);
	close(g.fd);
}

/* Messages in work, waiting and half written are dropped; a hanging worker is not waited for. */
static void
pool_free_leaves_nothing_behind(void **state)
{
	static const char *const what[] = { "hang", "200000", "spin", "pid", "1", "200000" };
	struct pool *p = new_pool(3, self, PLENTY);
	struct given g[6] = { 0 };
	int start = milliseconds();
	struct err e;

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		open_given(&g[i], what[i]);
		assert_int_equal(submit(p, &g[i], &e), 0);
	}
	assert_true(pool_full(p));
	assert_int_equal(pool_busy(p), 6);
	assert_int_equal(turn(p, &e), 0);
	pool_free(p);
	assert_in_range(milliseconds() - start, 0, 2500);
	for (size_t i = 0; i < 6; i++)
		close(g[i].fd);
}

/* A parent of its own for the worker, that is killed when the worker is at work. */
static void
a_worker_ends_with_its_parent(void **state)
{
	int channel[2];
	pid_t parent, worker;
	int status;

	(void)state;
	assert_int_equal(pipe(channel), 0);
	/* So that the orphan becomes ours. */
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
	parent = fork();
	assert_true(parent >= 0);
	if (parent == 0) {
		struct pool *p = new_pool(1, self, PLENTY);
		struct given g = { 0 };
		struct err e;

		open_given(&g, "pid");
		if (submit(p, &g, &e) != 0)
			_exit(1);
		while (g.pid == 0)
			turn(p, &e);
		if (write(channel[1], &g.pid, sizeof(g.pid)) != sizeof(g.pid))
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(read(channel[0], &worker, sizeof(worker)), sizeof(worker));
	assert_int_equal(kill(parent, SIGKILL), 0);
	assert_int_equal(waitpid(parent, &status, 0), parent);
	assert_int_equal(waitpid(worker, &status, 0), worker);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0), 0);
	close(channel[0]);
	close(channel[1]);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_message_ends_once, before, after),
		cmocka_unit_test_setup_teardown(
		    one_worker_keeps_the_order_and_is_replaced, before, after),
		cmocka_unit_test_setup_teardown(workers_start_when_needed, before, after),
		cmocka_unit_test_setup_teardown(one_message_costs_itself_only, before, after),
		cmocka_unit_test_setup_teardown(cpu_time_is_counted_per_message, before, after),
		cmocka_unit_test_setup_teardown(a_worker_ends_with_its_parent, before, after),
		cmocka_unit_test_setup_teardown(the_sink_may_refuse_a_frame, before, after),
		cmocka_unit_test_setup_teardown(a_kill_from_outside_starts_it_anew, before, after),
		cmocka_unit_test_setup_teardown(an_interrupt_does_not_end_a_worker, before, after),
		cmocka_unit_test_setup_teardown(an_idle_worker_may_die, before, after),
		cmocka_unit_test_setup_teardown(workers_that_never_work_end_the_run, before, after),
		cmocka_unit_test_setup_teardown(a_program_that_is_not_there_is_told, before, after),
		cmocka_unit_test_setup_teardown(pool_free_leaves_nothing_behind, before, after),
	};
	int rc;

	if (strcmp(again_name(argc, argv), WORKER_NAME) == 0)
		return be_worker();
	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0 || mkdtemp(aliases) == NULL)
		return 1;
	cmocka_set_message_output(CM_OUTPUT_TAP);
	/* What fails here may wait for ever. */
	alarm(120);
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(aliases);
	return rc;
}
