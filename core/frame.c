#include "core/frame.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/limits.h"

static uint32_t
get32(const char *p)
{
	const unsigned char *u = (const unsigned char *)p;

	return (uint32_t)u[0] << 24 | (uint32_t)u[1] << 16 | (uint32_t)u[2] << 8 | u[3];
}

size_t
frame_open(struct buf *b, enum frame_type type)
{
	size_t at = b->n;

	buf_put32(b, 0);
	buf_put8(b, (uint8_t)type);
	return at;
}

void
frame_close(struct buf *b, size_t at)
{
	size_t n;

	if (b->over)
		return;
	n = b->n - at - FRAME_HEAD;
	for (int i = 0; i < 4; i++)
		b->p[at + (size_t)i] = (char)(n >> (24 - 8 * i));
}

int
frame_next(struct str in, enum frame_type *type, struct str *payload, size_t *used)
{
	uint32_t n;
	unsigned char t;

	if (in.n < FRAME_HEAD)
		return 0;
	n = get32(in.p);
	t = (unsigned char)in.p[4];
	if (n > LIMIT_FRAME_BYTES || t == 0 || t >= FRAME_TYPES)
		return -1;
	if (in.n - FRAME_HEAD < n)
		return 0;
	*type = t;
	*payload = (struct str){ in.p + FRAME_HEAD, n };
	*used = FRAME_HEAD + n;
	return 1;
}

int
frame_send_fd(int socket, struct str job, int fd)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec iov = { (void *)(uintptr_t)job.p, job.n };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control.room) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	ssize_t n;

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(int));
	do
		n = sendmsg(socket, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -1;
	/* The descriptor went with the first byte; the rest of the line may follow by itself. */
	return frame_write(socket, (struct str){ job.p + n, job.n - (size_t)n });
}

ssize_t
frame_recv_fd(int socket, void *p, size_t n, int *fd)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec iov = { p, n };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control.room) };
	struct cmsghdr *c;
	ssize_t got;

	*fd = -1;
	do
		got = recvmsg(socket, &msg, MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	if (got <= 0)
		return got;
	c = CMSG_FIRSTHDR(&msg);
	if (c != NULL && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
	    c->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(fd, CMSG_DATA(c), sizeof(int));
	return got;
}

int
frame_write(int socket, struct str s)
{
	while (s.n > 0) {
		ssize_t n = send(socket, s.p, s.n, MSG_NOSIGNAL);

		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
			struct pollfd p = { .fd = socket, .events = POLLOUT };

			poll(&p, 1, -1);
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		s.p += n;
		s.n -= (size_t)n;
	}
	return 0;
}
