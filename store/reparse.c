#include "store/reparse.h"

#include <stdlib.h>
#include <time.h>

#include "core/limits.h"
#include "core/log.h"
#include "core/now.h"
#include "store/answer.h"
#include "store/connection.h"
#include "store/copy.h"
#include "store/dictionary.h"
#include "store/originals.h"
#include "store/param.h"
#include "store/rows.h"

#include "sql.h"

#define PIECE ((size_t)64 << 10)

struct reparse {
	struct reparse_conf conf;
	PGconn *c;
	struct dictionary *dictionary;
	struct claims claims;
	struct buf out; /* rows on their way */
	struct originals originals;
	int64_t troubled; /* since when by now_ms() the database is away; 0: it is not */
};

static PGresult *
ask(struct reparse *r, const char *sql, int n, const struct buf *params, enum remedy *remedy,
    struct err *e)
{
	const char *values[6] = { NULL };
	PGresult *answer;

	for (int i = 0; i < n; i++)
		values[i] = params[i].p;
	answer = PQexecParams(r->c, sql, n, NULL, values, NULL, NULL, 0);
	*remedy = connection_judge(r->c, answer, e);
	if (*remedy == REMEDY_NONE)
		return answer;
	PQclear(answer);
	return NULL;
}

static enum remedy
run(struct reparse *r, const char *sql, int n, const struct buf *params, struct err *e)
{
	enum remedy remedy;

	PQclear(ask(r, sql, n, params, &remedy, e));
	return remedy;
}

/* One or several statements without parameters or rows. */
static int
set_up(struct reparse *r, const char *sql, struct err *e)
{
	PGresult *answer = connection_run(r->c, sql, 0, NULL, e);

	PQclear(answer);
	return answer != NULL ? 0 : -1;
}

static int
lock(struct reparse *r, struct err *e)
{
	PGresult *answer = connection_run(r->c, sql_query_lock_reparse, 0, NULL, e);
	bool mine = answer != NULL && PQgetvalue(answer, 0, 0)[0] == 't';

	PQclear(answer);
	if (answer == NULL)
		return -1;
	return mine ? 0 : err_set(e, ERR_DATABASE, "another process is reparsing this database");
}

static int
connect_once(struct reparse *r, struct err *e)
{
	r->c = connection_new(r->conf.db, e);
	if (r->c == NULL)
		return -1;
	if (set_up(r, sql_query_writer_session, e) == 0 && lock(r, e) == 0 &&
	    set_up(r, sql_query_reparse_tables, e) == 0)
		return 0;
	PQfinish(r->c);
	r->c = NULL;
	return -1;
}

struct reparse *
reparse_open(const struct reparse_conf *conf, struct err *e)
{
	struct reparse *r = calloc(1, sizeof(*r));

	if (r == NULL)
		abort();
	r->conf = *conf;
	r->dictionary = dictionary_new();
	claims_init(&r->claims);
	buf_init(&r->out, SIZE_MAX / 2);
	originals_init(&r->originals);
	if (connect_once(r, e) == 0)
		return r;
	reparse_close(r);
	return NULL;
}

void
reparse_close(struct reparse *r)
{
	if (r == NULL)
		return;
	originals_fini(&r->originals);
	PQfinish(r->c);
	dictionary_free(r->dictionary);
	claims_fini(&r->claims);
	buf_fini(&r->out);
	free(r);
}

/* Leave the transaction; a connection that will not is given up. */
static void
roll_back(struct reparse *r)
{
	struct err ignored;

	if (r->c != NULL && PQtransactionStatus(r->c) == PQTRANS_IDLE)
		return;
	if (r->c != NULL && PQstatus(r->c) == CONNECTION_OK && set_up(r, "ROLLBACK", &ignored) == 0)
		return;
	PQfinish(r->c);
	r->c = NULL;
}

/*
 * After ${story}, which asked for another try: wait a little and see that there is a connection.  -1
 * with ${story} once the patience for it has passed.
 */
static int
await_database(struct reparse *r, struct err *story)
{
	roll_back(r);
	if (r->troubled == 0)
		r->troubled = now_ms();
	do {
		log_event(LOG_DEBUG, "%s; trying again", story->text);
		nanosleep(&(struct timespec){ 0, 200000000 }, NULL);
		if (now_ms() - r->troubled >= r->conf.patience * 1000ll || *r->conf.stop)
			return -1;
		if (r->c == NULL && database_revive(r->conf.db, story) < 0 &&
		    story->kind != ERR_DATABASE)
			return -1;
	} while (r->c == NULL && connect_once(r, story) < 0 && story->kind == ERR_DATABASE);
	return r->c != NULL ? 0 : -1;
}

int
reparse_next(struct reparse *r, const struct reparse_original **list, struct err *e)
{
	enum remedy remedy;
	int n = 0;

	*list = r->originals.list;
	do {
		while ((remedy = originals_ask(&r->originals, r->c, &r->conf, e)) == REMEDY_RETRY)
			if (await_database(r, e) < 0)
				return -1;
		/* What it cannot read is what somebody typed: a day. */
		if (remedy == REMEDY_BISECT)
			e->kind = ERR_CONFIG;
		if (remedy != REMEDY_NONE)
			return -1;
		r->troubled = 0;
		n = originals_take(&r->originals);
	} while (n == 0 && PQntuples(r->originals.page) > 0);
	return n;
}

