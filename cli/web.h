/* web.h - the dashboard as the verbs "serve" and "run" start it. */
#ifndef CLI_WEB_H
#define CLI_WEB_H

#include "cli/verb.h"
#include "core/buf.h"
#include "dashboard/listener.h"

struct database;

struct web_conf {
	const char *listen;     /* NULL: the configuration's, else 127.0.0.1:8080 */
	const char *cert, *key; /* paths; NULL: the configuration's */
	unsigned tries;         /* ports from that one on */
};

/* What is opened while root may still open it. */
struct web {
	struct listener listener;
	struct buf cert, key; /* PEM with a NUL; empty: no TLS */
};

/* Listen, and read the certificate and its key: before context_enter. */
int web_open(struct web *w, const struct web_conf *conf, const struct context *c, struct err *e);
void web_close(struct web *w);

/*
 * Show the dashboard of ${db} until a signal asks for the end.  ${link}: print a one-time link, and how
 * to come here from elsewhere; else only while nobody has a password.
 */
int web_show(struct web *w, const struct context *c, struct database *db, bool link, struct err *e);

#endif
