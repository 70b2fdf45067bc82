#include "store/dictionary.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/keyset.h"
#include "store/param.h"

#define MOST 200000 /* entries remembered, some 14 MB */

struct dictionary {
	struct keyset *known; /* digests of names, so that a name is known and not its id alone */
	struct digest *digest;
};

struct name {
	int64_t id;
	struct str text;
};

struct dictionary *
dictionary_new(void)
{
	struct dictionary *d = calloc(1, sizeof(*d));

	if (d == NULL)
		abort();
	d->known = keyset_new();
	d->digest = digest_new();
	return d;
}

void
dictionary_free(struct dictionary *d)
{
	if (d == NULL)
		return;
	keyset_free(d->known);
	digest_free(d->digest);
	free(d);
}

static struct key
key_for(struct dictionary *d, enum dictionary_kind kind, struct str name)
{
	digest_start(d->digest);
	digest_number(d->digest, kind);
	digest_add(d->digest, name);
	return key_of(digest_end(d->digest));
}

static struct name
name_of(enum dictionary_kind kind, const struct claim *c)
{
	if (kind == DICTIONARY_DOMAINS)
		return (struct name){ c->p->identity.domain_id, identity_domain(&c->p->part) };
	return (struct name){ c->p->identity.reporter_id, identity_sender(&c->p->part) };
}

static int
by_id(const void *x, const void *y)
{
	const struct name *a = x, *b = y;

	return a->id < b->id ? -1 : a->id > b->id;
}

size_t
dictionary_missing(
    struct dictionary *d, enum dictionary_kind kind, const struct claims *c, struct buf *params)
{
	struct buf names;
	const struct name *list;
	size_t n, missing = 0;

	if (keyset_size(d->known) > MOST) {
		keyset_free(d->known);
		d->known = keyset_new();
	}
	buf_init(&names, SIZE_MAX / 2);
	for (size_t i = 0; i < claims_count(c); i++) {
		struct name name = name_of(kind, claims_at(c, i));

		if (keyset_get(d->known, key_for(d, kind, name.text)) == KNOWN_NOT)
			buf_put(&names, &name, sizeof(name));
	}
	list = (const void *)names.p;
	n = names.n / sizeof(*list);
	if (n > 1)
		qsort(names.p, n, sizeof(*list), by_id);
	for (size_t i = 0; i < n; i++) {
		if (i > 0 && list[i].id == list[i - 1].id)
			continue;
		param_add_int(&params[0], list[i].id);
		param_add_text(&params[1], list[i].text);
		missing++;
	}
	buf_fini(&names);
	return missing;
}

int
dictionary_learn(struct dictionary *d, enum dictionary_kind kind, const struct claims *c,
    const PGresult *r, struct err *e)
{
	for (size_t i = 0; i < claims_count(c); i++) {
		struct name name = name_of(kind, claims_at(c, i));
		struct key key = key_for(d, kind, name.text);
		char id[24];
		int row;

		if (keyset_get(d->known, key) != KNOWN_NOT)
			continue;
		snprintf(id, sizeof(id), "%lld", (long long)name.id);
		for (row = 0; row < PQntuples(r); row++)
			if (strcmp(PQgetvalue(r, row, 0), id) == 0)
				break;
		if (row == PQntuples(r) || !str_eq(str_of(PQgetvalue(r, row, 1)), name.text))
			return err_set(e, ERR_MESSAGE,
			    "\"%.*s\" has the same digest as another name", STR_ARG(name.text));
		keyset_put(d->known, key, KNOWN_DONE);
	}
	return 0;
}
