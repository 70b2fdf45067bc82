#include "core/deflate.h"

#include <assert.h>
#include <stdlib.h>
#include <zlib.h>

#define GZIP_WINDOW (15 + 16) /* the largest window, and a gzip header around it */
#define RAW_WINDOW (-15)      /* the largest, and nothing around it */
#define MEM_LEVEL 8
#define CAREFUL 6
#define FAST 1
#define LARGE ((uint64_t)1 << 20) /* from here on FAST: 300 MB take 3 s instead of 10 */

struct deflate {
	z_stream z;
	struct buf *out;
	uint64_t seen;
	int level;
};

struct deflate *
deflate_new(struct err *e)
{
	struct deflate *d = calloc(1, sizeof(*d));

	if (d == NULL)
		abort();
	d->level = CAREFUL;
	if (deflateInit2(&d->z, CAREFUL, Z_DEFLATED, GZIP_WINDOW, MEM_LEVEL, Z_DEFAULT_STRATEGY) !=
	    Z_OK) {
		free(d);
		err_set(e, ERR_CONFIG, "cannot set up zlib");
		return NULL;
	}
	return d;
}

void
deflate_free(struct deflate *d)
{
	if (d == NULL)
		return;
	deflateEnd(&d->z);
	free(d);
}

/* Point zlib at room for output; false when ${out} is full. */
static bool
make_room(struct deflate *d)
{
	char *to = buf_room(d->out, 16u << 10);

	if (to == NULL)
		return false;
	d->z.next_out = (unsigned char *)to;
	d->z.avail_out = 16u << 10;
	return true;
}

static void
set_level(struct deflate *d, int level)
{
	int rc = Z_BUF_ERROR;

	while (rc == Z_BUF_ERROR && make_room(d)) {
		rc = deflateParams(&d->z, level, Z_DEFAULT_STRATEGY);
		buf_grown(d->out, (16u << 10) - d->z.avail_out);
	}
	d->level = level;
}

static void
run(struct deflate *d, struct str s, int flush)
{
	int rc;

	d->z.next_in = (unsigned char *)(uintptr_t)s.p;
	d->z.avail_in = (unsigned)s.n;
	do {
		if (!make_room(d))
			return;
		rc = deflate(&d->z, flush);
		assert(rc == Z_OK || rc == Z_STREAM_END || rc == Z_BUF_ERROR);
		buf_grown(d->out, (16u << 10) - d->z.avail_out);
	} while (flush == Z_FINISH ? rc != Z_STREAM_END : d->z.avail_out == 0);
}

void
deflate_start(struct deflate *d, struct buf *out)
{
	deflateReset(&d->z);
	d->out = out;
	d->seen = 0;
	d->z.avail_in = 0;
	buf_reset(out);
	if (d->level != CAREFUL)
		set_level(d, CAREFUL);
}

void
deflate_add(struct deflate *d, struct str s)
{
	assert(s.n <= UINT32_MAX);
	if (d->out->over || s.n == 0)
		return;
	d->seen += s.n;
	if (d->level == CAREFUL && d->seen > LARGE) {
		d->z.avail_in = 0;
		set_level(d, FAST);
	}
	run(d, s, Z_NO_FLUSH);
}

void
deflate_end(struct deflate *d)
{
	if (!d->out->over)
		run(d, (struct str){ NULL, 0 }, Z_FINISH);
}

struct gunzip {
	z_stream z;
	bool ended;
};

struct gunzip *
gunzip_new(struct err *e)
{
	struct gunzip *g = calloc(1, sizeof(*g));

	if (g == NULL)
		abort();
	if (inflateInit2(&g->z, GZIP_WINDOW) == Z_OK)
		return g;
	free(g);
	err_set(e, ERR_CONFIG, "cannot set up zlib");
	return NULL;
}

void
gunzip_free(struct gunzip *g)
{
	if (g == NULL)
		return;
	inflateEnd(&g->z);
	free(g);
}

