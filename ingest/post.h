/*
 * post.h - what a source and its fetcher send each other: messages over a socket, a mail's with its
 * descriptor.  Neither end ever waits for the other: what the socket does not take is queued.
 *
 *   source → fetcher   POST_CONF, POST_MARK …, POST_KEYS …, POST_START; then POST_KEYS (committed),
 *                      POST_FINISH
 *   fetcher → source   POST_MAIL, POST_KEYS (settled), POST_MARK, POST_TROUBLE, POST_THROUGH, POST_NOTE
 */
#ifndef INGEST_POST_H
#define INGEST_POST_H

#include <stdbool.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/keyset.h"

enum post_type {
	POST_CONF = 1, /* fetchconf_put's bytes */
	POST_MARK,     /* struct mark */
	POST_KEYS,     /* enum known, then keys */
	POST_START,
	POST_FINISH,  /* no more mails are wanted: end what was committed */
	POST_MAIL,    /* a key and a name, with a descriptor */
	POST_TROUBLE, /* struct err */
	POST_THROUGH, /* every folder was read to its end */
	POST_NOTE,    /* a line to be logged */
};

#define POST_BYTES ((size_t)128 << 10) /* of a message; the kernel takes 200 kB */
#define POST_KEYS_MOST 1000            /* in one message */

struct post_message {
	enum post_type type;
	struct str payload; /* until the next post_receive */
	int fd;             /* the caller's, or -1 */
};

struct post;

/* Over ${socket}, a SOCK_SEQPACKET, which the post closes. */
struct post *post_new(int socket);
void post_free(struct post *p);

int post_fd(const struct post *p);

/* Whether something is queued: wait until the socket takes it, too. */
bool post_queued(const struct post *p);

/* Queue a message; ${fd} (or -1) is closed when it is sent.  Sends what it can. */
void post_send(struct post *p, enum post_type type, struct str payload, int fd);
void post_keys(struct post *p, enum known what, const struct key *keys, size_t n);
void post_mark(struct post *p, const struct mark *m);
void post_trouble(struct post *p, const struct err *e);

/* Send what is queued as far as it goes; a peer that is gone is seen by post_receive. */
void post_flush(struct post *p);

/* Take a message: 1, 0 when there is none now, -1 when the peer is gone or what came is none. */
int post_receive(struct post *p, struct post_message *m);

/* Read payloads; -1 when they are not what they should be. */
int post_get_keys(struct str payload, enum known *what, const char **keys, size_t *n);
int post_get_mark(struct str payload, struct mark *m, struct buf *name);
int post_get_trouble(struct str payload, struct err *e);

#endif
