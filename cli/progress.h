/* progress.h - one line on the terminal that says how far a run is. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct tally;

struct progress {
	bool shown;
	bool written; /* there is a line to wipe */
	struct timespec start, last;
};

/* ${wanted} and standard error is a terminal: otherwise all of this is silent. */
void progress_start(struct progress *p, bool wanted);

/* Ten times a second at most. */
void progress_step(struct progress *p, const struct tally *t);

/* The same for a run over ${reports} that are stored, ${changed} of which were not as they should be. */
void progress_count(struct progress *p, uint64_t reports, uint64_t changed);

/* The same for a run over ${mails} that are in the ledger. */
void progress_mails(struct progress *p, uint64_t mails, uint64_t changed);

void progress_end(struct progress *p);

#endif
