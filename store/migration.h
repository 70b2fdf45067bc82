/* migration.h - one step of the schema: known by its text, applied, written down.  For store/ alone. */
#ifndef STORE_MIGRATION_H
#define STORE_MIGRATION_H

#include <libpq-fe.h>

#include "core/err.h"

struct sql_file;

/* SHA-256 of the text of a migration, hex. */
void migration_sum(const char *text, char out[65]);

/* The same of all views, which are one thing: any change of any of them renews them all. */
void migration_views_sum(char out[65]);

/*
 * Run ${n} files and write down that they were applied under ${name}, inside the transaction that the
 * caller began and ends.  Fails as connection_run, with the name of the file.
 */
int migration_apply(PGconn *c, const struct sql_file *files, size_t n, const char *name,
    const char *sum, struct err *e);

#endif
