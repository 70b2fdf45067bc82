/* Any bytes as a mail. */
#include <assert.h>

#include "core/limits.h"
#include "parser/mime.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static int
on_leaf(void *arg, const struct mime_leaf *leaf, struct err *e)
{
	volatile char sum = 0;
	struct hints_subject subject = hints_subject(leaf->hints->subject);
	char domain[LIMIT_DOMAIN_BYTES];
	struct hints_name name;

	(void)arg, (void)e;
	assert(subject.report_id.n <= leaf->hints->subject.n);
	assert(hints_domain(subject.domain, domain).n <= sizeof(domain));
	if (hints_name(leaf->name, &name))
		assert(hints_domain(name.domain, domain).n <= sizeof(domain));
	for (size_t i = 0; i < leaf->bytes.n; i++)
		sum = (char)(sum ^ leaf->bytes.p[i]);
	assert(leaf->sniff == SNIFF_OTHER || leaf->sniff == sniff_bytes(leaf->bytes));
	return 0;
}

static int
on_limit(void *arg, const char *reason, struct err *e)
{
	(void)arg, (void)reason, (void)e;
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct mime *m;
	static struct arena *a;
	const struct mime_visitor v = { NULL, on_leaf, on_limit };
	struct mime_header h;
	struct err e;

	if (m == NULL) {
		m = mime_new(&e);
		a = arena_new(LIMIT_WORKER_ARENA);
	}
	mime_reset(m);
	arena_reset(a);
	assert(mime_walk(m, a, (struct str){ (const char *)p, n }, &h, &v, &e) == 0);
	assert(h.header.n <= n && str_utf8(h.message_id) == h.message_id.n);
	return 0;
}
