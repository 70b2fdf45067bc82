/* ingest.h - reading sources into a database, for the verbs "ingest" and "run". */
#ifndef CLI_INGEST_H
#define CLI_INGEST_H

#include "cli/choice.h"
#include "cli/flow.h"
#include "cli/verb.h"

struct database;

struct ingest_wish {
	bool dry_run, watch;
	bool piped; /* from standard input: whoever waits for the answer hears all of it */
	struct choice_options options;
};

/* What flows in this process have in common, and the directories they need below ->state_dir. */
struct ingest_room {
	struct flow_conf flow;
	char tmp[4400], locks[4400];
};
int ingest_room(struct ingest_room *r, const struct context *c, struct database *db, struct err *e);

/*
 * Ingest the sources ${paths} (${n} of them), or those of the configuration where there are none, into
 * ${db} (NULL: a dry run without one).  ${c} has been entered.  Tells what went wrong and, where that
 * is wanted, the totals; returns the exit status.  Signals are listened to (cli/signals.h).
 */
int ingest_into(
    struct context *c, const struct ingest_wish *w, struct database *db, int n, char **paths);

#endif
