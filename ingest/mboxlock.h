/* mboxlock.h - an mbox opened and locked for reading while others deliver to it, or replace it. */
#ifndef INGEST_MBOXLOCK_H
#define INGEST_MBOXLOCK_H

#include "core/err.h"

struct arena;
struct stat;

struct mboxlock {
	const char *path; /* borrowed */
	char *dotlock;    /* the path of others' lock file */
	int fd;           /* of what the path named last, or -1 */
};

/* Open ${path} for reading and leave its time of access alone where the system allows it: -1 with errno. */
int mboxlock_open(const char *path);

/* For the mbox ${path}; memory from ${arena}, -1 where there is too little.  Nothing is opened yet. */
int mboxlock_init(struct mboxlock *l, struct arena *arena, const char *path);
void mboxlock_fini(struct mboxlock *l);

enum mboxlock_state { MBOXLOCK_OTHERS, MBOXLOCK_OURS, MBOXLOCK_GONE };

/*
 * Open what the path names now and take a read lock (fcntl), with ${st} of it: MBOXLOCK_OURS.
 * MBOXLOCK_OTHERS: somebody writes, a fresh dotlock counts too; MBOXLOCK_GONE: it is not there; neither
 * waits.  ERR_SOURCE: it cannot be read or locked, or is no file.
 */
int mboxlock_take(struct mboxlock *l, struct stat *st, struct err *e);

/* Let others write; the file stays open. */
void mboxlock_release(const struct mboxlock *l);

#endif
