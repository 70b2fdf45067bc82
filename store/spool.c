#include "store/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "core/ceilings.h"
#include "core/limits.h"

#define HEAD 4
#define WINDOW ((size_t)256 << 10)
#define LEAST ((size_t)4 << 10)          /* shorter tails are not worth a write */
#define EXTENTS_BYTES ((size_t)16 << 20) /* room for a file of 4 GB in pieces of LEAST */

struct extent {
	uint64_t at, n;
};

void
spool_file_init(struct spool_file *f, const char *dir)
{
	*f = (struct spool_file){ .dir = dir, .fd = -1 };
}

void
spool_file_fini(struct spool_file *f)
{
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
}

void
spool_init(struct spool *s, struct spool_file *f)
{
	*s = (struct spool){ .file = f };
	buf_init(&s->tail, LIMIT_SPOOL_MEMORY + 2 * SPOOL_ITEM);
	buf_init(&s->extents, EXTENTS_BYTES);
}

void
spool_reset(struct spool *s)
{
	s->file->memory -= s->tail.n;
	buf_reset(&s->tail);
	buf_reset(&s->extents);
	s->filed = 0;
	s->items = 0;
}

void
spool_fini(struct spool *s)
{
	spool_reset(s);
	buf_fini(&s->tail);
	buf_fini(&s->extents);
}

/* Move the tail to the file. */
static int
file(struct spool *s, struct err *e)
{
	struct spool_file *f = s->file;
	struct extent extent = { f->size, s->tail.n };
	struct str rest = buf_str(&s->tail);

	if (f->size + s->tail.n > LIMIT_SPOOL_BYTES)
		return err_set(
		    e, ERR_MESSAGE, "the mail's reports take more than 2 GB of room" CEILING_FIXED);
	if (f->fd < 0)
		f->fd = open(f->dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (f->fd < 0)
		return err_set(e, ERR_DATABASE, "could not make a temporary file in \"%s\": %s",
		    f->dir, strerror(errno));
	while (rest.n > 0) {
		ssize_t n = pwrite(f->fd, rest.p, rest.n, (off_t)f->size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set(e, ERR_DATABASE,
			    "could not write a temporary file in \"%s\": %s", f->dir,
			    strerror(errno));
		rest.p += n;
		rest.n -= (size_t)n;
		f->size += (uint64_t)n;
	}
	buf_put(&s->extents, &extent, sizeof(extent));
	if (s->extents.over)
		return err_set(e, ERR_MESSAGE, "the report comes in too many pieces" CEILING_FIXED);
	s->filed += extent.n;
	f->memory -= s->tail.n;
	buf_reset(&s->tail);
	return 0;
}

int
spool_put(struct spool *s, struct str item, struct err *e)
{
	buf_put32(&s->tail, (uint32_t)item.n);
	buf_puts(&s->tail, item);
	s->file->memory += HEAD + item.n;
	s->items++;
	if (s->file->memory > LIMIT_SPOOL_MEMORY && s->tail.n > LEAST)
		return file(s, e);
	return 0;
}

uint64_t
spool_bytes(const struct spool *s)
{
	return s->filed + s->tail.n;
}

uint64_t
spool_payload(const struct spool *s)
{
	return spool_bytes(s) - HEAD * s->items;
}

void
spool_read(struct spool_reader *r, struct spool *s)
{
	*r = (struct spool_reader){ .spool = s, .in_tail = s->filed == 0 };
	buf_init(&r->window, WINDOW + 2 * SPOOL_ITEM);
}

void
spool_done(struct spool_reader *r)
{
	buf_fini(&r->window);
}

/* The item at ${r->next} of ${in}, if all of it is there. */
static bool
item_at(struct spool_reader *r, struct str in, struct str *item)
{
	const unsigned char *p;
	size_t n;

	if (in.n - r->next < HEAD)
		return false;
	p = (const unsigned char *)in.p + r->next;
	n = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
	if (in.n - r->next - HEAD < n)
		return false;
	*item = (struct str){ (const char *)p + HEAD, n };
	r->next += HEAD + n;
	return true;
}

/* Read on in the file: 1, 0 when all of it has been read, -1. */
static int
refill(struct spool_reader *r, struct err *e)
{
	const struct extent *extents = (const void *)r->spool->extents.p;
	size_t count = r->spool->extents.n / sizeof(*extents), want = WINDOW;
	ssize_t n;

	if (r->extent < count && r->done == extents[r->extent].n) {
		r->extent++;
		r->done = 0;
	}
	if (r->extent == count)
		return 0;
	if (extents[r->extent].n - r->done < want)
		want = (size_t)(extents[r->extent].n - r->done);
	buf_skip(&r->window, r->next);
	r->next = 0;
	do
		n = pread(r->spool->file->fd, buf_room(&r->window, want), want,
		    (off_t)(extents[r->extent].at + r->done));
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return err_set(e, ERR_DATABASE, "could not read a temporary file in \"%s\": %s",
		    r->spool->file->dir, n < 0 ? strerror(errno) : "it is shorter than written");
	buf_grown(&r->window, (size_t)n);
	r->done += (uint64_t)n;
	return 1;
}

int
spool_next(struct spool_reader *r, struct str *item, struct err *e)
{
	while (!r->in_tail) {
		int more;

		if (item_at(r, buf_str(&r->window), item))
			return 1;
		more = refill(r, e);
		if (more < 0)
			return -1;
		if (more == 0) {
			r->in_tail = true;
			r->next = 0;
		}
	}
	return item_at(r, buf_str(&r->spool->tail), item) ? 1 : 0;
}
