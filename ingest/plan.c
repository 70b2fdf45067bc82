#include "ingest/plan.h"

#include <stdlib.h>

void
plan_init(struct plan *p, uint32_t mark)
{
	*p = (struct plan){
		.mark = mark, .scanned = mark, .width = PLAN_WINDOW, .batch = PLAN_BATCH
	};
	buf_init(&p->items, SIZE_MAX / 2);
}

void
plan_fini(struct plan *p)
{
	buf_fini(&p->items);
}

static struct item *
items(const struct plan *p)
{
	return (struct item *)(void *)p->items.p;
}

static size_t
count(const struct plan *p)
{
	return p->items.n / sizeof(struct item);
}

/* Those of a window that is not whole yet stand behind, in no order. */
static size_t
sorted(const struct plan *p)
{
	return p->window_end != 0 ? p->window_at : count(p);
}

static struct item *
find(const struct plan *p, uint32_t uid)
{
	size_t low = p->gone, high = sorted(p);

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (items(p)[mid].uid < uid)
			low = mid + 1;
		else
			high = mid;
	}
	return low < sorted(p) && items(p)[low].uid == uid ? &items(p)[low] : NULL;
}

static void
set(struct plan *p, struct item *i, enum item_state state)
{
	p->found -= i->state == ITEM_FOUND;
	p->open -= i->state == ITEM_ASKED;
	i->state = (uint8_t)state;
	p->found += state == ITEM_FOUND;
	p->open += state == ITEM_ASKED;
}

/* The mark follows; what lies behind it is forgotten, in large pieces: each item is moved once or twice. */
static void
advance(struct plan *p)
{
	size_t end = sorted(p);

	while (p->gone < end && items(p)[p->gone].state == ITEM_DONE)
		p->mark = items(p)[p->gone++].uid;
	if (p->gone < 1024 || p->gone < count(p) / 2)
		return;
	buf_skip(&p->items, p->gone * sizeof(struct item));
	p->window_at -= p->window_end != 0 ? p->gone : 0;
	p->next -= p->next < p->gone ? p->next : p->gone;
	p->gone = 0;
}

static bool
is_scanned(const struct plan *p, uint32_t uidnext)
{
	return p->through || (uidnext != 0 && p->scanned >= uidnext - 1);
}

bool
plan_window(struct plan *p, uint32_t uidnext, uint32_t *first, uint32_t *last)
{
	if (p->window_end != 0 || is_scanned(p, uidnext) || p->found >= PLAN_AHEAD)
		return false;
	*first = p->scanned + 1;
	*last = UINT32_MAX;
	if (uidnext != 0)
		*last = uidnext - 1 - p->scanned > p->width ? p->scanned + p->width : uidnext - 1;
	p->window_end = *last;
	p->window_at = count(p);
	return true;
}

static int
by_uid(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	return x->uid < y->uid ? -1 : x->uid > y->uid;
}

/* Put the window's items in order, each once: how many. */
static size_t
tidy(struct plan *p)
{
	size_t n = count(p) - p->window_at, kept = 0;
	struct item *new = items(p) + p->window_at;

	if (n > 0)
		qsort(new, n, sizeof(*new), by_uid);
	for (size_t i = 0; i < n; i++) {
		if (kept == 0 || new[kept - 1].uid != new[i].uid)
			new[kept++] = new[i];
		else if (new[i].size > new[kept - 1].size)
			new[kept - 1].size = new[i].size;
	}
	p->items.n = (p->window_at + kept) * sizeof(*new);
	return kept;
}

/* The server tells more than a window holds: the window ends sooner, or the same was told again. */
static void
narrow(struct plan *p)
{
	const size_t half = PLAN_MOST / 2;

	if (tidy(p) <= half)
		return;
	p->window_end = items(p)[p->window_at + half].uid - 1;
	p->items.n = (p->window_at + half) * sizeof(struct item);
}

void
plan_found(struct plan *p, uint32_t uid, uint64_t size, bool known)
{
	const struct item i = { .uid = uid,
		.state = known ? ITEM_DONE : ITEM_FOUND,
		.size = size != 0 ? size : PLAN_SIZE };

	/* "n:*" names the last mail even when it lies below n */
	if (p->window_end == 0 || uid <= p->scanned || uid > p->window_end)
		return;
	if (count(p) - p->window_at == PLAN_MOST)
		narrow(p);
	if (uid <= p->window_end)
		buf_put(&p->items, &i, sizeof(i));
}

