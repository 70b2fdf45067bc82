/* claim.h - the reports of a batch, and what becomes of each. */
#ifndef STORE_CLAIM_H
#define STORE_CLAIM_H

#include <libpq-fe.h>

#include "store/batch.h"

enum fate {
	FATE_NEW,       /* no other has its identity: stored and counted */
	FATE_DUPLICATE, /* the very same is stored */
	FATE_OWN,       /* it is stored, and from this very mail, which is tried again */
	FATE_REVISION,  /* its identity is known with other records: stored aside, then settled */
	FATE_REFUSED,   /* one revision too many: not stored */
};

struct claim {
	struct intake *in;
	struct intake_part *p;
	enum fate fate;
};

/* Sorted by identity, then report: writers that lock in this order never wait in a circle. */
struct claims {
	struct buf list; /* struct claim */
};

void claims_init(struct claims *c);
void claims_fini(struct claims *c);

/* The reports of ${b} of one kind, or with KIND_UNKNOWN of all, all FATE_NEW; ${b} must outlive them. */
void claims_collect(struct claims *c, const struct batch *b, enum report_kind kind);

size_t claims_count(const struct claims *c);
struct claim *claims_at(const struct claims *c, size_t i);

/* Which of them are wanted; used as filters. */
bool claim_is_stored(const struct claim *c);
bool claim_is_counted(const struct claim *c); /* new, with records */
bool claim_is_aside(const struct claim *c);   /* a revision, with records */
bool claim_is_revision(const struct claim *c);
bool claim_is_settled(const struct claim *c); /* whether it counts is asked when all is settled */
bool claim_is_daily(const struct claim *c);   /* counted, on one day */
bool claim_is_spread(const struct claim *c);  /* counted, over several days */
bool claim_has_original(const struct claim *c);

/* Put domain_id, day and key of each wanted claim into three array parameters; how many. */
size_t claims_reports(
    const struct claims *c, bool (*wanted)(const struct claim *), struct buf *params);
size_t claims_identities(
    const struct claims *c, bool (*wanted)(const struct claim *), struct buf *params);

/*
 * Put the messages of claims that are daily into the eight parameters of add_domain_days.sql, by
 * domain, day and kind; how many.
 */
size_t claims_days(const struct claims *c, struct buf *params);

/*
 * Decide the fates from the answer of find_reports.sql (or find_tls_reports.sql, find_failures.sql),
 * which asked for all of them, and from the batch itself; judges the parts.
 */
int claims_decide(struct claims *c, const PGresult *r, struct err *e);

/* Judge the revisions by the answer of settled_reports.sql or settled_tls_reports.sql. */
void claims_settle(struct claims *c, const PGresult *r);

#endif
