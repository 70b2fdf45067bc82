/*
 * imapsettle.h - what is done on an IMAP server to the mails of a folder once they are stored.
 *
 * Flags are set by UID STORE; mails are moved by UID MOVE (RFC 6851), else by UID COPY, \Deleted and
 * UID EXPUNGE (RFC 4315).  A server without UIDPLUS could only expunge everybody's deleted mails: there
 * they are marked and stay.
 */
#ifndef INGEST_IMAPSETTLE_H
#define INGEST_IMAPSETTLE_H

#include "ingest/session.h"
#include "ingest/source.h"
#include "ingest/uidset.h"

#define IMAPSETTLE_KEYWORD "$Ruastat" /* beside \Seen, where the server lets one make keywords */
#define IMAPSETTLE_CHUNK 1000 /* mails in one command: what a lost connection leaves in doubt */

enum { SETTLE_SUCCESS, SETTLE_FAILURE, SETTLE_KINDS };

struct imapsettle {
	const char *name; /* of the source, for messages */
	enum after after;
	const char
	    *targets[SETTLE_KINDS]; /* where mails of the kind go, as people write it; or NULL */
	struct uidset *waiting[SETTLE_KINDS];
	struct uidset
	    *copied[SETTLE_KINDS]; /* of those waiting: they are in their target already */
	struct uidset *done;       /* settled since somebody last looked */
	bool doubtful; /* a session that was lost may have moved some of them, and not said so */
	bool told;     /* that nothing can be expunged */
};

/* ${conf}'s strings are borrowed. */
void imapsettle_init(struct imapsettle *s, const char *name, enum after after, const char *move_to,
    const char *failures);
void imapsettle_fini(struct imapsettle *s);

/* Forget everything: the UIDs mean nothing any more. */
void imapsettle_reset(struct imapsettle *s);

/* The mail waits for ${what}: KNOWN_SUCCESS or KNOWN_FAILURE.  false: nothing is to be done to it. */
bool imapsettle_add(struct imapsettle *s, uint32_t uid, enum known what);

uint64_t imapsettle_count(const struct imapsettle *s);

/*
 * Look what a lost session did: which of the waiting are in their target already (by Message-ID,
 * size and arrival, among the last IMAPSETTLE_RECENT there), which are gone from the folder ${wire}.
 * Which folder is open afterwards is not said.  Only needed while ->doubtful.
 */
int imapsettle_look(struct imapsettle *s, struct session *session, struct str wire,
    const char *folder, struct err *e);

#define IMAPSETTLE_RECENT 2000u

/*
 * Do it to so many of those that wait as go into one command, in the folder that is open for writing; what
 * is done is in ->done.  1: there may be more, 0: there are none, -1: ERR_SOURCE or ERR_CONFIG when the
 * connection was lost or the server refused; then all that are not in ->done still wait.
 */
int imapsettle_run(struct imapsettle *s, struct session *session, struct err *e);

#endif
