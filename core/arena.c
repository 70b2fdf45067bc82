#include "core/arena.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

/* Most units are small: chunks start small and double. */
#define CHUNK_LEAST ((size_t)8 << 10)
#define CHUNK_MOST ((size_t)64 << 10)

struct chunk {
	struct chunk *next;
	size_t size;
	size_t used;
	alignas(max_align_t) char data[];
};

struct arena {
	struct chunk *head; /* newest first; the last one is the one reset keeps */
	size_t max;
	size_t total;
};

struct arena *
arena_new(size_t max)
{
	struct arena *a = calloc(1, sizeof(*a));

	if (a == NULL)
		abort();
	a->max = max;
	return a;
}

void
arena_free(struct arena *a)
{
	if (a == NULL)
		return;
	while (a->head != NULL) {
		struct chunk *next = a->head->next;

		free(a->head);
		a->head = next;
	}
	free(a);
}

void
arena_reset(struct arena *a)
{
	while (a->head != NULL && a->head->next != NULL) {
		struct chunk *next = a->head->next;

		free(a->head);
		a->head = next;
	}
	if (a->head != NULL) {
		memset(a->head->data, 0, a->head->used);
		a->head->used = 0;
	}
	a->total = a->head != NULL ? a->head->size : 0;
}

size_t
arena_size(const struct arena *a)
{
	return a->total;
}

void *
arena_alloc(struct arena *a, size_t n)
{
	struct chunk *c = a->head;
	size_t size;
	void *p;

	if (n > a->max)
		return NULL;
	n = (n + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	if (c == NULL || n > c->size - c->used) {
		size = c == NULL ? CHUNK_LEAST : c->size < CHUNK_MOST ? c->size * 2 : CHUNK_MOST;
		if (size < n)
			size = n;
		if (size > a->max - a->total)
			size = a->max - a->total;
		if (size < n)
			return NULL;
		c = calloc(1, sizeof(*c) + size);
		if (c == NULL)
			abort();
		c->size = size;
		c->next = a->head;
		a->head = c;
		a->total += size;
	}
	p = c->data + c->used;
	c->used += n;
	return p;
}

struct str
arena_str(struct arena *a, struct str s)
{
	char *p = arena_alloc(a, s.n + 1);

	if (p == NULL)
		return (struct str){ NULL, 0 };
	if (s.n > 0)
		memcpy(p, s.p, s.n);
	return (struct str){ p, s.n };
}
