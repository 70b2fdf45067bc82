/*
 * source.h - where mails come from, and what is done to them once they are stored.
 *
 * A source only finds and hands out what is new; it never decides.  Mails that hold no report are
 * never touched in any way.  Nothing here parses a mail.
 */
#ifndef INGEST_SOURCE_H
#define INGEST_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"
#include "core/keyset.h"

enum after { AFTER_KEEP, AFTER_SEEN, AFTER_MOVE, AFTER_DELETE };

struct source_conf {
	const char *path;     /* a maildir, a directory of files, or one file */
	bool subfolders;      /* a maildir's Maildir++ and nested subfolders too */
	enum after after;     /* maildirs only; anything else is only ever read */
	const char *move_to;  /* AFTER_MOVE: ".Processed" or a path, see ingest/target.h */
	const char *failures; /* where unreadable mails go, likewise, or NULL: they stay */
};

struct source;

/* One mail or file as found. */
struct mail {
	struct key keys[2]; /* what names it for good; all known: it is not handed out */
	unsigned nkeys;
	bool known;       /* the last key was new, the first known: only remember the new key */
	int fd;           /* read-only; the caller's to close; -1 when ${known} */
	uint64_t size;    /* bytes */
	const char *name; /* relative to the source; owned by the source, until the next call */
	bool bare;        /* may be a bare report as well as a mail */
};

/*
 * Open the source at ${conf->path}; ${conf} is copied.  ERR_CONFIG when it is no maildir, file or
 * directory, or an after-action does not fit (files are only ever read); ERR_SOURCE when it cannot
 * be read, named with what to do.
 */
struct source *source_open(const struct source_conf *conf, struct err *e);
void source_close(struct source *s);

/* "maildir:/path" or "files:/path": the name under which its state is kept (real path). */
const char *source_id(const struct source *s);
bool source_is_maildir(const struct source *s);

/* Whether mails have names below the path; not when the path is one file. */
bool source_is_below(const struct source *s);

/*
 * The next mail whose keys are not all in ${known}: 1 with ${m}, 0 at the end, -1 with ${e} (after
 * ERR_MESSAGE, which costs one entry, call again).  No mail is handed out twice, even while its key
 * is not in ${known} yet.
 *
 * Mails waiting for their after-action (KNOWN_SUCCESS, KNOWN_FAILURE) are acknowledged on the way,
 * become KNOWN_DONE in ${known} and are named by source_settled.  Where the mailbox does not allow
 * it, everything new is handed out first, and ERR_SOURCE comes, once, in place of the 0.
 */
int source_next(struct source *s, struct keyset *known, struct mail *m, struct err *e);

/*
 * Do to the mail ${name} what the configuration wants after KNOWN_SUCCESS or KNOWN_FAILURE.  A mail
 * renamed meanwhile is found by its base name; one that is gone is fine.  Idempotent.  ERR_MESSAGE
 * stops this mail, ERR_SOURCE (read-only, not allowed, no room) all of them; they stay pending.
 */
int source_acknowledge(struct source *s, const char *name, enum known what, struct err *e);

/*
 * Make what was acknowledged since the last call survive a power failure (one fsync for each
 * directory).  Call it before the database learns that mails are settled, once per batch.
 */
int source_sync(struct source *s, struct err *e);

/*
 * The keys acknowledged by source_next since the last call, for the store to settle; borrowed until
 * the next call of source_next.
 */
const struct key *source_settled(struct source *s, size_t *n);

#endif
