/* tokengrant.h - questions to an OAuth 2.0 server (RFC 6749), each a form, each answered by JSON. */
#ifndef INGEST_TOKENGRANT_H
#define INGEST_TOKENGRANT_H

#include <stddef.h>

#include "core/buf.h"
#include "core/err.h"

#include "ingest/token.h"

struct tokenjson;

/* Who asks, on which conditions. */
struct tokengrant {
	const struct token_conf *conf;
	const char *name;         /* the source's */
	const volatile int *stop; /* or NULL */
	struct buf secret;        /* the client's; empty for a public client */
};

/* A field of a question; a NULL value leaves it out. */
struct tokengrant_field {
	const char *name, *value;
};

#define TOKENGRANT_FIELDS 8
#define TOKENGRANT_CODE_BYTES 64

/* Reads the client's secret; tokengrant_fini wipes it. */
int tokengrant_init(struct tokengrant *g, const struct token_conf *conf, const char *name,
    const volatile int *stop, struct err *e);
void tokengrant_fini(struct tokengrant *g);

/*
 * Post the fields (ended by one without a name, at most TOKENGRANT_FIELDS), the client's id and
 * secret to ${url}; the answer to ${out}, the caller's to tokenjson_free, when it is one of success.
 * Else -1 as tokenrefusal_set says; the server's code for the error is in ${code}, or "".
 */
int tokengrant_ask(const struct tokengrant *g, const char *url,
    const struct tokengrant_field *fields, char code[TOKENGRANT_CODE_BYTES], struct tokenjson **out,
    struct err *e);

/*
 * The same for an access token: "access_token" is one that can be sent.  ERR_SOURCE when the answer
 * has none.
 */
int tokengrant_token(const struct tokengrant *g, const struct tokengrant_field *fields,
    char code[TOKENGRANT_CODE_BYTES], struct tokenjson **out, struct err *e);

/* Whether ${token} is of the characters of a token (RFC 6749 A.12, without the blank), and no longer
   than SECRET_BYTES allow. */
bool tokengrant_is_token(const char *token);

#endif
