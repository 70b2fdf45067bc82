/* param.h - array parameters of statements, in PostgreSQL's text form. */
#ifndef STORE_PARAM_H
#define STORE_PARAM_H

#include "core/buf.h"
#include "core/digest.h"

/* ${n} parameters to be filled, then closed, each with a NUL behind it. */
void param_init(struct buf *params, size_t n);
void param_fini(struct buf *params, size_t n);
void param_close(struct buf *params, size_t n);

void param_add_int(struct buf *param, int64_t v);

/* Add a word that needs no quotes; NULL for SQL's. */
void param_add_word(struct buf *param, const char *word);

/* Add a text, quoted. */
void param_add_text(struct buf *param, struct str s);

/* Add a uuid. */
void param_add_key(struct buf *param, struct key k);

/* Add a date: days since 1970. */
void param_add_date(struct buf *param, int32_t day);

#endif
