#include "store/retry.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/limits.h"
#include "core/log.h"
#include "core/now.h"
#include "core/vocabulary.h"
#include "store/connection.h"
#include "store/field.h"
#include "store/param.h"

#include "sql.h"

/* Columns of sql/query/retry_page.sql. */
enum { INTAKE_ID, READ_AT, SOURCE_ID, BARE, NAME, OUTCOME, STORED, PARTS, BYTES };

struct retry {
	struct retry_conf conf;
	PGconn *c;
	struct buf ids;        /* as a parameter; empty: all */
	int64_t last, highest; /* numbers: of the last one read, of the last one there was */
	PGresult *page;        /* what ->list borrows from */
	struct retry_mail list[LIMIT_RETRY_MAILS];
};

static const char *
ids_of(const struct retry *r)
{
	return r->conf.nids > 0 ? r->ids.p : NULL;
}

static int
lock(struct retry *r, struct err *e)
{
	PGresult *answer = connection_run(r->c, sql_query_lock_retry, 0, NULL, e);
	bool mine = answer != NULL && PQgetvalue(answer, 0, 0)[0] == 't';

	PQclear(answer);
	if (answer == NULL)
		return -1;
	return mine ? 0
		    : err_set(e, ERR_DATABASE, "another process is trying the kept mails again");
}

static int
connect_once(struct retry *r, struct err *e)
{
	PQfinish(r->c);
	r->c = connection_new(r->conf.db, e);
	return r->c != NULL && lock(r, e) == 0 ? 0 : -1;
}

/* See what there is. */
static int
survey(struct retry *r, uint64_t *not_kept, struct err *e)
{
	const char *values[] = { ids_of(r), r->conf.outcome };
	PGresult *answer = connection_run(r->c, sql_query_retry_survey, 2, values, e);
	uint64_t highest = 0;
	int rc = 0;

	if (answer == NULL)
		return -1;
	if (!PQgetisnull(answer, 0, 2))
		rc = err_set(e, ERR_CONFIG,
		    "no mail has the number %s: \"ruastat intake\" lists them",
		    PQgetvalue(answer, 0, 2));
	else if (str_u64(str_of(PQgetvalue(answer, 0, 0)), INT64_MAX, &highest) < 0 ||
	    str_u64(str_of(PQgetvalue(answer, 0, 1)), INT64_MAX, not_kept) < 0)
		rc = err_set(e, ERR_CONFIG, "the database gave an answer out of range");
	r->highest = (int64_t)highest;
	PQclear(answer);
	return rc;
}

struct retry *
retry_open(const struct retry_conf *conf, uint64_t *not_kept, struct err *e)
{
	struct retry *r = calloc(1, sizeof(*r));

	if (r == NULL)
		abort();
	r->conf = *conf;
	param_init(&r->ids, 1);
	for (size_t i = 0; i < conf->nids; i++)
		param_add_int(&r->ids, conf->ids[i]);
	param_close(&r->ids, 1);
	if (connect_once(r, e) == 0 && survey(r, not_kept, e) == 0)
		return r;
	retry_close(r);
	return NULL;
}

void
retry_close(struct retry *r)
{
	if (r == NULL)
		return;
	PQclear(r->page);
	PQfinish(r->c);
	param_fini(&r->ids, 1);
	free(r);
}

/*
 * After ${story}, which asked for another try, make the connection anew; -1 with ${story} when there has
 * been trouble ${since}, by now_ms(), for too long.
 */
static int
await_database(struct retry *r, int64_t since, struct err *story)
{
	int rc;

	do {
		log_event(LOG_DEBUG, "%s; trying again", story->text);
		nanosleep(&(struct timespec){ 0, 200000000 }, NULL);
		if (now_ms() - since >= r->conf.patience * 1000ll || *r->conf.stop)
			return -1;
		rc = database_revive(r->conf.db, story);
		if (rc == 0)
			rc = connect_once(r, story);
	} while (rc < 0 && story->kind == ERR_DATABASE);
	return rc;
}

static enum remedy
ask(struct retry *r, struct err *e)
{
	char last[24], highest[24], most[16], bytes[24];
	const char *values[] = { last, highest, ids_of(r), r->conf.outcome, most, bytes };

	snprintf(last, sizeof(last), "%lld", (long long)r->last);
	snprintf(highest, sizeof(highest), "%lld", (long long)r->highest);
	snprintf(most, sizeof(most), "%d", LIMIT_RETRY_MAILS);
	snprintf(bytes, sizeof(bytes), "%llu", LIMIT_RETRY_BYTES);
	PQclear(r->page);
	r->page = PQexecParams(r->c, sql_query_retry_page, 6, NULL, values, NULL, NULL, 1);
	return connection_judge(r->c, r->page, e);
}

static void
take(struct retry *r)
{
	const PGresult *page = r->page;

	for (int row = 0; row < PQntuples(page); row++) {
		struct str stored = field_bytes(page, row, STORED);

		r->list[row] = (struct retry_mail){
			.intake_id = (int64_t)field_number(page, row, INTAKE_ID),
			.source_id = (int64_t)field_number(page, row, SOURCE_ID),
			.read_at = (int64_t)field_number(page, row, READ_AT),
			.bare = field_number(page, row, BARE) != 0,
			.name = field_bytes(page, row, NAME),
			.outcome = field_bytes(page, row, OUTCOME),
			.parts = field_bytes(page, row, PARTS),
			.stored = (const void *)stored.p,
			.nstored = stored.n / sizeof(struct key),
			.bytes = field_bytes(page, row, BYTES),
		};
		r->last = r->list[row].intake_id;
	}
}

int
retry_next(struct retry *r, const struct retry_mail **list, struct err *e)
{
	int64_t since = now_ms();
	enum remedy remedy;

	while ((remedy = ask(r, e)) == REMEDY_RETRY)
		if (await_database(r, since, e) < 0)
			return -1;
	if (remedy != REMEDY_NONE)
		return -1;
	take(r);
	*list = r->list;
	return PQntuples(r->page);
}

/* What the ledger is to say of the parts of ${in}, in the form that sql/query/retry_page.sql gives it. */
static void
put_parts(struct buf *out, const struct intake *in)
{
	for (const struct intake_part *p = in->parts; p != NULL; p = p->next) {
		const char *kind = kind_name(p->part.kind);

		if (p != in->parts)
			buf_put8(out, 0x1e);
		buf_printf(
		    out, "%s\x1f%s\x1f", outcome_name(p->part.outcome), kind != NULL ? kind : "");
		buf_puts(out, p->part.member);
		buf_put8(out, 0x1f);
		buf_puts(out, p->part.reason);
		buf_put8(out, 0x1f);
		for (size_t i = 0; intake_part_holds(p) && i < sizeof(struct key); i++)
			buf_printf(out, "%02x", p->identity.report_key.b[i]);
	}
}

bool
retry_says(const struct retry_mail *mail, const struct intake *in)
{
	struct buf parts;
	bool same;

	buf_init(&parts, SIZE_MAX / 2);
	put_parts(&parts, in);
	same = str_eq(buf_str(&parts), mail->parts);
	buf_fini(&parts);
	return same;
}
