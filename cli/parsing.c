#include "cli/parsing.h"

#include <stdlib.h>
#include <unistd.h>

#include "core/limits.h"
#include "ingest/held.h"
#include "parser/pool.h"

#define FLYING ((size_t)2 * LIMIT_WORKERS)

struct parsing {
	struct parsing_conf conf;
	struct pool *pool;
	struct intake *flying[FLYING]; /* in the pool */
	struct err trouble;            /* ERR_DATABASE or worse out of a callback */
};

/* ${in} came out of the pool. */
static void
land(struct parsing *p, struct intake *in, const char *failed)
{
	for (size_t i = 0; i < FLYING; i++)
		if (p->flying[i] == in)
			p->flying[i] = NULL;
	if (p->trouble.kind != ERR_NONE)
		intake_free(in);
	else
		p->conf.landed(p->conf.arg, in, failed);
}

static int
on_frame(void *arg, void *context, enum frame_type type, struct str payload, struct err *e)
{
	struct parsing *p = arg;
	struct intake *in = context;

	if (type == FRAME_ORIGINAL && p->conf.without_originals)
		return 0;
	if (intake_frame(in, type, payload, e) < 0) {
		if (e->kind != ERR_MESSAGE)
			p->trouble = *e;
		return -1;
	}
	if (type == FRAME_END)
		land(p, in, NULL);
	return 0;
}

static void
on_restart(void *arg, void *context)
{
	(void)arg;
	intake_restart(context);
}

static void
on_failed(void *arg, void *context, const char *reason)
{
	land(arg, context, reason);
}

struct parsing *
parsing_new(const struct parsing_conf *conf)
{
	struct parsing *p = calloc(1, sizeof(*p));
	const struct pool_conf pool = { .workers = conf->workers,
		.ceilings = conf->ceilings,
		.sink = { p, on_frame, on_restart, on_failed } };

	if (p == NULL)
		abort();
	p->conf = *conf;
	p->pool = pool_new(&pool);
	return p;
}

void
parsing_free(struct parsing *p)
{
	if (p == NULL)
		return;
	pool_free(p->pool);
	for (size_t i = 0; i < FLYING; i++)
		intake_free(p->flying[i]);
	free(p);
}

int
parsing_submit(struct parsing *p, struct intake *in, bool bare, uint32_t header, struct err *e)
{
	for (size_t i = 0; i < FLYING; i++)
		if (p->flying[i] == NULL) {
			p->flying[i] = in;
			break;
		}
	return pool_submit(p->pool, in, in->fd, in->size, in->name.p, bare, header, e);
}

bool
parsing_full(const struct parsing *p)
{
	return pool_full(p->pool);
}

size_t
parsing_busy(const struct parsing *p)
{
	return pool_busy(p->pool);
}

size_t
parsing_pollfds(const struct parsing *p, struct pollfd *fds)
{
	return pool_pollfds(p->pool, fds, LIMIT_WORKERS);
}

int
parsing_timeout(const struct parsing *p)
{
	return pool_timeout(p->pool);
}

int
parsing_service(struct parsing *p, const struct pollfd *fds, size_t n, int waited_ms, struct err *e)
{
	if (pool_service(p->pool, fds, n, waited_ms, e) < 0)
		return -1;
	if (p->trouble.kind == ERR_NONE)
		return 0;
	*e = p->trouble;
	return -1;
}

int
parsing_hold(const char *tmp_dir, const struct str *pieces, size_t n, struct err *e)
{
	uint64_t size = 0;
	int fd;

	for (size_t i = 0; i < n; i++)
		size += pieces[i].n;
	fd = held_open(tmp_dir, size, e);
	if (fd < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (held_write(fd, tmp_dir, pieces[i], e) < 0) {
			close(fd);
			return -1;
		}
	return held_seal(fd);
}
