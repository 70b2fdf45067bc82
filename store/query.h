/* query.h - the closed list of questions the command line asks; each is one file in sql/query/. */
#ifndef STORE_QUERY_H
#define STORE_QUERY_H

#include <stddef.h>

#include "core/err.h"
#include "core/str.h"
#include "store/database.h"

/* The statement's parameters, all text, are told in its file. */
enum query {
	QUERY_DOMAINS,
	QUERY_SOURCES,
	QUERY_REPORTS,
	QUERY_TLS,
	QUERY_TLS_POLICIES,
	QUERY_FAILURES,
	QUERY_INTAKE,
	QUERY_EXPLAIN_INTAKE,
	QUERY_EXPLAIN_PARTS,
	QUERY_EXPLAIN_QUIRKS,
	QUERY_VERIFY,
	QUERY_STATUS,
	QUERY_STATUS_OUTCOMES,
	QUERY_STATUS_MAILBOXES,
	QUERY_STATUS_FOLDERS,
	QUERY_PERIOD,
	QUERY_USERS,
	QUERY_USER_ADD,
	QUERY_USER_SET_PASSWORD,
	QUERY_USER_REMOVE,
	QUERY_LINK_ADD,
	QUERY_COUNT
};

enum column_type { COLUMN_TEXT, COLUMN_NUMBER, COLUMN_BOOLEAN };

/* Rows of text. */
struct answer;

/*
 * Ask, on a database that is ready; ${values} holds the statement's parameters (NULL for SQL's).
 * NULL with ERR_DATABASE, or ERR_CONFIG where PostgreSQL cannot read a parameter.
 */
struct answer *query_run(
    const struct database *db, enum query q, const char *const *values, size_t n, struct err *e);
void answer_free(struct answer *a);

size_t answer_rows(const struct answer *a);
size_t answer_columns(const struct answer *a);
const char *answer_name(const struct answer *a, size_t column);
enum column_type answer_type(const struct answer *a, size_t column);

/* The value as text (booleans "true" and "false"); NULL for SQL's NULL; belongs to ${a}. */
const char *answer_value(const struct answer *a, size_t row, size_t column);

/* The value as it came, empty for NULL: for answers asked for as bytes (store/readers.h). */
struct str answer_bytes(const struct answer *a, size_t row, size_t column);

#endif
