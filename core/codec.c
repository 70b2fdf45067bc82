#include "core/codec.h"

#include "core/limits.h"

const char *
codec_take(struct reader *r, size_t n)
{
	const char *p = r->in.p;

	if (r->bad != NULL)
		return NULL;
	if (n > r->in.n) {
		r->bad = "cut short";
		return NULL;
	}
	r->in.p += n;
	r->in.n -= n;
	return p;
}

uint64_t
codec_get(struct reader *r, size_t n)
{
	const unsigned char *p = (const unsigned char *)codec_take(r, n);
	uint64_t v = 0;

	for (size_t i = 0; p != NULL && i < n; i++)
		v = v << 8 | p[i];
	return v;
}

unsigned
codec_enum(struct reader *r, unsigned end)
{
	uint64_t v = codec_get(r, 1);

	if (v >= end && r->bad == NULL)
		r->bad = "value out of range";
	return v < end ? (unsigned)v : 0;
}

bool
codec_count(struct reader *r, uint64_t *count)
{
	bool has = codec_enum(r, 2) != 0;

	*count = has ? codec_get(r, 8) : 0;
	if (*count > LIMIT_COUNT) {
		r->bad = "count out of range";
		*count = 0;
	}
	return has;
}

struct str
codec_bytes(struct reader *r, size_t max)
{
	size_t n = (size_t)codec_get(r, 4);
	const char *p;

	if (n > max && r->bad == NULL)
		r->bad = "text too long";
	p = codec_take(r, n);
	return p != NULL ? (struct str){ p, n } : (struct str){ NULL, 0 };
}

struct str
codec_text(struct reader *r, size_t max)
{
	struct str s = codec_bytes(r, max);

	if (str_utf8(s) != s.n) {
		r->bad = "text is not UTF-8";
		s.n = 0;
	}
	return s;
}

struct address
codec_address(struct reader *r)
{
	struct address a = { .family = (uint8_t)codec_get(r, 1) };
	const char *p;

	if (a.family != 0 && a.family != 4 && a.family != 6) {
		r->bad = "unknown address family";
		a.family = 0;
	}
	if (a.family == 0)
		return a;
	p = codec_take(r, a.family == 4 ? 4 : 16);
	if (p != NULL)
		memcpy(a.b, p, a.family == 4 ? 4 : 16);
	return a;
}

void *
codec_array(struct reader *r, struct arena *a, size_t max, size_t size, uint16_t *n)
{
	uint64_t count = codec_get(r, 2);
	void *p;

	*n = 0;
	if (count > max && r->bad == NULL)
		r->bad = "too many elements";
	if (r->bad != NULL || count == 0)
		return NULL;
	p = arena_alloc(a, (size_t)count * size);
	if (p == NULL) {
		r->bad = "too large";
		return NULL;
	}
	*n = (uint16_t)count;
	return p;
}

int
codec_finish(struct reader *r, const char *what, struct err *e)
{
	if (r->bad == NULL && r->in.n > 0)
		r->bad = "bytes left over";
	if (r->bad != NULL)
		return err_set(
		    e, ERR_MESSAGE, "the parser sent a %s that is wrong: %s", what, r->bad);
	return 0;
}

void
codec_put_text(struct buf *b, struct str s)
{
	buf_put32(b, (uint32_t)s.n);
	buf_puts(b, s);
}

void
codec_put_count(struct buf *b, bool has, uint64_t count)
{
	buf_put8(b, has);
	if (has)
		buf_put64(b, count);
}

void
codec_put_address(struct buf *b, const struct address *a)
{
	buf_put8(b, a->family);
	if (a->family != 0)
		buf_put(b, a->b, a->family == 4 ? 4 : 16);
}
