#include "core/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){ .max = max };
}

void
buf_fini(struct buf *b)
{
	free(b->p);
	buf_init(b, b->max);
}

void
buf_reset(struct buf *b)
{
	b->n = 0;
	b->over = false;
}

void
buf_skip(struct buf *b, size_t n)
{
	assert(n <= b->n);
	if (n > 0)
		memmove(b->p, b->p + n, b->n - n);
	b->n -= n;
}

char *
buf_room(struct buf *b, size_t n)
{
	size_t room = b->room;

	if (b->over || n > b->max - b->n) {
		b->over = true;
		return NULL;
	}
	if (b->n + n > room) {
		if (room < 1024)
			room = b->max < 1024 ? b->max : 1024;
		while (room < b->n + n)
			room = room > b->max / 2 ? b->max : room * 2;
		/* One byte more than is told: the NUL of buf_printf. */
		b->p = realloc(b->p, room + 1);
		if (b->p == NULL)
			abort();
		b->room = room;
	}
	return b->p + b->n;
}

void
buf_grown(struct buf *b, size_t n)
{
	assert(n <= b->room - b->n);
	b->n += n;
}

void
buf_put(struct buf *b, const void *p, size_t n)
{
	char *at;

	if (n == 0)
		return;
	at = buf_room(b, n);
	if (at == NULL)
		return;
	memcpy(at, p, n);
	b->n += n;
}

void
buf_puts(struct buf *b, struct str s)
{
	buf_put(b, s.p, s.n);
}

void
buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	int n;
	char *at;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0)
		return;
	at = buf_room(b, (size_t)n);
	if (at == NULL)
		return;
	vsnprintf(at, (size_t)n + 1, fmt, ap);
	b->n += (size_t)n;
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(b, fmt, ap);
	va_end(ap);
}

void
buf_put8(struct buf *b, uint8_t v)
{
	buf_put(b, &v, 1);
}

void
buf_put16(struct buf *b, uint16_t v)
{
	unsigned char w[2] = { (unsigned char)(v >> 8), (unsigned char)v };

	buf_put(b, w, sizeof(w));
}

void
buf_put32(struct buf *b, uint32_t v)
{
	unsigned char w[4] = { (unsigned char)(v >> 24), (unsigned char)(v >> 16),
		(unsigned char)(v >> 8), (unsigned char)v };

	buf_put(b, w, sizeof(w));
}

void
buf_put64(struct buf *b, uint64_t v)
{
	buf_put32(b, (uint32_t)(v >> 32));
	buf_put32(b, (uint32_t)v);
}

struct str
buf_str(const struct buf *b)
{
	return (struct str){ b->p, b->n };
}
