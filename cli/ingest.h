/* ingest.h - reading sources into a database, for the verbs "ingest" and "run". */
#ifndef CLI_INGEST_H
#define CLI_INGEST_H

#include "cli/verb.h"
#include "ingest/source.h"

struct database;

struct ingest_wish {
	bool dry_run;
	struct source_conf source; /* what the options say of sources given as arguments */
	bool about_sources;        /* they said something */
};

/*
 * From here on the first SIGINT, SIGTERM or SIGHUP asks for an end in good order, and a second one
 * ends the process.
 */
void ingest_listen(void);

/* Whether such a signal came. */
bool ingest_stopped(void);

/*
 * Ingest the sources ${paths} (${n} of them), or those of the configuration where there are none, into
 * ${db} (NULL: a dry run without one).  ${c} has been entered.  Tells what went wrong and, where that
 * is wanted, the totals; returns the exit status.
 */
int ingest_into(
    const struct context *c, const struct ingest_wish *w, struct database *db, int n, char **paths);

#endif
