/* tokenrefusal.h - what a server means that gives no token, and what is to be done about it. */
#ifndef INGEST_TOKENREFUSAL_H
#define INGEST_TOKENREFUSAL_H

#include "core/err.h"
#include "core/str.h"

struct tokenjson;

/*
 * Say why there is no token: ${answer} (NULL: it was no JSON) came with the HTTP status ${status} from
 * ${url}; ${name} is the source's.  ERR_CONFIG where a person must act, with what to do; ERR_SOURCE
 * where time helps.  The server's own words are repeated unless one of the texts ${hidden} (${n} of
 * them) stands in them.  Returns -1.
 */
int tokenrefusal_set(struct err *e, const struct tokenjson *answer, long status, const char *url,
    const char *name, const struct str *hidden, size_t n);

#endif
