#include "ingest/post.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* A queued message: this, then its bytes. */
struct queued {
	size_t n; /* with the type */
	int fd;
};

struct post {
	int socket;
	bool gone;
	struct buf queue;
	struct buf in; /* of POST_BYTES and one more */
};

struct post *
post_new(int socket)
{
	struct post *p = calloc(1, sizeof(*p));

	if (p == NULL)
		abort();
	p->socket = socket;
	buf_init(&p->queue, SIZE_MAX / 2);
	buf_init(&p->in, POST_BYTES + 1);
	return p;
}

void
post_free(struct post *p)
{
	struct queued q;

	if (p == NULL)
		return;
	while (p->queue.n > 0) {
		memcpy(&q, p->queue.p, sizeof(q));
		if (q.fd >= 0)
			close(q.fd);
		buf_skip(&p->queue, sizeof(q) + q.n);
	}
	close(p->socket);
	buf_fini(&p->queue);
	buf_fini(&p->in);
	free(p);
}

int
post_fd(const struct post *p)
{
	return p->socket;
}

bool
post_queued(const struct post *p)
{
	return p->queue.n > 0;
}

/* One message with its descriptor: 0, or -1 with errno. */
static int
transmit(int socket, const char *bytes, size_t n, int fd)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec iov = { (void *)(uintptr_t)bytes, n };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t sent;

	if (fd >= 0) {
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control.room);
		CMSG_FIRSTHDR(&msg)->cmsg_level = SOL_SOCKET;
		CMSG_FIRSTHDR(&msg)->cmsg_type = SCM_RIGHTS;
		CMSG_FIRSTHDR(&msg)->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&msg)), &fd, sizeof(int));
	}
	do
		sent = sendmsg(socket, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? -1 : 0;
}

void
post_flush(struct post *p)
{
	size_t at = 0;
	struct queued q;

	while (at < p->queue.n) {
		memcpy(&q, p->queue.p + at, sizeof(q));
		if (!p->gone && transmit(p->socket, p->queue.p + at + sizeof(q), q.n, q.fd) < 0) {
			/* ETOOMANYREFS: too many descriptors are on their way */
			if (errno == EAGAIN || errno == ENOBUFS || errno == ETOOMANYREFS)
				break;
			p->gone = true;
		}
		if (q.fd >= 0)
			close(q.fd);
		at += sizeof(q) + q.n;
	}
	buf_skip(&p->queue, at);
}

void
post_send(struct post *p, enum post_type type, struct str payload, int fd)
{
	struct queued q = { .n = payload.n + 1, .fd = fd };

	buf_put(&p->queue, &q, sizeof(q));
	buf_put8(&p->queue, (uint8_t)type);
	buf_puts(&p->queue, payload);
	if (p->queue.n == sizeof(q) + q.n)
		post_flush(p);
}

void
post_keys(struct post *p, enum known what, const struct key *keys, size_t n)
{
	struct buf b;

	buf_init(&b, POST_BYTES);
	for (size_t at = 0; at < n; at += POST_KEYS_MOST) {
		size_t some = n - at < POST_KEYS_MOST ? n - at : POST_KEYS_MOST;

		buf_reset(&b);
		buf_put8(&b, (uint8_t)what);
		buf_put(&b, keys + at, some * sizeof(*keys));
		post_send(p, POST_KEYS, buf_str(&b), -1);
	}
	buf_fini(&b);
}

void
post_mark(struct post *p, const struct mark *m)
{
	struct buf b;

	buf_init(&b, POST_BYTES);
	buf_put64(&b, (uint64_t)m->folder_id);
	buf_put32(&b, m->uidvalidity);
	buf_put32(&b, m->uid);
	buf_puts(&b, str_of(m->name));
	post_send(p, POST_MARK, buf_str(&b), -1);
	buf_fini(&b);
}

void
post_trouble(struct post *p, const struct err *e)
{
	struct buf b;

	buf_init(&b, POST_BYTES);
	buf_put8(&b, (uint8_t)e->kind);
	buf_puts(&b, str_of(e->text));
	post_send(p, POST_TROUBLE, buf_str(&b), -1);
	buf_fini(&b);
}

int
post_receive(struct post *p, struct post_message *m)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec iov;
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control.room) };
	const struct cmsghdr *c;
	ssize_t got;

	buf_reset(&p->in);
	iov = (struct iovec){ buf_room(&p->in, POST_BYTES + 1), POST_BYTES + 1 };
	do
		got = recvmsg(p->socket, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	while (got < 0 && errno == EINTR);
	if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return 0;
	m->fd = -1;
	c = got > 0 ? CMSG_FIRSTHDR(&msg) : NULL;
	if (c != NULL && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
	    c->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(&m->fd, CMSG_DATA(c), sizeof(int));
	if (got <= 0 || (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
		if (m->fd >= 0)
			close(m->fd);
		return -1;
	}
	buf_grown(&p->in, (size_t)got);
	m->type = (enum post_type)(unsigned char)p->in.p[0];
	m->payload = (struct str){ p->in.p + 1, (size_t)got - 1 };
	return 1;
}

int
post_get_keys(struct str payload, enum known *what, const char **keys, size_t *n)
{
	if (payload.n < 1 || (payload.n - 1) % sizeof(struct key) != 0 ||
	    (unsigned char)payload.p[0] > KNOWN_FAILURE)
		return -1;
	*what = (enum known)payload.p[0];
	*keys = payload.p + 1;
	*n = (payload.n - 1) / sizeof(struct key);
	return 0;
}

static uint64_t
number(const char *p, size_t n)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++)
		v = v << 8 | (unsigned char)p[i];
	return v;
}

int
post_get_mark(struct str payload, struct mark *m, struct buf *name)
{
	struct str text = { payload.p + 16, payload.n - 16 };

	if (payload.n < 16 || str_utf8(text) != text.n)
		return -1;
	*m = (struct mark){ .folder_id = (int64_t)number(payload.p, 8),
		.uidvalidity = (uint32_t)number(payload.p + 8, 4),
		.uid = (uint32_t)number(payload.p + 12, 4) };
	buf_reset(name);
	buf_puts(name, text);
	buf_put8(name, '\0');
	m->name = name->p;
	return name->over ? -1 : 0;
}

int
post_get_trouble(struct str payload, struct err *e)
{
	if (payload.n < 1 ||
	    (payload.p[0] != ERR_MESSAGE && payload.p[0] != ERR_SOURCE &&
		payload.p[0] != ERR_CONFIG))
		return -1;
	err_set(e, (enum err_kind)payload.p[0], "%.*s", (int)(payload.n - 1), payload.p + 1);
	return 0;
}
