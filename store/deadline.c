#include "store/deadline.h"

struct deadline
deadline_in(unsigned seconds)
{
	struct deadline d;

	clock_gettime(CLOCK_MONOTONIC, &d.at);
	d.at.tv_sec += (time_t)seconds;
	return d;
}

bool
deadline_pause(const struct deadline *d, unsigned ms)
{
	struct timespec now, pause = { ms / 1000, (long)(ms % 1000) * 1000000 };

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (now.tv_sec > d->at.tv_sec ||
	    (now.tv_sec == d->at.tv_sec && now.tv_nsec >= d->at.tv_nsec))
		return false;
	nanosleep(&pause, NULL);
	return true;
}
