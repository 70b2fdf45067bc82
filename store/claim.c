#include "store/claim.h"

#include <stdlib.h>

#include "core/limits.h"
#include "core/vocabulary.h"
#include "store/param.h"

void
claims_init(struct claims *c)
{
	buf_init(&c->list, SIZE_MAX / 2);
}

void
claims_fini(struct claims *c)
{
	buf_fini(&c->list);
}

static int
by_identity(const void *x, const void *y)
{
	const struct identity *a = &((const struct claim *)x)->p->identity;
	const struct identity *b = &((const struct claim *)y)->p->identity;
	int order = memcmp(a->identity_key.b, b->identity_key.b, sizeof(struct key));

	return order != 0 ? order : memcmp(a->report_key.b, b->report_key.b, sizeof(struct key));
}

void
claims_collect(struct claims *c, const struct batch *b, enum report_kind kind)
{
	buf_reset(&c->list);
	for (struct intake *in = b->head; in != NULL; in = in->next)
		for (struct intake_part *p = in->parts; p != NULL; p = p->next)
			if (intake_part_holds(p) &&
			    (kind == KIND_UNKNOWN || p->part.kind == kind)) {
				struct claim claim = { in, p, FATE_NEW };

				buf_put(&c->list, &claim, sizeof(claim));
			}
	if (claims_count(c) > 1)
		qsort(c->list.p, claims_count(c), sizeof(struct claim), by_identity);
}

size_t
claims_count(const struct claims *c)
{
	return c->list.n / sizeof(struct claim);
}

struct claim *
claims_at(const struct claims *c, size_t i)
{
	return (struct claim *)(void *)c->list.p + i;
}

bool
claim_is_stored(const struct claim *c)
{
	return c->fate == FATE_NEW || c->fate == FATE_REVISION;
}

bool
claim_is_counted(const struct claim *c)
{
	return c->fate == FATE_NEW && c->p->records > 0;
}

bool
claim_is_aside(const struct claim *c)
{
	return c->fate == FATE_REVISION && c->p->records > 0;
}

bool
claim_is_revision(const struct claim *c)
{
	return c->fate == FATE_REVISION;
}

bool
claim_is_settled(const struct claim *c)
{
	return c->fate == FATE_REVISION || c->fate == FATE_OWN;
}

bool
claim_is_daily(const struct claim *c)
{
	return claim_is_counted(c) && c->p->identity.days == 1;
}

bool
claim_is_spread(const struct claim *c)
{
	return claim_is_counted(c) && c->p->identity.days > 1;
}

bool
claim_has_original(const struct claim *c)
{
	return claim_is_stored(c) && spool_bytes(&c->p->original) > 0;
}

static void
add(struct buf *params, const struct identity *id, struct key key)
{
	param_add_int(&params[0], id->domain_id);
	param_add_date(&params[1], id->day);
	param_add_key(&params[2], key);
}

size_t
claims_reports(const struct claims *c, bool (*wanted)(const struct claim *), struct buf *params)
{
	size_t n = 0;

	for (size_t i = 0; i < claims_count(c); i++) {
		const struct claim *claim = claims_at(c, i);

		if (wanted != NULL && !wanted(claim))
			continue;
		add(params, &claim->p->identity, claim->p->identity.report_key);
		n++;
	}
	return n;
}

size_t
claims_identities(const struct claims *c, bool (*wanted)(const struct claim *), struct buf *params)
{
	size_t n = 0;

	for (size_t i = 0; i < claims_count(c); i++) {
		const struct claim *claim = claims_at(c, i);

		if (wanted != NULL && !wanted(claim))
			continue;
		add(params, &claim->p->identity, claim->p->identity.identity_key);
		n++;
	}
	return n;
}

/* Messages of one kind on one day of one domain. */
struct day {
	int64_t domain_id;
	int32_t day;
	unsigned flags;
	uint64_t messages;
};

static int
by_day(const void *x, const void *y)
{
	const struct day *a = x, *b = y;

	if (a->domain_id != b->domain_id)
		return a->domain_id < b->domain_id ? -1 : 1;
	if (a->day != b->day)
		return a->day < b->day ? -1 : 1;
	return (a->flags > b->flags) - (a->flags < b->flags);
}

static void
collect_days(const struct claims *c, struct buf *days)
{
	for (size_t i = 0; i < claims_count(c); i++) {
		const struct intake_part *p = claims_at(c, i)->p;

		if (!claim_is_daily(claims_at(c, i)))
			continue;
		for (unsigned f = 0; f < SET_FLAGS_COUNT; f++)
			if (p->by_flags[f] > 0) {
				struct day d = { p->identity.domain_id, p->identity.day, f,
					p->by_flags[f] };

				buf_put(days, &d, sizeof(d));
			}
	}
}

static void
put_day(const struct day *d, struct buf *params)
{
	struct set_flags f = set_flags_of(d->flags);

	param_add_int(&params[0], d->domain_id);
	param_add_date(&params[1], d->day);
	param_add_word(&params[2], disposition_name(f.disposition));
	param_add_word(&params[3], verdict_name(f.dkim));
	param_add_word(&params[4], verdict_name(f.spf));
	param_add_word(&params[5], f.dkim_authenticated ? "t" : "f");
	param_add_word(&params[6], f.spf_authenticated ? "t" : "f");
	param_add_int(&params[7], (int64_t)d->messages);
}

