#include "store/ledger.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/limits.h"
#include "core/text.h"
#include "store/connection.h"
#include "store/identity.h"
#include "store/param.h"

#include "sql.h"

struct ledger {
	struct database *db;
	PGconn *c;
	struct type_oids oids;
};

static int
read_types(struct ledger *l, struct err *e)
{
	uint32_t *oids[] = { &l->oids.text, &l->oids.inet, &l->oids.int8, &l->oids.int2,
		&l->oids.boolean, &l->oids.disposition, &l->oids.verdict, &l->oids.auth_result,
		&l->oids.spf_scope, &l->oids.reason_type, &l->oids.reason, &l->oids.reason_array,
		&l->oids.dkim, &l->oids.dkim_array, &l->oids.spf, &l->oids.spf_array,
		&l->oids.outcome_set, &l->oids.quirk };
	PGresult *r = connection_run(l->c, sql_query_type_oids, 0, NULL, e);
	uint64_t v = 0;
	int rc = 0;

	if (r == NULL)
		return -1;
	for (int i = 0; i < (int)(sizeof(oids) / sizeof(oids[0])) && rc == 0; i++) {
		rc = str_u64(str_of(PQgetvalue(r, 0, i)), UINT32_MAX, &v);
		*oids[i] = (uint32_t)v;
	}
	PQclear(r);
	return rc < 0 ? err_set(e, ERR_CONFIG, "the database's types are not those of ruastat") : 0;
}

struct ledger *
ledger_open(struct database *db, struct err *e)
{
	struct ledger *l = calloc(1, sizeof(*l));

	if (l == NULL)
		abort();
	l->db = db;
	l->c = connection_new(db, e);
	if (l->c != NULL && read_types(l, e) == 0)
		return l;
	/* It may have been killed since it was seen to be ready. */
	PQfinish(l->c);
	l->c = NULL;
	if (e->kind == ERR_DATABASE && database_is_private(db) && database_revive(db, e) == 0)
		l->c = connection_new(db, e);
	if (l->c != NULL && read_types(l, e) == 0)
		return l;
	ledger_close(l);
	return NULL;
}

void
ledger_close(struct ledger *l)
{
	if (l == NULL)
		return;
	PQfinish(l->c);
	free(l);
}

const struct type_oids *
ledger_types(const struct ledger *l)
{
	return &l->oids;
}

/* Run ${sql}, on a new connection if the old one is lost. */
static PGresult *
try(struct ledger *l, const char *sql, int n, const struct buf *params, struct err *e)
{
	const char *values[6] = { NULL };
	PGresult *r;

	for (int i = 0; i < n; i++)
		values[i] = params[i].p;
	r = PQstatus(l->c) == CONNECTION_OK ? connection_run(l->c, sql, n, values, e) : NULL;
	if (r != NULL || PQstatus(l->c) == CONNECTION_OK)
		return r;
	if (database_revive(l->db, e) < 0)
		return NULL;
	PQfinish(l->c);
	l->c = connection_new(l->db, e);
	return l->c != NULL ? connection_run(l->c, sql, n, values, e) : NULL;
}

static PGresult *
run(struct ledger *l, const char *sql, int n, const struct buf *params, struct err *e)
{
	PGresult *r = try(l, sql, n, params, e);

	if (r == NULL)
		err_wrap(e, "%s", database_where(l->db));
	return r;
}

static int
run_only(struct ledger *l, const char *sql, int n, const struct buf *params, struct err *e)
{
	PGresult *r = run(l, sql, n, params, e);

	PQclear(r);
	return r != NULL ? 0 : -1;
}

int
ledger_source(struct ledger *l, const char *name, bool add, int64_t *source_id, struct err *e)
{
	struct digest *d = digest_new();
	struct buf params[2];
	int rc;

	*source_id = identity_id(d, STR("source"), str_of(name));
	digest_free(d);
	if (!add)
		return 0;
	param_init(params, 2);
	buf_printf(&params[0], "%lld", (long long)*source_id);
	text_terminal(&params[1], str_of(name));
	buf_put8(&params[1], '\0');
	rc = run_only(l, sql_query_add_source, 2, params, e);
	param_fini(params, 2);
	return rc;
}

static void
put_text(struct buf *param, const char *text)
{
	if (text == NULL)
		return;
	text_terminal(param, str_of(text));
	buf_put8(param, '\0');
}

static void
put_run(struct buf *params, const struct ledger_run *r)
{
	struct digest *d = digest_new();

	buf_printf(&params[0], "%lld", (long long)identity_id(d, STR("run"), str_of(r->path)));
	put_text(&params[1], r->path);
	digest_free(d);
}

int
ledger_begin(struct ledger *l, const struct ledger_run *r, int64_t source_id, const char *lock,
    struct err *e)
{
	struct buf params[4];
	int rc;

	param_init(params, 4);
	put_run(params, r);
	buf_printf(&params[2], "%lld", (long long)source_id);
	put_text(&params[3], lock);
	rc = run_only(l, sql_query_run_begin, 4, params, e);
	param_fini(params, 4);
	return rc;
}

