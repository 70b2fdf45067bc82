#include "store/restore.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "store/cluster.h"
#include "store/connection.h"
#include "store/migration.h"

#include "sql.h"

/* As connection_run; but a value that is refused is no matter of trying again. */
static PGresult *
ask(PGconn *c, const char *sql, int n, const char *const *values, struct err *e)
{
	PGresult *r = n > 0 ? PQexecParams(c, sql, n, NULL, values, NULL, NULL, 0) : PQexec(c, sql);
	enum remedy remedy = connection_judge(c, r, e);

	if (remedy == REMEDY_NONE)
		return r;
	if (remedy == REMEDY_BISECT)
		e->kind = ERR_CONFIG;
	PQclear(r);
	return NULL;
}

static int
run(PGconn *c, const char *sql, int n, const char *const *values, struct err *e)
{
	PGresult *r = ask(c, sql, n, values, e);

	PQclear(r);
	return r != NULL ? 0 : -1;
}

/* Rows on their way into the transaction of ${c}. */
struct filling {
	PGconn *c;
	bool skip;
};

static int
on_table(void *arg, const char *table, const char *columns, struct err *e)
{
	const char *values[] = { table, columns };
	struct filling *f = arg;
	PGresult *command;
	int rc;

	/* Those are written as they are applied. */
	f->skip = strcmp(table, "migration") == 0;
	if (f->skip)
		return 0;
	command = ask(f->c, sql_query_restore_rows, 2, values, e);
	rc = command != NULL ? run(f->c, PQgetvalue(command, 0, 0), 0, NULL, e) : -1;
	PQclear(command);
	return rc;
}

static int
on_rows(void *arg, struct str bytes, struct err *e)
{
	struct filling *f = arg;

	if (f->skip || PQputCopyData(f->c, bytes.p, (int)bytes.n) == 1)
		return 0;
	return connection_lost(f->c, e);
}

static int
on_end(void *arg, struct err *e)
{
	struct filling *f = arg;
	enum remedy remedy = REMEDY_NONE;
	PGresult *r;

	if (f->skip)
		return 0;
	if (PQputCopyEnd(f->c, NULL) != 1)
		return connection_lost(f->c, e);
	while ((r = PQgetResult(f->c)) != NULL) {
		if (remedy == REMEDY_NONE)
			remedy = connection_judge(f->c, r, e);
		PQclear(r);
	}
	if (remedy == REMEDY_BISECT)
		e->kind = ERR_CONFIG;
	return remedy == REMEDY_NONE ? 0 : -1;
}

static int
on_sequence(void *arg, const char *name, const char *value, bool called, struct err *e)
{
	const char *values[] = { name, value, called ? "t" : "f" };
	struct filling *f = arg;

	return run(f->c, sql_query_restore_sequence, 3, values, e);
}

static int
make_schema(PGconn *c, const struct archive *a, struct err *e)
{
	const char *values[] = { archive_tables(a) };
	char sum[65];
	PGresult *commands;
	int rc = run(c, sql_query_migration_table, 0, NULL, e);

	for (size_t i = 0; i < archive_migrations(a) && rc == 0; i++) {
		migration_sum(sql_migrations[i].text, sum);
		rc = migration_apply(c, &sql_migrations[i], 1, sql_migrations[i].name, sum, e);
	}
	commands = rc == 0 ? ask(c, sql_query_restore_partitions, 1, values, e) : NULL;
	if (commands == NULL)
		return -1;
	for (int i = 0; i < PQntuples(commands) && rc == 0; i++)
		rc = run(c, PQgetvalue(commands, i, 0), 0, NULL, e);
	PQclear(commands);
	return rc;
}

static int
fill(PGconn *c, struct archive *a, struct err *e)
{
	struct filling f = { .c = c };
	const struct archive_sink sink = { &f, on_table, on_rows, on_end, on_sequence };
	PGresult *state = NULL;
	int rc = run(c, sql_query_lock_migrations, 0, NULL, e);

	if (rc == 0)
		state = ask(c, sql_query_schema_state, 0, NULL, e);
	if (state == NULL)
		return -1;
	if (PQgetvalue(state, 0, 0)[0] == 't')
		rc = err_set(e, ERR_CONFIG, "it holds data already");
	PQclear(state);
	if (rc == 0)
		rc = run(c, "BEGIN", 0, NULL, e);
	if (rc == 0)
		rc = make_schema(c, a, e);
	if (rc == 0)
		rc = archive_read(a, &sink, e);
	return rc == 0 ? run(c, "COMMIT", 0, NULL, e) : -1;
}

int
restore_into(struct database *db, struct archive *a, struct err *e)
{
	PGconn *c = NULL;
	bool blank;
	int rc = database_wait(db, &blank, e);

	if (rc == 0)
		c = connection_new(db, e);
	if (c == NULL)
		return -1;
	rc = fill(c, a, e);
	/* Where it stopped half way, this rolls it back. */
	PQfinish(c);
	if (rc < 0)
		return err_wrap(e, "could not restore into %s", database_where(db));
	if (database_ready(db, true, e) < 0)
		return -1;
	c = connection_new(db, e);
	rc = c != NULL ? run(c, sql_query_analyze, 0, NULL, e) : -1;
	PQfinish(c);
	return rc < 0 ? err_wrap(e, "could not restore into %s", database_where(db)) : 0;
}

static int
fill_beside(const char *beside, struct archive *a, struct err *e)
{
	const struct database_conf conf = { .state_dir = beside };
	struct database *db = database_open(&conf, e);
	int rc = db != NULL ? restore_into(db, a, e) : -1;

	database_close(db);
	return rc;
}

int
restore_private(
    const char *state_dir, struct archive *a, char aside[RESTORE_ASIDE_BYTES], struct err *e)
{
	struct cluster *c = cluster_seize(state_dir, e);
	char beside[PATH_MAX];
	struct err ignored;
	int rc = c != NULL ? 0 : -1;

	if (rc == 0 &&
	    snprintf(beside, sizeof(beside), "%s/restore", state_dir) >= (int)sizeof(beside))
		rc = err_set(e, ERR_CONFIG, "the state directory's path is too long");
	/* What a run that was killed left: it never became anybody's data. */
	if (rc == 0)
		rc = cluster_remove(beside, e);
	if (rc == 0) {
		rc = fill_beside(beside, a, e);
		if (rc == 0)
			rc = cluster_replace(c, beside, aside, RESTORE_ASIDE_BYTES, e);
		(void)cluster_remove(beside, &ignored);
	}
	if (c != NULL)
		cluster_close(c);
	return rc;
}
