/* restore.h - a backup brought back into a database without anything of ruastat's. */
#ifndef STORE_RESTORE_H
#define STORE_RESTORE_H

#include <stdbool.h>

#include "core/err.h"
#include "store/archive.h"
#include "store/database.h"

#define RESTORE_ASIDE_BYTES 64

/*
 * Bring ${a} into ${db} in one transaction, then to today's schema.  ERR_CONFIG: there is data already, or
 * the backup holds what its schema does not allow.
 */
int restore_into(struct database *db, struct archive *a, struct err *e);

/*
 * Make a new private cluster from ${a} beside that of ${state_dir}, and put it into its place when it is
 * complete; until then everybody else is kept out.  The data directory that was there, whatever made it,
 * is left as ${aside} (its name in the state directory, or empty).  A run that was killed leaves what was
 * there before.  ERR_DATABASE: others use the cluster, or it may be tried again.
 */
int restore_private(
    const char *state_dir, struct archive *a, char aside[RESTORE_ASIDE_BYTES], struct err *e);

#endif
