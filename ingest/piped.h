/* piped.h - what comes on standard input as a source: a mail, an mbox or a bare report. */
#ifndef INGEST_PIPED_H
#define INGEST_PIPED_H

#include <poll.h>

#include "core/ceilings.h"
#include "core/err.h"

struct arena;
struct mail;
struct piped;

/*
 * What ${in} gives, which is borrowed; memory from ${arena}.  What the functions do is said in
 * ingest/source.h.
 *
 * It is taken in as a whole first, in memory or, beyond LIMIT_HELD_MEMORY, in a file of ${tmp_dir}
 * that has no name.  What opens with a separator is an mbox: its mails are handed out one by one;
 * everything else is one input, which beyond ${ceilings->unpacked} is stood for by zeros.  No mail has a
 * key: each delivery counts by itself.
 *
 * ERR_SOURCE when nothing at all comes: no MTA delivers an empty mail, so whoever was to give one
 * failed, and may try again.  Likewise when there is no room for it.
 */
struct piped *piped_open(struct arena *arena, int in, const char *tmp_dir,
    const struct ceilings *ceilings, struct err *e);
void piped_close(struct piped *p);

int piped_next(struct piped *p, struct mail *mail, struct err *e);
void piped_pollfd(const struct piped *p, struct pollfd *fd);

#endif
