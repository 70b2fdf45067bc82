/* tokendevice.h - the device grant (RFC 8628): a person types a code into any browser. */
#ifndef INGEST_TOKENDEVICE_H
#define INGEST_TOKENDEVICE_H

#include "ingest/tokengrant.h"

/*
 * Ask for a code, have ${talk} say it, and wait until the person is done, at most as long as the code
 * is good: the server's answer with tokens to ${out}.  Errors as token_login's.
 */
int tokendevice_run(const struct tokengrant *g, const struct token_talk *talk,
    struct tokenjson **out, struct err *e);

#endif
