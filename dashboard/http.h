/* http.h - libmicrohttpd: from connections to requests, and answers back. */
#ifndef DASHBOARD_HTTP_H
#define DASHBOARD_HTTP_H

#include "core/err.h"
#include "dashboard/request.h"
#include "dashboard/response.h"

struct http;

struct http_conf {
	int fd;                     /* listening; http_stop closes it */
	const char *cert;           /* PEM, or NULL: no TLS */
	const char *key;            /* PEM */
	const char *cookie;         /* name of the session's cookie */
	unsigned threads;           /* at most LIMIT_HTTP_THREADS */
	const char *const *proxies; /* addresses whose X-Forwarded-For and -Proto are believed */
	size_t nproxies;
	/* Answer ${q}; called by several threads at once. */
	void (*handle)(void *arg, const struct request *q, struct response *r);
	void *arg;
};

/*
 * Begin to answer, by threads of its own.  Strings of ${conf} must outlive it; signals that the
 * caller wants for itself must be blocked before.  ERR_CONFIG with the reason, such as a certificate
 * that does not fit its key.
 */
struct http *http_start(const struct http_conf *conf, struct err *e);

/* Housekeeping, about once a second: ends connections that take too long. */
void http_tick(struct http *h);

/* Take no more connections, finish what is being answered, and free it. */
void http_stop(struct http *h);

#endif
