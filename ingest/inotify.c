#include "ingest/inotify.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "core/now.h"

#define PAUSE_LEAST_MS 200
#define PAUSE_MOST_MS 1000 /* a mailbox of 100,000 mails is walked in a tenth of that */
#define PERIOD_MS (300 * 1000)

struct inotify {
	enum inotify_what what;
	int events; /* inotify(7) */
	int timer;
	int fd;      /* epoll of both */
	bool active; /* somebody is looking */
	bool dirty;  /* since then something happened */
	int64_t began_at, looked_at;
	int64_t pause_ms;
};

static int64_t
due_at(const struct inotify *in)
{
	return in->looked_at + (in->dirty ? in->pause_ms : PERIOD_MS);
}

/* Wake up when it is due; while somebody looks, never. */
static void
arm(struct inotify *in)
{
	int64_t at = in->active ? 0 : due_at(in);
	struct itimerspec when = { .it_value = { at / 1000, at % 1000 * 1000000 + (at > 0) } };

	if (timerfd_settime(in->timer, TFD_TIMER_ABSTIME, &when, NULL) != 0)
		abort();
}

struct inotify *
inotify_open(enum inotify_what what, struct err *e)
{
	struct inotify *in = calloc(1, sizeof(*in));
	struct epoll_event readable = { .events = EPOLLIN };

	if (in == NULL)
		abort();
	in->what = what;
	in->events = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	in->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	in->fd = epoll_create1(EPOLL_CLOEXEC);
	in->dirty = true;
	in->looked_at = now_ms();
	if (in->events >= 0 && in->timer >= 0 && in->fd >= 0 &&
	    epoll_ctl(in->fd, EPOLL_CTL_ADD, in->events, &readable) == 0 &&
	    epoll_ctl(in->fd, EPOLL_CTL_ADD, in->timer, &readable) == 0)
		return in;
	err_set(e, ERR_SOURCE, "could not watch directories: %s (fs.inotify.max_user_instances?)",
	    strerror(errno));
	inotify_close(in);
	return NULL;
}

void
inotify_close(struct inotify *in)
{
	if (in == NULL)
		return;
	if (in->events >= 0)
		close(in->events);
	if (in->timer >= 0)
		close(in->timer);
	if (in->fd >= 0)
		close(in->fd);
	free(in);
}

int
inotify_fd(const struct inotify *in)
{
	return in->fd;
}

int
inotify_watch(struct inotify *in, int dir)
{
	uint32_t mask = IN_ONLYDIR | IN_CREATE | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF;
	char path[64];

	mask |= in->what == INOTIFY_NAMES ? IN_DELETE | IN_MOVED_FROM : IN_CLOSE_WRITE;
	/* The directory that is open, whatever its name has become. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", dir);
	return inotify_add_watch(in->events, path, mask) >= 0 ? 0 : errno;
}

/* A file just made is not complete: IN_CLOSE_WRITE follows.  An overflow means anything. */
static bool
matters(const struct inotify *in, uint32_t mask)
{
	if (in->what == INOTIFY_FILES && (mask & IN_CREATE) != 0)
		return (mask & IN_ISDIR) != 0;
	return (mask & IN_IGNORED) == 0;
}

void
inotify_service(struct inotify *in)
{
	_Alignas(struct inotify_event) char room[4096];
	const struct inotify_event *event;
	bool dirty = in->dirty;
	uint64_t expired;
	ssize_t n;

	while ((n = read(in->events, room, sizeof(room))) > 0)
		for (ssize_t at = 0; at < n; at += (ssize_t)(sizeof(*event) + event->len)) {
			event = (const void *)(room + at);
			in->dirty |= matters(in, event->mask);
		}
	n = read(in->timer, &expired, sizeof(expired));
	(void)n; /* what is due is told by the clock */
	if (in->dirty != dirty)
		arm(in);
}

bool
inotify_due(struct inotify *in)
{
	inotify_service(in);
	if (now_ms() < due_at(in))
		return false;
	in->active = true;
	in->began_at = now_ms();
	in->dirty = false;
	arm(in);
	return true;
}

void
inotify_done(struct inotify *in)
{
	in->active = false;
	in->looked_at = now_ms();
	in->pause_ms = (in->looked_at - in->began_at) * 10;
	if (in->pause_ms < PAUSE_LEAST_MS)
		in->pause_ms = PAUSE_LEAST_MS;
	if (in->pause_ms > PAUSE_MOST_MS)
		in->pause_ms = PAUSE_MOST_MS;
	arm(in);
}

void
inotify_again(struct inotify *in)
{
	in->dirty = true;
	arm(in);
}
