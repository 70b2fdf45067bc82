/* batch.h - intakes that are written in one transaction. */
#ifndef STORE_BATCH_H
#define STORE_BATCH_H

#include "store/intake.h"

struct batch {
	struct intake *head, **last;
	size_t messages, reports;
	uint64_t records;
	uint64_t bytes; /* held in memory, roughly */
};

void batch_init(struct batch *b);

/* Free the intakes still in it. */
void batch_fini(struct batch *b);

/* Append ${in}, which the batch then owns. */
void batch_add(struct batch *b, struct intake *in);

/* Take the first intake out; NULL when empty. */
struct intake *batch_take(struct batch *b);

/* Whether ${in} must wait for the next batch: this one would pass LIMIT_BATCH_*. */
bool batch_full_for(const struct batch *b, const struct intake *in);

/* Move the second half of ${b} to ${rest}, which is empty. */
void batch_split(struct batch *b, struct batch *rest);

#endif
