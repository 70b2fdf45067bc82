#include "store/transaction.h"

#include <stdlib.h>

#include "store/connection.h"
#include "store/document.h"
#include "store/feed.h"
#include "store/param.h"
#include "store/rows.h"

#include "sql.h"

void
transaction_init(struct transaction *t, const struct type_oids *oids)
{
	*t = (struct transaction){ .oids = oids, .dictionary = dictionary_new() };
	claims_init(&t->claims);
	claims_init(&t->tls);
	claims_init(&t->failures);
	claims_init(&t->all);
	buf_init(&t->out, SIZE_MAX / 2);
}

void
transaction_fini(struct transaction *t)
{
	feed_stop(t);
	dictionary_free(t->dictionary);
	claims_fini(&t->claims);
	claims_fini(&t->tls);
	claims_fini(&t->failures);
	claims_fini(&t->all);
	buf_fini(&t->out);
}

void
transaction_start(struct transaction *t, PGconn *c, struct batch *batch)
{
	feed_stop(t);
	buf_reset(&t->out);
	t->c = c;
	t->batch = batch;
	t->step = 0;
	t->done = false;
	claims_collect(&t->claims, batch, KIND_AGGREGATE);
	claims_collect(&t->tls, batch, KIND_TLSRPT);
	claims_collect(&t->failures, batch, KIND_FAILURE);
	claims_collect(&t->all, batch, KIND_UNKNOWN);
}

/* What is prepared on each connection: planned once, not once a batch. */
static const struct {
	const char *name, *text;
} prepared[] = {
	{ "next_intake_ids", sql_query_next_intake_ids },
	{ "add_domains", sql_query_add_domains },
	{ "add_reporters", sql_query_add_reporters },
	{ "lock_identities", sql_query_lock_identities },
	{ "find_intake", sql_query_find_intake },
	{ "find_reports", sql_query_find_reports },
	{ "add_seen", sql_query_add_seen },
	{ "add_domain_days", sql_query_add_domain_days },
	{ "add_long_reports", sql_query_add_long_reports },
	{ "settle_identities", sql_query_settle_identities },
	{ "settled_reports", sql_query_settled_reports },
	{ "find_tls_reports", sql_query_find_tls_reports },
	{ "add_tls_reports", sql_query_add_tls_reports },
	{ "settle_tls_identities", sql_query_settle_tls_identities },
	{ "settled_tls_reports", sql_query_settled_tls_reports },
	{ "find_failures", sql_query_find_failures },
	{ "add_failures", sql_query_add_failures },
};

int
transaction_prepare(PGconn *c, struct err *e)
{
	for (size_t i = 0; i < sizeof(prepared) / sizeof(prepared[0]); i++) {
		PGresult *r = PQprepare(c, prepared[i].name, prepared[i].text, 0, NULL);
		enum remedy remedy = connection_judge(c, r, e);

		PQclear(r);
		if (remedy != REMEDY_NONE)
			return -1;
	}
	return 0;
}

static int
sent(struct transaction *t, int ok, struct err *e)
{
	if (ok == 1)
		return 1;
	return connection_lost(t->c, e);
}

/* Send the prepared statement ${name}. */
static int
send_params(struct transaction *t, const char *name, int n, const struct buf *params, struct err *e)
{
	const char *values[8] = { NULL };

	for (int i = 0; i < n; i++)
		values[i] = params[i].p;
	return sent(t, PQsendQueryPrepared(t->c, name, n, values, NULL, NULL, 0), e);
}

/* Send a prepared statement with one number. */
static int
send_number(struct transaction *t, const char *name, int64_t number, struct err *e)
{
	struct buf param;
	int rc;

	param_init(&param, 1);
	buf_printf(&param, "%lld", (long long)number);
	rc = send_params(t, name, 1, &param, e);
	param_fini(&param, 1);
	return rc;
}

/* Whether the batch is of mails that are in the ledger already: all of it then. */
static bool
is_again(const struct transaction *t)
{
	return t->batch->head->again;
}

static int
send_ids(struct transaction *t, struct err *e)
{
	int64_t missing = 0;

	for (struct intake *in = t->batch->head; in != NULL; in = in->next)
		missing += in->intake_id == 0;
	return missing > 0 ? send_number(t, "next_intake_ids", missing, e) : 0;
}

