/* now.h - the clock that waiting goes by. */
#ifndef CORE_NOW_H
#define CORE_NOW_H

#include <stdint.h>
#include <time.h>

/* Milliseconds since some time or other; never set back. */
static inline int64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000ll + t.tv_nsec / 1000000;
}

#endif
