/*
 * The workers alone: every mail of a maildir is parsed, what comes back is counted and thrown away.
 *
 *   parse RUASTAT MAILDIR     prints seconds, mails and records
 */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/err.h"
#include "core/keyset.h"
#include "core/limits.h"
#include "ingest/source.h"
#include "parser/pool.h"

#define FLYING (2 * LIMIT_WORKERS)

struct flight {
	bool busy;
	int fd;
};

struct bench {
	struct flight flights[FLYING];
	struct pool *pool;
	struct source *source;
	struct keyset *known;
	bool more;
	size_t mails, failed, records;
};

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
land(struct bench *b, struct flight *f)
{
	close(f->fd);
	f->busy = false;
	b->mails++;
}

static int
on_frame(void *arg, void *context, enum frame_type type, struct str payload, struct err *e)
{
	struct bench *b = arg;

	(void)payload;
	(void)e;
	if (type == FRAME_RECORD)
		b->records++;
	else if (type == FRAME_END)
		land(b, context);
	return 0;
}

static void
on_restart(void *arg, void *context)
{
	(void)arg;
	(void)context;
}

static void
on_failed(void *arg, void *context, const char *reason)
{
	struct bench *b = arg;

	fprintf(stderr, "parse: %s\n", reason);
	b->failed++;
	land(b, context);
}

static int
submit(struct bench *b, const struct mail *m, struct err *e)
{
	struct flight *f = b->flights;

	while (f->busy)
		f++;
	*f = (struct flight){ .busy = true, .fd = m->fd };
	return pool_submit(b->pool, f, m->fd, m->size, m->name, m->bare, 0, e);
}

static int
feed(struct bench *b, struct err *e)
{
	struct mail m;
	int got;

	while (b->more && !pool_full(b->pool)) {
		got = source_next(b->source, b->known, &m, e);
		if (got < 0)
			return -1;
		b->more = got > 0;
		if (got > 0 && !m.known && submit(b, &m, e) < 0)
			return -1;
	}
	return 0;
}

static int
loop(struct bench *b, struct err *e)
{
	struct pollfd fds[LIMIT_WORKERS];
	double before;
	size_t n;

	for (;;) {
		if (feed(b, e) < 0)
			return -1;
		if (!b->more && pool_busy(b->pool) == 0)
			return 0;
		n = pool_pollfds(b->pool, fds, LIMIT_WORKERS);
		before = now();
		poll(fds, n, pool_timeout(b->pool));
		if (pool_service(b->pool, fds, n, (int)((now() - before) * 1000), e) < 0)
			return -1;
	}
}

static int
run(struct bench *b, const char *exe, const char *path, struct err *e)
{
	struct source_conf source = { .path = path, .after = AFTER_KEEP };
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	struct pool_conf pool = { .exe = exe,
		.workers = cores < 1        ? 1
		    : cores > LIMIT_WORKERS ? LIMIT_WORKERS
					    : (unsigned)cores,
		.sink = { b, on_frame, on_restart, on_failed } };
	int rc;

	b->source = source_open(&source, "/tmp", e);
	if (b->source == NULL)
		return -1;
	b->known = keyset_new();
	b->pool = pool_new(&pool);
	rc = loop(b, e);
	pool_free(b->pool);
	keyset_free(b->known);
	source_close(b->source);
	return rc;
}

int
main(int argc, char **argv)
{
	struct bench b = { .more = true };
	double start = now();
	struct err e;

	if (argc != 3) {
		fprintf(stderr, "usage: parse RUASTAT MAILDIR\n");
		return 2;
	}
	if (run(&b, argv[1], argv[2], &e) < 0) {
		fprintf(stderr, "parse: %s\n", e.text);
		return 2;
	}
	printf("%.6f %zu %zu\n", now() - start, b.mails, b.records);
	return b.failed > 0 ? 2 : 0;
}
