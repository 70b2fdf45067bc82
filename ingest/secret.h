/* secret.h - passwords and the like, from where they are kept; never from arguments. */
#ifndef INGEST_SECRET_H
#define INGEST_SECRET_H

#include <stdbool.h>

#include "core/buf.h"
#include "core/err.h"

struct stat;

/* At most one of them is not NULL. */
struct secret_conf {
	const char *file;       /* its first line */
	const char *command;    /* for /bin/sh -c: the first line of its output */
	const char *credential; /* a file in $CREDENTIALS_DIRECTORY (systemd.exec(5)) */
};

#define SECRET_BYTES 65536        /* tokens of some servers have 5 kB */
#define SECRET_COMMAND_SECONDS 30 /* then it is killed */

/* Whether anything is named. */
bool secret_is_named(const struct secret_conf *c);

/*
 * Read the secret into ${out} (initialised by the caller with SECRET_BYTES), without its line end and
 * with a NUL behind it that ->n does not count.  ${what} names it in errors: "the password of reports".
 * ERR_CONFIG when the file is missing or readable to others, or the command cannot be run; ERR_SOURCE
 * when the command failed or took too long.
 */
int secret_read(const struct secret_conf *c, const char *what, struct buf *out, struct err *e);

/*
 * Whether a file keeps its content from others: its mode gives nothing to group and others, or, of
 * root's files, nothing to others, so that root can let a service's group read it.
 */
bool secret_is_private(const struct stat *st);

/* Overwrite and give back. */
void secret_wipe(struct buf *b);

#endif
