#include "ingest/await.h"

#include <limits.h>
#include <poll.h>

#include "core/now.h"

int
await_left(int64_t until)
{
	int64_t left = until - now_ms();

	if (left <= 0)
		return 0;
	return left < INT_MAX ? (int)left : INT_MAX;
}

bool
await_fd(int fd, short events, int64_t until)
{
	struct pollfd p = { .fd = fd, .events = events };
	int rc;

	do {
		int left = await_left(until);

		rc = poll(&p, 1, left);
		if (rc <= 0 && left == 0)
			return false;
	} while (rc <= 0);
	return true;
}
