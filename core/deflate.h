/* deflate.h - gzip a document, for keeping (RFC 1952), and back; DEFLATE a connection (RFC 1951, 4978). */
#ifndef CORE_DEFLATE_H
#define CORE_DEFLATE_H

#include <sys/types.h>

#include "core/buf.h"
#include "core/err.h"

struct deflate;

struct deflate *deflate_new(struct err *e);
void deflate_free(struct deflate *d);

/*
 * deflate_start, any number of deflate_add, deflate_end: then the gzip file stands in ${out}.  What
 * is small is packed well, what is large fast.  Past its ceiling ${out} is ->over and of no use.
 */
void deflate_start(struct deflate *d, struct buf *out);
void deflate_add(struct deflate *d, struct str s);
void deflate_end(struct deflate *d);

/* The way back, of files that others made. */
struct gunzip;

struct gunzip *gunzip_new(struct err *e);
void gunzip_free(struct gunzip *g);

/* Begin with ${in}, borrowed until its end: one gzip member or several (RFC 1952 section 2.2). */
void gunzip_start(struct gunzip *g, struct str in);

/*
 * Unpack at most ${n} bytes to ${to}.  Returns how many, 0 at the end (bytes behind the last member
 * do not matter), or -1 with ${why} when what follows is damaged: all that stands before was given.
 */
ssize_t gunzip_read(struct gunzip *g, void *to, size_t n, const char **why);

/* Both directions of one connection: raw DEFLATE, without header, checksum and end. */
struct zstream;

struct zstream *zstream_new(struct err *e);
void zstream_free(struct zstream *z);

/* Append ${s}, packed, to ${out}; what the other side cannot read yet waits for zstream_flush. */
void zstream_pack(struct zstream *z, struct str s, struct buf *out);

/* Append what makes everything packed so far readable. */
void zstream_flush(struct zstream *z, struct buf *out);

/*
 * Unpack at most ${n} bytes to ${to} and move ${in} past what was used; no call costs more than its
 * ${n}, whatever the input would become.  Returns how many, 0 when ${in} is used up and more is needed,
 * -1 when it is no DEFLATE or its stream was ended.
 */
ssize_t zstream_unpack(struct zstream *z, struct str *in, void *to, size_t n);

#endif
