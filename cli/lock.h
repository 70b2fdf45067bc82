/* lock.h - one process per source. */
#ifndef CLI_LOCK_H
#define CLI_LOCK_H

#include "core/err.h"

struct lock;

/*
 * Lock the source ${name} by a file in ${dir}: 1 with ${l}, 0 when another process has it (then
 * ${e}'s kind is ERR_NONE), -1 with ${e}.
 */
int lock_take(struct lock **l, const char *dir, const char *name, struct err *e);

/* NULL is fine.  The kernel does it too when the process dies. */
void lock_release(struct lock *l);

#endif
