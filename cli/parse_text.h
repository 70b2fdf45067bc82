/* parse_text.h - a part and its records as "parse" prints them: ruastat-json(5), or for people. */
#ifndef CLI_PARSE_TEXT_H
#define CLI_PARSE_TEXT_H

#include "core/buf.h"
#include "core/report.h"

/* Each appends one line to ${out}; ${file} is the input's name. */
void parse_json_part(struct buf *out, const char *file, const struct part *p);
void parse_json_record(struct buf *out, const char *file, const struct record *r);
void parse_text_part(struct buf *out, const char *file, const struct part *p);
void parse_text_record(struct buf *out, const struct record *r);

#endif
