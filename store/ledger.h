/*
 * ledger.h - what the database remembers of mailboxes: which mails are known, what is still to be
 * done to them.  Its own connection, beside those that write batches.
 */
#ifndef STORE_LEDGER_H
#define STORE_LEDGER_H

#include "core/arena.h"
#include "core/keyset.h"
#include "store/block.h"
#include "store/database.h"

struct ledger;

/* On a database that is ready.  Reads what intakes and writers need to know of its types. */
struct ledger *ledger_open(struct database *db, struct err *e);
void ledger_close(struct ledger *l);

const struct type_oids *ledger_types(const struct ledger *l);

/* The id of the source named ${name} ("maildir:/path"); ${add}: make it known. */
int ledger_source(struct ledger *l, const char *name, bool add, int64_t *source_id, struct err *e);

/* How a run of one mailbox goes; what can fail for everybody to see is in the result. */
enum run_result { RUN_FINE, RUN_UNREADABLE, RUN_INTERRUPTED, RUN_TROUBLE };

struct ledger_run {
	const char *path; /* absolute, or a URL: whose run it is, even when it cannot be opened */
	bool begun;       /* ledger_begin was called */
	enum run_result result;
	const char *trouble; /* RUN_TROUBLE's, in words */
	uint64_t mails;      /* stored */
};

/*
 * Write down that a run of ${r}->path begins, or that it ended: for ruastat.mailboxes.  May be lost
 * in a crash of the server; -1 may be passed over.  ${lock}: the file that says whether it is under way.
 */
int ledger_begin(struct ledger *l, const struct ledger_run *r, int64_t source_id, const char *lock,
    struct err *e);
int ledger_end(struct ledger *l, const struct ledger_run *r, struct err *e);

/* How far the folders of a source were read: ${n} marks in ${arena}; NULL with ${e}. */
struct mark *ledger_marks(
    struct ledger *l, int64_t source_id, struct arena *arena, size_t *n, struct err *e);

/*
 * Write marks down, each folder once: never back under the same UIDVALIDITY, but to 0.  The rows of mails they
 * pass over go where nothing can ever wait for them (class other), and all of the folder's under
 * another UIDVALIDITY.  Only after what they pass over is committed; a loss only means looking again.
 */
int ledger_mark(
    struct ledger *l, int64_t source_id, const struct mark *marks, size_t n, struct err *e);

/* How far an mbox was read: 1 with ${p}, 0 when that is not known, -1. */
int ledger_position(struct ledger *l, int64_t source_id, struct position *p, struct err *e);

/* Write it down.  Only after all up to there is committed; a loss only means looking again. */
int ledger_set_position(
    struct ledger *l, int64_t source_id, const struct position *p, struct err *e);

/*
 * Put the mails known of a source into ${known}; where it has marks (${marked}), of those they cover
 * only the ones that wait.  Those stored wait (KNOWN_SUCCESS) when what was
 * done to them is not ${after} ("keep", "seen", "move", "delete"); those recorded as unreadable
 * (KNOWN_FAILURE) when ${failures}: there is a folder for them.  Waits for transactions that a run
 * of this source left behind when it was killed: none of our own may be under way.
 */
int ledger_known(struct ledger *l, int64_t source_id, bool marked, const char *after, bool failures,
    struct keyset *known, struct err *e);

/*
 * Write down that ${n} mails of a source were acknowledged: after "move" and "delete" they are
 * forgotten, for the source does not hold them any more.  May be lost in a crash: then the next run
 * does it again.
 */
int ledger_settle(struct ledger *l, int64_t source_id, const char *after, const struct key *keys,
    size_t n, struct err *e);

/* Once an hour in a run that goes on: see database_tend. */
int ledger_tend(struct ledger *l, struct err *e);

/* Remember a further key of a mail whose first one is known. */
int ledger_remember(struct ledger *l, int64_t source_id, const struct key *keys, struct err *e);

/* Drop the oldest kept mails beyond ${total} bytes. */
int ledger_trim(struct ledger *l, uint64_t total, struct err *e);

/* Delete failure reports that were stored more than ${days} ago, in transactions of a thousand. */
int ledger_expire(struct ledger *l, unsigned days, struct err *e);

/* Vacuum and analyze what changed much, on a private cluster: it is seldom up for autovacuum. */
int ledger_maintain(struct ledger *l, struct err *e);

#endif
