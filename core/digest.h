/* digest.h - SHA-256 (FIPS 180-4) through OpenSSL, and the keys cut from it. */
#ifndef CORE_DIGEST_H
#define CORE_DIGEST_H

#include <stdint.h>

#include "core/str.h"

struct digest;

struct sha256 {
	unsigned char b[32];
};

/* A key of the database: the first 16 bytes of a SHA-256, stored as uuid. */
struct key {
	unsigned char b[16];
};

/* A hasher to use again and again; make it before the sandbox closes. */
struct digest *digest_new(void);
void digest_free(struct digest *d);

/* digest_start, any number of digest_add, digest_end. */
void digest_start(struct digest *d);
void digest_add(struct digest *d, struct str s);
struct sha256 digest_end(struct digest *d);

/* Add the length of ${s} (64 bits, network order) and then ${s}: no two lists of fields hash alike. */
void digest_field(struct digest *d, struct str s);
void digest_number(struct digest *d, uint64_t v);

struct sha256 digest_of(struct digest *d, struct str s);

struct key key_of(struct sha256 h);

/* The first eight bytes as a signed integer: ids of dictionaries (PostgreSQL's bigint). */
int64_t id_of(struct sha256 h);

bool key_eq(struct key a, struct key b);

/*
 * ${sum} += ${h} modulo 2^256: hashing the records of a report one by one this way gives the same
 * value in whatever order they come, in constant memory.
 */
void sha256_sum(struct sha256 *sum, const struct sha256 *h);

#endif
