#include "store/database.h"

#include <stdlib.h>

#include "core/buf.h"
#include "store/cluster.h"
#include "store/connection.h"
#include "store/migration.h"

#include "sql.h"

#define LEAST_VERSION 150000
#define READY_TRIES 3

struct database {
	struct database_conf conf;
	struct cluster *cluster; /* NULL on the admin's server */
	struct buf where;
};

/* A conninfo without its secrets, for people. */
static int
describe(struct database *db, struct err *e)
{
	char *why = NULL;
	PQconninfoOption *options = PQconninfoParse(db->conf.conninfo, &why);

	if (options == NULL) {
		err_set(e, ERR_CONFIG, "cannot read the database's connection string: %s",
		    why != NULL ? why : "out of memory");
		PQfreemem(why);
		return -1;
	}
	buf_puts(&db->where, STR("the database"));
	for (const PQconninfoOption *o = options; o->keyword != NULL; o++)
		if (o->val != NULL && strchr(o->dispchar, '*') == NULL)
			buf_printf(&db->where, " %s=%s", o->keyword, o->val);
	PQconninfoFree(options);
	return 0;
}

struct database *
database_open(const struct database_conf *conf, struct err *e)
{
	struct database *db = calloc(1, sizeof(*db));
	int rc = 0;

	if (db == NULL)
		abort();
	db->conf = *conf;
	buf_init(&db->where, 4096);
	if (conf->conninfo != NULL) {
		rc = describe(db, e);
	} else {
		buf_printf(&db->where, "the private cluster in \"%s\"", conf->state_dir);
		db->cluster = cluster_open(conf->state_dir, e);
		rc = db->cluster != NULL ? 0 : -1;
	}
	buf_put8(&db->where, '\0');
	if (rc == 0)
		return db;
	database_close(db);
	return NULL;
}

void
database_close(struct database *db)
{
	if (db == NULL)
		return;
	if (db->cluster != NULL)
		cluster_close(db->cluster);
	buf_fini(&db->where);
	free(db);
}

bool
database_is_private(const struct database *db)
{
	return db->cluster != NULL;
}

const char *
database_where(const struct database *db)
{
	return db->where.p;
}

const char *
database_conninfo(const struct database *db)
{
	return db->cluster != NULL ? cluster_conninfo(db->cluster) : db->conf.conninfo;
}

int
database_revive(struct database *db, struct err *e)
{
	return db->cluster != NULL ? cluster_revive(db->cluster, e) : 0;
}

/* What of the schema is there. */
struct schema {
	bool exists;
	size_t migrations; /* applied, from the first on */
	bool views;        /* as this program has them */
	bool partitions;   /* up to the next month */
};

static const char *
applied(const PGresult *r, const char *name)
{
	for (int i = 0; i < PQntuples(r); i++)
		if (strcmp(PQgetvalue(r, i, 0), name) == 0)
			return PQgetvalue(r, i, 1);
	return NULL;
}

/* Compare what was applied with what this program has. */
static int
compare(const PGresult *r, struct schema *s, struct err *e)
{
	char sum[65];
	const char *had;
	size_t known = 0;

	for (size_t i = 0; i < sql_migrations_n; i++) {
		had = applied(r, sql_migrations[i].name);
		if (had == NULL)
			continue;
		migration_sum(sql_migrations[i].text, sum);
		if (strcmp(had, sum) != 0)
			return err_set(e, ERR_CONFIG,
			    "migration \"%s\" is not the one that was applied to this database",
			    sql_migrations[i].name);
		if (i != s->migrations)
			return err_set(e, ERR_CONFIG,
			    "a migration before \"%s\" is missing from this database",
			    sql_migrations[i].name);
		s->migrations++;
		known++;
	}
	had = applied(r, "views");
	migration_views_sum(sum);
	s->views = had != NULL && strcmp(had, sum) == 0;
	known += had != NULL;
	if (known < (size_t)PQntuples(r))
		return err_set(e, ERR_CONFIG,
		    "this database was made by a newer ruastat: this one knows %zu migrations of its %d",
		    s->migrations, PQntuples(r) - (had != NULL));
	return 0;
}

