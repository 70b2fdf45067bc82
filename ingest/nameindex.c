#include "ingest/nameindex.h"

#include "ingest/mailname.h"

#define NAMES_MAX ((size_t)256 << 20) /* more than three million mails in one folder */
#define SLOTS_MAX ((size_t)64 << 20)
#define SLOTS_LEAST 1024

void
nameindex_init(struct nameindex *ix)
{
	ix->used = 0;
	buf_init(&ix->names, NAMES_MAX);
	buf_init(&ix->slots, SLOTS_MAX);
}

void
nameindex_fini(struct nameindex *ix)
{
	buf_fini(&ix->names);
	buf_fini(&ix->slots);
	ix->used = 0;
}

void
nameindex_reset(struct nameindex *ix)
{
	buf_reset(&ix->names);
	buf_reset(&ix->slots);
	ix->used = 0;
}

static uint32_t
slot_at(const struct nameindex *ix, size_t i)
{
	uint32_t v;

	memcpy(&v, ix->slots.p + i * sizeof(v), sizeof(v));
	return v;
}

/* FNV-1a: whoever may write names into the folder owns the mailbox, so nobody would attack it. */
static size_t
hash(struct str s)
{
	uint64_t h = 14695981039346656037u;

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * 1099511628211u;
	return (size_t)(h ^ h >> 32);
}

/* The slot of ${base}, or the free one where it belongs. */
static size_t
find(const struct nameindex *ix, struct str base)
{
	size_t mask = ix->slots.n / sizeof(uint32_t) - 1;
	size_t i = hash(base) & mask;

	for (; slot_at(ix, i) != 0; i = (i + 1) & mask)
		if (str_eq(base, mailname_base(str_of(ix->names.p + slot_at(ix, i)))))
			break;
	return i;
}

static void
set(struct nameindex *ix, size_t i, uint32_t place)
{
	memcpy(ix->slots.p + i * sizeof(place), &place, sizeof(place));
}

static bool
grow(struct nameindex *ix)
{
	size_t slots = ix->slots.n == 0 ? SLOTS_LEAST : 2 * (ix->slots.n / sizeof(uint32_t));
	size_t bytes = slots * sizeof(uint32_t);

	buf_reset(&ix->slots);
	if (buf_room(&ix->slots, bytes) == NULL)
		return false;
	memset(ix->slots.p, 0, bytes);
	buf_grown(&ix->slots, bytes);
	for (size_t at = 0; at < ix->names.n;) {
		struct str name = str_of(ix->names.p + at + 1);

		set(ix, find(ix, mailname_base(name)), (uint32_t)(at + 1));
		at += name.n + 2;
	}
	return true;
}

bool
nameindex_put(struct nameindex *ix, enum box b, struct str name)
{
	uint32_t place = (uint32_t)(ix->names.n + 1);
	size_t i;

	if (ix->used >= ix->slots.n / sizeof(uint32_t) / 2 && !grow(ix))
		return false;
	i = find(ix, mailname_base(name));
	if (slot_at(ix, i) == 0)
		ix->used++;
	buf_put8(&ix->names, (uint8_t)b);
	buf_puts(&ix->names, name);
	buf_put8(&ix->names, '\0');
	if (ix->names.over)
		return false;
	set(ix, i, place);
	return true;
}

bool
nameindex_get(const struct nameindex *ix, struct str base, enum box *b, struct str *name)
{
	uint32_t place;

	if (ix->used == 0)
		return false;
	place = slot_at(ix, find(ix, base));
	if (place == 0)
		return false;
	*b = (enum box)ix->names.p[place - 1];
	*name = str_of(ix->names.p + place);
	return true;
}
