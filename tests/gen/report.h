/* report.h - one aggregate report: its identity, its XML, its sums. */
#ifndef GEN_REPORT_H
#define GEN_REPORT_H
#include <stdint.h>
#include <stdio.h>

#include "pack.h"
#include "story.h"
#include "text.h"

enum { DAY = 24 * 60 * 60 };

struct sums {
	uint64_t records, messages, dmarc_pass, dkim, spf;
	uint64_t disposition[4]; /* messages, by enum disposition */
};

/* Written piece by piece: the XML of a report never stands in memory as a whole. */
struct report {
	struct scene scene;
	char id[160];
	char file[256];     /* of the attachment, as the reporter names it */
	int64_t begin, end; /* as the report has them, seconds UTC */
	int64_t sent;
	struct sums sums;
	struct text piece;
	struct pack pack; /* complete after report_end() */
};

/*
 * Begin the report on ${scene}.  ${slot} is a second of the hour, for those whose
 * ids are made of times: equal slots give them equal ids.
 */
void report_start(struct report *, const struct scene *, uint32_t slot, struct rng *);
void report_add(struct report *, const struct record *);
void report_end(struct report *);
void report_fini(struct report *);

/* One line of JSON: what an exact importer must find. */
void report_facts(const struct report *, FILE *to);
#endif
