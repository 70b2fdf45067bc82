/*
 * tokenjson.h - the JSON of OAuth 2.0 servers, and of the file that keeps tokens.
 *
 * An object with texts and numbers in it.  What it held is overwritten when it is given back.
 */
#ifndef INGEST_TOKENJSON_H
#define INGEST_TOKENJSON_H

#include <stdint.h>

#include "core/buf.h"
#include "core/str.h"

struct tokenjson;

struct tokenjson *tokenjson_new(void);

/* NULL when ${text} is no object, or has a member twice. */
struct tokenjson *tokenjson_parse(struct str text);
void tokenjson_free(struct tokenjson *t);

/* The member ${name}, borrowed; NULL when there is none, or it is no text or an empty one. */
const char *tokenjson_text(const struct tokenjson *t, const char *name);

/* A number, also one written as text, from 0 to 10^12; else ${otherwise}. */
int64_t tokenjson_number(const struct tokenjson *t, const char *name, int64_t otherwise);

/* NULL takes the member away. */
void tokenjson_put_text(struct tokenjson *t, const char *name, const char *value);
void tokenjson_put_number(struct tokenjson *t, const char *name, int64_t value);

void tokenjson_write(const struct tokenjson *t, struct buf *out);

#endif
