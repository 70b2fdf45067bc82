/* server.h - the dashboard as a whole: started, kept going, stopped. */
#ifndef DASHBOARD_SERVER_H
#define DASHBOARD_SERVER_H

#include <stddef.h>

#include "core/err.h"
#include "dashboard/listener.h"
#include "store/database.h"

struct server_conf {
	struct database *db; /* ready */
	struct listener listener;
	const char *cert, *key; /* PEM; NULL: no TLS */
	const char *const *proxies;
	size_t nproxies;
};

struct server;

/*
 * Begin to answer, in threads of its own; the strings of ${conf} must outlive it, the socket of the
 * listener becomes its own.  SIGINT, SIGTERM and SIGHUP are blocked from here on: server_run takes them.
 */
struct server *server_start(const struct server_conf *conf, struct err *e);

/* A new one-time link for an administrator, valid for LIMIT_LINK_SECONDS, into ${url}. */
int server_link(struct server *s, char *url, size_t n, struct err *e);

/* Whether anybody has a password: else nobody can log in but by a link. */
int server_has_users(struct server *s, bool *yes, struct err *e);

/*
 * Keep it going until SIGINT, SIGTERM or SIGHUP comes: ends slow connections, brings a private cluster
 * up again that is gone.
 */
void server_run(struct server *s);

/* Stop: what is being asked is cut short.  A second signal ends the process at once. */
void server_stop(struct server *s);

#endif
