#include "ingest/uidset.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * The ranges stand in blocks and the blocks in a directory, both in ascending order.  No block is
 * empty, and two neighbours hold more than HALF together.  A change moves at most the ranges of two
 * blocks; pointers of the directory are moved only when a block comes or goes.
 */
#define BLOCK 256
#define HALF (BLOCK / 2)

struct block {
	size_t n;
	struct uid_range r[BLOCK];
};

struct uidset {
	struct buf directory; /* of struct block * */
	size_t nblocks;
	size_t ranges;
	uint64_t count;
};

struct place {
	size_t block, at;
};

static struct block **
blocks(const struct uidset *s)
{
	return (struct block **)(void *)s->directory.p;
}

struct uidset *
uidset_new(void)
{
	struct uidset *s = calloc(1, sizeof(*s));

	if (s == NULL)
		abort();
	buf_init(&s->directory, (UIDSET_RANGES / HALF * 2 + 2) * sizeof(struct block *));
	return s;
}

void
uidset_reset(struct uidset *s)
{
	for (size_t i = 0; i < s->nblocks; i++)
		free(blocks(s)[i]);
	buf_reset(&s->directory);
	s->nblocks = s->ranges = 0;
	s->count = 0;
}

void
uidset_free(struct uidset *s)
{
	if (s == NULL)
		return;
	uidset_reset(s);
	buf_fini(&s->directory);
	free(s);
}

/* Where the first range is that ends at ${uid} or above; in no block when there is none. */
static struct place
find(const struct uidset *s, uint32_t uid)
{
	struct place p = { 0, 0 };
	size_t end = s->nblocks;

	while (p.block < end) {
		size_t middle = p.block + (end - p.block) / 2;
		const struct block *b = blocks(s)[middle];

		if (b->r[b->n - 1].last < uid)
			p.block = middle + 1;
		else
			end = middle;
	}
	if (p.block == s->nblocks)
		return p;
	end = blocks(s)[p.block]->n;
	while (p.at < end) {
		size_t middle = p.at + (end - p.at) / 2;

		if (blocks(s)[p.block]->r[middle].last < uid)
			p.at = middle + 1;
		else
			end = middle;
	}
	return p;
}

static struct uid_range *
range_at(const struct uidset *s, struct place p)
{
	return p.block < s->nblocks ? &blocks(s)[p.block]->r[p.at] : NULL;
}

static struct block *
insert_block(struct uidset *s, size_t at)
{
	struct block *b = calloc(1, sizeof(*b));
	char *room = buf_room(&s->directory, sizeof(b));

	/* No room is no stranger's doing: ->ranges has a limit, and blocks are joined. */
	if (b == NULL || room == NULL)
		abort();
	buf_grown(&s->directory, sizeof(b));
	memmove(&blocks(s)[at + 1], &blocks(s)[at], (s->nblocks - at) * sizeof(b));
	blocks(s)[at] = b;
	s->nblocks++;
	return b;
}

static void
delete_block(struct uidset *s, size_t at)
{
	free(blocks(s)[at]);
	s->nblocks--;
	memmove(&blocks(s)[at], &blocks(s)[at + 1], (s->nblocks - at) * sizeof(struct block *));
	s->directory.n -= sizeof(struct block *);
}

/* Put ${r} before what is at ${p}, or behind everything. */
static void
insert(struct uidset *s, struct place p, struct uid_range r)
{
	struct block *b;

	if (p.block == s->nblocks) {
		if (p.block == 0 || blocks(s)[p.block - 1]->n == BLOCK)
			insert_block(s, p.block);
		else
			p = (struct place){ p.block - 1, blocks(s)[p.block - 1]->n };
	}
	b = blocks(s)[p.block];
	if (b->n == BLOCK) {
		struct block *upper = insert_block(s, p.block + 1);

		memcpy(upper->r, b->r + HALF, (BLOCK - HALF) * sizeof(r));
		upper->n = BLOCK - HALF;
		b->n = HALF;
		if (p.at > HALF) {
			p.at -= HALF;
			b = upper;
		}
	}
	memmove(&b->r[p.at + 1], &b->r[p.at], (b->n - p.at) * sizeof(r));
	b->r[p.at] = r;
	b->n++;
	s->ranges++;
	s->count += (uint64_t)r.last - r.first + 1;
}

/* Join the block ${at} and the one behind it where both are small. */
static void
join(struct uidset *s, size_t at)
{
	struct block *lower, *upper;

	if (at + 1 >= s->nblocks)
		return;
	lower = blocks(s)[at];
	upper = blocks(s)[at + 1];
	if (lower->n + upper->n > HALF)
		return;
	memcpy(lower->r + lower->n, upper->r, upper->n * sizeof(upper->r[0]));
	lower->n += upper->n;
	delete_block(s, at + 1);
}

static void
take_out(struct uidset *s, struct place p)
{
	struct block *b = blocks(s)[p.block];
	struct uid_range r = b->r[p.at];

	s->count -= (uint64_t)r.last - r.first + 1;
	s->ranges--;
	b->n--;
	memmove(&b->r[p.at], &b->r[p.at + 1], (b->n - p.at) * sizeof(r));
	if (b->n == 0) {
		delete_block(s, p.block);
	} else {
		join(s, p.block);
		if (p.block > 0)
			join(s, p.block - 1);
	}
}

