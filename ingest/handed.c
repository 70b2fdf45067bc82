#include "ingest/handed.h"

#define LEAST 10000 /* 340 kB */

void
handed_init(struct handed *h)
{
	*h = (struct handed){ keyset_new(), LEAST };
}

void
handed_fini(struct handed *h)
{
	keyset_free(h->keys);
	h->keys = NULL;
}

bool
handed_has(const struct handed *h, struct key k)
{
	return keyset_get(h->keys, k) != KNOWN_NOT;
}

void
handed_put(struct handed *h, struct key k)
{
	keyset_put(h->keys, k, KNOWN_DONE);
}

struct thinning {
	const struct keyset *known;
	struct keyset *kept;
};

static void
keep_unknown(void *arg, struct key k)
{
	const struct thinning *t = arg;

	if (keyset_get(t->known, k) == KNOWN_NOT)
		keyset_put(t->kept, k, KNOWN_DONE);
}

void
handed_thin_out(struct handed *h, const struct keyset *known)
{
	struct thinning t = { known, NULL };

	if (keyset_size(h->keys) < h->most)
		return;
	t.kept = keyset_new();
	keyset_each(h->keys, KNOWN_DONE, keep_unknown, &t);
	keyset_free(h->keys);
	h->keys = t.kept;
	h->most = keyset_size(h->keys) * 2 + LEAST;
}
