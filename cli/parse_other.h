/* parse_other.h - TLS and failure reports as "parse" prints them: ruastat-json(5), or for people. */
#ifndef CLI_PARSE_OTHER_H
#define CLI_PARSE_OTHER_H

#include "core/buf.h"
#include "core/report.h"

/* Append a JSON object.  Of the message that failed it has three fields of the header, no more. */
void parse_json_tls(struct buf *out, const struct tls_report *t);
void parse_json_failure(struct buf *out, const struct failure *f);

/* Append what stands behind the outcome in the line of a part: " of ... for ...". */
void parse_text_tls(struct buf *out, const struct tls_report *t);
void parse_text_failure(struct buf *out, const struct failure *f);

/* A time as people read it, UTC; a number where the calendar ends. */
void parse_moment(struct buf *out, int64_t t);

#endif
