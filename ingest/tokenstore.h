/*
 * tokenstore.h - the file that keeps the tokens of one source, and the lock beside it.
 *
 * The file is replaced as a whole, never written in place; its mode is 0600, that of its directory
 * 0700.  Whoever is about to change it holds the lock, from before the server is asked until the
 * file is on the disk: of a refresh token that rotates the last one is never lost.
 */
#ifndef INGEST_TOKENSTORE_H
#define INGEST_TOKENSTORE_H

#include "core/err.h"

struct tokenjson;

#define TOKENSTORE_BYTES ((size_t)256 << 10) /* two tokens and what they belong to */
#define TOKENSTORE_WAIT_SECONDS 150 /* for who has the lock: a command, then the server, and more */

/* What the file ${path} holds, NULL when there is none (0).  ERR_CONFIG: others can read it. */
int tokenstore_load(const char *path, struct tokenjson **out, struct err *e);

struct tokenstore;

/*
 * Take the lock of ${path}, making its directory, and see to it that there is room to write: a full
 * disk must be met before the server gives something that cannot be kept.  ERR_SOURCE when another
 * process does not let go of it, or ${stop} (may be NULL) is set.
 */
struct tokenstore *tokenstore_lock(const char *path, const volatile int *stop, struct err *e);

/* Replace the file; on the disk when this returns.  Once. */
int tokenstore_save(struct tokenstore *s, const struct tokenjson *tokens, struct err *e);

/* Let go; NULL is fine. */
void tokenstore_unlock(struct tokenstore *s);

#endif
