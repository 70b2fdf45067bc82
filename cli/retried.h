/* retried.h - what came of the mails that "retry" tried again, counted and told. */
#ifndef CLI_RETRIED_H
#define CLI_RETRIED_H

#include "cli/verb.h"
#include "core/keyset.h"
#include "store/retry.h"

struct table;

struct retried {
	enum output output;
	bool dry_run;
	bool each; /* OUTPUT_TABLE: a line for each mail that changed */
	struct table *table;
	struct keyset *met;               /* of a dry run: reports that would be stored */
	uint64_t mails, changed, left;    /* tried; with another outcome; that stay as they were */
	uint64_t unreadable;              /* that still hold something unreadable */
	uint64_t not_kept;                /* that did, and cannot be tried */
	uint64_t outcomes[OUTCOME_COUNT]; /* of those that changed */
	uint64_t reports, records, messages; /* newly stored */
};

/* Set up ${r}, whose ->output, ->dry_run, ->each and ->not_kept are filled in. */
void retried_start(struct retried *r);

/* Take in ${in}, which came of ${mail} and is written, or has nothing to be written. */
void retried_add(struct retried *r, const struct retry_mail *mail, struct intake *in);

/* Print what is left to print; ${totals}: and what it was in all. */
void retried_end(struct retried *r, bool totals, double seconds);

#endif
