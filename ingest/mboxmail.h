/* mboxmail.h - the bytes of an mbox, and one mail of it: what names it, and a copy of it. */
#ifndef INGEST_MBOXMAIL_H
#define INGEST_MBOXMAIL_H

#include "core/buf.h"
#include "core/digest.h"
#include "core/err.h"
#include "core/mbox.h"

/* A window of MBOXMAIL_WINDOW bytes on an open file. */
struct mboxview {
	struct mbox_bytes bytes; /* for the functions of core/mbox.h */
	int fd;
	uint64_t most; /* bytes of a mail that is copied */
	int errnum; /* why it could not be read; -1: it is shorter than it was; 0 while all is well */
	uint64_t base;
	struct buf window;
	struct buf line; /* of somewhere else */
};

#define MBOXMAIL_WINDOW ((size_t)1 << 20)

void mboxview_init(struct mboxview *v, uint64_t most);
void mboxview_fini(struct mboxview *v);

/* Look at ${size} bytes of ${fd}, which is borrowed; what was read before is forgotten. */
void mboxview_open(struct mboxview *v, int fd, uint64_t size);

/*
 * The key of the mail ${m}: a digest of its bytes without what mail readers write into them (Status,
 * X-UID, Content-Length and the like) and without line ends behind them.  Of one beyond
 * LIMIT_MAIL_BYTES the header and the size are digested.
 */
struct key mboxmail_key(struct mboxview *v, const struct mbox_mail *m, struct digest *d);

/*
 * A copy of ${m} as the mail was before it came into the mbox: its descriptor, the caller's to close,
 * with ${size}; or -1.  One beyond ->most is stood for by as many zeros.  ${tmp_dir} as in
 * held_open.  ERR_SOURCE.
 */
int mboxmail_copy(struct mboxview *v, const struct mbox_mail *m, const char *tmp_dir,
    uint64_t *size, struct err *e);

#endif