static int
take_ids(struct transaction *t, const PGresult *r, struct err *e)
{
	uint64_t id;
	int i = 0;

	for (struct intake *in = t->batch->head; in != NULL; in = in->next) {
		if (in->intake_id != 0)
			continue;
		if (i == PQntuples(r) || str_u64(str_of(PQgetvalue(r, i++, 0)), INT64_MAX, &id) < 0)
			return err_set(e, ERR_CONFIG, "the database gave no number for a mail");
		in->intake_id = (int64_t)id;
	}
	return 0;
}

/* Send the dictionary entries of one kind that are not known to be there. */
static int
send_names(struct transaction *t, enum dictionary_kind kind, const char *statement, struct err *e)
{
	struct buf params[2];
	int rc = 0;

	param_init(params, 2);
	if (dictionary_missing(t->dictionary, kind, &t->all, params) > 0) {
		param_close(params, 2);
		rc = send_params(t, statement, 2, params, e);
	}
	param_fini(params, 2);
	return rc;
}

/* Names say nothing by themselves, but a rehearsal leaves none behind. */
static int
send_domains(struct transaction *t, struct err *e)
{
	return t->rehearsal ? 0 : send_names(t, DICTIONARY_DOMAINS, "add_domains", e);
}

static int
take_domains(struct transaction *t, const PGresult *r, struct err *e)
{
	return dictionary_learn(t->dictionary, DICTIONARY_DOMAINS, &t->all, r, e);
}

static int
send_reporters(struct transaction *t, struct err *e)
{
	return t->rehearsal ? 0 : send_names(t, DICTIONARY_REPORTERS, "add_reporters", e);
}

static int
take_reporters(struct transaction *t, const PGresult *r, struct err *e)
{
	return dictionary_learn(t->dictionary, DICTIONARY_REPORTERS, &t->all, r, e);
}

static int
send_begin(struct transaction *t, struct err *e)
{
	return sent(t, PQsendQuery(t->c, "BEGIN"), e);
}

