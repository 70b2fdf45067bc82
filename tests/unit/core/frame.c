#include "core/frame.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/limits.h"

static void
put(struct buf *b, enum frame_type type, struct str payload)
{
	size_t at = frame_open(b, type);

	buf_puts(b, payload);
	frame_close(b, at);
}

static void
frames_come_off_one_by_one(void **state)
{
	static const struct {
		enum frame_type type;
		const char *payload;
	} frames[] = { { FRAME_BEGIN, "12345678" }, { FRAME_RETRACT, "" }, { FRAME_END, "x" } };
	enum frame_type type;
	struct str payload;
	struct buf b;
	struct str in;
	size_t used;

	(void)state;
	buf_init(&b, 1000);
	for (size_t i = 0; i < 3; i++)
		put(&b, frames[i].type, str_of(frames[i].payload));
	assert_memory_equal(b.p, "\0\0\0\10\2", 5);
	in = buf_str(&b);
	for (size_t i = 0; i < 3; i++) {
		size_t whole = FRAME_HEAD + strlen(frames[i].payload);

		for (size_t n = 0; n < whole; n++)
			assert_int_equal(
			    frame_next((struct str){ in.p, n }, &type, &payload, &used), 0);
		assert_int_equal(frame_next(in, &type, &payload, &used), 1);
		assert_int_equal(type, frames[i].type);
		assert_true(str_eq(payload, str_of(frames[i].payload)));
		assert_int_equal(used, whole);
		in.p += used;
		in.n -= used;
	}
	assert_int_equal(in.n, 0);
	assert_int_equal(frame_next(in, &type, &payload, &used), 0);
	buf_fini(&b);
}

static void
what_cannot_be_a_frame_is_told_from_its_head(void **state)
{
	const struct {
		struct str head;
		int rc;
	} cases[] = {
		{ STR("\0\0\0\0\0"), -1 },
		{ STR("\0\0\0\0\10"), -1 },
		{ STR("\0\0\0\0\377"), -1 },
		{ STR("\0\0\0\0\7"), 1 },
		{ STR("\0\60\0\0\3"), 0 }, /* LIMIT_FRAME_BYTES */
		{ STR("\0\60\0\1\3"), -1 },
		{ STR("\377\377\377\377\3"), -1 },
		{ STR("\377\377\377\377"), 0 },
	};
	enum frame_type type;
	struct str payload;
	size_t used;

	(void)state;
	assert_int_equal(LIMIT_FRAME_BYTES, 0x300000);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(frame_next(cases[i].head, &type, &payload, &used), cases[i].rc);
}

static void
a_frame_that_does_not_fit_leaves_the_buffer_over(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 8);
	put(&b, FRAME_RECORD, STR("abcd"));
	assert_true(b.over);
	buf_reset(&b);
	put(&b, FRAME_RECORD, STR("abc"));
	assert_false(b.over);
	assert_int_equal(b.n, 8);
	buf_fini(&b);
}

static void
make_pair(int pair[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
}

static ino_t
inode(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return st.st_ino;
}

/* Two jobs queued: a read gives the bytes and the descriptor of one, however much it asks for. */
static void
each_descriptor_comes_with_its_job(void **state)
{
	static const char *const jobs[] = { "first", "the second" };
	FILE *files[2] = { tmpfile(), tmpfile() };
	char room[100];
	int pair[2];
	int fd;

	(void)state;
	make_pair(pair);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(frame_send_fd(pair[0], str_of(jobs[i]), fileno(files[i])), 0);
	/* One in pieces ... */
	assert_int_equal(frame_recv_fd(pair[1], room, 2, &fd), 2);
	assert_memory_equal(room, "fi", 2);
	assert_int_equal(inode(fd), inode(fileno(files[0])));
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	close(fd);
	assert_int_equal(frame_recv_fd(pair[1], room, 3, &fd), 3);
	assert_memory_equal(room, "rst", 3);
	assert_int_equal(fd, -1);
	/* ... and one at once, with the next already there. */
	assert_int_equal(frame_send_fd(pair[0], STR("third"), fileno(files[0])), 0);
	assert_int_equal(frame_recv_fd(pair[1], room, sizeof(room), &fd), 10);
	assert_memory_equal(room, "the second", 10);
	assert_int_equal(inode(fd), inode(fileno(files[1])));
	close(fd);
	assert_int_equal(frame_recv_fd(pair[1], room, sizeof(room), &fd), 5);
	assert_int_equal(inode(fd), inode(fileno(files[0])));
	close(fd);
	close(pair[0]);
	assert_int_equal(frame_recv_fd(pair[1], room, sizeof(room), &fd), 0);
	assert_int_equal(fd, -1);
	close(pair[1]);
	fclose(files[0]);
	fclose(files[1]);
}

static void
nobody_to_send_to_is_an_error_and_no_signal(void **state)
{
	int pair[2];

	(void)state;
	make_pair(pair);
	close(pair[1]);
	assert_int_equal(frame_send_fd(pair[0], STR("job"), 0), -1);
	assert_int_equal(errno, EPIPE);
	assert_int_equal(frame_write(pair[0], STR("frames")), -1);
	assert_int_equal(errno, EPIPE);
	close(pair[0]);
}

static void
a_full_socket_does_not_block_a_job(void **state)
{
	char room[4096] = { 0 };
	int pair[2];

	(void)state;
	make_pair(pair);
	while (send(pair[0], room, sizeof(room), MSG_DONTWAIT) > 0)
		;
	assert_int_equal(frame_send_fd(pair[0], STR("job"), pair[0]), -1);
	assert_int_equal(errno, EAGAIN);
	close(pair[0]);
	close(pair[1]);
}

/* More than the socket holds, to a reader that takes its time, blocking or not. */
static void
writing_waits_for_the_reader(void **state)
{
	enum { BYTES = 4 << 20 };
	static char data[BYTES];

	(void)state;
	for (size_t i = 0; i < BYTES; i++)
		data[i] = (char)(i * 31 >> 8);
	for (int blocking = 0; blocking < 2; blocking++) {
		size_t got = 0;
		int pair[2];
		int status;
		pid_t pid;

		make_pair(pair);
		if (!blocking)
			assert_int_equal(fcntl(pair[0], F_SETFL, O_NONBLOCK), 0);
		pid = fork();
		assert_true(pid >= 0);
		if (pid == 0)
			_exit(frame_write(pair[0], (struct str){ data, BYTES }) == 0 ? 0 : 1);
		close(pair[0]);
		while (got < BYTES) {
			char room[10000];
			ssize_t n = recv(pair[1], room, sizeof(room), 0);

			assert_true(n > 0);
			assert_memory_equal(room, data + got, (size_t)n);
			got += (size_t)n;
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
		close(pair[1]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_come_off_one_by_one),
		cmocka_unit_test(what_cannot_be_a_frame_is_told_from_its_head),
		cmocka_unit_test(a_frame_that_does_not_fit_leaves_the_buffer_over),
		cmocka_unit_test(each_descriptor_comes_with_its_job),
		cmocka_unit_test(nobody_to_send_to_is_an_error_and_no_signal),
		cmocka_unit_test(a_full_socket_does_not_block_a_job),
		cmocka_unit_test(writing_waits_for_the_reader),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
