/* handed.h - the mails a source gave out: they are known only once they are committed. */
#ifndef INGEST_HANDED_H
#define INGEST_HANDED_H

#include <stdbool.h>

#include "core/keyset.h"

struct handed {
	struct keyset *keys;
	size_t most; /* then those known by now are dropped */
};

void handed_init(struct handed *h);
void handed_fini(struct handed *h);

bool handed_has(const struct handed *h, struct key k);
void handed_put(struct handed *h, struct key k);

/*
 * Before each scan: forget what is in ${known}, now and then, so that watching for ever needs no more
 * memory than what is on its way and what cannot be read.
 */
void handed_thin_out(struct handed *h, const struct keyset *known);

#endif
