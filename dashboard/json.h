/* json.h - the little JSON that the server reads itself: small requests, and its own answers as CSV. */
#ifndef DASHBOARD_JSON_H
#define DASHBOARD_JSON_H

#include <stdbool.h>

#include "core/arena.h"
#include "core/buf.h"
#include "core/err.h"
#include "core/str.h"

/*
 * Read the members of the object ${text} that are named in ${names} (${n} of them) into ${values}, in
 * ${a}; empty where there is none.  ERR_MESSAGE: it is no object, a member is no string, has a NUL,
 * stands there twice or is not among the names.
 */
int json_strings(struct arena *a, struct str text, const char *const *names, size_t n,
    struct str *values, struct err *e);

/*
 * Append the rows of a table (dashboard/API.md: a document that begins with "rows") as CSV (RFC
 * 4180): their keys, then a line for each.  Memory of one row at a time.  ${more} is set when the
 * table goes on beyond them.  ERR_CONFIG when ${text} is no such document.
 */
int json_csv(struct str text, struct buf *out, bool *more, struct err *e);

#endif
