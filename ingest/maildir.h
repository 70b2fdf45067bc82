/* maildir.h - a maildir as a source: new and cur, and the subfolders where they are wanted. */
#ifndef INGEST_MAILDIR_H
#define INGEST_MAILDIR_H

#include <poll.h>

#include "core/err.h"
#include "core/keyset.h"

struct arena;
struct mail;
struct maildir;
struct source_conf;

/*
 * The maildir at ${root} (absolute, without symbolic links); memory from ${arena}.  What the
 * functions do is said in ingest/source.h, word for word.
 *
 * A mail's key is SHA-256 of "mail" and its base name.  The same base name in two places is one
 * mail.  Subfolders are Maildir++ (".A.B") and nested ("A/B") ones, MAILDIR_DEPTH deep; the folders
 * that mails are moved to are left out.
 *
 * When a scan came to its end and met everything it could read, known mails that were not there and
 * wait for something are settled: moved or deleted by a run that was killed before it could say so, or
 * by somebody else.
 *
 * Watching, one scan follows another, with pauses (ingest/inotify.h), and ERR_SOURCE comes
 * when the maildir is gone or another one has its name.  Where acknowledging is not allowed,
 * ERR_MESSAGE tells it, once until it works again; each scan tries anew.
 */
struct maildir *maildir_open(
    struct arena *arena, const struct source_conf *conf, const char *root, struct err *e);
void maildir_close(struct maildir *m);

int maildir_next(struct maildir *m, struct keyset *known, struct mail *mail, struct err *e);
int maildir_acknowledge(
    struct maildir *m, struct key key, const char *name, enum known what, struct err *e);
int maildir_sync(struct maildir *m, struct err *e);
const struct key *maildir_settled(struct maildir *m, size_t *n);
void maildir_pollfd(const struct maildir *m, struct pollfd *p);
int maildir_service(struct maildir *m, struct err *e);

#define MAILDIR_DEPTH 16 /* a loop of mounts ends somewhere */

#endif