void
plan_window_done(struct plan *p)
{
	const struct item *new;
	size_t kept;

	if (p->window_end == 0)
		return;
	kept = tidy(p);
	new = items(p) + p->window_at;
	for (size_t i = 0; i < kept; i++)
		p->found += new[i].state == ITEM_FOUND;
	/* Without an end the last mail there is is the end. */
	if (p->window_end != UINT32_MAX)
		p->scanned = p->window_end;
	else if (kept > 0)
		p->scanned = new[kept - 1].uid;
	p->through |= p->window_end == UINT32_MAX;
	if (p->width < UINT32_MAX / 4 && kept < PLAN_WINDOW / 2)
		p->width *= 2;
	else if (p->width > PLAN_WINDOW && kept > PLAN_WINDOW * 2)
		p->width /= 2;
	p->window_end = 0;
	advance(p);
}

uint64_t
plan_pick(struct plan *p, uint64_t max, struct uidset *uids)
{
	size_t end = sorted(p);
	uint64_t bytes = 0;
	unsigned taken = 0;

	for (; p->next < end && taken < p->batch; p->next++) {
		struct item *i = &items(p)[p->next];

		if (i->state != ITEM_FOUND)
			continue;
		/* what made trouble is asked for alone */
		if (taken > 0 && (bytes + i->size > max || i->tries > 0))
			break;
		if (uidset_add(uids, i->uid, i->uid) < 0)
			break;
		set(p, i, ITEM_ASKED);
		bytes += i->size;
		taken++;
		if (i->tries > 0)
			break;
	}
	return bytes;
}

uint64_t
plan_size(const struct plan *p, uint32_t uid)
{
	const struct item *i = find(p, uid);

	return i != NULL ? i->size : 0;
}

void
plan_resize(struct plan *p, uint32_t uid, uint64_t size)
{
	struct item *i = find(p, uid);

	if (i != NULL)
		i->size = size;
}

bool
plan_is_open(const struct plan *p, uint32_t uid)
{
	const struct item *i = find(p, uid);

	return i != NULL && i->state == ITEM_ASKED;
}

bool
plan_is_handed(const struct plan *p, uint32_t uid)
{
	const struct item *i = find(p, uid);

	return i != NULL && i->state == ITEM_HANDED;
}

void
plan_handed(struct plan *p, uint32_t uid)
{
	struct item *i = find(p, uid);

	if (i != NULL && i->state == ITEM_ASKED) {
		set(p, i, ITEM_HANDED);
		p->waiting++;
	}
}

void
plan_done(struct plan *p, uint32_t uid)
{
	struct item *i = find(p, uid);

	if (i == NULL)
		return;
	p->waiting -= i->state == ITEM_HANDED;
	set(p, i, ITEM_DONE);
	advance(p);
}

bool
plan_failed(struct plan *p, uint32_t uid)
{
	struct item *i = find(p, uid);

	if (i == NULL || i->state != ITEM_ASKED)
		return false;
	i->tries++;
	set(p, i, i->tries < PLAN_TRIES ? ITEM_FOUND : ITEM_STUCK);
	if ((size_t)(i - items(p)) < p->next)
		p->next = (size_t)(i - items(p));
	return i->state == ITEM_STUCK;
}

void
plan_again(struct plan *p, bool trouble)
{
	if (p->window_end != 0)
		p->items.n = p->window_at * sizeof(struct item);
	p->window_end = 0;
	for (size_t i = p->gone; i < count(p); i++)
		if (items(p)[i].state == ITEM_ASKED)
			set(p, &items(p)[i], ITEM_FOUND);
	p->next = p->gone;
	if (trouble)
		p->batch = p->batch > 10 ? p->batch / 10 : 1;
}

void
plan_news(struct plan *p)
{
	p->through = false;
}

bool
plan_is_through(const struct plan *p, uint32_t uidnext)
{
	return p->window_end == 0 && p->found == 0 && p->open == 0 && is_scanned(p, uidnext);
}

uint64_t
plan_held(const struct plan *p)
{
	uint64_t bytes = 0;

	for (size_t i = p->gone; i < sorted(p); i++)
		if (items(p)[i].state == ITEM_HANDED)
			bytes += items(p)[i].size;
	return bytes;
}

void
plan_grow(struct plan *p)
{
	p->batch = p->batch * 2 < PLAN_BATCH ? p->batch * 2 : PLAN_BATCH;
}

size_t
plan_waiting(const struct plan *p)
{
	return p->waiting;
}
