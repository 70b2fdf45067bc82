/*
 * table.h - rows for people (a table as wide as the terminal), for programs (a JSON object a line)
 * and for spreadsheets (CSV).  Whatever a stranger wrote is escaped for the place that shows it.
 *
 * A column's name is its key in JSON and its head in CSV; in a table "source_ip" is headed "source IP"
 * and "dkim_percent" "DKIM %".  NULL is null in JSON and empty elsewhere.
 */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include <stddef.h>
#include <stdio.h>

#include "core/buf.h"
#include "cli/verb.h"
#include "store/query.h"

struct column {
	const char *name; /* [a-z_], must outlive the table */
	enum column_type type;
};

struct table;

/*
 * A table of ${n} columns that goes to ${to}; JSON and CSV are printed row by row.  ${width}: of
 * the terminal in cells, 0 where there is none and a row may be as long as it is.
 */
struct table *table_new(
    FILE *to, enum output output, size_t width, const struct column *columns, size_t n);
void table_row(struct table *t, const char *const *values);

/* Print what is left to print and free it. */
void table_end(struct table *t);

/* Width of the terminal that standard output is, or 0. */
size_t table_width(void);

/* All rows of ${a}, with its first ${n} columns, on standard output. */
void table_answer(enum output output, const struct answer *a, size_t n);

/* Append ${value} as JSON: null, a number, true, false or a string. */
void table_json(struct buf *out, enum column_type type, const char *value);

/* Append the first ${n} columns of row ${row} of ${a} as members of a JSON object, without {}. */
void table_members(struct buf *out, const struct answer *a, size_t row, size_t n);

#endif
