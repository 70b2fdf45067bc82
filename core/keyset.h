/* keyset.h - the mails of a source that are known, and what is still to be done to them. */
#ifndef CORE_KEYSET_H
#define CORE_KEYSET_H

#include <stddef.h>
#include <stdint.h>

#include "core/digest.h"

/* What a known mail still waits for. */
enum known {
	KNOWN_NOT,     /* it is not known */
	KNOWN_DONE,    /* nothing */
	KNOWN_SUCCESS, /* stored, its after-action not yet done */
	KNOWN_FAILURE, /* recorded as unreadable, not yet moved to the failure folder */
};

/*
 * How far a folder of an IMAP account was read: every mail of it with a UID up to ${uid} is known.
 * Its mails' keys are folder_id (64 bits), uidvalidity and UID (32 each), in network byte order: so
 * that those a mark covers are a range.  A mark of 0 says that the folder gave UIDs anew: nothing of
 * it is known any more.
 */
struct mark {
	int64_t folder_id; /* the first 64 bits of SHA-256 of "folder" and the name */
	const char *name;  /* UTF-8, '/' between the levels */
	uint32_t uidvalidity;
	uint32_t uid;
};

/* How far an mbox was read: every mail of it up to ${end} is known. */
struct position {
	uint64_t inode;
	uint64_t end;     /* bytes */
	uint64_t last_at; /* where the last of those mails stands */
	struct key first; /* of the first mail of the file: a digest of its bytes */
	struct key last;  /* likewise of the one at ${last_at} */
};

struct keyset;

/* An empty set.  It grows by 34 to 68 bytes for each key; out of memory ends the process. */
struct keyset *keyset_new(void);
void keyset_free(struct keyset *s);

size_t keyset_size(const struct keyset *s);
enum known keyset_get(const struct keyset *s, struct key k);

/* Set what ${k} waits for, adding it where it is missing; ${v} is not KNOWN_NOT. */
void keyset_put(struct keyset *s, struct key k, enum known v);

/* Call ${each} with every key that waits for ${v}, in no order; the set must not change meanwhile. */
void keyset_each(
    const struct keyset *s, enum known v, void (*each)(void *arg, struct key k), void *arg);

#endif
