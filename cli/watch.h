/* watch.h - "ruastat ingest --watch": reading sources for ever. */
#ifndef CLI_WATCH_H
#define CLI_WATCH_H

#include "cli/ingest.h"

/*
 * Ingest the sources ${names} (${n} of them), or those of the configuration where there are none, as
 * mails come, until SIGTERM or SIGINT; SIGHUP reads the configuration again.  ${c} has been entered.
 * A database that is away is waited for.  Returns the exit status.
 */
int watch_run(struct context *c, const struct ingest_wish *w, int n, char **names);

#endif
