/*
 * document.h - TLS and failure reports as JSON, which their statements unpack: they are few and of
 * many levels.  Each appends one object whose members are the columns that sql/query/add_*.sql name.
 */
#ifndef STORE_DOCUMENT_H
#define STORE_DOCUMENT_H

#include "store/claim.h"

/* For add_tls_reports.sql. */
void document_tls(struct buf *out, const struct claim *c);

/* For add_failures.sql. */
void document_failure(struct buf *out, const struct claim *c);

#endif
