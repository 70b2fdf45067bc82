/* sockdir.h - the directory by which clients reach the socket in a state directory. */
#ifndef STORE_SOCKDIR_H
#define STORE_SOCKDIR_H

#include "core/err.h"

#define SOCKDIR_NAME ".s.PGSQL.5432"
#define SOCKDIR_BYTES (108 - (sizeof(SOCKDIR_NAME) - 1) - 1) /* sun_path, less the name and a '/' */

/*
 * Write into ${out} (SOCKDIR_BYTES) a path to the state directory ${path} (absolute, open as
 * ${dir}) short enough for a socket's address: itself, or else a link in a directory of our own
 * below a temporary one.  That is made once, recorded in the state directory as "socket", and made
 * anew only when it is gone or not ours alone.  The caller holds start.lock.
 */
int sockdir_get(int dir, const char *path, char *out, struct err *e);

/* Remove what it made below a temporary directory for a state directory that is about to go. */
void sockdir_forget(int dir, const char *path);

#endif
