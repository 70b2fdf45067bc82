/*
 * readers.h - what the dashboard asks, as the role ruastat_dashboard: it can read the views, and
 * write who is logged in.
 *
 * Statements are the files of sql/api/, by their names; no other text can be run.  Each asker
 * borrows a connection for one statement.  Safe to call from any thread.
 */
#ifndef STORE_READERS_H
#define STORE_READERS_H

#include <stdbool.h>

#include "store/database.h"
#include "store/query.h"

struct readers;

/* At most LIMIT_READERS connections to ${db}, which must be ready and outlive them; none is made yet. */
struct readers *readers_new(struct database *db);
void readers_free(struct readers *r);

/*
 * Run statement ${name} with ${n} parameters, as text (NULL for SQL's NULL); the first ${n} of
 * ${values}.  A connection that was lost is made anew, once.  ${binary}: the columns as bytes, not
 * as text.  ${asker}: a text that is the same for all questions of one session, or NULL for what is
 * short and nobody's; of one session LIMIT_ASKER_RUNNING run and LIMIT_ASKER_WAITING are taken.
 * NULL with ERR_DATABASE: away or busy, try later; ERR_MESSAGE: PostgreSQL refuses a parameter;
 * ERR_CONFIG: our fault, or it took longer than LIMIT_QUERY_SECONDS.
 */
struct answer *readers_ask(struct readers *r, const char *asker, const char *name,
    const char *const *values, size_t n, bool binary, struct err *e);

/* Whether the last attempt to connect failed. */
bool readers_lost(struct readers *r);

/* Give up connections on which a server that hangs owes an answer; to be called about once a second. */
void readers_tick(struct readers *r);

/* Bring a private cluster up again after readers_lost; from one thread.  It may take a minute. */
int readers_revive(struct readers *r, struct err *e);

/* End what is being asked, and answer nothing from now on. */
void readers_stop(struct readers *r);

#endif
