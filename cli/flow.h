/*
 * flow.h - from mailboxes to the database: read, parse in the jail, write, acknowledge.
 *
 * One process, one loop, any number of sources (cli/stream.h): their mails go to the workers as fast
 * as those take them, by turns; the frames gather in batches, two connections write, and only what is
 * committed is acknowledged.  Each stage holds a bounded amount and stops the one before it when it is
 * full.
 */
#ifndef CLI_FLOW_H
#define CLI_FLOW_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/config.h"
#include "core/err.h"
#include "ingest/source.h"
#include "store/database.h"

struct domains;

struct flow_conf {
	struct database *db;  /* ready; NULL in a dry run where there is none yet */
	bool dry_run;         /* nothing is written, nothing acknowledged */
	bool watch;           /* sources in trouble are opened again */
	const char *tmp_dir;  /* for large reports */
	const char *lock_dir; /* one lock per source */
	unsigned workers;
	struct ceilings ceilings;
	unsigned patience;         /* seconds for which the database may be away */
	const struct domains *own; /* domains whose reports are stored */
	enum failures failures;
	unsigned failure_days;             /* for which they are kept */
	bool progress;                     /* a line on the terminal */
	const volatile sig_atomic_t *stop; /* finish what is in hand, read nothing more */
	int wake_fd;                       /* readable when that was set; -1: none */
};

/* How it goes while watching. */
struct flow_state {
	size_t sources, ailing;
};

struct tally;
struct flow;

/* What is shared by all sources.  ERR_DATABASE or ERR_CONFIG; ${conf} and ${t} must outlive it. */
struct flow *flow_new(const struct flow_conf *conf, struct tally *t, struct err *e);

/* What is not committed is dropped, and stays new in its source. */
void flow_free(struct flow *f);

/*
 * Ingest one source to its end.  Does nothing, quietly, when another process works on it.  Single
 * mails that fail cost only themselves.  0; 1 with ${e} when the source gave out, or not all of it
 * could be read: what it gave is stored, and another may be read; -1 when nothing more can be stored.
 */
int flow_read(struct flow *f, const struct source_conf *source, struct err *e);

/*
 * Ingest ${n} sources, all at once, until ->stop is set or ${tick} says false: then what is in hand is
 * finished.  ${tick} is called each time something happened, the first time when all sources were
 * opened, and again after ${wait_ms} (-1: that is not needed), to the very end.  -1 when nothing more
 * can be stored: ERR_DATABASE or ERR_SOURCE may be over later.
 */
int flow_watch(struct flow *f, const struct source_conf *sources, size_t n,
    bool (*tick)(void *arg, const struct flow_state *state, int *wait_ms), void *arg,
    struct err *e);

#endif
