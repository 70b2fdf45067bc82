#include "cli/ask.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "store/database.h"

struct database *
ask_database(const struct context *c, bool create, struct err *e)
{
	struct database_conf conf = { c->state_dir, c->conninfo };
	struct database *db = database_open(&conf, e);

	if (db == NULL || database_ready(db, create, e) == 0)
		return db;
	database_close(db);
	return NULL;
}

struct database *
ask_open(struct context *c, struct err *e)
{
	return context_enter(c, e) == 0 ? ask_database(c, false, e) : NULL;
}

int
ask_end(struct context *c, int rc, struct err *e)
{
	context_fini(c);
	if (rc == 0 && (fflush(stdout) != 0 || ferror(stdout)))
		rc = err_set(
		    e, ERR_SOURCE, "could not write all of the answer: %s", strerror(errno));
	return rc == 0 ? EXIT_FINE : verb_fail(e);
}

bool
ask_has_database(const struct context *c)
{
	char path[4400];

	snprintf(path, sizeof(path), "%s/data/PG_VERSION", c->state_dir);
	return c->conninfo != NULL || access(path, F_OK) == 0;
}
