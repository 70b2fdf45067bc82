/* pgbin.h - where PostgreSQL's own programs are. */
#ifndef STORE_PGBIN_H
#define STORE_PGBIN_H

#include <limits.h>

#include "core/err.h"

struct pgbin {
	char dir[PATH_MAX]; /* holds initdb and postgres */
	unsigned major;     /* 15 for 15.20 */
};

/*
 * Find the programs of major version ${want}, or of the highest one where ${want} is 0.
 * Looks where distributions put them, then in PATH.  ERR_CONFIG says which version is needed,
 * which are there and what to do.
 */
int pgbin_find(unsigned want, struct pgbin *out, struct err *e);

/*
 * The client program ${name} (as "pg_dump") of major version ${least}, or else of the next one above
 * it; the newest one where ${least} is 0.  Writes its path to ${path}.  ERR_CONFIG as above.
 */
int pgbin_client(const char *name, unsigned least, char path[PATH_MAX], struct err *e);

#endif
