/*
 * transaction.h - one batch as a sequence of statements: the one path by which anything is written.
 * For store/ alone.
 *
 * Dictionaries first (each by itself), then BEGIN, locks on the identities, which of them are known,
 * COPY of everything into its place (TLS and failure reports, which are few, by statements that unpack
 * a document), daily sums, revisions, COMMIT.  Nothing is read back but what was there before.  The
 * order is the same for every writer and keys are sorted within each statement, so that two writers do
 * not wait for each other in a circle.
 *
 * A batch of mails that are tried again (struct intake, ->again) goes the same way, but that its rows of
 * the ledger are there already: they are laid out beside it and brought up to date.
 */
#ifndef STORE_TRANSACTION_H
#define STORE_TRANSACTION_H

#include <libpq-fe.h>

#include "store/claim.h"
#include "store/dictionary.h"

struct transaction {
	PGconn *c;
	struct batch *batch;
	const struct type_oids *oids;
	struct dictionary *dictionary;
	struct claims claims;        /* aggregate reports */
	struct claims tls, failures; /* the other kinds */
	struct claims all;           /* of every kind: for their names and locks alone */
	size_t step;
	bool unsure;    /* an earlier COMMIT of this batch got no answer */
	bool done;      /* it turned out to have gone through */
	bool rehearsal; /* nothing is written in the end */

	/* The COPY in hand. */
	struct buf out;          /* rows on their way */
	const struct claims *of; /* whose rows they are */
	size_t at;               /* claims given out */
	struct intake *row;      /* the message it is at */
	uint64_t offset;         /* in the message's bytes */
	struct spool_reader reader;
	bool reading;
};

struct step {
	/* Send the statement: 1 sent, 0 not needed, -1 with ${e}. */
	int (*send)(struct transaction *t, struct err *e);
	/* Take the result of what was sent; NULL where it says nothing. */
	int (*take)(struct transaction *t, const PGresult *r, struct err *e);
	/* Append rows of the COPY to t->out: 1 when there are more, 0 at the end, -1 with ${e}. */
	int (*feed)(struct transaction *t, struct err *e);
	bool commits;
};

extern const struct step transaction_steps[];
extern const size_t transaction_nsteps;

/* Prepare the statements on a new connection.  -1 with ${e} as connection_judge tells it. */
int transaction_prepare(PGconn *c, struct err *e);

void transaction_init(struct transaction *t, const struct type_oids *oids);
void transaction_fini(struct transaction *t);

/* Start ${batch}, which stays the caller's, anew on connection ${c}. */
void transaction_start(struct transaction *t, PGconn *c, struct batch *batch);

#endif
