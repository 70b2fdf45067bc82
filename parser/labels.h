/*
 * labels.h - the plain text that some MTAs send in the stead of a failure report: lines of a label, a
 * colon and a value, a dashed line, and the header of the message that failed.
 */
#ifndef PARSER_LABELS_H
#define PARSER_LABELS_H

#include "core/str.h"

/*
 * Take a line off ${rest}: what stands before its first colon, and behind, both borrowed and
 * trimmed; ${value} has no ->p where there is no colon.  False at the end.
 */
bool labels_next(struct str *rest, struct str *label, struct str *value);

/* Whether what labels_next gave is the line that ends the labels. */
bool labels_end(struct str label);

/* Whether ${text} is the plain text of a failure report: it has the labels that tell so. */
bool labels_are_failure(struct str text);

#endif
