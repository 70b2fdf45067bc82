/*
 * link.h - a byte stream to a server: TCP, then TLS, then perhaps DEFLATE.
 *
 * Everything waits, but never longer than a limit.  One process, one thread.
 */
#ifndef INGEST_LINK_H
#define INGEST_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "core/err.h"

enum link_tls {
	LINK_TLS,      /* from the first byte on (RFC 8314) */
	LINK_STARTTLS, /* in the clear until link_starttls */
	LINK_CLEAR,    /* never; the host is loopback */
};

/* Strings are borrowed until link_close, NULL where nothing was said. */
struct link_conf {
	const char *host; /* a name or an address, IPv6 without brackets */
	const char *port; /* a number */
	enum link_tls tls;
	const char *ca_file; /* PEM; NULL: the system's store */
	/* SHA-256 of the server's certificate (DER) in hex, colons allowed: then it alone decides, not
	   names and issuers */
	const char *fingerprint;
	const char *certificate, *key; /* PEM files: who we are; NULL: nobody asks */
	unsigned connect_seconds;      /* for all of connecting to one address */
	unsigned wait_seconds;         /* without a byte, either way */
};

struct link;

/*
 * Connect: every address of the name is tried in the resolver's order, each with its own time.  With
 * LINK_TLS the handshake is done, the certificate verified for the host's name.  ERR_CONFIG: the
 * name does not exist, the certificate is not the right one, files cannot be read, LINK_CLEAR to
 * a host that is not loopback (127.0.0.0/8, ::1; every address it resolves to).  ERR_SOURCE: anything that may be
 * better later.  Texts name the host, and of a certificate what is wrong and its fingerprint.
 */
struct link *link_open(const struct link_conf *conf, struct err *e);

/* Without waiting; NULL is fine. */
void link_close(struct link *l);

/*
 * The server said OK to STARTTLS.  ERR_CONFIG, before anything is sent, when bytes stand in the buffer:
 * somebody put them there (CVE-2021-33515 and its kin).
 */
int link_starttls(struct link *l, struct err *e);

/* The server said OK to COMPRESS DEFLATE (RFC 4978): from here on both ways. */
int link_compress(struct link *l, struct err *e);

/* Whether it is encrypted. */
bool link_is_private(const struct link *l);

/* What TLS it is ("TLSv1.3, TLS_AES_256_GCM_SHA384"), or "no TLS". */
const char *link_cipher(const struct link *l);

/* Append to what is to be sent; sent by link_flush, or when it is much. */
int link_put(struct link *l, const void *p, size_t n, struct err *e);

/*
 * Send.  While the server does not take it, what it sends is taken in (LINK_AHEAD bytes at most), so
 * that two who both write do not wait for each other.
 */
int link_flush(struct link *l, struct err *e);

#define LINK_AHEAD ((size_t)1 << 20)

/*
 * Read what is there, at least a byte, at most ${n}, after flushing; waits at most ->wait_seconds.
 * Returns how many, or -1: ERR_SOURCE also when the server ended the connection.
 */
ssize_t link_read(struct link *l, void *p, size_t n, struct err *e);

enum { LINK_READABLE = 1, LINK_OTHER = 2 };

/*
 * After flushing, wait until link_read would not wait, or the descriptor ${other} (-1: none) is
 * readable, or ${timeout_ms} (-1: for ever) are over: a set of LINK_*, 0 when time is up or a signal
 * came.  -1 with ${e} when sending failed.
 */
int link_wait(struct link *l, int other, int timeout_ms, struct err *e);

#endif