void
gunzip_start(struct gunzip *g, struct str in)
{
	assert(in.n <= UINT32_MAX);
	inflateReset(&g->z);
	g->z.next_in = (unsigned char *)(uintptr_t)in.p;
	g->z.avail_in = (unsigned)in.n;
	g->ended = false;
}

/* Behind a member: another one, or the end. */
static void
next_member(struct gunzip *g)
{
	const unsigned char *p = g->z.next_in;

	if (g->z.avail_in >= 3 && p[0] == 0x1F && p[1] == 0x8B && p[2] == 8)
		inflateReset(&g->z);
	else
		g->ended = true;
}

ssize_t
gunzip_read(struct gunzip *g, void *to, size_t n, const char **why)
{
	int rc = Z_OK;

	assert(n > 0 && n <= UINT32_MAX);
	g->z.next_out = to;
	g->z.avail_out = (unsigned)n;
	while (g->z.avail_out == n && !g->ended && rc == Z_OK) {
		rc = inflate(&g->z, Z_NO_FLUSH);
		if (rc == Z_STREAM_END) {
			next_member(g);
			rc = Z_OK;
		}
	}
	if (g->z.avail_out < n)
		return (ssize_t)(n - g->z.avail_out);
	if (g->ended)
		return 0;
	if (rc == Z_BUF_ERROR)
		*why = "truncated gzip input";
	else if (g->z.msg != NULL && strstr(g->z.msg, "check") != NULL &&
	    strstr(g->z.msg, "header") == NULL)
		*why = "gzip bad CRC";
	else if (g->z.msg != NULL &&
	    (strstr(g->z.msg, "header") != NULL || strstr(g->z.msg, "compression method") != NULL))
		*why = "the gzip header is damaged";
	else
		*why = "the gzip is damaged";
	return -1;
}

struct zstream {
	struct deflate pack;
	z_stream unpack;
};

struct zstream *
zstream_new(struct err *e)
{
	struct zstream *z = calloc(1, sizeof(*z));

	if (z == NULL)
		abort();
	if (deflateInit2(&z->pack.z, CAREFUL, Z_DEFLATED, RAW_WINDOW, MEM_LEVEL,
		Z_DEFAULT_STRATEGY) == Z_OK &&
	    inflateInit2(&z->unpack, RAW_WINDOW) == Z_OK)
		return z;
	zstream_free(z);
	err_set(e, ERR_CONFIG, "cannot set up zlib");
	return NULL;
}

void
zstream_free(struct zstream *z)
{
	if (z == NULL)
		return;
	deflateEnd(&z->pack.z);
	inflateEnd(&z->unpack);
	free(z);
}

void
zstream_pack(struct zstream *z, struct str s, struct buf *out)
{
	assert(s.n <= UINT32_MAX);
	z->pack.out = out;
	if (s.n > 0)
		run(&z->pack, s, Z_NO_FLUSH);
}

void
zstream_flush(struct zstream *z, struct buf *out)
{
	z->pack.out = out;
	run(&z->pack, (struct str){ NULL, 0 }, Z_SYNC_FLUSH);
}

ssize_t
zstream_unpack(struct zstream *z, struct str *in, void *to, size_t n)
{
	size_t got;
	int rc;

	assert(in->n <= UINT32_MAX && n > 0 && n <= UINT32_MAX);
	z->unpack.next_in = (unsigned char *)(uintptr_t)in->p;
	z->unpack.avail_in = (unsigned)in->n;
	z->unpack.next_out = to;
	z->unpack.avail_out = (unsigned)n;
	/* zlib may still hold output when there is no input: it is asked in any case */
	rc = inflate(&z->unpack, Z_SYNC_FLUSH);
	got = n - z->unpack.avail_out;
	if (in->n > 0)
		in->p += in->n - z->unpack.avail_in;
	in->n = z->unpack.avail_in;
	if (got > 0)
		return (ssize_t)got;
	return rc == Z_OK || rc == Z_BUF_ERROR ? 0 : -1;
}
