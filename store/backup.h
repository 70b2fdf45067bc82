/* backup.h - all of ruastat's in a database, written to a file by pg_dump. */
#ifndef STORE_BACKUP_H
#define STORE_BACKUP_H

#include "core/err.h"
#include "store/database.h"
#include "store/pgtool.h"

/*
 * Write the schemas of ${db}, which is ready, to ${fd} in pg_dump's custom format, as they are at one
 * moment; others may go on writing.  Sessions and one-time links of the dashboard are left out.
 * ERR_CONFIG: no pg_dump of the server's version or newer.
 */
int backup_write(const struct database *db, int fd, const struct pgtool_stop *stop, struct err *e);

#endif