size_t
claims_days(const struct claims *c, struct buf *params)
{
	struct buf days;
	struct day *d;
	size_t n, rows = 0;

	buf_init(&days, SIZE_MAX / 2);
	collect_days(c, &days);
	d = (void *)days.p;
	n = days.n / sizeof(*d);
	if (n > 1)
		qsort(d, n, sizeof(*d), by_day);
	for (size_t i = 0; i < n; i++) {
		if (i + 1 < n && by_day(&d[i], &d[i + 1]) == 0) {
			d[i + 1].messages += d[i].messages;
			continue;
		}
		put_day(&d[i], params);
		rows++;
	}
	buf_fini(&days);
	return rows;
}

/* The key that ${text} is, a uuid as PostgreSQL prints it. */
static struct key
key_from(const char *text)
{
	struct key k = { { 0 } };
	size_t digits = 0;

	for (; *text != '\0' && digits < 2 * sizeof(k.b); text++) {
		unsigned v = *text >= 'a' ? (unsigned)(*text - 'a' + 10) : (unsigned)(*text - '0');

		if (*text == '-')
			continue;
		k.b[digits / 2] = (unsigned char)((unsigned)k.b[digits / 2] << 4 | (v & 15));
		digits++;
	}
	return k;
}

/* Whether the report tells of no mail at all. */
static bool
is_null(const struct part *p, uint64_t records)
{
	return p->report != NULL ? records == 0 : p->tls != NULL && p->tls->npolicies == 0;
}

static bool
is_stored_already(const struct claim *c)
{
	return c->fate == FATE_DUPLICATE || c->fate == FATE_OWN;
}

static void
judge(struct claim *c)
{
	if (c->fate == FATE_DUPLICATE)
		intake_judge(c->in, c->p, OUTCOME_DUPLICATE, "this report is stored already");
	else if (c->fate == FATE_REFUSED)
		intake_judge(c->in, c->p, OUTCOME_REFUSED, "this report has too many revisions");
	else
		intake_judge(c->in, c->p,
		    is_null(&c->p->part, c->p->records) ? OUTCOME_NULL_REPORT : OUTCOME_IMPORTED,
		    "");
}

/*
 * Compare neighbours: a batch may hold one report twice, or revisions of it.  Of those all are to be
 * settled, the first too: which one counts is not known yet.  Of a report that a mail gave before one
 * part of that mail is the original.
 */
static void
decide_within(struct claims *c)
{
	struct claim *first = NULL;
	unsigned revisions = 0;
	bool own = false;

	for (size_t i = 0; i < claims_count(c); i++) {
		struct claim *claim = claims_at(c, i);
		const struct identity *id = &claim->p->identity;
		bool same = i > 0 && key_eq((claim - 1)->p->identity.report_key, id->report_key);

		own &= same;
		if (first == NULL || !key_eq(first->p->identity.identity_key, id->identity_key)) {
			first = claim;
			revisions = 0;
		} else if (same) {
			claim->fate = claim->fate == FATE_OWN && !own ? FATE_OWN : FATE_DUPLICATE;
		} else if (!is_stored_already(claim) && ++revisions >= LIMIT_REVISIONS) {
			claim->fate = FATE_REFUSED;
		} else if (claim->fate == FATE_NEW) {
			claim->fate = FATE_REVISION;
			first->fate = first->fate == FATE_NEW ? FATE_REVISION : first->fate;
		}
		own |= claim->fate == FATE_OWN;
	}
}

/* Learn that ${key}, stored from mail ${from}, has the identity of ${claim}: the ${nth} that has. */
static void
decide(struct claim *claim, struct key key, uint64_t from, unsigned nth)
{
	if (key_eq(key, claim->p->identity.report_key))
		claim->fate = claim->in->again && (uint64_t)claim->in->intake_id == from
		    ? FATE_OWN
		    : FATE_DUPLICATE;
	else if (!is_stored_already(claim))
		claim->fate = nth < LIMIT_REVISIONS ? FATE_REVISION : FATE_REFUSED;
}

int
claims_decide(struct claims *c, const PGresult *r, struct err *e)
{
	uint64_t i, from, last = 0;
	unsigned nth = 0;

	for (int row = 0; row < PQntuples(r); row++) {
		if (str_u64(str_of(PQgetvalue(r, row, 0)), claims_count(c), &i) < 0 || i == 0 ||
		    str_u64(str_of(PQgetvalue(r, row, 2)), INT64_MAX, &from) < 0)
			return err_set(e, ERR_CONFIG, "the database gave an answer out of range");
		nth = i == last ? nth + 1 : 1;
		last = i;
		decide(claims_at(c, i - 1), key_from(PQgetvalue(r, row, 1)), from, nth);
	}
	decide_within(c);
	for (i = 0; i < claims_count(c); i++)
		judge(claims_at(c, i));
	return 0;
}

void
claims_settle(struct claims *c, const PGresult *r)
{
	for (int row = 0; row < PQntuples(r); row++) {
		struct key key = key_from(PQgetvalue(r, row, 0));

		for (size_t i = 0; i < claims_count(c) && PQgetvalue(r, row, 1)[0] == 'f'; i++) {
			struct claim *claim = claims_at(c, i);

			if (claim->p->part.outcome == OUTCOME_IMPORTED &&
			    key_eq(key, claim->p->identity.report_key))
				intake_judge(claim->in, claim->p, OUTCOME_CONFLICT,
				    claim->p->part.tls != NULL
					? "another revision of this report has more sessions"
					: "another revision of this report has more messages");
		}
	}
}
