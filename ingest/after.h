/* after.h - the words for what is done to a mail once it is stored. */
#ifndef INGEST_AFTER_H
#define INGEST_AFTER_H

#include "ingest/source.h"

/* "keep", "seen", "move" or "delete". */
const char *after_name(enum after a);

/* 0 with ${a}, or -1 when ${word} is none of them. */
int after_find(const char *word, enum after *a);

#endif
