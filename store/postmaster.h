/*
 * postmaster.h - the server process of a state directory: seen, started, stopped.
 *
 * Who starts or stops holds start.lock (store/cluster.h); looking needs no lock.
 */
#ifndef STORE_POSTMASTER_H
#define STORE_POSTMASTER_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/err.h"
#include "store/deadline.h"
#include "store/sockdir.h"

#define POSTMASTER_LOG "log/postgresql.log" /* below the state directory */

enum postmaster_state {
	POSTMASTER_DOWN,
	POSTMASTER_STARTING, /* or in recovery after a crash */
	POSTMASTER_READY,    /* says so itself: a crash of a backend may have followed */
	POSTMASTER_STOPPING
};

struct postmaster {
	int dir;          /* the state directory */
	const char *path; /* of it, absolute */
	char socket[SOCKDIR_BYTES];
	pid_t child;   /* what this process started and has not seen end, or 0 */
	int status;    /* how it ended, as waitpid tells; -1 where that is not known */
	bool unproven; /* it was not yet seen to take connections */
	off_t log_at;  /* where its log begins */
};

enum postmaster_state postmaster_look(const struct postmaster *p);

/*
 * Start it, and return as soon as others can see that it is being started, or when it has failed
 * already: postmaster_failed tells.  ERR_CONFIG as pgbin_find; ERR_DATABASE.
 */
int postmaster_start(struct postmaster *p, const struct deadline *d, struct err *e);

/*
 * After POSTMASTER_DOWN: whether the last start by this process failed for a reason of its own (not
 * because somebody stopped or killed it).  Then ${e} is ERR_DATABASE with what the log says, and
 * ${again} whether that passes by itself.
 */
bool postmaster_failed(struct postmaster *p, bool *again, struct err *e);

/* Keep the end of a log that grew long as the old log, and empty it; the server writes on. */
void postmaster_trim_log(struct postmaster *p);

/* Stop it and wait until it is gone or the time is up.  One that is still recovering is left to it. */
void postmaster_stop(struct postmaster *p, const struct deadline *d);

#endif
