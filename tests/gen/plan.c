/* plan.c - which reports there are, and filling each with its records. */
#include "plan.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "domain.h"
#include "report.h"
#include "reporter.h"
#include "rng.h"
#include "story.h"

enum {
	ROUNDS = 10, /* reports of one reporter on one domain and day, at most */
	PARTS = 1000000,
	ROWS = 96, /* records of a demo report before rows are merged, at most */
};

/* Which stream of numbers an item is told from. */
static struct rng
item_rng(const struct plan *p, const struct item *i)
{
	return rng_make(
	    p->seed, (uint64_t)i->reporter << 32 | i->domain, (uint64_t)i->day, i->round);
}

/*
 * Ids made of times must differ from round to round and from seed to seed (as
 * long as the seeds differ modulo 360): 61 and 3600 have no common divisor.
 */
static uint32_t
slot(const struct plan *p, const struct item *i)
{
	uint64_t base = rng_mix(i->reporter * 7919u + i->domain);
	uint64_t turn = p->seed % 360 * ROUNDS + i->round;

	return (uint32_t)((base % 3600 + turn * 61) % 3600);
}

/* Most reports are tiny, and one in a hundred holds most of the records. */
static uint32_t
draw_size(uint64_t n)
{
	static const struct {
		uint32_t upto, low, high;
	} bands[] = {
		{ 584000, 1, 1 },
		{ 736000, 2, 2 },
		{ 866000, 3, 5 },
		{ 946000, 6, 16 },
		{ 970000, 17, 40 },
		{ 990000, 41, 100 },
		{ 995000, 101, 350 },
		{ 998000, 351, 770 },
		{ 999400, 771, 2000 },
		{ 999900, 2001, 3000 },
		{ PARTS, 3001, 3555 },
	};
	/* Multiples of the golden ratio are spread evenly however many are taken. */
	uint64_t at = ((n * 0x9e3779b97f4a7c15u) >> 32) * PARTS >> 32;
	uint32_t from = 0;
	size_t b;

	for (b = 0; at >= bands[b].upto; b++)
		from = bands[b].upto;
	return bands[b].low +
	    (uint32_t)((at - from) * (bands[b].high - bands[b].low + 1) / (bands[b].upto - from));
}

/* Somebody whose reports grow that large. */
static uint32_t
draw_reporter(struct rng *rng, uint32_t records)
{
	uint32_t i, total = 0, at;

	for (i = 0; i < nreporters; i++)
		total += reporters[i].max >= records ? reporters[i].weight : 0;
	at = rng_below(rng, total);
	for (i = 0; i < nreporters; i++) {
		if (reporters[i].max < records)
			continue;
		if (at < reporters[i].weight)
			break;
		at -= reporters[i].weight;
	}
	return i;
}

static void
make_bench(struct plan *p)
{
	uint32_t *seen = calloc(nreporters * p->ndomains, sizeof(*seen)), *count;
	struct rng rng = rng_make(p->seed, 'p', 0, 0);
	uint64_t offset = rng_next(&rng) >> 16;
	struct item *i;
	size_t n;

	p->items = calloc((size_t)p->reports + 1, sizeof(*p->items));
	if (seen == NULL || p->items == NULL)
		err(1, "could not get memory for the plan");
	for (n = 0; n < p->reports; n++) {
		i = &p->items[n];
		i->records = draw_size(offset + n);
		i->reporter = draw_reporter(&rng, i->records);
		i->domain = rng_below(&rng, (uint32_t)p->ndomains);
		count = &seen[i->reporter * p->ndomains + i->domain];
		i->day = p->last - (int64_t)(*count % p->days);
		i->round = *count / p->days;
		if (i->round >= ROUNDS)
			errx(1, "too many reports for so few domains and days");
		++*count;
	}
	p->nitems = p->reports;
	free(seen);
}

static struct scene
make_scene(const struct plan *p, const struct item *i, struct rng *rng)
{
	struct scene s;

	s.reporter = &reporters[i->reporter];
	s.domain = &p->domains[i->domain];
	s.day = i->day;
	s.start = rng_below(rng, 1u << 20);
	return s;
}

/* How many of a sender's messages the reporter saw that day. */
static uint32_t
draw_seen(const struct scene *s, const struct sender *from, struct rng *rng)
{
	uint64_t mean = (uint64_t)story_volume(s, from) * s->reporter->share;
	uint64_t milli = mean * rng_range(rng, 70, 130) / 100;

	return (uint32_t)(milli / 1000) + (rng_below(rng, 1000) < milli % 1000);
}

/* A sender's messages come from so many of its hosts. */
static uint32_t
draw_hosts(enum kind kind, uint32_t messages)
{
	static const uint32_t most[] = {
		[KIND_OWN] = 4,
		[KIND_CLOUD] = 12,
		[KIND_ESP] = 20,
		[KIND_FORWARD] = 16,
		[KIND_LIST] = 3,
		[KIND_FORGER] = 40,
	};

	return messages < most[kind] ? messages : most[kind];
}

static void
merge(struct record *rows, size_t *n, const struct record *r)
{
	size_t i;

	for (i = 0; i < *n; i++) {
		if (record_same(&rows[i], r)) {
			rows[i].count += r->count;
			return;
		}
	}
	rows[(*n)++] = *r;
}

