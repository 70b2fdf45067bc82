/* changes.h - what "reparse" found to be different, counted and told. */
#ifndef CLI_CHANGES_H
#define CLI_CHANGES_H

#include "cli/verb.h"
#include "store/reparse.h"

/* Words of the column "changed" of sql/query/reparse_compare.sql. */
enum change {
	CHANGE_IDENTITY,
	CHANGE_RECORDS,
	CHANGE_DERIVED,
	CHANGE_DIGEST,
	CHANGE_QUIRKS,
	CHANGE_VALUES,
	CHANGE_COUNT
};

struct table;

struct changes {
	enum output output;
	bool dry_run;
	bool each; /* a line for each report; as OUTPUT_TABLE only where that was asked for */
	struct table *table;
	uint64_t reports, changed, unread;
	uint64_t by_kind[CHANGE_COUNT];
};

/* Set up ${c}, whose ->output, ->dry_run and ->each are filled in. */
void changes_start(struct changes *c);

/* Take in the answer of reparse_compare. */
void changes_add(struct changes *c, const struct answer *rows);

/* Take in a report that stays as it is: today's parser, or the database, says ${reason}. */
void changes_add_unread(
    struct changes *c, const struct reparse_original *original, const char *reason);

/* Print what is left to print; ${totals}: and what it was in all. */
void changes_end(struct changes *c, bool totals, double seconds);

#endif