static void
resize(struct uidset *s, struct uid_range *r, uint32_t first, uint32_t last)
{
	s->count -= (uint64_t)r->last - r->first + 1;
	*r = (struct uid_range){ first, last };
	s->count += (uint64_t)last - first + 1;
}

/* Whether ${r} overlaps or touches what reaches up to ${last}. */
static bool
is_joined(const struct uid_range *r, uint32_t last)
{
	return r != NULL && (r->first <= last || r->first - 1 == last);
}

int
uidset_add(struct uidset *s, uint32_t first, uint32_t last)
{
	struct place p;
	struct uid_range *r;

	assert(first > 0 && first <= last);
	p = find(s, first - 1);
	r = range_at(s, p);
	if (!is_joined(r, last)) {
		if (s->ranges == UIDSET_RANGES)
			return -1;
		insert(s, p, (struct uid_range){ first, last });
		return 0;
	}
	if (first > r->first)
		first = r->first;
	while (last > r->last) {
		uint32_t end = r->last;
		const struct uid_range *next;

		p = find(s, end + 1);
		next = range_at(s, p);
		if (!is_joined(next, last))
			break;
		if (last < next->last)
			last = next->last;
		take_out(s, p);
		r = range_at(s, find(s, end));
	}
	resize(s, r, first, last > r->last ? last : r->last);
	return 0;
}

int
uidset_remove(struct uidset *s, uint32_t first, uint32_t last)
{
	assert(first > 0 && first <= last);
	for (;;) {
		struct place p = find(s, first);
		struct uid_range *r = range_at(s, p), whole;

		if (r == NULL || r->first > last)
			return 0;
		whole = *r;
		if (whole.first >= first && whole.last <= last) {
			take_out(s, p);
		} else if (whole.first >= first) {
			resize(s, r, last + 1, whole.last);
		} else if (whole.last <= last) {
			resize(s, r, whole.first, first - 1);
		} else {
			if (s->ranges == UIDSET_RANGES)
				return -1;
			resize(s, r, last + 1, whole.last);
			insert(s, p, (struct uid_range){ whole.first, first - 1 });
		}
	}
}

bool
uidset_has(const struct uidset *s, uint32_t uid)
{
	const struct uid_range *r = range_at(s, find(s, uid));

	return r != NULL && r->first <= uid;
}

uint64_t
uidset_count(const struct uidset *s)
{
	return s->count;
}

size_t
uidset_ranges(const struct uidset *s)
{
	return s->ranges;
}

bool
uidset_next(const struct uidset *s, uint32_t after, struct uid_range *out)
{
	const struct uid_range *r;

	if (after == UINT32_MAX)
		return false;
	r = range_at(s, find(s, after + 1));
	if (r == NULL)
		return false;
	*out = *r;
	if (out->first <= after)
		out->first = after + 1;
	return true;
}

uint64_t
uidset_put(const struct uidset *s, uint32_t *after, uint64_t uids, size_t bytes, struct buf *out)
{
	uint64_t done = 0;
	struct uid_range r;

	assert(bytes >= UIDSET_PIECE_LEAST);
	while (done < uids && uidset_next(s, *after, &r)) {
		char text[UIDSET_PIECE_LEAST + 2];
		uint64_t n = (uint64_t)r.last - r.first + 1;
		int len;

		if (n > uids - done) {
			n = uids - done;
			r.last = r.first + (uint32_t)(n - 1);
		}
		len = snprintf(text, sizeof(text), "%s%u", done > 0 ? "," : "", r.first);
		if (n > 1)
			len += snprintf(text + len, sizeof(text) - (size_t)len, ":%u", r.last);
		if ((size_t)len > bytes)
			break;
		bytes -= (size_t)len;
		buf_put(out, text, (size_t)len);
		done += n;
		*after = r.last;
	}
	return done;
}

/* The number that opens ${*s}, which is cut off; 0 when there is none that is a UID. */
static uint32_t
cut_uid(struct str *s)
{
	uint64_t uid = 0;
	size_t n = 0;

	while (n < s->n && s->p[n] >= '0' && s->p[n] <= '9')
		n++;
	if (str_u64((struct str){ s->p, n }, UINT32_MAX, &uid) != 0)
		return 0;
	*s = (struct str){ s->p + n, s->n - n };
	return (uint32_t)uid;
}

/* Whether ${*s} opens with ${c}, which is cut off. */
static bool
cut(struct str *s, char c)
{
	if (s->n == 0 || s->p[0] != c)
		return false;
	*s = (struct str){ s->p + 1, s->n - 1 };
	return true;
}

int
uidset_parse(struct uidset *s, struct str text, uint64_t max)
{
	uint64_t sum = 0;

	do {
		uint32_t first = cut_uid(&text);
		uint32_t last = cut(&text, ':') ? cut_uid(&text) : first;

		if (first == 0 || last == 0)
			return -1;
		if (first > last) {
			uint32_t high = first;

			first = last;
			last = high;
		}
		sum += (uint64_t)last - first + 1;
		if (sum > max || uidset_add(s, first, last) != 0)
			return -1;
	} while (cut(&text, ','));
	return text.n == 0 ? 0 : -1;
}
