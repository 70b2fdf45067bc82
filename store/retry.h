/*
 * retry.h - the mails whose bytes are kept because something in them could not be stored: read a page
 * at a time, to be tried again.  What they give now is written by writers (store/writer.h), as intakes
 * that are ->again.
 *
 * One connection, made again when it is lost for as long as there is patience.
 */
#ifndef STORE_RETRY_H
#define STORE_RETRY_H

#include <signal.h>

#include "store/database.h"
#include "store/intake.h"

struct retry;

struct retry_conf {
	struct database *db; /* ready */
	const int64_t *ids;  /* these mails alone; none: all */
	size_t nids;
	const char *outcome; /* those alone with a part of this outcome; NULL: all */
	unsigned patience;   /* seconds for which the database may be away */
	const volatile sig_atomic_t *stop;
};

/* A kept mail, as the ledger has it. */
struct retry_mail {
	int64_t intake_id, source_id;
	int64_t read_at; /* Unix seconds */
	bool bare;       /* may be a bare report as well as a mail */
	struct str name;
	struct str outcome;       /* its name */
	struct str parts;         /* for retry_says */
	const struct key *stored; /* keys of the reports that are stored from it */
	size_t nstored;
	struct str bytes;
};

/*
 * What ${conf} points to must outlive it.  ${not_kept}: how many mails of those that were asked for hold
 * something unreadable and are not kept.  ERR_DATABASE: try later, as when another process tries
 * mails again; ERR_CONFIG, as when no mail has one of the numbers.
 */
struct retry *retry_open(const struct retry_conf *conf, uint64_t *not_kept, struct err *e);
void retry_close(struct retry *r);

/*
 * Read the next mails, at most LIMIT_RETRY_MAILS, of those that were kept when it was opened: how
 * many, 0 at the end, -1 with ${e}.  They are ${list}'s until the next call.
 */
int retry_next(struct retry *r, const struct retry_mail **list, struct err *e);

/* Whether the ledger says of the parts of ${mail} what it is to say of those of ${in}. */
bool retry_says(const struct retry_mail *mail, const struct intake *in);

#endif
