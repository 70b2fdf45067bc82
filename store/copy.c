#include "store/copy.h"

#define DAYS_TO_2000 10957
#define SECONDS_TO_2000 INT64_C(946684800)
#define FAMILY_INET 2 /* PGSQL_AF_INET */
#define FAMILY_INET6 3

void
copy_head(struct buf *b)
{
	static const char signature[11] = "PGCOPY\n\377\r\n";

	buf_put(b, signature, sizeof(signature));
	buf_put32(b, 0); /* flags */
	buf_put32(b, 0); /* length of the extension */
}

void
copy_tail(struct buf *b)
{
	buf_put16(b, UINT16_MAX);
}

void
copy_row(struct buf *b, uint16_t columns)
{
	buf_put16(b, columns);
}

void
copy_length(struct buf *b, uint32_t n)
{
	buf_put32(b, n);
}

void
copy_null(struct buf *b)
{
	buf_put32(b, UINT32_MAX);
}

void
copy_bool(struct buf *b, bool v)
{
	buf_put32(b, 1);
	buf_put8(b, v);
}

void
copy_int2(struct buf *b, int16_t v)
{
	buf_put32(b, 2);
	buf_put16(b, (uint16_t)v);
}

void
copy_int4(struct buf *b, int32_t v)
{
	buf_put32(b, 4);
	buf_put32(b, (uint32_t)v);
}

void
copy_int8(struct buf *b, int64_t v)
{
	buf_put32(b, 8);
	buf_put64(b, (uint64_t)v);
}

void
copy_bytes(struct buf *b, const void *p, size_t n)
{
	buf_put32(b, (uint32_t)n);
	buf_put(b, p, n);
}

void
copy_key(struct buf *b, struct key k)
{
	copy_bytes(b, k.b, sizeof(k.b));
}

void
copy_text(struct buf *b, struct str s)
{
	if (s.n == 0)
		copy_null(b);
	else
		copy_bytes(b, s.p, s.n);
}

void
copy_word(struct buf *b, const char *word)
{
	copy_text(b, str_of(word));
}

void
copy_date(struct buf *b, int32_t day)
{
	copy_int4(b, day - DAYS_TO_2000);
}

void
copy_time(struct buf *b, int64_t seconds)
{
	copy_int8(b, (seconds - SECONDS_TO_2000) * 1000000);
}

void
copy_inet(struct buf *b, const struct address *a)
{
	uint8_t n = a->family == 4 ? 4 : 16;

	if (a->family == 0) {
		copy_null(b);
		return;
	}
	buf_put32(b, 4u + n);
	buf_put8(b, a->family == 4 ? FAMILY_INET : FAMILY_INET6);
	buf_put8(b, (uint8_t)(n * 8)); /* a host, not a network */
	buf_put8(b, 0);
	buf_put8(b, n);
	buf_put(b, a->b, n);
}

size_t
copy_open(struct buf *b)
{
	buf_put32(b, 0);
	return b->n;
}

void
copy_close(struct buf *b, size_t at)
{
	size_t n = b->n - at;

	if (b->over)
		return;
	for (size_t i = 0; i < 4; i++)
		b->p[at - 4 + i] = (char)(n >> (24 - 8 * i));
}

void
copy_array(struct buf *b, uint32_t oid, uint32_t n)
{
	buf_put32(b, n > 0); /* dimensions */
	buf_put32(b, 0);     /* no NULL among the elements */
	buf_put32(b, oid);
	if (n > 0) {
		buf_put32(b, n);
		buf_put32(b, 1); /* lower bound */
	}
}
