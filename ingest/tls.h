/* tls.h - the client's side of TLS, 1.2 or newer, on a non-blocking socket. */
#ifndef INGEST_TLS_H
#define INGEST_TLS_H

#include <stddef.h>
#include <sys/types.h>

#include "core/err.h"

struct link_conf;
struct tls;

/*
 * Read the files that ${conf} names; ${conf} is borrowed.  ERR_CONFIG when they cannot be read, or
 * the fingerprint is none.
 */
struct tls *tls_new(const struct link_conf *conf, struct err *e);

/* Say goodbye if that needs no waiting; the socket stays open. */
void tls_free(struct tls *t);

/* Begin on the connected socket ${fd}; anything before is forgotten. */
int tls_start(struct tls *t, int fd, struct err *e);

/*
 * What follows never waits.  Where the socket is not ready it returns 0, and ${wait} says for what
 * (POLLIN, POLLOUT).  Texts have no subject but "it", the server.
 */

/*
 * 1 when the server has proved who it is.  ERR_CONFIG: its certificate is not the right one, or it
 * wants another one of us, or speaks no TLS (of today); ERR_SOURCE: all else.
 */
int tls_handshake(struct tls *t, short *wait, struct err *e);

/*
 * How many bytes, more than 0.  ERR_SOURCE also at the end, with or without a goodbye: IMAP ends with a
 * BYE, so that what comes after the last line cannot have been cut off unnoticed.  ERR_CONFIG when it
 * refuses our certificate (TLS 1.3 says so only now).
 */
ssize_t tls_read(struct tls *t, void *p, size_t n, short *wait, struct err *e);

/* Likewise; after a 0 the next call must begin with the same bytes. */
ssize_t tls_write(struct tls *t, const void *p, size_t n, short *wait, struct err *e);

/* "TLSv1.3, TLS_AES_256_GCM_SHA384"; good until tls_free. */
const char *tls_cipher(const struct tls *t);

#endif
