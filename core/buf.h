/* buf.h - bytes that grow up to a ceiling given at birth. */
#ifndef CORE_BUF_H
#define CORE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/str.h"

/*
 * Append freely and test ${over} once: the append that would have passed ${max} set it, and
 * every append since was dropped.  Out of memory ends the process.
 */
struct buf {
	char *p;
	size_t n;
	size_t room;
	size_t max;
	bool over;
};

void buf_init(struct buf *b, size_t max);

/* Give the memory back; the ceiling stays, so that the buf may be used again. */
void buf_fini(struct buf *b);

/* Empty it and forget ${over}, keeping the memory. */
void buf_reset(struct buf *b);

/* Drop the first ${n} bytes. */
void buf_skip(struct buf *b, size_t n);

/* Make room for ${n} more bytes and return where they go, or NULL when over; see buf_grown. */
char *buf_room(struct buf *b, size_t n);

/* ${n} bytes were written to the place buf_room gave. */
void buf_grown(struct buf *b, size_t n);

void buf_put(struct buf *b, const void *p, size_t n);
void buf_puts(struct buf *b, struct str s);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));

/* Integers in network byte order, as frames and PostgreSQL's binary COPY want them. */
void buf_put8(struct buf *b, uint8_t v);
void buf_put16(struct buf *b, uint16_t v);
void buf_put32(struct buf *b, uint32_t v);
void buf_put64(struct buf *b, uint64_t v);

/* The bytes so far, borrowed until the next append. */
struct str buf_str(const struct buf *b);

#endif
