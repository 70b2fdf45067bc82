/* held.h - a mail that is ours until it is stored: sealed memory, or a file that has no name. */
#ifndef INGEST_HELD_H
#define INGEST_HELD_H

#include <stdint.h>

#include "core/err.h"
#include "core/str.h"

/*
 * A descriptor for a mail of ${size} bytes, the caller's to close: memory up to LIMIT_HELD_MEMORY, else a
 * file in ${tmp_dir} that is gone with its descriptor.  -1 with ERR_SOURCE: there is no room.
 */
int held_open(const char *tmp_dir, uint64_t size, struct err *e);

/* Append ${s}; ${tmp_dir} as above. */
int held_write(int fd, const char *tmp_dir, struct str s, struct err *e);

/* From here on nobody can change it: the descriptor to use instead of ${fd}, which is closed then. */
int held_seal(int fd);

/*
 * What stands for a mail that is refused by its size, unread: so many zeros, which take no room.
 * Returns as held_open.
 */
int held_zeros(uint64_t size, struct err *e);

#endif