int
ledger_end(struct ledger *l, const struct ledger_run *r, struct err *e)
{
	static const char *const words[] = {
		[RUN_FINE] = "fine",
		[RUN_UNREADABLE] = "unreadable",
		[RUN_INTERRUPTED] = "interrupted",
		[RUN_TROUBLE] = "trouble",
	};
	struct buf params[6];
	int rc;

	param_init(params, 6);
	put_run(params, r);
	put_text(&params[2], words[r->result]);
	put_text(&params[3], r->result == RUN_TROUBLE ? r->trouble : NULL);
	buf_printf(&params[4], "%llu", (unsigned long long)r->mails);
	buf_printf(&params[5], "%s", r->begun ? "true" : "false");
	rc = run_only(l, sql_query_run_end, 6, params, e);
	param_fini(params, 6);
	return rc;
}

static int
take_mark(struct mark *m, struct arena *arena, const PGresult *r, int row, struct err *e)
{
	uint64_t uidvalidity, uid;

	m->folder_id = strtoll(PQgetvalue(r, row, 0), NULL, 10);
	m->name = arena_str(arena, str_of(PQgetvalue(r, row, 1))).p;
	if (m->name == NULL ||
	    str_u64(str_of(PQgetvalue(r, row, 2)), UINT32_MAX, &uidvalidity) < 0 ||
	    str_u64(str_of(PQgetvalue(r, row, 3)), UINT32_MAX, &uid) < 0)
		return err_set(e, ERR_CONFIG, "the database's marks are not those of ruastat");
	m->uidvalidity = (uint32_t)uidvalidity;
	m->uid = (uint32_t)uid;
	return 0;
}

struct mark *
ledger_marks(struct ledger *l, int64_t source_id, struct arena *arena, size_t *n, struct err *e)
{
	struct mark *marks;
	struct buf param;
	PGresult *r;
	int rows, rc = 0;

	param_init(&param, 1);
	buf_printf(&param, "%lld", (long long)source_id);
	r = run(l, sql_query_marks, 1, &param, e);
	param_fini(&param, 1);
	if (r == NULL)
		return NULL;
	rows = PQntuples(r);
	marks = arena_alloc(arena, (size_t)rows * sizeof(*marks));
	if (marks == NULL)
		rc = err_set(e, ERR_SOURCE, "the mailbox has too many folders: %d", rows);
	for (int i = 0; rc == 0 && i < rows; i++)
		rc = take_mark(&marks[i], arena, r, i, e);
	PQclear(r);
	if (rc < 0)
		return NULL;
	*n = (size_t)rows;
	return marks;
}

int
ledger_mark(struct ledger *l, int64_t source_id, const struct mark *marks, size_t n, struct err *e)
{
	struct buf params[5], name;
	int rc;

	if (n == 0)
		return 0;
	param_init(params, 5);
	buf_init(&name, SIZE_MAX / 2);
	buf_printf(&params[0], "%lld", (long long)source_id);
	for (size_t i = 0; i < n; i++) {
		buf_reset(&name);
		text_terminal(&name, str_of(marks[i].name));
		param_add_int(&params[1], marks[i].folder_id);
		param_add_text(&params[2], buf_str(&name));
		param_add_int(&params[3], marks[i].uidvalidity);
		param_add_int(&params[4], marks[i].uid);
	}
	param_close(params + 1, 4);
	rc = run_only(l, sql_query_add_marks, 5, params, e);
	buf_fini(&name);
	param_fini(params, 5);
	return rc;
}

static int
take_position(struct position *p, const PGresult *r)
{
	size_t n;
	unsigned char *keys = PQunescapeBytea((unsigned char *)PQgetvalue(r, 0, 3), &n);

	if (keys == NULL)
		abort();
	if (n == sizeof(p->first) + sizeof(p->last)) {
		memcpy(p->first.b, keys, sizeof(p->first.b));
		memcpy(p->last.b, keys + sizeof(p->first.b), sizeof(p->last.b));
	}
	PQfreemem(keys);
	p->inode = (uint64_t)strtoll(PQgetvalue(r, 0, 0), NULL, 10);
	if (n != sizeof(p->first) + sizeof(p->last) ||
	    str_u64(str_of(PQgetvalue(r, 0, 1)), INT64_MAX, &p->end) < 0)
		return -1;
	return str_u64(str_of(PQgetvalue(r, 0, 2)), p->end, &p->last_at);
}

int
ledger_position(struct ledger *l, int64_t source_id, struct position *p, struct err *e)
{
	struct buf param;
	PGresult *r;
	int rc;

	param_init(&param, 1);
	buf_printf(&param, "%lld", (long long)source_id);
	r = run(l, sql_query_position, 1, &param, e);
	param_fini(&param, 1);
	if (r == NULL)
		return -1;
	rc = PQntuples(r);
	if (rc > 0 && take_position(p, r) < 0)
		rc = err_set(e, ERR_CONFIG, "the database's positions are not those of ruastat");
	PQclear(r);
	return rc;
}

