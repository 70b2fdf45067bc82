/* undelivered.h - a reporter's word that its report could not be delivered (RFC 7489, 7.2.2). */
#ifndef PARSER_UNDELIVERED_H
#define PARSER_UNDELIVERED_H

#include "core/buf.h"

/*
 * Whether ${text} is such an error report: lines Report-Domain:, Submitting-URI: and at least one
 * of Report-ID: and Report-Size:.  If so what it says is appended to ${reason} in one sentence, as
 * good UTF-8.
 */
bool undelivered_parse(struct str text, struct buf *reason);

#endif
