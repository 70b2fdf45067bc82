/* listener.h - the socket on which the dashboard listens. */
#ifndef DASHBOARD_LISTENER_H
#define DASHBOARD_LISTENER_H

#include <stdbool.h>

#include "core/err.h"

struct listener {
	int fd;
	unsigned port;
	bool loopback; /* reachable from this machine alone */
	char host[64]; /* as it stands in a URL: [::1], 127.0.0.1; of all addresses our name */
};

/*
 * Listen on ${address}: "127.0.0.1:8080", "[::1]:8080", "*:8080" (any), "localhost:8080"; port 0 takes one
 * that is free.  ${tries}: where the port is taken, the next ones are tried, so many in all.
 * ERR_CONFIG names the address and the reason.
 */
int listener_open(struct listener *l, const char *address, unsigned tries, struct err *e);

#endif
