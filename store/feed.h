/*
 * feed.h - the rows of each COPY of a transaction, in pieces: functions of struct step.
 * Each appends to t->out and says 1 while there are more, 0 at the end, -1 with ${e}.
 */
#ifndef STORE_FEED_H
#define STORE_FEED_H

#include "store/transaction.h"

/* Before the first piece of a COPY; ${of}: the claims it is about. */
void feed_start(struct transaction *t, const struct claims *of);

/* Forget a COPY that did not come to its end. */
void feed_stop(struct transaction *t);

/* Whether any claim of ${of} is ${wanted}; else the COPY is not needed. */
bool feed_has(const struct claims *of, bool (*wanted)(const struct claim *));

/* Whether the message's own bytes are kept. */
bool feed_keeps(const struct intake *in);

int feed_reports(struct transaction *t, struct err *e);
int feed_blocks(struct transaction *t, struct err *e);
int feed_aside(struct transaction *t, struct err *e);
int feed_originals(struct transaction *t, struct err *e);
int feed_intake(struct transaction *t, struct err *e);
int feed_parts(struct transaction *t, struct err *e);
int feed_kept(struct transaction *t, struct err *e);

#endif