/* The rows of a day as it went; returns how many. */
static size_t
tell_day(const struct scene *s, struct rng *rng, struct record rows[ROWS])
{
	struct record r;
	const struct sender *from;
	uint32_t left, hosts, k;
	size_t n = 0, i;

	for (i = 0; i < DOMAIN_SENDERS && s->domain->senders[i].weight > 0; i++) {
		from = &s->domain->senders[i];
		left = draw_seen(s, from, rng);
		hosts = draw_hosts(from->kind, left);
		left -= hosts;
		for (k = 0; k < hosts; k++) {
			story_record(s, from, k, rng, &r);
			r.count = 1 + (k + 1 == hosts ? left : rng_below(rng, left + 1) / 2);
			left -= (uint32_t)r.count - 1;
			merge(rows, &n, &r);
		}
	}
	return n;
}

static uint64_t
draw_count(enum kind kind, struct rng *rng)
{
	uint32_t dice = rng_below(rng, 1000);

	if (dice < 810)
		return 1;
	if (dice < 880)
		return 2;
	if (dice < 930 || kind == KIND_FORWARD || kind == KIND_LIST || kind == KIND_FORGER)
		return rng_range(rng, 3, 10);
	if (dice < 965)
		return rng_range(rng, 11, 60);
	return rng_range(rng, 61, dice < 995 ? 900 : 3700);
}

/* A sender by weight; one whose hosts are used up hands over to the next. */
static size_t
draw_sender(const struct scene *s, const uint32_t *told, struct rng *rng)
{
	const struct sender *senders = s->domain->senders;
	uint32_t at = rng_below(rng, 100);
	size_t i = 0, last = 0;

	while (last + 1 < DOMAIN_SENDERS && senders[last + 1].weight > 0)
		last++;
	while (i < last && at >= senders[i].weight) {
		at -= senders[i].weight;
		i++;
	}
	/* The last are forgers, and of those there are always more. */
	while (i < last && told[i] >= story_capacity(s, &senders[i]))
		i++;
	return i;
}

static void
tell_drawn(const struct scene *s, uint32_t records, struct rng *rng, struct report *r)
{
	uint32_t told[DOMAIN_SENDERS] = { 0 };
	struct record row;
	size_t from;

	for (; records > 0; records--) {
		from = draw_sender(s, told, rng);
		story_record(s, &s->domain->senders[from], told[from]++, rng, &row);
		row.count = draw_count(s->domain->senders[from].kind, rng);
		report_add(r, &row);
	}
}

/* Newest first, and only what somebody saw. */
static void
make_demo(struct plan *p)
{
	size_t room = (size_t)p->days * p->ndomains * nreporters;
	struct record rows[ROWS];
	struct item i = { 0 };
	struct scene scene;
	struct rng rng;
	uint32_t ago;

	p->items = calloc(room, sizeof(*p->items));
	if (p->items == NULL)
		err(1, "could not get memory for the plan");
	for (ago = 0; ago < p->days; ago++) {
		i.day = p->last - ago;
		for (i.domain = 0; i.domain < p->ndomains; i.domain++) {
			for (i.reporter = 0; i.reporter < nreporters; i.reporter++) {
				rng = item_rng(p, &i);
				scene = make_scene(p, &i, &rng);
				if (p->nitems == p->reports)
					return;
				if (tell_day(&scene, &rng, rows) > 0)
					p->items[p->nitems++] = i;
			}
		}
	}
}

void
plan_make(struct plan *p)
{
	size_t n, told = p->demo ? DEMO_DOMAINS : 0;

	p->domains = calloc(p->ndomains, sizeof(*p->domains));
	if (p->domains == NULL)
		err(1, "could not get memory for the domains");
	for (n = 0; n < p->ndomains; n++) {
		if (n < told)
			domain_demo(&p->domains[n], n, p->last, p->days);
		else
			domain_usual(&p->domains[n], n - told);
	}
	if (p->demo)
		make_demo(p);
	else
		make_bench(p);
}

void
plan_tell(const struct plan *p, const struct item *i, struct report *r)
{
	struct rng rng = item_rng(p, i), names = rng_make(rng.state, 'i', 0, 0);
	struct scene scene = make_scene(p, i, &rng);
	struct record rows[ROWS];
	size_t n, k;

	report_start(r, &scene, slot(p, i), &names);
	if (i->records > 0) {
		tell_drawn(&scene, i->records, &rng, r);
	} else {
		n = tell_day(&scene, &rng, rows);
		for (k = 0; k < n; k++)
			report_add(r, &rows[k]);
	}
	report_end(r);
}

void
plan_tell_big(const struct plan *p, uint32_t records, struct report *r)
{
	struct item i = { .reporter = (uint32_t)(reporter_big - reporters),
		.day = p->last,
		.round = UINT32_MAX };
	struct rng rng = item_rng(p, &i), names = rng_make(rng.state, 'i', 0, 0);
	struct scene scene = make_scene(p, &i, &rng);

	report_start(r, &scene, 0, &names);
	tell_drawn(&scene, records, &rng, r);
	report_end(r);
}

void
plan_fini(struct plan *p)
{
	free(p->domains);
	free(p->items);
}
