/* deflate.h - gzip a document, for keeping (RFC 1952). */
#ifndef CORE_DEFLATE_H
#define CORE_DEFLATE_H

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

#endif
