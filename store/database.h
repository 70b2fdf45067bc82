/*
 * database.h - the database of a run: ruastat's own cluster or the admin's server, brought to
 * today's schema.
 */
#ifndef STORE_DATABASE_H
#define STORE_DATABASE_H

#include <stdbool.h>

#include "core/err.h"

struct database;

struct database_conf {
	const char *state_dir; /* private cluster, temporary files, locks; must exist */
	const char *conninfo;  /* libpq's, of the admin's server; NULL: the private cluster */
};

/*
 * Begin to bring the database up (store/cluster.h) and return at once.  ${conf}'s strings must
 * outlive it.  A conninfo libpq cannot read is ERR_CONFIG.
 */
struct database *database_open(const struct database_conf *conf, struct err *e);

/*
 * Wait until it takes connections and migrate it if need be.  ${create}: make the schema where
 * there is none; without it an empty database is ERR_CONFIG, and says where it looked.
 * ERR_CONFIG: older than PostgreSQL 15, changed or newer migrations, missing rights, not UTF-8.
 */
int database_ready(struct database *db, bool create, struct err *e);

/* Wait only, and tell whether nothing of ruastat's is in it.  ERR_CONFIG as database_ready. */
int database_wait(struct database *db, bool *blank, struct err *e);

/*
 * What is due once an hour while it stays open, on a database that was made ready: the months to come get
 * their partitions, and the log of a private cluster stays short.
 */
int database_tend(struct database *db, struct err *e);

/* Disconnect; a private cluster stops with its last user. */
void database_close(struct database *db);

/* Whether it is ruastat's own cluster. */
bool database_is_private(const struct database *db);

/* For people: "private cluster in /path" or the conninfo without its password. */
const char *database_where(const struct database *db);

/* libpq connection string; may hold a password. */
const char *database_conninfo(const struct database *db);

/* After a lost connection: bring a private cluster up again if it is gone. */
int database_revive(struct database *db, struct err *e);

#endif