static int
by_number(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* The numbers of all mails of the batch: of those that are tried again nobody else may change rows. */
static void
lock_mails(const struct transaction *t, struct buf *keys)
{
	struct buf list;
	const int64_t *ids;

	buf_init(&list, SIZE_MAX / 2);
	for (const struct intake *in = t->batch->head; in != NULL; in = in->next)
		buf_put(&list, &in->intake_id, sizeof(in->intake_id));
	qsort(list.p, t->batch->messages, sizeof(*ids), by_number);
	ids = (const void *)list.p;
	for (size_t i = 0; i < t->batch->messages; i++)
		param_add_int(keys, ids[i]);
	buf_fini(&list);
}

/*
 * The first mail's number is locked too: an earlier try of this batch whose COMMIT got no answer
 * holds it until that try has ended one way or the other.
 */
static int
send_lock(struct transaction *t, struct err *e)
{
	struct buf params[2], *keys = &params[0];
	int64_t last = 0, v;
	int rc;

	param_init(params, 2);
	for (const struct intake *in = t->batch->head; in != NULL; in = in->next) {
		if (in == t->batch->head || in->source_id != last)
			param_add_int(&params[1], in->source_id);
		last = in->source_id;
	}
	if (is_again(t))
		lock_mails(t, keys);
	else
		param_add_int(keys, t->batch->head->intake_id);
	for (size_t i = 0; i < claims_count(&t->all); i++) {
		struct sha256 h = { { 0 } };

		memcpy(h.b, claims_at(&t->all, i)->p->identity.identity_key.b, sizeof(struct key));
		v = id_of(h);
		if (i == 0 || v != last)
			param_add_int(keys, v);
		last = v;
	}
	param_close(params, 2);
	rc = send_params(t, "lock_identities", 2, params, e);
	param_fini(params, 2);
	return rc;
}

/* What is tried again comes to the same however often. */
static int
send_check(struct transaction *t, struct err *e)
{
	return t->unsure && !is_again(t)
	    ? send_number(t, "find_intake", t->batch->head->intake_id, e)
	    : 0;
}

static int
take_check(struct transaction *t, const PGresult *r, struct err *e)
{
	(void)e;
	t->done = PQntuples(r) > 0;
	t->unsure = false;
	return 0;
}

/* Send a prepared statement over the claims of ${of} that are ${wanted}, by report or by identity. */
static int
send_claims(struct transaction *t, const struct claims *of, const char *name,
    bool (*wanted)(const struct claim *), bool by_report, struct err *e)
{
	struct buf params[3];
	size_t n;
	int rc = 0;

	param_init(params, 3);
	n = by_report ? claims_reports(of, wanted, params) : claims_identities(of, wanted, params);
	if (n > 0) {
		param_close(params, 3);
		rc = send_params(t, name, 3, params, e);
	}
	param_fini(params, 3);
	return rc;
}

static int
send_find(struct transaction *t, struct err *e)
{
	return send_claims(t, &t->claims, "find_reports", NULL, false, e);
}

static int
take_find(struct transaction *t, const PGresult *r, struct err *e)
{
	return claims_decide(&t->claims, r, e);
}

/* Start a COPY over the claims of ${of}, if any is ${wanted}. */
static int
send_copy_of(struct transaction *t, const struct claims *of, const char *sql,
    bool (*wanted)(const struct claim *), struct err *e)
{
	if (wanted != NULL && !feed_has(of, wanted))
		return 0;
	feed_start(t, of);
	return sent(t, PQsendQuery(t->c, sql), e);
}

static int
send_copy(
    struct transaction *t, const char *sql, bool (*wanted)(const struct claim *), struct err *e)
{
	return send_copy_of(t, &t->claims, sql, wanted, e);
}

static int
send_reports(struct transaction *t, struct err *e)
{
	return send_copy(t, sql_query_copy_report, claim_is_stored, e);
}

static int
send_blocks(struct transaction *t, struct err *e)
{
	return send_copy(t, sql_query_copy_record_block, claim_is_counted, e);
}

static int
send_aside(struct transaction *t, struct err *e)
{
	return send_copy(t, sql_query_copy_record_block_aside, claim_is_aside, e);
}

static int
send_originals(struct transaction *t, struct err *e)
{
	return send_copy(t, sql_query_copy_original, claim_has_original, e);
}

static int
send_find_tls(struct transaction *t, struct err *e)
{
	return send_claims(t, &t->tls, "find_tls_reports", NULL, false, e);
}

static int
take_find_tls(struct transaction *t, const PGresult *r, struct err *e)
{
	return claims_decide(&t->tls, r, e);
}

static int
send_find_failures(struct transaction *t, struct err *e)
{
	return send_claims(t, &t->failures, "find_failures", NULL, true, e);
}

static int
take_find_failures(struct transaction *t, const PGresult *r, struct err *e)
{
	return claims_decide(&t->failures, r, e);
}

/* Send the claims of ${of} that are stored as one JSON document. */
static int
send_document(struct transaction *t, const char *name, const struct claims *of,
    void (*put)(struct buf *out, const struct claim *c), struct err *e)
{
	struct buf document;
	int rc = 0;

	buf_init(&document, SIZE_MAX / 2);
	for (size_t i = 0; i < claims_count(of); i++) {
		if (!claim_is_stored(claims_at(of, i)))
			continue;
		buf_put8(&document, document.n == 0 ? '[' : ',');
		put(&document, claims_at(of, i));
	}
	if (document.n > 0) {
		buf_puts(&document, STR("]\0"));
		rc = send_params(t, name, 1, &document, e);
	}
	buf_fini(&document);
	return rc;
}

static int
send_tls(struct transaction *t, struct err *e)
{
	return send_document(t, "add_tls_reports", &t->tls, document_tls, e);
}

static int
send_tls_originals(struct transaction *t, struct err *e)
{
	return send_copy_of(t, &t->tls, sql_query_copy_original, claim_has_original, e);
}

static int
send_failures(struct transaction *t, struct err *e)
{
	return send_document(t, "add_failures", &t->failures, document_failure, e);
}

static int
send_tables(struct transaction *t, struct err *e)
{
	return is_again(t) ? sent(t, PQsendQuery(t->c, sql_query_retry_tables), e) : 0;
}

static int
send_intake(struct transaction *t, struct err *e)
{
	return send_copy(
	    t, is_again(t) ? sql_query_retry_copy_intake : sql_query_copy_intake, NULL, e);
}

static int
send_parts(struct transaction *t, struct err *e)
{
	return send_copy(
	    t, is_again(t) ? sql_query_retry_copy_part : sql_query_copy_intake_part, NULL, e);
}

static int
send_apply(struct transaction *t, struct err *e)
{
	return is_again(t) ? sent(t, PQsendQuery(t->c, sql_query_retry_apply), e) : 0;
}

static int
send_seen(struct transaction *t, struct err *e)
{
	static const char *const classes[] = { "success", "failure", "other" };
	struct buf params[3];
	int rc;

	if (is_again(t))
		return 0;
	param_init(params, 3);
	for (const struct intake *in = t->batch->head; in != NULL; in = in->next)
		for (unsigned i = 0; i < in->nkeys; i++) {
			param_add_int(&params[0], in->source_id);
			param_add_key(&params[1], in->keys[i]);
			param_add_word(&params[2], classes[rows_class(in)]);
		}
	param_close(params, 3);
	rc = send_params(t, "add_seen", 3, params, e);
	param_fini(params, 3);
	return rc;
}

static int
send_kept(struct transaction *t, struct err *e)
{
	const struct intake *in = t->batch->head;

	while (in != NULL && !feed_keeps(in))
		in = in->next;
	return in != NULL ? send_copy(t, sql_query_copy_kept, NULL, e) : 0;
}

static int
send_days(struct transaction *t, struct err *e)
{
	struct buf params[8];
	int rc = 0;

	param_init(params, 8);
	if (claims_days(&t->claims, params) > 0) {
		param_close(params, 8);
		rc = send_params(t, "add_domain_days", 8, params, e);
	}
	param_fini(params, 8);
	return rc;
}

static int
send_spread(struct transaction *t, struct err *e)
{
	return send_claims(t, &t->claims, "add_long_reports", claim_is_spread, true, e);
}

static int
send_settle(struct transaction *t, struct err *e)
{
	return send_claims(t, &t->claims, "settle_identities", claim_is_revision, false, e);
}

static int
send_settled(struct transaction *t, struct err *e)
{
	return send_claims(t, &t->claims, "settled_reports", claim_is_settled, true, e);
}

static int
take_settled(struct transaction *t, const PGresult *r, struct err *e)
{
	(void)e;
	claims_settle(&t->claims, r);
	return 0;
}

static int
send_settle_tls(struct transaction *t, struct err *e)
{
	return send_claims(t, &t->tls, "settle_tls_identities", claim_is_revision, false, e);
}

static int
send_settled_tls(struct transaction *t, struct err *e)
{
	return send_claims(t, &t->tls, "settled_tls_reports", claim_is_settled, true, e);
}

static int
take_settled_tls(struct transaction *t, const PGresult *r, struct err *e)
{
	(void)e;
	claims_settle(&t->tls, r);
	return 0;
}

static int
send_commit(struct transaction *t, struct err *e)
{
	return sent(t, PQsendQuery(t->c, t->rehearsal ? "ROLLBACK" : "COMMIT"), e);
}

const struct step transaction_steps[] = {
	{ .send = send_ids, .take = take_ids },
	{ .send = send_domains, .take = take_domains },
	{ .send = send_reporters, .take = take_reporters },
	{ .send = send_begin },
	{ .send = send_lock },
	{ .send = send_check, .take = take_check },
	{ .send = send_find, .take = take_find },
	{ .send = send_find_tls, .take = take_find_tls },
	{ .send = send_find_failures, .take = take_find_failures },
	{ .send = send_reports, .feed = feed_reports },
	{ .send = send_blocks, .feed = feed_blocks },
	{ .send = send_aside, .feed = feed_aside },
	{ .send = send_originals, .feed = feed_originals },
	{ .send = send_tls },
	{ .send = send_tls_originals, .feed = feed_originals },
	{ .send = send_failures },
	{ .send = send_tables },
	{ .send = send_intake, .feed = feed_intake },
	{ .send = send_parts, .feed = feed_parts },
	{ .send = send_apply },
	{ .send = send_seen },
	{ .send = send_kept, .feed = feed_kept },
	{ .send = send_days },
	{ .send = send_spread },
	{ .send = send_settle },
	{ .send = send_settled, .take = take_settled },
	{ .send = send_settle_tls },
	{ .send = send_settled_tls, .take = take_settled_tls },
	{ .send = send_commit, .commits = true },
};
const size_t transaction_nsteps = sizeof(transaction_steps) / sizeof(transaction_steps[0]);
