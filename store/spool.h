/* spool.h - lists of byte strings that grow out of memory into a file. */
#ifndef STORE_SPOOL_H
#define STORE_SPOOL_H

#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"

#define SPOOL_ITEM ((size_t)9 << 20) /* an item's ceiling; a block of records is the largest */

/*
 * What the spools of one message share: a ceiling and a file.  Together they hold about
 * LIMIT_SPOOL_MEMORY in memory; what comes after goes to one unnamed file in ${dir}, so that a
 * message of any size needs bounded memory and one descriptor.
 */
struct spool_file {
	const char *dir; /* must outlive it */
	int fd;          /* or -1 */
	uint64_t size;   /* of the file */
	size_t memory;   /* bytes in all tails */
};

/* Items are appended, then read in order, as often as wanted. */
struct spool {
	struct spool_file *file;
	struct buf tail;    /* the newest items */
	struct buf extents; /* struct extent: where the older ones are */
	uint64_t filed;     /* bytes in the file */
	uint64_t items;
};

struct spool_reader {
	struct spool *spool;
	struct buf window; /* what was read back from the file */
	size_t extent;     /* being read */
	uint64_t done;     /* bytes of it */
	size_t next;       /* in the window, or in the tail once the file is done */
	bool in_tail;
};

void spool_file_init(struct spool_file *f, const char *dir);
void spool_file_fini(struct spool_file *f);

void spool_init(struct spool *s, struct spool_file *f);
void spool_fini(struct spool *s);

/* Forget the items. */
void spool_reset(struct spool *s);

/* Append ${item}, at most SPOOL_ITEM.  ERR_DATABASE (try later): no room, path named;
 * ERR_MESSAGE: LIMIT_SPOOL_BYTES. */
int spool_put(struct spool *s, struct str item, struct err *e);

/* Bytes held in all, and those of the items alone. */
uint64_t spool_bytes(const struct spool *s);
uint64_t spool_payload(const struct spool *s);

void spool_read(struct spool_reader *r, struct spool *s);
void spool_done(struct spool_reader *r);

/* The next item, borrowed until the next call: 1, 0 at the end, -1. */
int spool_next(struct spool_reader *r, struct str *item, struct err *e);

#endif
