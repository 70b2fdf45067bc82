/* tlsjson.h - the JSON of a TLS report as a tree, with what is forgiven about it (RFC 8259). */
#ifndef PARSER_TLSJSON_H
#define PARSER_TLSJSON_H

#include <jansson.h>

#include "core/buf.h"
#include "core/str.h"
#include "parser/quirks.h"

/*
 * Upper bound of the values in ${json}: each but the first stands behind one of "[{,:".  Up to a
 * syntax error this sees strings where jansson does.
 */
size_t tlsjson_values(struct str json);

/*
 * The document, the caller's; what had to be forgiven for it is in ${quirks}.  Where it is no UTF-8
 * it is read from ${repaired}.  NULL when it is no JSON, for the reason in ${why}.
 */
json_t *tlsjson_load(
    struct str json, struct buf *repaired, struct quirks *quirks, json_error_t *why);

#endif