/* Make the names of the batch known that are not. */
static enum remedy
add_names(struct reparse *r, enum dictionary_kind kind, const char *sql, struct err *e)
{
	enum remedy remedy = REMEDY_NONE;
	PGresult *answer;
	struct buf params[2];

	param_init(params, 2);
	if (dictionary_missing(r->dictionary, kind, &r->claims, params) > 0) {
		param_close(params, 2);
		answer = ask(r, sql, 2, params, &remedy, e);
		if (answer != NULL &&
		    dictionary_learn(r->dictionary, kind, &r->claims, answer, e) < 0)
			remedy = REMEDY_BISECT;
		PQclear(answer);
	}
	param_fini(params, 2);
	return remedy;
}

static int
by_key(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct key));
}

static const struct reparse_original *
original_of(const struct claim *c)
{
	return c->in->from;
}

/* Lock the identities as they were and as they will be, in the order all writers use. */
static enum remedy
lock_identities(struct reparse *r, struct err *e)
{
	struct buf params[2], keys;
	enum remedy remedy;
	struct sha256 h = { { 0 } };
	const struct key *k;
	size_t n;

	buf_init(&keys, SIZE_MAX / 2);
	for (size_t i = 0; i < claims_count(&r->claims); i++) {
		const struct claim *c = claims_at(&r->claims, i);

		buf_put(&keys, &c->p->identity.identity_key, sizeof(*k));
		buf_put(&keys, &original_of(c)->identity.identity_key, sizeof(*k));
	}
	n = keys.n / sizeof(*k);
	qsort(keys.p, n, sizeof(*k), by_key);
	k = (const void *)keys.p;
	param_init(params, 2);
	for (size_t i = 0; i < n; i++) {
		if (i > 0 && key_eq(k[i], k[i - 1]))
			continue;
		memcpy(h.b, k[i].b, sizeof(k->b));
		param_add_int(&params[0], id_of(h));
	}
	param_close(params, 2);
	remedy = run(r, sql_query_lock_identities, 2, params, e);
	param_fini(params, 2);
	buf_fini(&keys);
	return remedy;
}

/* Hand the rows in r->out to the COPY in hand once they are ${least}. */
static int
push(struct reparse *r, size_t least, struct err *e)
{
	int ok = 1;

	if (r->out.n < least || r->out.n == 0)
		return 0;
	ok = PQputCopyData(r->c, r->out.p, (int)r->out.n);
	buf_reset(&r->out);
	return ok == 1 ? 0 : connection_lost(r->c, e);
}

static int
put_reports(struct reparse *r, struct err *e)
{
	for (size_t i = 0; i < claims_count(&r->claims); i++) {
		const struct claim *c = claims_at(&r->claims, i);

		/* They are sorted: of those that are one report now the first is enough. */
		if (i > 0 && key_eq((c - 1)->p->identity.report_key, c->p->identity.report_key))
			continue;
		rows_report(&r->out, r->conf.oids, c->in, c->p, true);
		if (push(r, PIECE, e) < 0)
			return -1;
	}
	return 0;
}

static int
put_blocks_of(struct reparse *r, const struct claim *c, struct err *e)
{
	struct intake_part filed = *c->p;
	struct spool_reader reader;
	struct str item;
	int more;

	filed.identity = original_of(c)->identity;
	spool_read(&reader, &c->p->blocks);
	while ((more = spool_next(&reader, &item, e)) > 0) {
		rows_block(&r->out, &filed, item);
		if (push(r, PIECE, e) < 0) {
			more = -1;
			break;
		}
	}
	spool_done(&reader);
	return more;
}

static int
put_blocks(struct reparse *r, struct err *e)
{
	for (size_t i = 0; i < claims_count(&r->claims); i++)
		if (put_blocks_of(r, claims_at(&r->claims, i), e) < 0)
			return -1;
	return 0;
}

static enum remedy
copy(
    struct reparse *r, const char *sql, int (*put)(struct reparse *r, struct err *e), struct err *e)
{
	PGresult *answer = PQexec(r->c, sql);
	enum remedy remedy = connection_judge(r->c, answer, e), end;
	struct err later;
	bool whole;

	PQclear(answer);
	if (remedy != REMEDY_NONE)
		return remedy;
	buf_reset(&r->out);
	copy_head(&r->out);
	whole = put(r, e) == 0;
	if (whole) {
		copy_tail(&r->out);
		whole = push(r, 0, e) == 0;
	}
	if (PQputCopyEnd(r->c, whole ? NULL : "abandoned") != 1)
		return REMEDY_RETRY;
	while ((answer = PQgetResult(r->c)) != NULL) {
		end = connection_judge(r->c, answer, whole ? e : &later);
		remedy = end != REMEDY_NONE ? end : remedy;
		PQclear(answer);
	}
	if (whole)
		return remedy;
	return PQstatus(r->c) != CONNECTION_OK ? REMEDY_RETRY
	    : e->kind == ERR_MESSAGE           ? REMEDY_BISECT
					       : REMEDY_STOP;
}

