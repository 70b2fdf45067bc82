#include "store/connection.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/limits.h"
#include "core/log.h"

#include "sql.h"

/* libpq would print them: what matters comes back as an error too. */
static void
on_notice(void *arg, const char *text)
{
	(void)arg;
	log_event(LOG_DEBUG, "%.*s", (int)strcspn(text, "\n"), text);
}

/* What the admin's defaults may not change. */
static int
set_up(PGconn *c, const char *sql, struct err *e)
{
	PGresult *r = PQexec(c, sql);
	enum remedy remedy = connection_judge(c, r, e);

	PQclear(r);
	return remedy == REMEDY_NONE ? 0 : -1;
}

/* What libpq says of ${c}, its lines made one. */
static void
flatten(const PGconn *c, char *room, size_t n)
{
	size_t at = 0;

	for (const char *p = PQerrorMessage(c); *p != '\0' && at + 3 < n; p++) {
		if (*p == '\n' && p[1] != '\0') {
			room[at++] = p[1] == '\t' ? ':' : ';';
			room[at++] = ' ';
		} else if (*p != '\n' && *p != '\t') {
			room[at++] = *p;
		}
	}
	room[at] = '\0';
}

int
connection_lost(const PGconn *c, struct err *e)
{
	char why[sizeof(e->text)];

	flatten(c, why, sizeof(why));
	return err_set(e, ERR_DATABASE, "lost the database: %s", why);
}

/* Connect, as ${user} unless that is NULL. */
static PGconn *
connect_as(const struct database *db, const char *user, struct err *e)
{
	/* What stands before dbname yields to the admin's connection string, what stands behind wins. */
	static const char *const keys[] = { "application_name", "connect_timeout",
		"keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout",
		"dbname", "user", NULL };
	const char *values[] = { "ruastat", "20", "20", "5", "4", "60000", database_conninfo(db),
		user, NULL };
	PGconn *c = PQconnectdbParams(keys, values, 1);
	char why[sizeof(e->text)];

	if (c == NULL)
		abort();
	PQsetNoticeProcessor(c, on_notice, NULL);
	flatten(c, why, sizeof(why));
	if (PQstatus(c) != CONNECTION_OK)
		err_set(e, PQconnectionNeedsPassword(c) ? ERR_CONFIG : ERR_DATABASE,
		    "could not connect to the database: %s", why);
	else if (set_up(c, sql_query_session, e) < 0)
		; /* said why */
	else if (PQsetClientEncoding(c, "UTF8") == 0)
		return c;
	else
		connection_lost(c, e);
	PQfinish(c);
	return NULL;
}

PGconn *
connection_new(const struct database *db, struct err *e)
{
	return connect_as(db, NULL, e);
}

PGconn *
connection_new_reader(const struct database *db, struct err *e)
{
	bool own = database_is_private(db);
	char seconds[16];
	const char *values[] = { seconds };
	PGconn *c = connect_as(db, own ? "ruastat_dashboard" : NULL, e);
	PGresult *r;

	if (c == NULL)
		return NULL;
	snprintf(seconds, sizeof(seconds), "%ds", LIMIT_QUERY_SECONDS);
	r = connection_run(c, sql_query_dashboard_session, 1, values, e);
	PQclear(r);
	if (r != NULL && (own || set_up(c, sql_query_dashboard_role, e) == 0))
		return c;
	PQfinish(c);
	return NULL;
}

static bool
class_is(const char *state, const char *const *classes)
{
	for (; *classes != NULL; classes++)
		if (strncmp(state, *classes, strlen(*classes)) == 0)
			return true;
	return false;
}

enum remedy
connection_judge(PGconn *c, const PGresult *r, struct err *e)
{
	static const char *const retry[] = { "08", "57P", "53", "40", "55P", NULL };
	static const char *const bisect[] = { "22", "23", "54", NULL };
	const char *state, *primary, *detail;

	switch (PQresultStatus(r)) {
	case PGRES_COMMAND_OK:
	case PGRES_TUPLES_OK:
	case PGRES_COPY_IN:
	case PGRES_COPY_OUT:
		return REMEDY_NONE;
	default:
		break;
	}
	state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
	primary = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);
	detail = PQresultErrorField(r, PG_DIAG_MESSAGE_DETAIL);
	if (state == NULL || PQstatus(c) != CONNECTION_OK) {
		if (primary != NULL)
			err_set(e, ERR_DATABASE, "lost the database: %s", primary);
		else
			connection_lost(c, e);
		return REMEDY_RETRY;
	}
	/* The detail comes last: a whole row may be quoted in it, and the end of that is cut. */
	err_set(e, ERR_DATABASE, "%s (SQLSTATE %s)%s%s", primary != NULL ? primary : "", state,
	    detail != NULL ? ": " : "", detail != NULL ? detail : "");
	if (class_is(state, retry))
		return REMEDY_RETRY;
	if (class_is(state, bisect))
		return REMEDY_BISECT;
	/* A read-only transaction: a standby, or a server whose disk is full, as some are set to be then. */
	if (strcmp(state, "25006") != 0)
		e->kind = ERR_CONFIG;
	return REMEDY_STOP;
}

PGresult *
connection_run(PGconn *c, const char *sql, int n, const char *const *values, struct err *e)
{
	PGresult *r = n > 0 ? PQexecParams(c, sql, n, NULL, values, NULL, NULL, 0) : PQexec(c, sql);

	if (connection_judge(c, r, e) == REMEDY_NONE)
		return r;
	PQclear(r);
	return NULL;
}
