/* answer.h - how an answer (store/query.h) is made.  For store/ alone. */
#ifndef STORE_ANSWER_H
#define STORE_ANSWER_H

#include <libpq-fe.h>

#include "store/query.h"

/* The rows of ${r}, which it then owns. */
struct answer *answer_new(PGresult *r);

/* Bytes it takes in memory. */
size_t answer_size(const struct answer *a);

#endif
