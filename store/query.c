#include "store/query.h"

#include <stdlib.h>

#include "store/answer.h"
#include "store/connection.h"

#include "sql.h"

struct answer {
	PGresult *r;
};

static const char *
statement(enum query q)
{
	static const char *const statements[QUERY_COUNT] = {
		[QUERY_DOMAINS] = sql_query_domains,
		[QUERY_SOURCES] = sql_query_sources,
		[QUERY_REPORTS] = sql_query_reports,
		[QUERY_TLS] = sql_query_tls,
		[QUERY_TLS_POLICIES] = sql_query_tls_policies,
		[QUERY_FAILURES] = sql_query_failures,
		[QUERY_INTAKE] = sql_query_intake,
		[QUERY_EXPLAIN_INTAKE] = sql_query_explain_intake,
		[QUERY_EXPLAIN_PARTS] = sql_query_explain_parts,
		[QUERY_EXPLAIN_QUIRKS] = sql_query_explain_quirks,
		[QUERY_VERIFY] = sql_query_verify,
		[QUERY_STATUS] = sql_query_status,
		[QUERY_STATUS_OUTCOMES] = sql_query_status_outcomes,
		[QUERY_STATUS_MAILBOXES] = sql_query_status_mailboxes,
		[QUERY_STATUS_FOLDERS] = sql_query_status_folders,
		[QUERY_PERIOD] = sql_query_period,
		[QUERY_USERS] = sql_query_users,
		[QUERY_USER_ADD] = sql_query_user_add,
		[QUERY_USER_SET_PASSWORD] = sql_query_user_set_password,
		[QUERY_USER_REMOVE] = sql_query_user_remove,
		[QUERY_LINK_ADD] = sql_query_link_add,
	};

	return statements[q];
}

struct answer *
answer_new(PGresult *r)
{
	struct answer *a = calloc(1, sizeof(*a));

	if (a == NULL)
		abort();
	a->r = r;
	return a;
}

size_t
answer_size(const struct answer *a)
{
	return PQresultMemorySize(a->r);
}

void
answer_free(struct answer *a)
{
	if (a == NULL)
		return;
	PQclear(a->r);
	free(a);
}

struct answer *
query_run(
    const struct database *db, enum query q, const char *const *values, size_t n, struct err *e)
{
	PGconn *c = connection_new(db, e);
	struct answer *a = NULL;
	enum remedy remedy;
	PGresult *r;

	if (c == NULL)
		return NULL;
	r = PQexecParams(c, statement(q), (int)n, NULL, values, NULL, NULL, 0);
	remedy = connection_judge(c, r, e);
	/* The statement is ours: a value it refuses is what somebody typed. */
	if (remedy == REMEDY_BISECT)
		e->kind = ERR_CONFIG;
	if (remedy == REMEDY_NONE)
		a = answer_new(r);
	else
		PQclear(r);
	PQfinish(c);
	return a;
}

size_t
answer_rows(const struct answer *a)
{
	return (size_t)PQntuples(a->r);
}

size_t
answer_columns(const struct answer *a)
{
	return (size_t)PQnfields(a->r);
}

const char *
answer_name(const struct answer *a, size_t column)
{
	return PQfname(a->r, (int)column);
}

enum column_type
answer_type(const struct answer *a, size_t column)
{
	/* PostgreSQL's fixed object ids ("pg_type.dat" in its source). */
	switch (PQftype(a->r, (int)column)) {
	case 16: /* bool */
		return COLUMN_BOOLEAN;
	case 20:   /* int8 */
	case 21:   /* int2 */
	case 23:   /* int4 */
	case 1700: /* numeric */
		return COLUMN_NUMBER;
	default:
		return COLUMN_TEXT;
	}
}

const char *
answer_value(const struct answer *a, size_t row, size_t column)
{
	const char *value;

	if (PQgetisnull(a->r, (int)row, (int)column))
		return NULL;
	value = PQgetvalue(a->r, (int)row, (int)column);
	if (answer_type(a, column) == COLUMN_BOOLEAN)
		return value[0] == 't' ? "true" : "false";
	return value;
}

struct str
answer_bytes(const struct answer *a, size_t row, size_t column)
{
	return (struct str){ PQgetvalue(a->r, (int)row, (int)column),
		(size_t)PQgetlength(a->r, (int)row, (int)column) };
}
