/* plan.h - which reports there are, and filling each with its records. */
#ifndef GEN_PLAN_H
#define GEN_PLAN_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct domain;
struct report;
struct text;

#define PLAN_ALL UINT32_MAX

struct item {
	uint32_t reporter, domain;
	int64_t day;      /* since 1970 */
	uint32_t round;   /* how many of the same three came before */
	uint32_t records; /* to be drawn; 0: as the day went (demo) */
};

/* Everything else follows from the seed and an item: it can be told again. */
struct plan {
	uint64_t seed;
	struct domain *domains;
	size_t ndomains;
	int64_t last; /* the last day reported on */
	uint32_t days;
	bool demo;
	uint32_t reports; /* wanted; in the demo PLAN_ALL is all there are */
	struct item *items;
	size_t nitems;
};

/* With seed, ndomains, last, days, demo and reports set, makes the rest. */
void plan_make(struct plan *);

/* Write the report of ${item} into ${r}, complete. */
void plan_tell(const struct plan *, const struct item *, struct report *r);

/* One report of ${records} records on the first domain, out of the plan. */
void plan_tell_big(const struct plan *, uint32_t records, struct report *r);
void plan_fini(struct plan *);
#endif
