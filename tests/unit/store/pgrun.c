#include "store/pgrun.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#define STAMP "2026-11-21 09:03:17.095 UTC [13909] "

static void
test_reason(void **state)
{
	static const struct {
		const char *output, *reason;
	} cases[] = {
		{ "", "" },
		{ "\n\n", "" },
		{ "no mark here\n  second\n", "no mark here; second" },
		{ "creating ... " STAMP "FATAL:  out of paper\nchild ended\n",
		    "FATAL:  out of paper; child ended" },
		{ "initdb: error: cannot be run as root", "error: cannot be run as root" },
		{ STAMP "LOG:  unrecognized \"x\"\n" STAMP "FATAL:  contains errors\n",
		    "LOG:  unrecognized \"x\"; FATAL:  contains errors" },
		{ STAMP "LOG:  starting\n" STAMP "LOG:  could not bind\n" STAMP
			"HINT:  wait\n" STAMP "FATAL:  no sockets\n",
		    "could not bind; HINT:  wait; FATAL:  no sockets" },
		{ "FATAL:  0123456789012345678901234567890123456789012345678901234567890123456789"
		  "012345678901234567890123456789",
		    "FATAL:  01234567890123456789012345678901234567890123456789012345678901234567890"
		    "12345678901234567890" },
	};
	char out[100];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		pgrun_reason(str_of(cases[i].output), out, sizeof(out));
		assert_string_equal(out, cases[i].reason);
	}
}

static int
capture(const char *script, struct buf *text)
{
	char shell[] = "/bin/sh", option[] = "-c", line[200];
	char *argv[] = { shell, option, line, NULL };
	struct err e;
	int status;

	snprintf(line, sizeof(line), "%s", script);
	buf_reset(text);
	assert_int_equal(pgrun_capture(argv, -1, text, &status, &e), 0);
	return status;
}

static void
assert_text(const struct buf *text, const char *expected)
{
	assert_int_equal(text->n, strlen(expected));
	assert_memory_equal(text->p, expected, text->n);
}

static void
test_capture(void **state)
{
	struct buf text;
	int status;

	(void)state;
	setenv("PGPORT", "1", 1);
	buf_init(&text, 4096);
	status = capture("echo one; echo two >&2; exit 3", &text);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 3);
	assert_text(&text, "one\ntwo\n");
	assert_int_equal(capture("pwd; cat; echo \"$LC_ALL$PGPORT\"", &text), 0);
	assert_text(&text, "/\nC.UTF-8\n");
	status = capture("kill -9 $$", &text);
	assert_true(WIFSIGNALED(status));
	buf_fini(&text);
}

static void
test_missing(void **state)
{
	char program[] = "/nonexistent/postgres";
	char *argv[] = { program, NULL };
	struct buf text;
	struct err e;
	int status;

	(void)state;
	buf_init(&text, 100);
	if (pgrun_capture(argv, -1, &text, &status, &e) == -1) {
		assert_int_equal(e.kind, ERR_DATABASE);
		assert_non_null(strstr(e.text, "/nonexistent/postgres"));
	} else {
		/* Under valgrind, where a vfork is a fork, only the child learns of it. */
		assert_int_equal(WEXITSTATUS(status), 127);
	}
	buf_fini(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reason),
		cmocka_unit_test(test_capture),
		cmocka_unit_test(test_missing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("pgrun", tests, NULL, NULL);
}
