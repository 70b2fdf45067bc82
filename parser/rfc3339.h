/* rfc3339.h - times as JSON has them: 2024-02-22T00:00:00Z, and what comes instead. */
#ifndef PARSER_RFC3339_H
#define PARSER_RFC3339_H

#include <stdint.h>

#include "core/str.h"

/* What a time that was read lacked of RFC 3339, or had too much: bits. */
#define RFC3339_NO_ZONE 1  /* taken as UTC */
#define RFC3339_FRACTION 2 /* of a second, dropped */

/*
 * Read all of ${s}, a date and a time with a 'T' or one blank between them: seconds since 1970, UTC.
 * Returns the bits above, or -1 with ${out} untouched.  RFC 3339 section 5.6; a leap second counts
 * as the next one.
 */
int rfc3339_parse(struct str s, int64_t *out);

#endif
