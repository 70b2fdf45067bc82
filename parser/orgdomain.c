#include "parser/orgdomain.h"

#include <libpsl.h>
#include <stdint.h>
#include <stdlib.h>

#include "core/limits.h"

/* Domains of one mailbox are few; a look into the list costs a microsecond. */
#define SLOTS 512

/* The answer for the last domain that fell into a slot; strangers can only make it forget. */
struct slot {
	uint8_t n;  /* bytes of the domain; 0: none yet */
	uint8_t at; /* where its organizational domain begins; ->n: it has none */
	char domain[LIMIT_DOMAIN_BYTES];
};

struct orgdomain {
	psl_ctx_t *list;
	struct slot slots[SLOTS];
};

_Static_assert(LIMIT_DOMAIN_BYTES <= UINT8_MAX, "a length fits a slot");

struct orgdomain *
orgdomain_new(const char *list, struct err *e)
{
	struct orgdomain *o = calloc(1, sizeof(*o));

	if (o == NULL)
		abort();
	o->list = psl_latest(list);
	if (o->list != NULL)
		return o;
	err_set(e, ERR_CONFIG, "cannot load the Public Suffix List: is publicsuffix installed?");
	free(o);
	return NULL;
}

void
orgdomain_free(struct orgdomain *o)
{
	if (o == NULL)
		return;
	psl_free(o->list);
	free(o);
}

bool
orgdomain_knows(struct str s)
{
	char before = '.';
	size_t last = 0;

	if (s.n == 0 || s.n > LIMIT_DOMAIN_BYTES)
		return false;
	for (size_t i = 0; i < s.n; before = s.p[i++]) {
		char c = s.p[i];

		if (c == '.' && before == '.')
			return false;
		if (c == '.')
			last = i + 1;
		else if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_')
			return false;
	}
	/* No name ends in a number: that is an address. */
	return last < s.n && (s.p[last] < '0' || s.p[last] > '9');
}

static struct slot *
slot_of(struct orgdomain *o, struct str s)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * 16777619u;
	return &o->slots[(h ^ h >> 15) % SLOTS];
}

struct str
orgdomain_of(struct orgdomain *o, struct str domain)
{
	struct slot *slot = slot_of(o, domain);
	char name[LIMIT_DOMAIN_BYTES + 1];
	const char *found;

	if (!str_eq((struct str){ slot->domain, slot->n }, domain)) {
		memcpy(name, domain.p, domain.n);
		name[domain.n] = '\0';
		found = psl_registrable_domain(o->list, name);
		memcpy(slot->domain, domain.p, domain.n);
		slot->n = (uint8_t)domain.n;
		slot->at = (uint8_t)(found != NULL ? (size_t)(found - name) : domain.n);
	}
	return (struct str){ domain.p + slot->at, domain.n - slot->at };
}
