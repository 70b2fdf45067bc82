/* Any bytes as the comment of an override reason. */
#include <assert.h>

#include "parser/arc.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	char room[LIMIT_DOMAIN_BYTES];
	struct arc a = arc_parse((struct str){ (const char *)p, n }, room);

	assert(a.hops <= 50 && (a.hops > 0) == (a.sealer.n > 0));
	assert(a.sealer.n == 0 || a.sealer.p == room);
	assert(a.sealer.n <= sizeof(room) && a.verdict <= VERDICT_FAIL);
	assert(a.verdict != VERDICT_UNKNOWN || (a.hops == 0 && a.source_ip.family == 0));
	return 0;
}
