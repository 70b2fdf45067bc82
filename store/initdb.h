/* initdb.h - a new data directory: there whole, or not there. */
#ifndef STORE_INITDB_H
#define STORE_INITDB_H

#include "core/err.h"

/*
 * Make the directory "data" in the state directory ${path} (absolute, open as ${dir}) for the
 * operating system's user ${user}, under the name data.new until it is whole.  The caller holds
 * ${lock}; initdb keeps it too, so that it stays locked if the caller is killed.  ERR_DATABASE, or
 * ERR_CONFIG where pgbin_find says so.
 */
int initdb_run(int dir, const char *path, const char *user, int lock, struct err *e);

/*
 * Say who may come in, as today's version wants it, in a data directory that is there and whose
 * server is down; an older version may have made it.  ERR_DATABASE.
 */
int initdb_renew_access(int dir, const char *path, const char *user, struct err *e);

#endif
