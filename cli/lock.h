/* lock.h - one process per source. */
#ifndef CLI_LOCK_H
#define CLI_LOCK_H

#include <stdbool.h>

#include "core/err.h"

struct lock;

/*
 * Lock the source ${name} by a file in ${dir}: 1 with ${l}, 0 when another process has it (then
 * ${e}'s kind is ERR_NONE), -1 with ${e}.
 */
int lock_take(struct lock **l, const char *dir, const char *name, struct err *e);

/* The name of a source's file among the locks, with its NUL. */
#define LOCK_NAME_BYTES 33
void lock_name(const char *name, char out[LOCK_NAME_BYTES]);

/* Whether a process of this machine works now on the source whose ${file} in ${dir} lock_name told. */
bool lock_is_held(const char *dir, const char *file);

/* NULL is fine.  The kernel does it too when the process dies. */
void lock_release(struct lock *l);

#endif
