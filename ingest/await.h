/* await.h - wait for a descriptor, but not for ever. */
#ifndef INGEST_AWAIT_H
#define INGEST_AWAIT_H

#include <stdbool.h>
#include <stdint.h>

/* What is left until then (core/now.h), for poll: 0 when it is over. */
int await_left(int64_t until);

/*
 * Wait until ${fd} is ready for ${events} (poll's), or broken: true.  False when the clock has passed
 * ${until}.  A signal does not end it.
 */
bool await_fd(int fd, short events, int64_t until);

#endif
