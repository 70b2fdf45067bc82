/* form.h - fields of a form (application/x-www-form-urlencoded), written and read. */
#ifndef INGEST_FORM_H
#define INGEST_FORM_H

#include "core/buf.h"
#include "core/str.h"

/* Append "name=value" to ${out}, with an ampersand before it unless it is the first of a form. */
void form_put(struct buf *out, const char *name, struct str value);

/* Append ${value} encoded. */
void form_encode(struct buf *out, struct str value);

/*
 * Append the value of the field ${name} in ${form} to ${out}, decoded.  1 when it is there, 0 when
 * not, -1 when it is there twice, is not well encoded or has a NUL in it.
 */
int form_get(struct str form, const char *name, struct buf *out);

#endif
