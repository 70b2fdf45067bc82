/* response.h - what a browser gets, free of any library. */
#ifndef DASHBOARD_RESPONSE_H
#define DASHBOARD_RESPONSE_H

#include <stdbool.h>

#include "core/buf.h"
#include "core/err.h"
#include "dashboard/request.h"

struct response {
	unsigned status;
	const char *type;      /* Content-Type */
	struct buf body;       /* handed on, never copied */
	struct str fixed;      /* instead of body: bytes that outlive the server */
	bool gzipped;          /* the bytes are gzip, whatever the type */
	bool may_change;       /* it is to be asked for again each time; else it never changes */
	char etag[40];         /* quoted; empty for none */
	char cookie[160];      /* Set-Cookie */
	char disposition[128]; /* Content-Disposition */
	unsigned retry_after;  /* seconds; 0 for none */
	const char *allow;     /* of 405 */
};

/* An empty answer with status 200, which response_fini ends. */
void response_init(struct response *r);
void response_fini(struct response *r);

/*
 * Make it the JSON of an error, whatever it was before: ${status} and ${code} of API.md, the name of
 * the parameter to blame or NULL, and ${message} for people.
 */
void response_refuse(struct response *r, unsigned status, const char *code, const char *parameter,
    const char *message);

/* response_refuse by what ${e} blames: the database 503, a message (a value) 400, else 500. */
void response_fail(struct response *r, const struct err *e);

/*
 * Make it fit what ${q} can take: an ETag of what may change, 304 where the browser has it already,
 * gzip where that is understood and worth it; gzip undone is nobody's need.
 */
void response_encode(struct response *r, const struct request *q);

#endif
