#include "cli/signals.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

static volatile sig_atomic_t stop, reload;
static int fd = -1;

/* A signal just before poll(2) must not be slept over. */
static void
wake(void)
{
	const uint64_t one = 1;
	int before = errno;
	ssize_t ignored = write(fd, &one, sizeof(one));

	(void)ignored;
	errno = before;
}

static void
on_stop(int number)
{
	(void)number;
	stop = 1;
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	wake();
}

static void
on_reload(int number)
{
	(void)number;
	reload = 1;
	wake();
}

void
signals_listen(bool to_reload)
{
	struct sigaction action = { .sa_handler = on_stop };

	if (fd < 0)
		fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (fd < 0)
		abort();
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	if (to_reload)
		action.sa_handler = on_reload;
	else
		action.sa_flags = (int)SA_RESETHAND;
	sigaction(SIGHUP, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
}

const volatile sig_atomic_t *
signals_stop(void)
{
	return &stop;
}

bool
signals_reload(void)
{
	bool came = reload != 0;

	reload = 0;
	return came;
}

int
signals_fd(void)
{
	return fd;
}

void
signals_calm(void)
{
	uint64_t n;
	ssize_t ignored = read(fd, &n, sizeof(n));

	(void)ignored;
}
