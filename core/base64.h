/* base64.h - RFC 4648, section 4, through OpenSSL. */
#ifndef CORE_BASE64_H
#define CORE_BASE64_H

#include "core/buf.h"
#include "core/str.h"

/* Append ${s} encoded, padded, on one line. */
void base64_put(struct buf *out, struct str s);

/* Append what ${s} decodes to; -1 when it is no base64. */
int base64_get(struct buf *out, struct str s);

#endif
