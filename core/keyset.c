#include "core/keyset.h"

#include <assert.h>
#include <endian.h>
#include <stdlib.h>

/* Open addressing.  A key is a digest or, of IMAP, numbers one behind the other: its bits are mixed. */
struct keyset {
	struct key *keys;
	uint8_t *values; /* enum known; KNOWN_NOT marks a free slot */
	size_t slots;    /* a power of two, or 0 */
	size_t used;
};

struct keyset *
keyset_new(void)
{
	struct keyset *s = calloc(1, sizeof(*s));

	if (s == NULL)
		abort();
	return s;
}

void
keyset_free(struct keyset *s)
{
	if (s == NULL)
		return;
	free(s->keys);
	free(s->values);
	free(s);
}

size_t
keyset_size(const struct keyset *s)
{
	return s->used;
}

static size_t
slot_of(const struct keyset *s, struct key k)
{
	uint64_t h, low;
	size_t i;

	/* What is counted up must stand in the low bits: a product carries only upwards. */
	memcpy(&h, k.b, sizeof(h));
	memcpy(&low, k.b + sizeof(h), sizeof(low));
	h = (h ^ be64toh(low)) *
	    0x9e3779b97f4a7c15u; /* 2^64 over the golden ratio: Fibonacci hashing */
	h ^= h >> 32;
	for (i = h & (s->slots - 1); s->values[i] != KNOWN_NOT; i = (i + 1) & (s->slots - 1))
		if (key_eq(s->keys[i], k))
			break;
	return i;
}

enum known
keyset_get(const struct keyset *s, struct key k)
{
	return s->slots == 0 ? KNOWN_NOT : s->values[slot_of(s, k)];
}

static void
grow(struct keyset *s)
{
	struct keyset old = *s;

	s->slots = old.slots == 0 ? 1024 : old.slots * 2;
	s->keys = calloc(s->slots, sizeof(*s->keys));
	s->values = calloc(s->slots, 1);
	if (s->keys == NULL || s->values == NULL)
		abort();
	for (size_t i = 0; i < old.slots; i++) {
		size_t to;

		if (old.values[i] == KNOWN_NOT)
			continue;
		to = slot_of(s, old.keys[i]);
		s->keys[to] = old.keys[i];
		s->values[to] = old.values[i];
	}
	free(old.keys);
	free(old.values);
}

void
keyset_put(struct keyset *s, struct key k, enum known v)
{
	size_t i;

	assert(v != KNOWN_NOT);
	if (s->used >= s->slots / 2)
		grow(s);
	i = slot_of(s, k);
	if (s->values[i] == KNOWN_NOT) {
		s->keys[i] = k;
		s->used++;
	}
	s->values[i] = (uint8_t)v;
}

void
keyset_each(const struct keyset *s, enum known v, void (*each)(void *arg, struct key k), void *arg)
{
	for (size_t i = 0; i < s->slots; i++)
		if (s->values[i] == v)
			each(arg, s->keys[i]);
}
