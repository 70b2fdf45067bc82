/*
 * alignment.h - whether a record's raw results give an aligned pass (RFC 7489 sections 3.1 and 6.6.2,
 * RFC 9989 section 4.4), whatever the reporter claims.
 *
 * Where the reporter walked the tree (RFC 9989 section 4.10), the Public Suffix List is an
 * approximation, which differs for few domains.
 */
#ifndef PARSER_ALIGNMENT_H
#define PARSER_ALIGNMENT_H

#include "core/report.h"
#include "parser/orgdomain.h"

/*
 * Set dkim_recomputed and spf_recomputed of ${r} by the modes ${adkim} and ${aspf}; of an unknown
 * mode either may be meant.  A result that may or may not have been an aligned pass leaves
 * VERDICT_UNKNOWN where no other is one.
 */
void alignment_recompute(
    struct orgdomain *o, enum alignment adkim, enum alignment aspf, struct record *r);

#endif
