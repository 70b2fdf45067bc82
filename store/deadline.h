/* deadline.h - waiting for others, never for ever. */
#ifndef STORE_DEADLINE_H
#define STORE_DEADLINE_H

#include <stdbool.h>
#include <time.h>

struct deadline {
	struct timespec at;
};

struct deadline deadline_in(unsigned seconds);

/* Sleep for ${ms} milliseconds (shorter when a signal comes); false when the time is up. */
bool deadline_pause(const struct deadline *d, unsigned ms);

#endif