int
ledger_set_position(struct ledger *l, int64_t source_id, const struct position *p, struct err *e)
{
	struct buf params[3];
	int rc;

	param_init(params, 3);
	buf_printf(&params[0], "%lld", (long long)source_id);
	param_add_int(&params[1], (int64_t)p->inode);
	param_add_int(&params[1], (int64_t)p->end);
	param_add_int(&params[1], (int64_t)p->last_at);
	param_add_key(&params[2], p->first);
	param_add_key(&params[2], p->last);
	param_close(params + 1, 2);
	rc = run_only(l, sql_query_set_position, 3, params, e);
	param_fini(params, 3);
	return rc;
}

int
ledger_known(struct ledger *l, int64_t source_id, bool marked, const char *after, bool failures,
    struct keyset *known, struct err *e)
{
	struct buf params[3];
	PGresult *r;

	param_init(params, 3);
	buf_printf(&params[0], "%lld", (long long)source_id);
	buf_printf(&params[1], "%s", after);
	buf_printf(&params[2], "%s", failures ? "true" : "false");
	r = run_only(l, sql_query_wait_for_source, 1, params, e) == 0
	    ? run(l, marked ? sql_query_known_beyond : sql_query_known_mails, 3, params, e)
	    : NULL;
	param_fini(params, 3);
	if (r == NULL)
		return -1;
	for (int i = 0; i < PQntuples(r); i++) {
		const char *word = PQgetvalue(r, i, 0);
		enum known state = strcmp(word, "success") == 0 ? KNOWN_SUCCESS
		    : strcmp(word, "failure") == 0              ? KNOWN_FAILURE
								: KNOWN_DONE;
		size_t n;
		unsigned char *keys = PQunescapeBytea((unsigned char *)PQgetvalue(r, i, 1), &n);
		struct key k;

		if (keys == NULL)
			abort();
		for (size_t at = 0; at + sizeof(k.b) <= n; at += sizeof(k.b)) {
			memcpy(k.b, keys + at, sizeof(k.b));
			keyset_put(known, k, state);
		}
		PQfreemem(keys);
	}
	PQclear(r);
	return 0;
}

int
ledger_settle(struct ledger *l, int64_t source_id, const char *after, const struct key *keys,
    size_t n, struct err *e)
{
	bool forget = strcmp(after, "move") == 0 || strcmp(after, "delete") == 0;
	struct buf params[2];
	int rc;

	if (n == 0)
		return 0;
	param_init(params, 2);
	buf_printf(&params[0], "%lld", (long long)source_id);
	for (size_t i = 0; i < n; i++)
		param_add_key(&params[1], keys[i]);
	param_close(&params[1], 1);
	rc = run_only(l, forget ? sql_query_forget_mails : sql_query_mark_mails, 2, params, e);
	param_fini(params, 2);
	return rc;
}

int
ledger_remember(struct ledger *l, int64_t source_id, const struct key *keys, struct err *e)
{
	struct buf params[3];
	int rc;

	param_init(params, 3);
	buf_printf(&params[0], "%lld", (long long)source_id);
	param_add_key(&params[1], keys[0]);
	param_add_key(&params[2], keys[1]);
	param_close(&params[1], 2);
	rc = run_only(l, sql_query_remember_mail, 3, params, e);
	param_fini(params, 3);
	return rc;
}

int
ledger_trim(struct ledger *l, uint64_t total, struct err *e)
{
	struct buf params[1];
	int rc;

	param_init(params, 1);
	buf_printf(&params[0], "%llu", (unsigned long long)total);
	rc = run_only(l, sql_query_trim_kept, 1, params, e);
	param_fini(params, 1);
	return rc;
}

int
ledger_expire(struct ledger *l, unsigned days, struct err *e)
{
	struct buf param;
	bool more = true;
	int rc = 0;

	param_init(&param, 1);
	buf_printf(&param, "%u", days);
	while (rc == 0 && more) {
		PGresult *r = run(l, sql_query_trim_failures, 1, &param, e);

		rc = r != NULL ? 0 : -1;
		more = r != NULL && strcmp(PQgetvalue(r, 0, 0), "1000") == 0;
		PQclear(r);
	}
	param_fini(&param, 1);
	return rc;
}

int
ledger_tend(struct ledger *l, struct err *e)
{
	return database_tend(l->db, e);
}

int
ledger_maintain(struct ledger *l, struct err *e)
{
	PGresult *commands;
	int rc = 0;

	if (!database_is_private(l->db))
		return 0;
	commands = run(l, sql_query_maintenance, 0, NULL, e);
	if (commands == NULL)
		return -1;
	for (int i = 0; i < PQntuples(commands) && rc == 0; i++)
		rc = run_only(l, PQgetvalue(commands, i, 0), 0, NULL, e);
	PQclear(commands);
	return rc;
}
