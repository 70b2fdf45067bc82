#include "dashboard/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/str.h"

#define BACKLOG 128

/* Take "host:port" apart; an IPv6 address stands between brackets. */
static int
split(const char *address, char *host, size_t room, unsigned *port, struct err *e)
{
	const char *colon = strrchr(address, ':'), *from = address;
	size_t n = colon != NULL ? (size_t)(colon - address) : 0;
	uint64_t number;

	if (n >= 2 && address[0] == '[' && address[n - 1] == ']') {
		from++;
		n -= 2;
	} else if (memchr(address, ':', n) != NULL) {
		n = 0;
	}
	if (n == 0 || n >= room || str_u64(str_of(colon + 1), 65535, &number) < 0)
		return err_set(e, ERR_CONFIG,
		    "\"%s\" is no address to listen on: 127.0.0.1:8080 or [::1]:8080 would be",
		    address);
	memcpy(host, from, n);
	host[n] = '\0';
	*port = (unsigned)number;
	return 0;
}

static int
bind_one(const struct addrinfo *a)
{
	int fd =
	    socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, a->ai_protocol);
	int yes = 1, no = 0, why;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (a->ai_family == AF_INET6) /* [::] means IPv4 too */
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no));
	if (bind(fd, a->ai_addr, a->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	why = errno;
	close(fd);
	errno = why;
	return -1;
}

/* What it became: the port that was free, the address as URLs write it. */
static void
describe(struct listener *l)
{
	struct sockaddr_storage a;
	socklen_t n = sizeof(a);
	char text[64] = "";
	bool any;

	getsockname(l->fd, (struct sockaddr *)(void *)&a, &n);
	if (a.ss_family == AF_INET) {
		const struct sockaddr_in *four = (const void *)&a;

		l->port = ntohs(four->sin_port);
		l->loopback = ntohl(four->sin_addr.s_addr) >> 24 == 127;
		any = four->sin_addr.s_addr == htonl(INADDR_ANY);
		inet_ntop(AF_INET, &four->sin_addr, text, sizeof(text));
		snprintf(l->host, sizeof(l->host), "%s", text);
	} else {
		const struct sockaddr_in6 *six = (const void *)&a;

		l->port = ntohs(six->sin6_port);
		l->loopback = IN6_IS_ADDR_LOOPBACK(&six->sin6_addr);
		any = IN6_IS_ADDR_UNSPECIFIED(&six->sin6_addr);
		inet_ntop(AF_INET6, &six->sin6_addr, text, sizeof(text));
		snprintf(l->host, sizeof(l->host), "[%s]", text);
	}
	if (any && gethostname(text, sizeof(text) - 1) == 0)
		snprintf(l->host, sizeof(l->host), "%s", text);
}

/* Bind to the first of ${host}'s addresses that can be had, of ${family}. */
static int
bind_host(const char *host, int family, unsigned port, struct err *e)
{
	struct addrinfo hints = { .ai_flags = AI_PASSIVE | AI_NUMERICSERV,
		.ai_family = family,
		.ai_socktype = SOCK_STREAM };
	struct addrinfo *all;
	char service[8];
	int rc, why, fd = -1;

	snprintf(service, sizeof(service), "%u", port);
	rc = getaddrinfo(strcmp(host, "*") == 0 ? NULL : host, service, &hints, &all);
	if (rc != 0) {
		errno = EINVAL;
		return err_set(
		    e, ERR_CONFIG, "cannot listen on \"%s\": %s", host, gai_strerror(rc));
	}
	for (const struct addrinfo *a = all; a != NULL && fd < 0; a = a->ai_next)
		fd = bind_one(a);
	why = errno;
	freeaddrinfo(all);
	if (fd < 0)
		err_set(e, ERR_CONFIG, "could not listen on \"%s\" port %u: %s%s", host, port,
		    strerror(why), why == EADDRINUSE ? "; --listen takes another one" : "");
	errno = why;
	return fd;
}

/* All addresses are those of IPv6, IPv4's among them, and IPv4's alone where there are no others. */
static int
bind_any(unsigned port, struct err *e)
{
	int fd = bind_host("*", AF_INET6, port, e);

	return fd >= 0 || errno == EADDRINUSE || errno == EACCES ? fd
								 : bind_host("*", AF_INET, port, e);
}

int
listener_open(struct listener *l, const char *address, unsigned tries, struct err *e)
{
	char host[256];
	unsigned port = 0;

	if (split(address, host, sizeof(host), &port, e) < 0)
		return -1;
	for (unsigned i = 0; i < tries && port + i <= 65535; i++) {
		l->fd = strcmp(host, "*") == 0 ? bind_any(port + i, e)
					       : bind_host(host, AF_UNSPEC, port + i, e);
		if (l->fd >= 0) {
			describe(l);
			return 0;
		}
		if (errno != EADDRINUSE)
			return -1;
	}
	return -1;
}
