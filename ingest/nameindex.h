/* nameindex.h - where each mail of a folder is by now, found by its base name. */
#ifndef INGEST_NAMEINDEX_H
#define INGEST_NAMEINDEX_H

#include <stdbool.h>

#include "core/buf.h"

#include "ingest/folder.h"

struct nameindex {
	struct buf names; /* per mail: its box, its name, NUL */
	struct buf slots; /* open addressing: uint32_t, 1 + place in names, 0 is free */
	size_t used;
};

void nameindex_init(struct nameindex *ix);
void nameindex_fini(struct nameindex *ix);

/* Forget everything, keeping the memory (about 80 bytes for each mail). */
void nameindex_reset(struct nameindex *ix);

/* The mail ${name} is in ${b}, wherever its base was before; false when the index is full. */
bool nameindex_put(struct nameindex *ix, enum box b, struct str name);

/* Where the mail with the base ${base} is; ${name} ends in NUL, borrowed until the next put. */
bool nameindex_get(const struct nameindex *ix, struct str base, enum box *b, struct str *name);

#endif
