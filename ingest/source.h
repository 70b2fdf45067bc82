/*
 * source.h - where mails come from, and what is done to them once they are stored.
 *
 * A source only finds and hands out what is new; it never decides.  Mails that hold no report are
 * never touched in any way.  Nothing here parses a mail.  Nothing here waits: what has to be waited
 * for is told by source_pollfd.
 */
#ifndef INGEST_SOURCE_H
#define INGEST_SOURCE_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/ceilings.h"
#include "core/err.h"
#include "core/keyset.h"

enum after { AFTER_KEEP, AFTER_SEEN, AFTER_MOVE, AFTER_DELETE };

struct imap_conf;

struct source_conf {
	/* A maildir, an mbox, a directory of files, a file, an IMAP URL, or "-". */
	const char *path;
	const struct imap_conf *imap; /* what else is said of it; not NULL when ${path} is a URL */
	bool subfolders;              /* a maildir's Maildir++ and nested subfolders too */
	enum after after;             /* maildirs and IMAP; anything else is only ever read */
	const char *move_to;          /* AFTER_MOVE: ".Processed" or a path, see ingest/target.h */
	const char *failures;         /* where unreadable mails go, likewise, or NULL: they stay */
	bool watch;                   /* never at its end: wait for what comes */
	/* Beyond them only the size is looked at; NULL: ceilings_default. */
	const struct ceilings *ceilings;
};

struct source;

/* One mail or file as found. */
struct mail {
	struct key keys[2]; /* what names it for good; all known: it is not handed out */
	unsigned nkeys;
	bool known;       /* the last key was new, the first known: only remember the new key */
	bool held;        /* ${fd} is memory or a temporary file of ours, ${size} of it */
	int fd;           /* read-only; the caller's to close; -1 when ${known} */
	uint64_t size;    /* bytes */
	const char *name; /* relative to the source; owned by the source, until the next call */
	bool bare;        /* may be a bare report as well as a mail */
};

/*
 * Open the source at ${conf->path}; ${conf} is copied, what it points to borrowed until source_close.
 * ${tmp_dir} is where large mails may lie on their way.  A file is an mbox when it opens with a
 * separator or is empty, and so is one that is not there where users' mailboxes are; "-" is
 * standard input.  ERR_CONFIG when it is no maildir, mbox, file or directory, or what is wanted does
 * not fit (only maildirs and IMAP are ever changed); ERR_SOURCE when it cannot be read, named with
 * what to do.  A mailbox behind IMAP is not connected to before the first
 * source_next.
 */
struct source *source_open(const struct source_conf *conf, const char *tmp_dir, struct err *e);

/* What was not acknowledged yet stays pending. */
void source_close(struct source *s);

/*
 * "maildir:/path", "mbox:/path", "files:/path", "stdin" or "imap://user@host": the name under which
 * its state is kept.
 * Sources may share it (folders of one account): their keys differ.
 */
const char *source_id(const struct source *s);

/* The name under which only one process works on it at a time; NULL: any number may. */
const char *source_lock(const struct source *s);

enum source_kind { SOURCE_MAILDIR, SOURCE_FILES, SOURCE_IMAP, SOURCE_MBOX, SOURCE_PIPED };
enum source_kind source_kind(const struct source *s);

/* Whether mails have names below the path; not when the path is one file or mbox. */
bool source_is_below(const struct source *s);

/*
 * How far the folders of an IMAP account were read, as the database has it (ruastat_data.folder);
 * before the first source_next.  Copied.
 */
void source_resume(struct source *s, const struct mark *marks, size_t n);

/* Likewise how far an mbox was read (ruastat_data.mbox). */
void source_resume_at(struct source *s, const struct position *p);

/* After that: whether it has nothing new, so that none of its keys need be known. */
bool source_unchanged(struct source *s);

enum source_step { SOURCE_END, SOURCE_MAIL, SOURCE_WAIT };

/*
 * The next mail whose keys are not all in ${known}: SOURCE_MAIL with ${m}; SOURCE_WAIT when there is
 * none now but may be (see source_pollfd); SOURCE_END, never when watching; -1 with ${e} (after
 * ERR_MESSAGE, which costs one entry, call again).  No mail is handed out twice, even while its key
 * is not in ${known} yet.
 *
 * Mails waiting for their after-action (KNOWN_SUCCESS, KNOWN_FAILURE) are acknowledged on the way,
 * become KNOWN_DONE in ${known} and are named by source_settled.  Where the mailbox does not allow
 * it, everything new is handed out first, and ERR_SOURCE comes, once, in place of the SOURCE_END.  A
 * watched maildir goes on: ERR_MESSAGE comes, from here or from source_acknowledge, once until it works
 * again.
 */
int source_next(struct source *s, struct keyset *known, struct mail *m, struct err *e);

/*
 * The mail named by ${key} and ${name} is committed and waits for ${what}: KNOWN_DONE, nothing is to
 * be done to it; else do what the configuration wants.  May be done at once or only begun; what was
 * done is named by source_settled.  A mail renamed meanwhile is found by its base name; one that is
 * gone is fine.  Idempotent.  ERR_MESSAGE stops this mail, ERR_SOURCE (read-only, not allowed, no
 * room) all of them; they stay pending.
 */
int source_acknowledge(
    struct source *s, struct key key, const char *name, enum known what, struct err *e);

/*
 * Make what was acknowledged since the last call survive a power failure (one fsync for each
 * directory).  Call it before the database learns that mails are settled, once per batch.
 */
int source_sync(struct source *s, struct err *e);

/*
 * The keys acknowledged since the last call, for the store to settle; borrowed until the next call
 * of any function here.
 */
const struct key *source_settled(struct source *s, size_t *n);

/*
 * The folders whose marks moved since the last call, each once; borrowed likewise.  A mark passes
 * only over mails that source_acknowledge was called for: the database has them.
 */
const struct mark *source_marks(struct source *s, size_t *n);

/* How far the mbox was read, if that moved since the last call, likewise. */
bool source_position(struct source *s, struct position *p);

/* What to wait for; ->fd is -1 when nothing. */
void source_pollfd(const struct source *s, struct pollfd *p);

/*
 * Go on with what is under way, without handing out mails: when source_pollfd's descriptor is ready,
 * and source_next is not called.  -1 with ERR_SOURCE or ERR_CONFIG when it gave out, or, after
 * source_finish, with ERR_MESSAGE: some mails could not be acknowledged, call again.
 */
int source_service(struct source *s, struct err *e);

/* No more mails are wanted: finish what was acknowledged.  Call source_service while source_busy. */
void source_finish(struct source *s);
bool source_busy(const struct source *s);

#endif
