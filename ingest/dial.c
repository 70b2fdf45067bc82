#include "ingest/dial.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/str.h"

#include "ingest/await.h"

/* A peer that is gone is noticed after four minutes; routers keep the connection in mind. */
#define KEEP_IDLE 120 /* seconds */
#define KEEP_INTERVAL 30
#define KEEP_COUNT 4

int
dial_find(struct dial *d, const char *host, const char *port, struct err *e)
{
	struct addrinfo hints = {
		.ai_flags = AI_NUMERICSERV, .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM
	};
	uint64_t number;
	int rc;

	*d = (struct dial){ .all = NULL };
	if (str_u64(str_of(port), 65535, &number) != 0 || number == 0)
		return err_set(e, ERR_CONFIG, "\"%s\" is no port: 1 to 65535 are", port);
	rc = getaddrinfo(host, port, &hints, &d->all);
	if (rc != 0)
		d->all = NULL;
	d->next = d->all;
	switch (rc) {
	case 0:
		return 0;
	case EAI_NONAME:
	case EAI_NODATA:
		return err_set(e, ERR_CONFIG, "there is no host \"%s\"", host);
	default:
		return err_set(e, ERR_SOURCE, "could not look up the host \"%s\": %s", host,
		    rc == EAI_SYSTEM ? strerror(errno) : gai_strerror(rc));
	}
}

void
dial_forget(struct dial *d)
{
	if (d->all != NULL)
		freeaddrinfo(d->all);
	d->all = d->next = NULL;
}

static bool
is_loopback(const struct sockaddr *a)
{
	const struct sockaddr_in *four = (const void *)a;
	const struct sockaddr_in6 *six = (const void *)a;

	if (a->sa_family == AF_INET)
		return ntohl(four->sin_addr.s_addr) >> 24 == 127;
	return a->sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&six->sin6_addr);
}

bool
dial_is_loopback(const struct dial *d)
{
	for (const struct addrinfo *a = d->all; a != NULL; a = a->ai_next)
		if (!is_loopback(a->ai_addr))
			return false;
	return d->all != NULL;
}

bool
dial_more(const struct dial *d)
{
	return d->next != NULL && d->tried < DIAL_MOST;
}

static void
keep_alive(int fd)
{
	int yes = 1, idle = KEEP_IDLE, interval = KEEP_INTERVAL, count = KEEP_COUNT;

	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof(yes));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof(interval));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof(count));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
}

/* 0, or the errno. */
static int
connect_until(int fd, const struct addrinfo *a, int64_t until)
{
	socklen_t n = sizeof(int);
	int why;

	if (connect(fd, a->ai_addr, a->ai_addrlen) == 0)
		return 0;
	if (errno != EINPROGRESS && errno != EINTR)
		return errno;
	if (!await_fd(fd, POLLOUT, until))
		return ETIMEDOUT;
	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &why, &n) == 0 ? why : errno;
}

int
dial_next(struct dial *d, int64_t until, struct err *e)
{
	const struct addrinfo *a = d->next;
	int fd, why;

	d->next = a->ai_next;
	d->tried++;
	if (getnameinfo(a->ai_addr, a->ai_addrlen, d->address, sizeof(d->address), NULL, 0,
		NI_NUMERICHOST) != 0)
		d->address[0] = '\0';
	fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, a->ai_protocol);
	if (fd < 0)
		return err_set(e, ERR_SOURCE, "%s", strerror(errno));
	keep_alive(fd);
	why = connect_until(fd, a, until);
	if (why == 0)
		return fd;
	close(fd);
	return err_set(e, ERR_SOURCE, "%s", why == ETIMEDOUT ? "no answer" : strerror(why));
}
