/* arena.h - memory for one unit of work: taken piece by piece, given back at once. */
#ifndef CORE_ARENA_H
#define CORE_ARENA_H

#include <stddef.h>

#include "core/str.h"

struct arena;

/* An arena that holds at most ${max} bytes. */
struct arena *arena_new(size_t max);
void arena_free(struct arena *a);

/* Forget everything handed out; keeps one chunk for the next unit. */
void arena_reset(struct arena *a);

/* Bytes it holds, handed out or not. */
size_t arena_size(const struct arena *a);

/* ${n} zeroed bytes, aligned for any type, or NULL when the ceiling is reached. */
void *arena_alloc(struct arena *a, size_t n);

/* A copy of ${s} with a NUL behind it, or one with p == NULL when the ceiling is reached. */
struct str arena_str(struct arena *a, struct str s);

#endif
