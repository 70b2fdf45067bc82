/* Any bytes as the document of an aggregate report, in pieces. */
#include <assert.h>

#include "core/limits.h"
#include "parser/aggregate.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static int
discard(void *arg, struct str bytes)
{
	(void)arg, (void)bytes;
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct aggregate *g;
	static struct arena *a;
	static struct out out;
	struct part part;
	struct err e;
	size_t half = n / 2;

	if (g == NULL) {
		g = aggregate_new(&e);
		a = arena_new(LIMIT_WORKER_ARENA);
		out_init(&out, discard, NULL);
	}
	arena_reset(a);
	aggregate_start(g, a, &out);
	assert(aggregate_add(g, (struct str){ (const char *)p, half }, &e) >= 0);
	assert(aggregate_add(g, (struct str){ (const char *)p + half, n - half }, &e) >= 0);
	if (aggregate_end(g, OUTCOME_CORRUPT, NULL, &part, &e) == 1)
		return out_flush(&out, 0, &e);
	assert((part.report != NULL) == (part.outcome <= OUTCOME_NULL_REPORT));
	assert(out_flush(&out, 0, &e) == 0);
	return 0;
}
