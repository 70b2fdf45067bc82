#include "cli/ask.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "core/log.h"
#include "store/database.h"

#define SEGMENT_BYTES (16u << 20) /* PostgreSQL needs so much at once for its log of changes */

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

void
ask_why(const struct context *c, struct err *e)
{
	bool said = strstr(e->text, "SQLSTATE 53100") != NULL ||
	    strstr(e->text, strerror(ENOSPC)) != NULL || strstr(e->text, strerror(EDQUOT)) != NULL;
	struct statvfs fs;

	if (e->kind != ERR_DATABASE)
		return;
	if (c->conninfo == NULL && statvfs(c->state_dir, &fs) == 0)
		said |= (uint64_t)fs.f_bavail * fs.f_frsize < SEGMENT_BYTES;
	if (!said)
		return;
	log_event(LOG_DEBUG, "%s", e->text);
	if (c->conninfo == NULL)
		err_set(e, ERR_DATABASE,
		    "the disk of the state directory \"%.400s\" has too little room left: make room there",
		    c->state_dir);
	else
		err_set(
		    e, ERR_DATABASE, "the disk of the database's server has too little room left");
}

bool
ask_has_database(const struct context *c)
{
	char path[4400];

	snprintf(path, sizeof(path), "%s/data/PG_VERSION", c->state_dir);
	return c->conninfo != NULL || access(path, F_OK) == 0;
}
