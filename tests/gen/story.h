/* story.h - what one source did on one day, and how a receiver judges it. */
#ifndef GEN_STORY_H
#define GEN_STORY_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "domain.h"
#include "reporter.h"
#include "rng.h"

enum disposition {
	DISP_NONE,
	DISP_QUARANTINE,
	DISP_REJECT,
	DISP_PASS, /* RFC 9990 */
};

struct auth {
	char domain[80];
	char selector[48]; /* empty for SPF */
	const char *result;
};

enum { RECORD_DKIM = 3 };

struct record {
	char ip[46];
	uint64_t count;
	enum disposition disposition;
	bool dkim, spf;               /* aligned */
	const char *reason, *comment; /* or NULL */
	char header_from[80], envelope_from[80], envelope_to[80];
	struct auth dkims[RECORD_DKIM], spf_result;
	size_t ndkim;
};

/* Where a report stands: one reporter's view of one domain on one day. */
struct scene {
	const struct domain *domain;
	const struct reporter *reporter;
	int64_t day;    /* days since 1970 */
	uint32_t start; /* where in their pools the sources begin */
};

/*
 * The ${k}th record of ${from} in this scene, count left at 1.  Up to
 * story_capacity() the records of a sender differ.
 */
void story_record(
    const struct scene *, const struct sender *from, uint32_t k, struct rng *, struct record *out);

uint32_t story_capacity(const struct scene *, const struct sender *);

/* Messages that ${from} sent on that day to the whole world. */
uint32_t story_volume(const struct scene *, const struct sender *from);

/* Same source, same identifiers, same results: one row in a report. */
bool record_same(const struct record *, const struct record *);
const char *disposition_name(enum disposition);
#endif
