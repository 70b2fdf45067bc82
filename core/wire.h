/*
 * wire.h - core/report.h as bytes: what a frame's payload holds.  x_put writes, x_get reads.
 *
 * x_get takes the bytes for hostile: lengths, UTF-8, NUL, enums, counts and ranges are checked and
 * a payload must be used up to its last byte.  What it hands out borrows from ${in} and, for
 * arrays, from ${a}.  Returns 0, or -1 with ERR_MESSAGE.
 */
#ifndef CORE_WIRE_H
#define CORE_WIRE_H

#include "core/arena.h"
#include "core/buf.h"
#include "core/ceilings.h"
#include "core/err.h"
#include "core/report.h"

struct job {
	uint64_t ticket;
	struct str name; /* the file's own name, a hint only */
	bool bare;       /* the input may be a bare report file as well as a mail */
	/* Bytes of a mail's header block before the input, at most LIMIT_HEADER_BYTES. */
	uint32_t header;
	struct ceilings ceilings; /* what the worker goes by; where ->mail is 0: ceilings_default */
};

void job_put(struct buf *b, const struct job *j);
int job_get(struct str in, struct job *j, struct err *e);

void begin_put(struct buf *b, uint64_t ticket);
int begin_get(struct str in, uint64_t *ticket, struct err *e);

/*
 * A record is its source, count and envelope_to, then the rest of its outcome set; the rest's
 * encoding is canonical: equal bytes, equal sets.  envelope_to stays out of that: it splits rows by
 * recipient, and with it most sets would be unique.
 */
void record_put(struct buf *b, const struct record *r);

/* Read source, count and envelope_to of ${r}, leaving the set's bytes in ${set} unread. */
int record_get(struct str in, struct record *r, struct str *set, struct err *e);
int outcome_set_get(struct arena *a, struct str in, struct outcome_set *o, struct err *e);

/*
 * Append to ${b} what a reporter said in ${o}, for its hash to name it in a report's identity: what
 * was concluded from it (ARC) is left out, so that a better parser changes no identity.
 */
void outcome_set_said(struct buf *b, const struct outcome_set *o);

void part_put(struct buf *b, const struct part *p);
int part_get(struct arena *a, struct str in, struct part *p, struct err *e);

void message_put(struct buf *b, const struct message *m);
int message_get(struct str in, struct message *m, struct err *e);

#endif
