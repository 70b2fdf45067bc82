/* connection.h - one libpq connection, and what its errors mean.  For store/ alone. */
#ifndef STORE_CONNECTION_H
#define STORE_CONNECTION_H

#include <libpq-fe.h>

#include "core/err.h"
#include "core/str.h"
#include "store/database.h"

/* What a failed statement asks for. */
enum remedy {
	REMEDY_NONE,  /* it went well */
	REMEDY_RETRY, /* connection lost, shutdown, resources, deadlock: classes 08 57P 53 40 55P */
	REMEDY_BISECT, /* a value is refused: classes 22 23 54 */
	REMEDY_STOP,   /* anything else: our fault or the admin's */
};

/*
 * Connect: UTF-8, UTC, an empty search_path, application_name ruastat.  NULL with ERR_DATABASE when
 * it may work later, ERR_CONFIG when not.
 */
PGconn *connection_new(const struct database *db, struct err *e);

/*
 * The same for the dashboard, as the role ruastat_dashboard: its own login on a private cluster; on
 * the admin's server the login of the connection string becomes it by SET ROLE.  Statements end after
 * LIMIT_QUERY_SECONDS.
 */
PGconn *connection_new_reader(const struct database *db, struct err *e);

/* ERR_DATABASE with what libpq says of ${c}, in one line.  Returns -1. */
int connection_lost(const PGconn *c, struct err *e);

/* Judge ${r} (NULL: the connection broke): REMEDY_NONE, or the story in ${e}.  Clears nothing. */
enum remedy connection_judge(PGconn *c, const PGresult *r, struct err *e);

/* Run ${sql} with text parameters and wait.  NULL with ${e} unless it went well; PQclear it. */
PGresult *connection_run(
    PGconn *c, const char *sql, int n, const char *const *values, struct err *e);

#endif
