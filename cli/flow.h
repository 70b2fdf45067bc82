/*
 * flow.h - one source from its mailbox to the database: read, parse in the jail, write, acknowledge.
 *
 * One process, one loop: mails go to the workers as fast as they take them, their frames gather in
 * batches, two connections write, and only what is committed is acknowledged.  Each stage holds a
 * bounded amount and stops the one before it when it is full.
 */
#ifndef CLI_FLOW_H
#define CLI_FLOW_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"
#include "ingest/source.h"
#include "store/database.h"

struct flow_conf {
	struct database *db;  /* ready; NULL in a dry run where there is none yet */
	bool dry_run;         /* nothing is written, nothing acknowledged */
	const char *tmp_dir;  /* for large reports */
	const char *lock_dir; /* one lock per source */
	unsigned workers;
	const char *const *domains; /* own domains, patterns; none: all */
	size_t ndomains;
	bool progress;                     /* a line on the terminal */
	const volatile sig_atomic_t *stop; /* finish what is in hand, read nothing more */
};

struct tally;

/*
 * Ingest the source ${s}, adding to ${t}.  Does nothing, quietly, when another process works on it.
 * Single mails that fail cost only themselves; -1 with ERR_SOURCE when the source gave out (what it
 * gave before is stored), ERR_DATABASE or ERR_CONFIG when nothing more can be stored.
 */
int flow_run(
    const struct flow_conf *conf, const struct source_conf *s, struct tally *t, struct err *e);

#endif
