/* Any bytes as an archive. */
#include <assert.h>

#include "parser/unpack.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static int
on_open(void *arg, const struct unpack_member *m, struct err *e)
{
	(void)arg, (void)e;
	return m->sniff != SNIFF_MAIL;
}

static int
on_data(void *arg, struct str bytes, struct err *e)
{
	volatile char sum = 0;

	(void)arg, (void)e;
	for (size_t i = 0; i < bytes.n; i++)
		sum = (char)(sum ^ bytes.p[i]);
	return 0;
}

static int
on_close(void *arg, enum outcome outcome, const char *reason, struct err *e)
{
	(void)arg, (void)e;
	assert(reason == NULL || outcome >= OUTCOME_CORRUPT);
	return 0;
}

static int
on_failed(void *arg, struct str path, enum outcome outcome, const char *reason, struct err *e)
{
	(void)path;
	return on_close(
	    arg, outcome == OUTCOME_NOT_A_REPORT ? OUTCOME_CORRUPT : outcome, reason, e);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct unpack *u;
	const struct unpack_sink sink = { NULL, on_open, on_data, on_close, on_failed };
	struct err e;

	if (u == NULL)
		u = unpack_new(&e);
	unpack_reset(u);
	assert(unpack_each(u, (struct str){ (const char *)p, n }, STR("a"), &sink, &e) == 0);
	return 0;
}
