/* notify.h - telling the service manager how it goes, as sd_notify(3) does. */
#ifndef CLI_NOTIFY_H
#define CLI_NOTIFY_H

#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

struct notify {
	int fd; /* -1: nobody listens */
	struct sockaddr_un to;
	socklen_t n;
	int64_t pulse_ms; /* half of what the watchdog allows, or 0 */
	int64_t pulse_at;
};

/* Where $NOTIFY_SOCKET says (a path, or '@' and an abstract name), $WATCHDOG_USEC for this process. */
void notify_open(struct notify *n);
void notify_close(struct notify *n);

/* Send "READY=1" and the like; what cannot be sent is dropped. */
void notify_send(const struct notify *n, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* "WATCHDOG=1" if it is due; milliseconds until the next one, -1: never. */
int notify_pulse(struct notify *n);

#endif
