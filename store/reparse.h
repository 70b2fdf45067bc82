/*
 * reparse.h - what is stored, brought up to what today's parser says of the kept originals: pages of
 * originals go out, what they give comes back and is compared and written, a batch in a transaction.
 *
 * Runs beside imports: it takes the locks they take.  Ended at any point it leaves each report as it
 * was or as it will be; run again it goes on.  One connection, which is waited for; lost, it is made
 * again for as long as there is patience.
 */
#ifndef STORE_REPARSE_H
#define STORE_REPARSE_H

#include <signal.h>

#include "store/batch.h"
#include "store/query.h"

struct reparse;

/* A report's document as it is kept. */
struct reparse_original {
	struct identity identity; /* as stored; without reporter */
	int64_t intake_id;        /* the mail it came in */
	int64_t imported_at;      /* Unix seconds: what was days ahead then still is */
	struct str domain;
	struct str member; /* names on the way to it, as struct part has them */
	struct str header; /* the mail's; may be empty */
	struct str bytes;
};

struct reparse_conf {
	struct database *db; /* ready */
	const struct type_oids *oids;
	const char *domain, *from, *to; /* these reports alone; NULL: all */
	bool dry_run;                   /* nothing is written */
	unsigned patience;              /* seconds for which the database may be away */
	const volatile sig_atomic_t *stop;
	void *arg; /* of these: */
	/* Rows of sql/query/reparse_compare.sql: what was changed, or in a dry run would be. */
	void (*changed)(void *arg, const struct answer *rows);
	/* The database refuses what ${in} says now; the report stays as it was. */
	void (*refused)(void *arg, const struct intake *in, const char *reason);
};

/*
 * What ${conf} points to must outlive it.  ERR_DATABASE: try later, as when another process
 * reparses; ERR_CONFIG.
 */
struct reparse *reparse_open(const struct reparse_conf *conf, struct err *e);
void reparse_close(struct reparse *r);

/*
 * Read the next originals, at most LIMIT_REPARSE_ORIGINALS: how many, 0 at the end, -1 with ${e}.
 * They are ${list}'s until the next call.
 */
int reparse_next(struct reparse *r, const struct reparse_original **list, struct err *e);

/*
 * Compare what ${b} holds with what is stored and bring that up to it; empties ${b}.  Each intake has
 * one part, with a report and its identity; ->from is the struct reparse_original it was made of, and
 * ->intake_id and ->read_at are that one's.
 */
int reparse_write(struct reparse *r, struct batch *b, struct err *e);

#endif
