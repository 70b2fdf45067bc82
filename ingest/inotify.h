/*
 * inotify.h - when to look at directories again: because something changed in them, or because five
 * minutes are over (network file systems tell nothing).  After a look there is a pause of ten times its
 * length, at least a fifth of a second and at most a whole one: a large mailbox is not walked all day.
 */
#ifndef INGEST_INOTIFY_H
#define INGEST_INOTIFY_H

#include <stdbool.h>

#include "core/err.h"

struct inotify;

enum inotify_what {
	INOTIFY_NAMES, /* an entry comes, goes or is renamed */
	INOTIFY_FILES, /* a file is complete, or a directory comes */
};

/* Due at once.  NULL with ERR_SOURCE where the system has no descriptors left for it. */
struct inotify *inotify_open(enum inotify_what what, struct err *e);
void inotify_close(struct inotify *in);

/* Readable when inotify_service or inotify_due has something to do. */
int inotify_fd(const struct inotify *in);

/*
 * Be told of what happens in the open directory ${dir}, until it is deleted; a second time is fine.
 * Before it is read, so that nothing is missed.  0, or the error's number (ENOSPC: too many are
 * watched): then five minutes remain.
 */
int inotify_watch(struct inotify *in, int dir);

/* Take in what happened. */
void inotify_service(struct inotify *in);

/* Whether it is time to look; if so what happens from here on counts for the next time. */
bool inotify_due(struct inotify *in);

/* The look is over: the next one after the pause, at most five minutes from now. */
void inotify_done(struct inotify *in);

/* Look again after the pause, whatever happens. */
void inotify_again(struct inotify *in);

#endif
