/* copy.h - rows in PostgreSQL's binary COPY format ("COPY", Binary Format, in its manual). */
#ifndef STORE_COPY_H
#define STORE_COPY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/digest.h"
#include "core/report.h"

void copy_head(struct buf *b);
void copy_tail(struct buf *b);
void copy_row(struct buf *b, uint16_t columns);

void copy_null(struct buf *b);
void copy_bool(struct buf *b, bool v);
void copy_int2(struct buf *b, int16_t v);
void copy_int4(struct buf *b, int32_t v);
void copy_int8(struct buf *b, int64_t v);
void copy_key(struct buf *b, struct key k);              /* uuid */
void copy_bytes(struct buf *b, const void *p, size_t n); /* bytea; text that is known to be valid */
void copy_text(struct buf *b, struct str s);             /* NULL when empty */
void copy_word(struct buf *b, const char *word);         /* an enum's label, or NULL */
void copy_date(struct buf *b, int32_t day);              /* days since 1970 */
void copy_time(struct buf *b, int64_t seconds);          /* timestamptz, Unix seconds */
void copy_inet(struct buf *b, const struct address *a);  /* NULL when family is 0 */

/* Head of a field whose length is known: bytes to follow. */
void copy_length(struct buf *b, uint32_t n);

/* A field whose length is not known yet: what copy_open returns, copy_close wants. */
size_t copy_open(struct buf *b);
void copy_close(struct buf *b, size_t at);

/* Inside a field: the head of a one-dimensional array of ${n} elements of type ${oid}. */
void copy_array(struct buf *b, uint32_t oid, uint32_t n);

#endif