static int
look(PGconn *c, struct schema *s, struct err *e)
{
	PGresult *r = connection_run(c, sql_query_schema_state, 0, NULL, e);
	int rc;

	*s = (struct schema){ 0 };
	if (r == NULL)
		return -1;
	s->exists = PQgetvalue(r, 0, 0)[0] == 't';
	s->partitions = PQgetvalue(r, 0, 1)[0] == 't';
	PQclear(r);
	if (!s->exists)
		return 0;
	r = connection_run(c, sql_query_migrations, 0, NULL, e);
	if (r == NULL)
		return -1;
	rc = compare(r, s, e);
	PQclear(r);
	return rc;
}

static int
run(PGconn *c, const char *sql, struct err *e)
{
	PGresult *r = connection_run(c, sql, 0, NULL, e);

	PQclear(r);
	return r != NULL ? 0 : -1;
}

static int
apply(PGconn *c, const struct sql_file *files, size_t n, const char *name, const char *sum,
    struct err *e)
{
	if (run(c, "BEGIN", e) < 0 || migration_apply(c, files, n, name, sum, e) < 0)
		return -1;
	return run(c, "COMMIT", e);
}

static int
renew(PGconn *c, struct err *e)
{
	struct schema s;
	char sum[65];

	if (look(c, &s, e) < 0 || (!s.exists && run(c, sql_query_migration_table, e) < 0))
		return -1;
	for (size_t i = s.migrations; i < sql_migrations_n; i++) {
		migration_sum(sql_migrations[i].text, sum);
		if (apply(c, &sql_migrations[i], 1, sql_migrations[i].name, sum, e) < 0)
			return -1;
		s.views = false;
	}
	/* A backup at work keeps a partition from being attached.  They are made a month ahead. */
	if (!s.partitions && run(c, sql_query_add_partitions, e) < 0 &&
	    (s.migrations == 0 || e->kind != ERR_DATABASE))
		return -1;
	if (s.views)
		return 0;
	migration_views_sum(sum);
	return apply(c, sql_views, sql_views_n, "views", sum, e);
}

static int
check_server(PGconn *c, struct err *e)
{
	const char *encoding = PQparameterStatus(c, "server_encoding");

	if (PQserverVersion(c) < LEAST_VERSION)
		return err_set(e, ERR_CONFIG, "the server is PostgreSQL %d; 15 or newer is needed",
		    PQserverVersion(c) / 10000);
	if (encoding == NULL || strcmp(encoding, "UTF8") != 0)
		return err_set(e, ERR_CONFIG, "the database's encoding is %s; UTF8 is needed",
		    encoding != NULL ? encoding : "unknown");
	return 0;
}

int
database_wait(struct database *db, bool *blank, struct err *e)
{
	struct schema s = { 0 };
	PGconn *c;
	int rc = -1;

	if (db->cluster != NULL && cluster_wait(db->cluster, e) < 0)
		return -1;
	c = connection_new(db, e);
	if (c != NULL && check_server(c, e) == 0)
		rc = look(c, &s, e);
	PQfinish(c);
	*blank = !s.exists;
	return rc < 0 ? err_wrap(e, "%s", database_where(db)) : 0;
}

int
database_tend(struct database *db, struct err *e)
{
	if (db->cluster != NULL)
		cluster_trim_log(db->cluster);
	return database_ready(db, true, e);
}

static int
make_ready(struct database *db, bool create, struct err *e)
{
	PGconn *c = connection_new(db, e);
	struct schema s;
	int rc = -1;

	if (c == NULL)
		return -1;
	if (check_server(c, e) < 0 || look(c, &s, e) < 0)
		goto out;
	if (!s.exists && !create) {
		err_set(e, ERR_CONFIG, "it is empty: \"ruastat ingest\" fills it");
		goto out;
	}
	rc = 0;
	if (!s.exists || s.migrations < sql_migrations_n || !s.views || (create && !s.partitions)) {
		rc = run(c, sql_query_lock_migrations, e);
		if (rc == 0)
			rc = renew(c, e);
	}
out:
	PQfinish(c);
	return rc;
}

int
database_ready(struct database *db, bool create, struct err *e)
{
	int rc, tries = 0;

	/* Our own server may have been killed or stopped since it was seen to answer. */
	do {
		if (db->cluster != NULL && cluster_wait(db->cluster, e) < 0)
			return -1;
		rc = make_ready(db, create, e);
	} while (rc < 0 && e->kind == ERR_DATABASE && db->cluster != NULL && ++tries < READY_TRIES);
	return rc < 0 ? err_wrap(e, "%s", database_where(db)) : 0;
}
