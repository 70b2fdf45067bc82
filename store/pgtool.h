/* pgtool.h - PostgreSQL's pg_dump and pg_restore at work beside us: fed, read from, ended. */
#ifndef STORE_PGTOOL_H
#define STORE_PGTOOL_H

#include <signal.h>
#include <sys/types.h>

#include "core/buf.h"
#include "core/err.h"
#include "store/database.h"

/* How we are asked to end: ${flag} becomes true, and ${fd} readable. */
struct pgtool_stop {
	const volatile sig_atomic_t *flag;
	int fd;
};

struct pgtool {
	const char *name; /* of the program, for messages */
	const struct pgtool_stop *stop;
	pid_t pid;
	int from, err;   /* our ends of its standard output and error; -1 where there is none */
	struct buf said; /* on standard error, the beginning */
};

/*
 * Start argv[0] (a path), in a session of its own: standard input from ${in}; standard output to ${out},
 * or with -1 to us.  ${db} not NULL: it is to connect there, by the argument "--dbname=..." that takes the
 * place of argv[1]; a password goes by the environment.  It ends when this process does.
 * ERR_CONFIG, ERR_DATABASE; in each case pgtool_end is due.
 */
int pgtool_start(struct pgtool *t, const char *name, char **argv, int in, int out,
    const struct database *db, const struct pgtool_stop *stop, struct err *e);

/*
 * What it printed on standard output, as read(2); 0 when it prints no more.  -1: ERR_DATABASE, we were
 * asked to end.
 */
ssize_t pgtool_read(struct pgtool *t, char *p, size_t n, struct err *e);

/*
 * Wait for its end, or with ${cancel} end it.  Where it failed, -1 with what it said: ERR_DATABASE where
 * that may pass (no room, no connection), else ERR_CONFIG.
 */
int pgtool_end(struct pgtool *t, bool cancel, struct err *e);

#endif
