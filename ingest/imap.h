/* imap.h - a mailbox behind IMAP as a source; a fetcher (ingest/fetcher.h) speaks with the server. */
#ifndef INGEST_IMAP_H
#define INGEST_IMAP_H

#include "ingest/source.h"

struct imap;

/*
 * The mailbox of ${conf->imap}, which is borrowed, as is ${tmp_dir}.  What the functions do is said in
 * ingest/source.h.  The fetcher is started by the first imap_next.
 *
 * A mail's key is that of struct mark.  ${known} holds what is known beyond the marks and what waits
 * for its after-action.
 */
struct imap *imap_open(const struct source_conf *conf, const char *tmp_dir, struct err *e);
void imap_close(struct imap *m);

const char *imap_id(const struct imap *m);
const char *imap_lock(const struct imap *m);
void imap_resume(struct imap *m, const struct mark *marks, size_t n);
int imap_next(struct imap *m, struct keyset *known, struct mail *mail, struct err *e);
int imap_acknowledge(
    struct imap *m, struct key key, const char *name, enum known what, struct err *e);
const struct key *imap_settled(struct imap *m, size_t *n);
const struct mark *imap_marks(struct imap *m, size_t *n);
void imap_pollfd(const struct imap *m, struct pollfd *p);
int imap_service(struct imap *m, struct err *e);
void imap_finish(struct imap *m);
bool imap_busy(const struct imap *m);

#endif
