/*
 * peers.h - who is connected, and for how long that is tolerated.
 *
 * libmicrohttpd ends connections that are idle; a client that drips a byte a second never is.  So
 * each connection has a deadline: for sending a whole request, counted from the answer before it, and
 * for taking the answer.  Safe to call from any thread.
 */
#ifndef DASHBOARD_PEERS_H
#define DASHBOARD_PEERS_H

#include <stdbool.h>
#include <sys/socket.h>

#include "core/limits.h"

/* Some to spare: who must go is still there for a moment. */
#define PEERS_PLACES (LIMIT_HTTP_CONNECTIONS + 64)

struct peers;
struct peer;

/* Addresses of ${proxies} (text, ${n} of them) may have any number of connections. */
struct peers *peers_new(const char *const *proxies, size_t n);
void peers_free(struct peers *p);

/* Whether ${a} is the address of a proxy. */
bool peers_trusts(const struct peers *p, const struct sockaddr *a);

/*
 * Whether a connection from ${a} is taken.  Beyond LIMIT_HTTP_PER_ADDRESS the one of that address must
 * go that has waited longest for a request; where all places are taken, the one of anybody's, or else
 * the one that has been taking its answer longest.  With nobody to send away it is refused.
 */
bool peers_admit(struct peers *p, const struct sockaddr *a);

/* A connection is there: its place, until peers_closed, or NULL where there is none left. */
struct peer *peers_opened(struct peers *p, int fd, const struct sockaddr *a);
void peers_closed(struct peers *p, struct peer *one);

/* Its request is here and whole; its answer is gone, and it may ask again. */
void peers_asked(struct peers *p, struct peer *one);
void peers_answered(struct peers *p, struct peer *one);

/* Shut down the connections whose time is up; to be called about once a second. */
void peers_tick(struct peers *p);

#endif
