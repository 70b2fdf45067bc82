/* dial.h - from a name and a port to a connected socket. */
#ifndef INGEST_DIAL_H
#define INGEST_DIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"

#define DIAL_ADDRESS_BYTES 64 /* an IPv6 address with its zone */
#define DIAL_MOST 32          /* addresses tried: each may take its whole time */

struct addrinfo;

/* What a name resolved to. */
struct dial {
	struct addrinfo *all, *next;
	unsigned tried;
	char address[DIAL_ADDRESS_BYTES]; /* the one dialled last, as text */
};

/*
 * Look up ${host}, a name or an address; this waits as long as the resolver does.  ERR_CONFIG when
 * there is no such host or port, ERR_SOURCE when nobody could say.
 */
int dial_find(struct dial *d, const char *host, const char *port, struct err *e);

void dial_forget(struct dial *d);

/* Whether all its addresses are this machine's own: 127.0.0.0/8, ::1. */
bool dial_is_loopback(const struct dial *d);

/* Whether an address is left to be tried. */
bool dial_more(const struct dial *d);

/*
 * Connect to the next address, which becomes ->address; not longer than ${until} (await_now's
 * milliseconds).  Returns a non-blocking socket, the caller's to close, or -1 with ERR_SOURCE and
 * the bare reason.
 */
int dial_next(struct dial *d, int64_t until, struct err *e);

#endif