static PGresult *
compare(struct reparse *r, enum remedy *remedy, struct err *e)
{
	struct buf params[6];
	PGresult *answer;

	param_init(params, 6);
	for (size_t i = 0; i < claims_count(&r->claims); i++) {
		const struct claim *c = claims_at(&r->claims, i);
		const struct identity *ids[] = { &original_of(c)->identity, &c->p->identity };

		for (size_t j = 0; j < 2; j++) {
			param_add_int(&params[3 * j], ids[j]->domain_id);
			param_add_date(&params[3 * j + 1], ids[j]->day);
			param_add_key(&params[3 * j + 2], ids[j]->report_key);
		}
	}
	param_close(params, 6);
	answer = ask(r, sql_query_reparse_compare, 6, params, remedy, e);
	param_fini(params, 6);
	return answer;
}

/* What the claims differ in, found under the locks that writing needs. */
static PGresult *
find(struct reparse *r, enum remedy *remedy, struct err *e)
{
	bool dry = r->conf.dry_run;

	*remedy = REMEDY_NONE;
	if (!dry)
		*remedy = add_names(r, DICTIONARY_DOMAINS, sql_query_add_domains, e);
	if (!dry && *remedy == REMEDY_NONE)
		*remedy = add_names(r, DICTIONARY_REPORTERS, sql_query_add_reporters, e);
	if (*remedy == REMEDY_NONE)
		*remedy = run(r, "BEGIN", 0, NULL, e);
	if (!dry && *remedy == REMEDY_NONE)
		*remedy = lock_identities(r, e);
	if (*remedy == REMEDY_NONE)
		*remedy = copy(r, sql_query_reparse_copy_report, put_reports, e);
	if (*remedy == REMEDY_NONE)
		*remedy = copy(r, sql_query_reparse_copy_block, put_blocks, e);
	return *remedy == REMEDY_NONE ? compare(r, remedy, e) : NULL;
}

/*
 * One transaction: the rows that changed in ${changes}.  ${unsure}: it may have gone through for all
 * that.
 */
static enum remedy
try_once(struct reparse *r, PGresult **changes, bool *unsure, struct err *e)
{
	enum remedy remedy;

	*changes = find(r, &remedy, e);
	if (remedy == REMEDY_NONE && !r->conf.dry_run && PQntuples(*changes) > 0)
		remedy = run(r, sql_query_reparse_apply, 0, NULL, e);
	if (remedy == REMEDY_NONE) {
		*unsure = !r->conf.dry_run && PQntuples(*changes) > 0;
		remedy = run(r, r->conf.dry_run ? "ROLLBACK" : "COMMIT", 0, NULL, e);
	}
	return remedy;
}

static void
tell(struct reparse *r, PGresult *changes)
{
	struct answer *rows = answer_new(changes);

	if (answer_rows(rows) > 0)
		r->conf.changed(r->conf.arg, rows);
	answer_free(rows);
}

/* Try until it went well or there is no more patience; the last remedy asked for. */
static enum remedy
write_whole(struct reparse *r, const struct batch *b, struct err *e)
{
	PGresult *changes, *lost = NULL;
	enum remedy remedy;
	bool unsure;

	do {
		unsure = false;
		claims_collect(&r->claims, b, KIND_AGGREGATE);
		remedy = try_once(r, &changes, &unsure, e);
		if (remedy == REMEDY_NONE && lost != NULL && PQntuples(changes) == 0) {
			/* The try whose COMMIT got no answer had gone through. */
			PQclear(changes);
			changes = lost;
			lost = NULL;
		}
		if (remedy == REMEDY_NONE) {
			tell(r, changes);
		} else if (unsure) {
			PQclear(lost);
			lost = changes;
		} else {
			PQclear(changes);
		}
	} while (remedy == REMEDY_RETRY && await_database(r, e) == 0);
	PQclear(lost);
	return remedy;
}

/* Write ${b}; what PostgreSQL refuses in it is found by halves, and told of. */
static int
write_batch(struct reparse *r, struct batch *b, struct err *e)
{
	enum remedy remedy = write_whole(r, b, e);
	struct batch rest;
	int rc;

	if (remedy == REMEDY_NONE) {
		r->troubled = 0;
		return 0;
	}
	if (remedy != REMEDY_BISECT)
		return -1;
	roll_back(r);
	if (b->messages == 1) {
		r->conf.refused(r->conf.arg, b->head, e->text);
		return 0;
	}
	batch_init(&rest);
	batch_split(b, &rest);
	rc = write_batch(r, b, e);
	if (rc == 0)
		rc = write_batch(r, &rest, e);
	batch_fini(&rest);
	return rc;
}

int
reparse_write(struct reparse *r, struct batch *b, struct err *e)
{
	int rc = b->messages > 0 ? write_batch(r, b, e) : 0;
	struct intake *in;

	while ((in = batch_take(b)) != NULL)
		intake_free(in);
	return rc;
}
