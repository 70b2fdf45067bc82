/* syserr.h - what the system refused, in words an administrator can act on. */
#ifndef INGEST_SYSERR_H
#define INGEST_SYSERR_H

#include "core/err.h"
#include "core/str.h"

/*
 * Say that ${doing} ("could not read") failed with ${errnum} for ${name} below the directory
 * ${dir} (an empty name: the directory itself), and what to do about it: whom to run as, what to
 * make writable.  Returns -1.
 */
int syserr_set(struct err *e, enum err_kind kind, const char *doing, const char *dir,
    struct str name, int errnum);

#endif
