/*
 * tokenbrowser.h - an authorization code by the person's browser (RFC 6749 4.1), redirected to
 * loopback (RFC 8252), with PKCE (RFC 7636).
 */
#ifndef INGEST_TOKENBROWSER_H
#define INGEST_TOKENBROWSER_H

#include "ingest/tokengrant.h"

#define TOKENBROWSER_SECONDS 900 /* for a person to find the password and the second factor */

/*
 * Have ${talk} say which page to open, wait until the browser comes back or the address it was sent
 * to is pasted, and change the code for tokens: the answer to ${out}.  What does not bring our state
 * back is refused and not waited for less.  Errors as token_login's.
 */
int tokenbrowser_run(const struct tokengrant *g, const struct token_talk *talk,
    struct tokenjson **out, struct err *e);

#endif
