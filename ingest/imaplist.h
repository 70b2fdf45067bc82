/* imaplist.h - which folders of a mailbox are read. */
#ifndef INGEST_IMAPLIST_H
#define INGEST_IMAPLIST_H

#include "core/arena.h"

#include "ingest/imapfolder.h"
#include "ingest/session.h"

/* Called for each folder that LIST tells of and that can be opened. */
struct imaplist_sink {
	void *arg;
	void (*folder)(void *arg, struct str name, struct str wire);
};

/*
 * Find the folders of ${conf}: names as they are, patterns among what LIST tells.  Patterns leave out
 * folders that cannot be opened, trash, drafts, sent mail and the views that show other folders'
 * mails once more (RFC 6154: \Trash \Drafts \Sent \All \Flagged), and those that mails are moved to,
 * ${targets} (NULL: none).  ERR_CONFIG for a name that can be none, or that is one of those.
 */
int imaplist_find(struct session *s, const struct imap_conf *conf, const char *const targets[2],
    const struct imaplist_sink *sink, struct err *e);

/* All folders there are, for people. */
int imaplist_all(struct session *s, const struct imaplist_sink *sink, struct err *e);

#endif
