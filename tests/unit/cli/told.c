#include "cli/told.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/log.h"

static char dir[64];
static int heard; /* what is written to standard error */

static int
begin(void **state)
{
	int ends[2];

	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/ruastat-told-XXXXXX");
	if (mkdtemp(dir) == NULL || pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0 ||
	    dup2(ends[1], STDERR_FILENO) < 0)
		return -1;
	close(ends[1]);
	heard = ends[0];
	return 0;
}

static int
end(void **state)
{
	char path[128];

	(void)state;
	told_end();
	close(heard);
	snprintf(path, sizeof(path), "%s/told", dir);
	unlink(path);
	return rmdir(dir);
}

/* Whether a warning of ${text} is printed. */
static bool
says(const char *text)
{
	char got[2048];

	log_event(LOG_WARN, "%s", text);
	return read(heard, got, sizeof(got)) > 0;
}

static void
a_line_is_told_once(void **state)
{
	(void)state;
	told_begin(dir);
	assert_true(says("box 1 is gone"));
	assert_false(says("box 1 is gone"));
	assert_true(says("box 2 is gone"));
	told_end();
	assert_true(says("box 1 is gone"));
	told_begin(dir);
	assert_false(says("box 2 is gone"));
}

static void
news_is_told_each_time(void **state)
{
	(void)state;
	told_begin(dir);
	for (unsigned i = 0; i < 2; i++) {
		told_news();
		assert_true(says("1 new mail"));
	}
	assert_true(says("1 new mail"));
	assert_false(says("1 new mail"));
}

static void
numbers_in_a_server_s_words_are_no_news(void **state)
{
	static const struct {
		const char *text;
		bool printed;
	} lines[] = {
		{ "a: the server says: try later [2026-11-21 10:00:01]", true },
		{ "a: the server says: try later [2026-11-22 11:00:02]", false },
		{ "b: the server says: try later [2026-11-21 10:00:01]", true },
		{ "a: the server says: go away [2026-11-21 10:00:01]", true },
		{ "a: the server says: try later", true },
		{ "a: the server says: ", true },
		{ "a: the server ended the session: id 4711", true },
		{ "a: the server ended the session: id 4712", false },
		{ "a 4711: the server ended the session: id 4712", true },
	};

	(void)state;
	told_begin(dir);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_int_equal(says(lines[i].text), lines[i].printed);
}

static void
the_latest_are_remembered(void **state)
{
	char text[64], path[128];
	struct stat st;

	(void)state;
	told_begin(dir);
	for (unsigned i = 0; i < 3 * TOLD_SLOTS; i++) {
		snprintf(text, sizeof(text), "line %u", i);
		assert_true(says(text));
	}
	for (unsigned i = 2 * TOLD_SLOTS; i < 3 * TOLD_SLOTS; i++) {
		snprintf(text, sizeof(text), "line %u", i);
		assert_false(says(text));
	}
	snprintf(path, sizeof(path), "%s/told", dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 16 * TOLD_SLOTS);
}

static void
garbage_is_nothing_told(void **state)
{
	char path[128], bytes[16 * TOLD_SLOTS];
	int fd;

	(void)state;
	snprintf(path, sizeof(path), "%s/told", dir);
	for (int fill = 0; fill < 256; fill += 51) {
		memset(bytes, fill, sizeof(bytes));
		fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		assert_int_equal(write(fd, bytes, sizeof(bytes)), sizeof(bytes));
		close(fd);
		told_begin(dir);
		assert_true(says("box 1 is gone"));
		assert_false(says("box 1 is gone"));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_line_is_told_once, begin, end),
		cmocka_unit_test_setup_teardown(news_is_told_each_time, begin, end),
		cmocka_unit_test_setup_teardown(
		    numbers_in_a_server_s_words_are_no_news, begin, end),
		cmocka_unit_test_setup_teardown(the_latest_are_remembered, begin, end),
		cmocka_unit_test_setup_teardown(garbage_is_nothing_told, begin, end),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("told", tests, NULL, NULL);
}
