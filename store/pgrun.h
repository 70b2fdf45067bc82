/* pgrun.h - run PostgreSQL's own programs apart from ours, and read what they say. */
#ifndef STORE_PGRUN_H
#define STORE_PGRUN_H

#include <sys/types.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/str.h"

/*
 * Start argv[0] (a path) in a session of its own, with nothing of ours: an environment made new,
 * signals as usual, standard input empty, standard output and error to ${out}, working directory /,
 * and of the other descriptors only ${keep}, unless it is -1.
 */
int pgrun_spawn(char *const argv[], int out, int keep, pid_t *pid_out, struct err *e);

/* The same to its end: what it printed is added to ${text}, and ${status} is that of waitpid(2). */
int pgrun_capture(char *const argv[], int keep, struct buf *text, int *status, struct err *e);

/*
 * The reason of a failure as the output ${text} of these programs gives it, on one line: from the
 * first fatal line to the end, or else all of it, cut to ${size} bytes with the NUL.
 */
void pgrun_reason(struct str text, char *out, size_t size);

#endif
