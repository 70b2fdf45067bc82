/*
 * uidset.h - a set of UIDs, kept as ranges in ascending order.
 *
 * A range takes 8 to 32 bytes, 8 when UIDs come in ascending order.  Adding, removing and finding
 * look at one block of ranges, in any order of UIDs.
 */
#ifndef INGEST_UIDSET_H
#define INGEST_UIDSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/str.h"

#define UIDSET_RANGES ((size_t)2 << 20) /* every second of four million mails: 64 MB at most */
#define UIDSET_PIECE_LEAST 21           /* bytes: "4294967295:4294967295" */

struct uidset;

struct uid_range {
	uint32_t first, last;
};

struct uidset *uidset_new(void);
void uidset_free(struct uidset *s);

/* Forget all of them. */
void uidset_reset(struct uidset *s);

/*
 * Add (remove) the UIDs from ${first} to ${last}, which is not smaller; ${first} is not 0.  -1, with
 * nothing changed, when there would be more than UIDSET_RANGES.
 */
int uidset_add(struct uidset *s, uint32_t first, uint32_t last);
int uidset_remove(struct uidset *s, uint32_t first, uint32_t last);

bool uidset_has(const struct uidset *s, uint32_t uid);

/* How many UIDs, and how many ranges of them. */
uint64_t uidset_count(const struct uidset *s);
size_t uidset_ranges(const struct uidset *s);

/*
 * The first UIDs above ${after} that follow each other; false when there are none.  All of them:
 *	for (uid = 0; uidset_next(s, uid, &r); uid = r.last)
 * The set may change meanwhile.
 */
bool uidset_next(const struct uidset *s, uint32_t after, struct uid_range *out);

/*
 * Append those above ${*after} as a sequence set of IMAP ("1:5,7"), at most ${uids} of them in at
 * most ${bytes} (UIDSET_PIECE_LEAST or more), and move ${*after} to the last of them.  Returns how
 * many; 0 when there are no more, or ${uids} is 0.
 */
uint64_t uidset_put(
    const struct uidset *s, uint32_t *after, uint64_t uids, size_t bytes, struct buf *out);

/*
 * Add what a server sent as a set ("1:5,7", "5:1" is the same as "1:5", no '*'), at most ${max} UIDs
 * in all.  -1 when it is none, or more; then some of them may have been added.
 */
int uidset_parse(struct uidset *s, struct str text, uint64_t max);

#endif
