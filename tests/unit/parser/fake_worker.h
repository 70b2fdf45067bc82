/*
 * fake_worker.h - a worker whose message_parse does what the message says, and workers that go wrong
 * by themselves, chosen by the name of the file that is executed.
 */
#ifndef TESTS_UNIT_PARSER_FAKE_WORKER_H
#define TESTS_UNIT_PARSER_FAKE_WORKER_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <time.h>
#include <unistd.h>

#include "core/frame.h"
#include "core/wire.h"
#include "parser/message.h"
#include "parser/worker.h"

struct message_parser {
	char room[256];
};

/* The name of the file that was executed. */
static const char *
called_as(void)
{
	const char *path = (const char *)getauxval(AT_EXECFN);

	return strrchr(path, '/') != NULL ? strrchr(path, '/') + 1 : path;
}

struct message_parser *
message_parser_new(struct err *e)
{
	static struct message_parser parser;

	if (strcmp(called_as(), "unable") != 0)
		return &parser;
	err_set(e, ERR_CONFIG, "this is only a test");
	return NULL;
}

void
message_parser_free(struct message_parser *p)
{
	(void)p;
}

static void
put(struct out *out, enum frame_type type, struct str payload)
{
	size_t at = frame_open(&out->frames, type);

	buf_puts(&out->frames, payload);
	frame_close(&out->frames, at);
}

/* Write the frames one byte at a time. */
static int
dribble(struct out *out)
{
	struct str s = buf_str(&out->frames);
	int rc = 0;

	for (size_t i = 0; i < s.n && rc == 0; i++)
		rc = out->write(out->arg, (struct str){ s.p + i, 1 });
	buf_reset(&out->frames);
	return rc;
}

/* Compute for ${ms} of CPU time. */
static void
burn(long ms)
{
	struct timespec t;
	long end;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	end = t.tv_sec * 1000 + t.tv_nsec / 1000000 + ms;
	while (t.tv_sec * 1000 + t.tv_nsec / 1000000 < end)
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
}

static void
eat(void)
{
	for (;;) {
		volatile char *p = malloc(16 << 20);

		if (p == NULL)
			abort();
		p[0] = 1;
	}
}

static void
wait_for_ever(void)
{
	struct pollfd none = { .fd = -1 };

	for (;;)
		poll(&none, 1, -1);
}

/* A record that names us. */
static void
put_pid(struct out *out)
{
	char pid[32];
	int n = snprintf(pid, sizeof(pid), "%d", getpid());

	put(out, FRAME_RECORD, (struct str){ pid, (size_t)n });
}

/* The same, and then never an end. */
static void
offer_pid(struct out *out)
{
	struct err e;

	put_pid(out);
	out_flush(out, 0, &e);
	wait_for_ever();
}

int
message_parse(
    struct message_parser *p, int fd, const struct job *job, struct out *out, struct err *e)
{
	ssize_t n = pread(fd, p->room, sizeof(p->room) - 1, 0);
	char *what = p->room;
	unsigned long records = 0;
	char *end;

	assert_true(n >= 0);
	what[n] = '\0';
	if (strcmp(what, "crash") == 0)
		__builtin_trap();
	else if (strcmp(what, "abort") == 0)
		abort();
	else if (strcmp(what, "exit") == 0)
		_exit(7);
	else if (strcmp(what, "spin") == 0)
		burn(INT32_MAX);
	else if (strcmp(what, "burn") == 0)
		burn(750);
	else if (strcmp(what, "hang") == 0)
		wait_for_ever();
	else if (strcmp(what, "eat") == 0)
		eat();
	else if (strcmp(what, "pid") == 0)
		offer_pid(out);
	else if (strcmp(what, "whoami") == 0)
		put_pid(out);
	else if (strcmp(what, "not a frame") == 0)
		buf_puts(&out->frames, STR("\377\377\377\377\377 and more"));
	else if (strcmp(what, "a job") == 0)
		put(out, FRAME_JOB, STR(""));
	else if (strcmp(what, "again") == 0)
		begin_put(&out->frames, job->ticket);
	else
		records = strtoul(what, &end, 10);
	for (unsigned long i = 0; i < records; i++) {
		put(out, FRAME_RECORD, STR("record"));
		if (out_flush(out, 65536, e) != 0)
			return -1;
	}
	put(out, FRAME_END, job->name);
	return strstr(what, "dribble") != NULL ? dribble(out) : 0;
}

/* Workers that break the protocol before any message_parse: what they send at first. */
static int
misbehave(const char *how)
{
	struct buf b;

	if (strcmp(how, "stillborn") == 0)
		return 3;
	buf_init(&b, 1024);
	if (strcmp(how, "wrong-ticket") == 0)
		begin_put(&b, 4711);
	else
		frame_close(&b, frame_open(&b, FRAME_RECORD));
	frame_write(3, buf_str(&b));
	wait_for_ever();
	return 0;
}

static int
be_worker(void)
{
	static const char *const bad[] = { "stillborn", "wrong-ticket", "early-record" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (strcmp(called_as(), bad[i]) == 0)
			return misbehave(bad[i]);
	return worker_main();
}

#endif
