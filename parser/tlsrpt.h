/* tlsrpt.h - an SMTP TLS report read from its JSON (RFC 8460 section 4). */
#ifndef PARSER_TLSRPT_H
#define PARSER_TLSRPT_H

#include "core/report.h"

struct tlsrpt;

struct tlsrpt *tlsrpt_new(void);
void tlsrpt_free(struct tlsrpt *t);

/*
 * Read ${json}, all of it, and fill in ->outcome, ->kind, ->reason and ->tls of ${part}, good until
 * the next call.  ${domain} is the one it was sent to, as far as the mail tells; or empty.
 *
 * Without policies it is OUTCOME_NULL_REPORT; without a period corrupt; JSON with none of the
 * members that tell a report OUTCOME_NOT_A_REPORT.  LIMIT_JSON_BYTES, LIMIT_JSON_VALUES and all
 * LIMIT_TLS_ hold.
 */
void tlsrpt_parse(struct tlsrpt *t, struct str json, struct str domain, struct part *part);

#endif
