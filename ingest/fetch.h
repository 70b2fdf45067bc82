/*
 * fetch.h - the mails of the open folder, from the server to the source.
 *
 * Sizes of the next window and bodies of the next batches are asked for before the ones before have
 * come (pipelined), so much at once as LIMIT_FETCH_BYTES allows.  A mail that does not come is
 * taken for gone only when the server does not know its UID any more.  A body goes into a sealed memfd as it
 * comes, a large one into a temporary file without a name.  Only BODY.PEEK[] is used: nothing is
 * marked.
 */
#ifndef INGEST_FETCH_H
#define INGEST_FETCH_H

#include "core/limits.h"

#include "ingest/imapfolder.h"
#include "ingest/post.h"
#include "ingest/session.h"

enum asked_kind {
	ASKED_SIZES,
	ASKED_BODIES,
	ASKED_PRESENCE, /* of mails that were asked for and did not come */
};

/* A command on its way. */
struct asked {
	uint32_t tag;
	enum asked_kind kind;
	struct uidset *uids; /* what it is to bring, and did not yet bring */
	uint64_t bytes;
};

/* The mail that is coming. */
struct arrival {
	uint32_t number; /* its sequence number, 0: none is coming */
	uint32_t uid;    /* 0: not known yet */
	int fd;          /* -1: no body came yet */
	uint64_t size, got;
};

struct fetch {
	const char *name; /* of the source, for messages */
	const char *tmp_dir;
	uint64_t most; /* bytes of a mail that is fetched */
	struct post *post;
	const struct keyset *known;
	struct session *session;
	struct imap_folder *folder;
	struct asked asked[LIMIT_FETCH_COMMANDS]; /* in the order they were sent */
	size_t nasked;
	struct uidset *spare; /* of the command that ended last */
	uint64_t asked_bytes;
	uint64_t held_bytes; /* handed out, not committed */
	size_t held;
	struct arrival arrival;
	struct buf line, mail;
};

void fetch_init(struct fetch *f, const char *name, const char *tmp_dir, struct post *post,
    const struct keyset *known);
void fetch_fini(struct fetch *f);

/* Begin with ${folder}, which is open in ${session}. */
void fetch_begin(struct fetch *f, struct session *session, struct imap_folder *folder);

/* Ask for more, as far as the limits allow. */
int fetch_ask(struct fetch *f, struct err *e);

/* Whether something was asked for that has not come. */
bool fetch_busy(const struct fetch *f);

/* Read one response, waiting for it, and do with it what it is for. */
int fetch_take(struct fetch *f, struct err *e);

/* The session is over or another folder's turn: what did not come is to be asked for again. */
void fetch_end(struct fetch *f);

/* A mail of ${size} bytes that was handed out is committed. */
void fetch_committed(struct fetch *f, uint64_t size);

/* The mails of ${p} that were handed out will not be heard of again: their UIDs mean nothing any more. */
void fetch_committed_all(struct fetch *f, const struct plan *p);

#endif
