/*
 * archive.h - a file that backup_write made, read by pg_restore.
 *
 * Nothing that the file says is executed: of the script that pg_restore makes of it only rows and the
 * values of sequences are taken, under names that are checked.
 */
#ifndef STORE_ARCHIVE_H
#define STORE_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"
#include "core/str.h"
#include "store/pgtool.h"

struct archive;

/* Where the contents go; each returns 0, or -1 with the error. */
struct archive_sink {
	void *arg;
	/* Rows of the table ${table} of ruastat_data follow, with these columns: both ours in form. */
	int (*table)(void *arg, const char *table, const char *columns, struct err *e);
	/* Some bytes of them, in COPY's text format. */
	int (*rows)(void *arg, struct str bytes, struct err *e);
	int (*end)(void *arg, struct err *e);
	int (*sequence)(void *arg, const char *name, const char *value, bool called, struct err *e);
};

/*
 * Look into the file ${fd}, which can be read anew from its beginning and must stay open.  ERR_CONFIG:
 * it is no backup, that of another database, or of a newer ruastat; no pg_restore can read it.
 */
struct archive *archive_open(int fd, const struct pgtool_stop *stop, struct err *e);
void archive_close(struct archive *a);

/* How many of this program's migrations had been applied: those are its schema. */
size_t archive_migrations(const struct archive *a);

/* The names of its tables as PostgreSQL writes an array of text: "{intake_2026_11,...}". */
const char *archive_tables(const struct archive *a);

/* Hand over all rows and sequences but what the migrations write.  ERR_CONFIG where they are not all. */
int archive_read(struct archive *a, const struct archive_sink *sink, struct err *e);

#endif
