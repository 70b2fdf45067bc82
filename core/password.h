/* password.h - passwords and tokens: scrypt (RFC 7914) through OpenSSL, and the kernel's randomness. */
#ifndef CORE_PASSWORD_H
#define CORE_PASSWORD_H

#include <stdbool.h>

#include "core/err.h"
#include "core/str.h"

#define PASSWORD_HASH_BYTES 160 /* with the NUL */
#define TOKEN_BYTES 44          /* 256 bits in base64url, with the NUL */
#define TOKEN_HASH_BYTES 65     /* SHA-256 in hex, with the NUL */

/* ERR_MESSAGE, in words for its owner, where ${password} is too short or too long. */
int password_check(struct str password, struct err *e);

/*
 * Hash ${password} with a salt of its own: 32 MB of memory and about a tenth of a second.  One at a
 * time in a process, and one may wait: whoever comes then gets ERR_DATABASE (later) at once.
 */
int password_hash(struct str password, char out[PASSWORD_HASH_BYTES], struct err *e);

/*
 * 1 when ${password} is what was hashed to ${hash}, 0 when not, -1 as password_hash.  A NULL
 * ${hash} is never right, and takes as long.
 */
int password_verify(struct str password, const char *hash, struct err *e);

/* A new token, and what is stored of a token. */
void token_new(char out[TOKEN_BYTES]);
void token_hash(struct str token, char out[TOKEN_HASH_BYTES]);

/* The token a form must bring back for the session of ${token}; of no use as a session's. */
void token_csrf(struct str token, char out[TOKEN_HASH_BYTES]);

/* Whether they are the same, in a time that does not tell where they differ. */
bool token_eq(struct str a, struct str b);

#endif
