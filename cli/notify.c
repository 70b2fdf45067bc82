#include "cli/notify.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/now.h"
#include "core/str.h"

/* A watchdog for another process is none of ours. */
static int64_t
pulse_wanted(void)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	uint64_t of, v;

	if (usec == NULL || str_u64(str_of(usec), INT64_MAX, &v) < 0 || v == 0)
		return 0;
	if (pid != NULL && (str_u64(str_of(pid), INT32_MAX, &of) < 0 || (pid_t)of != getpid()))
		return 0;
	return v / 2000 > 0 ? (int64_t)(v / 2000) : 1;
}

void
notify_open(struct notify *n)
{
	const char *path = getenv("NOTIFY_SOCKET");
	size_t length = path != NULL ? strlen(path) : 0;

	*n = (struct notify){ .fd = -1, .to = { .sun_family = AF_UNIX } };
	if (length < 2 || length >= sizeof(n->to.sun_path) || (path[0] != '/' && path[0] != '@'))
		return;
	memcpy(n->to.sun_path, path, length);
	if (path[0] == '@')
		n->to.sun_path[0] = '\0';
	n->n = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
	n->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	n->pulse_ms = pulse_wanted();
}

void
notify_close(struct notify *n)
{
	if (n->fd >= 0)
		close(n->fd);
	n->fd = -1;
}

void
notify_send(const struct notify *n, const char *fmt, ...)
{
	char text[512];
	ssize_t ignored;
	va_list ap;
	int length;

	if (n->fd < 0)
		return;
	va_start(ap, fmt);
	length = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (length < 0 || (size_t)length >= sizeof(text))
		return;
	ignored = sendto(n->fd, text, (size_t)length, MSG_NOSIGNAL | MSG_DONTWAIT,
	    (const struct sockaddr *)&n->to, n->n);
	(void)ignored; /* nobody to tell */
}

int
notify_pulse(struct notify *n)
{
	int64_t now = now_ms();

	if (n->fd < 0 || n->pulse_ms == 0)
		return -1;
	if (now >= n->pulse_at) {
		notify_send(n, "WATCHDOG=1");
		n->pulse_at = now + n->pulse_ms;
	}
	return (int)(n->pulse_at - now);
}
