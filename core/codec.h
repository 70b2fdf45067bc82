/*
 * codec.h - values of core/report.h as bytes and back, for wire.c and wirepart.c alone.
 * The bytes are hostile: a reader that met something wrong says what in ->bad and gives zeros since.
 */
#ifndef CORE_CODEC_H
#define CORE_CODEC_H

#include "core/arena.h"
#include "core/buf.h"
#include "core/err.h"
#include "core/report.h"

struct reader {
	struct str in;
	const char *bad; /* what was wrong first */
};

/* The next ${n} bytes, or NULL. */
const char *codec_take(struct reader *r, size_t n);

/* An unsigned integer of ${n} bytes, in network order. */
uint64_t codec_get(struct reader *r, size_t n);

/* A number that must stay below ${end}. */
unsigned codec_enum(struct reader *r, unsigned end);

/* A number of messages or sessions, and whether there is one. */
bool codec_count(struct reader *r, uint64_t *count);

struct str codec_bytes(struct reader *r, size_t max);
struct str codec_text(struct reader *r, size_t max);
struct address codec_address(struct reader *r);

/* The number of elements of an array, at most ${max}, and room for them. */
void *codec_array(struct reader *r, struct arena *a, size_t max, size_t size, uint16_t *n);

/* All must have been used: 0, or -1 with ERR_MESSAGE about a ${what}. */
int codec_finish(struct reader *r, const char *what, struct err *e);

void codec_put_text(struct buf *b, struct str s);
void codec_put_count(struct buf *b, bool has, uint64_t count);
void codec_put_address(struct buf *b, const struct address *a);

#endif
