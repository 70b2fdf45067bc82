/* conninfo.h - libpq connection strings. */
#ifndef STORE_CONNINFO_H
#define STORE_CONNINFO_H

#include "core/buf.h"
#include "core/err.h"

/*
 * Split ${conninfo} into what everybody may see, again a connection string, and its password (empty
 * where it has none); each gets a NUL behind it.  A passphrase of a key file is in neither: libpq
 * asks for it.  ERR_CONFIG when libpq cannot read it.
 */
int conninfo_split(const char *conninfo, struct buf *open, struct buf *password, struct err *e);

#endif
