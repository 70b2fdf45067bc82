/* Any bytes as the JSON of a TLS report; what comes of it survives its frame. */
#include <assert.h>

#include "core/frame.h"
#include "core/limits.h"
#include "core/wire.h"
#include "parser/tlsrpt.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct tlsrpt *t;
	static struct arena *a;
	static struct buf b;
	struct part part = { 0 }, again;
	enum frame_type type;
	struct str payload;
	struct err e;
	size_t used;

	if (t == NULL) {
		t = tlsrpt_new();
		a = arena_new(LIMIT_WORKER_ARENA);
		buf_init(&b, FRAME_HEAD + LIMIT_FRAME_BYTES);
	}
	arena_reset(a);
	buf_reset(&b);
	tlsrpt_parse(t, (struct str){ (const char *)p, n }, STR("Example.COM"), &part);
	if (part.outcome == OUTCOME_NOT_A_REPORT)
		return 0;
	part_put(&b, &part);
	assert(!b.over && frame_next(buf_str(&b), &type, &payload, &used) == 1);
	assert(part_get(a, payload, &again, &e) == 0);
	assert((again.tls != NULL) == (again.outcome <= OUTCOME_NULL_REPORT));
	return 0;
}
