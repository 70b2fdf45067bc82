/* upkeep.h - what is kept for a while only: unreadable mails by their size, failure reports by age. */
#ifndef CLI_UPKEEP_H
#define CLI_UPKEEP_H

#include <stdint.h>

struct ledger;

struct upkeep {
	struct ledger *ledger;
	unsigned failure_days;
	uint64_t kept_total; /* the ceiling of what is kept of unreadable mails */
	uint64_t kept;       /* bytes of mails kept since the last trimming */
	int64_t due; /* when old failure reports are deleted next, by now_ms; INT64_MAX: never */
};

/* ${ledger} NULL: nothing is written, nothing deleted. */
void upkeep_init(
    struct upkeep *u, struct ledger *ledger, unsigned failure_days, uint64_t kept_total);

/* ${bytes} more were kept: trim when that makes it due. */
void upkeep_kept(struct upkeep *u, uint64_t bytes);

/* Keep what is kept of unreadable mails below its ceiling. */
void upkeep_trim(struct upkeep *u);

/*
 * Delete failure reports whose days have passed, at the start and once an hour; then also what a database
 * needs that is open for long.
 */
void upkeep_expire(struct upkeep *u);

#endif
