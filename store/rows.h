/* rows.h - each table's rows in binary COPY, column by column as sql/query/copy_*.sql names them. */
#ifndef STORE_ROWS_H
#define STORE_ROWS_H

#include "store/intake.h"

void rows_report(struct buf *out, const struct type_oids *oids, const struct intake *in,
    const struct intake_part *p, bool counted);

/* ${item}: an item of p->blocks. */
void rows_block(struct buf *out, const struct intake_part *p, struct str item);

/* All of the row but the original's bytes, which must follow. */
void rows_original(struct buf *out, const struct intake_part *p);

void rows_intake(struct buf *out, const struct intake *in);
void rows_parts(struct buf *out, const struct intake *in);

/*
 * A piece of the row of the mail's own bytes, from ${offset} on, which moves.
 * ERR_MESSAGE when the mail cannot be read any more; the next try leaves it out.
 */
int rows_kept(struct buf *out, struct intake *in, uint64_t *offset, struct err *e);

/* The mail's ruastat_data.seen_class. */
enum seen_class { SEEN_SUCCESS, SEEN_FAILURE, SEEN_OTHER };
enum seen_class rows_class(const struct intake *in);

#endif
