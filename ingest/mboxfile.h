/* mboxfile.h - an mbox as a source: /var/mail/USER and the like, which others write to at any time. */
#ifndef INGEST_MBOXFILE_H
#define INGEST_MBOXFILE_H

#include <poll.h>
#include <stdbool.h>

#include "core/err.h"
#include "core/keyset.h"

struct arena;
struct mail;
struct mboxfile;

/* Whether the regular file ${path} opens as an mbox or is empty: 1, 0, or -1 with errno. */
int mboxfile_is(const char *path);

/* Whether ${path} would be a user's mailbox that no mail has come to yet: it lies in /var/mail. */
bool mboxfile_may_come(const char *path);

/*
 * The mbox at ${root} (absolute; it need not be there); memory from ${arena}, copies of mails in
 * memory or ${tmp_dir}.  What the functions do is said in ingest/source.h.  The file is opened for
 * reading alone, its times are left alone where the system allows it.
 *
 * It is read in pieces under a read lock (fcntl) that is held for MBOXFILE_HOLD_MS or one mail at a
 * time, and never while anybody waits for anything else.  What a lock of somebody else keeps us from,
 * a dotlock too, is waited for: SOURCE_WAIT; after MBOXFILE_PATIENCE_MS ERR_SOURCE.
 *
 * A mail's key is a digest of its bytes (ingest/mboxmail.h): a file that was rewritten is read again
 * and gives nothing new.  The same bytes twice are one mail.
 *
 * Of a mail beyond ${most} bytes only the size is handed out.
 *
 * With ${watch} it is looked at whenever a file of its directory was written (ingest/inotify.h).
 */
struct mboxfile *mboxfile_open(struct arena *arena, const char *root, const char *tmp_dir,
    uint64_t most, bool watch, struct err *e);
void mboxfile_close(struct mboxfile *m);

void mboxfile_resume(struct mboxfile *m, const struct position *p);

/*
 * Whether there is nothing beyond what mboxfile_resume told, or nothing at all: then no key needs to
 * be known, and mboxfile_next finds nothing.
 */
bool mboxfile_unchanged(struct mboxfile *m);

int mboxfile_next(struct mboxfile *m, const struct keyset *known, struct mail *mail, struct err *e);
void mboxfile_acknowledge(struct mboxfile *m, struct key key);

/* The position if it moved since the last call; it passes only over mails that were acknowledged. */
bool mboxfile_position(struct mboxfile *m, struct position *p);

void mboxfile_pollfd(const struct mboxfile *m, struct pollfd *p);
void mboxfile_service(struct mboxfile *m);

#define MBOXFILE_HOLD_MS 100
#define MBOXFILE_PATIENCE_MS 2000 /* a delivery takes milliseconds */

#endif
