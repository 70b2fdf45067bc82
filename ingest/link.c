#include "ingest/link.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/now.h"
#include "core/buf.h"
#include "core/deflate.h"

#include "ingest/await.h"
#include "ingest/dial.h"
#include "ingest/tls.h"

#define CHUNK ((size_t)16 << 10) /* a TLS record */
#define MUCH ((size_t)64 << 10)  /* to send: then it is sent */

struct link {
	struct link_conf conf;
	int fd;
	struct tls *tls;   /* also while it is not in use yet */
	bool is_private;   /* it is in use */
	struct zstream *z; /* NULL: nothing is compressed */
	struct buf in;     /* received; what is before ${in_at} was used */
	size_t in_at;
	struct buf plain; /* unpacked; likewise */
	size_t plain_at;
	struct buf out; /* to be sent; what is before ${out_at} was */
	size_t out_at;
	bool unflushed;     /* the packer holds something back */
	short wants;        /* what receiving waits for */
	struct err ended;   /* why nothing more comes, ERR_NONE while it may */
	struct err stopped; /* why nothing more can be sent, likewise */
};

/* Put "host" and port in front. */
static int
name_host(const struct link *l, struct err *e)
{
	return err_wrap(e, "\"%s\" port %s", l->conf.host, l->conf.port);
}

static int64_t
patience(const struct link *l)
{
	return now_ms() + (int64_t)l->conf.wait_seconds * 1000;
}

/* Shake hands; the error is the bare reason. */
static int
shake(struct link *l, int64_t until, struct err *e)
{
	short wait = 0;
	int rc = tls_start(l->tls, l->fd, e);

	if (rc != 0)
		return -1;
	while ((rc = tls_handshake(l->tls, &wait, e)) == 0)
		if (!await_fd(l->fd, wait, until))
			return err_set(e, ERR_SOURCE,
			    "no answer to the handshake of TLS within %u seconds",
			    l->conf.connect_seconds);
	l->is_private = rc == 1;
	return rc == 1 ? 0 : -1;
}

/* Connect to the next address; the error is the bare reason. */
static int
open_next(struct link *l, struct dial *d, struct err *e)
{
	int64_t until = now_ms() + (int64_t)l->conf.connect_seconds * 1000;

	l->fd = dial_next(d, until, e);
	if (l->fd < 0)
		return -1;
	if (l->conf.tls != LINK_TLS || shake(l, until, e) == 0)
		return 0;
	close(l->fd);
	l->fd = -1;
	return -1;
}

/*
 * Try all addresses.  What the operator must change is told alone, else why each of them failed.
 */
static int
open_any(struct link *l, struct dial *d, struct err *e)
{
	struct err one, config = { .kind = ERR_NONE };
	struct buf all;

	buf_init(&all, sizeof(e->text));
	while (dial_more(d)) {
		if (open_next(l, d, &one) == 0) {
			buf_fini(&all);
			return 0;
		}
		if (strcmp(d->address, l->conf.host) != 0)
			err_wrap(&one, "%s", d->address);
		if (one.kind == ERR_CONFIG && config.kind == ERR_NONE)
			config = one;
		buf_printf(&all, "%s%s", all.n > 0 ? "; " : "", one.text);
	}
	if (config.kind != ERR_NONE)
		*e = config;
	else
		err_set(e, ERR_SOURCE, "could not connect: %.*s%s", (int)all.n,
		    all.n > 0 ? all.p : "", all.over ? "; and so on" : "");
	buf_fini(&all);
	return name_host(l, e);
}

static int
prepare(struct link *l, struct dial *d, struct err *e)
{
	const struct link_conf *conf = &l->conf;

	for (const char *p = conf->host; *p != '\0'; p++)
		if ((unsigned char)*p > '~' || *p <= ' ')
			return err_set(e, ERR_CONFIG,
			    "cannot look up a host of other than ASCII characters: write its name "
			    "in the form \"xn--...\"");
	if (conf->tls != LINK_CLEAR && (l->tls = tls_new(conf, e)) == NULL)
		return -1;
	if (dial_find(d, conf->host, conf->port, e) != 0)
		return -1;
	if (conf->tls == LINK_CLEAR && !dial_is_loopback(d))
		return err_set(e, ERR_CONFIG,
		    "\"%s\" is not this machine, and whatever is not needs TLS", conf->host);
	return open_any(l, d, e);
}

struct link *
link_open(const struct link_conf *conf, struct err *e)
{
	struct link *l = calloc(1, sizeof(*l));
	struct dial d = { .all = NULL };
	int rc;

	if (l == NULL)
		abort();
	l->conf = *conf;
	l->fd = -1;
	l->wants = POLLIN;
	buf_init(&l->in, LINK_AHEAD);
	buf_init(&l->plain, CHUNK);
	buf_init(&l->out, SIZE_MAX);
	/* at once, since growing leaves copies behind */
	buf_room(&l->out, MUCH);
	rc = prepare(l, &d, e);
	dial_forget(&d);
	if (rc == 0)
		return l;
	link_close(l);
	return NULL;
}

/* Give the memory back; passwords and tokens went through it. */
static void
wipe(struct buf *b)
{
	if (b->p != NULL)
		explicit_bzero(b->p, b->room);
	buf_fini(b);
}

void
link_close(struct link *l)
{
	if (l == NULL)
		return;
	tls_free(l->tls);
	if (l->fd >= 0)
		close(l->fd);
	zstream_free(l->z);
	wipe(&l->in);
	wipe(&l->plain);
	wipe(&l->out);
	free(l);
}

bool
link_is_private(const struct link *l)
{
	return l->is_private;
}

const char *
link_cipher(const struct link *l)
{
	return l->is_private ? tls_cipher(l->tls) : "no TLS";
}

/* recv and send, without waiting: more than 0, 0 with ${wait}, or -1 with the bare reason. */

static ssize_t
socket_receive(struct link *l, void *p, size_t n, short *wait, struct err *e)
{
	ssize_t got = recv(l->fd, p, n, 0);

	if (got > 0)
		return got;
	if (got == 0)
		return err_set(e, ERR_SOURCE, "it ended the connection");
	*wait = POLLIN;
	if (errno == EAGAIN || errno == EINTR)
		return 0;
	return err_set(e, ERR_SOURCE, "%s", strerror(errno));
}

static ssize_t
socket_send(struct link *l, const void *p, size_t n, short *wait, struct err *e)
{
	ssize_t sent = send(l->fd, p, n, MSG_NOSIGNAL);

	if (sent > 0)
		return sent;
	*wait = POLLOUT;
	if (sent == 0 || errno == EAGAIN || errno == EINTR)
		return 0;
	return err_set(e, ERR_SOURCE, "%s", strerror(errno));
}

/* How many bytes may be received before somebody uses them. */
static size_t
space(const struct link *l)
{
	return LINK_AHEAD - (l->in.n - l->in_at);
}

/*
 * Take in what has arrived, without waiting, at most CHUNK: whether there was something.  When there
 * never will be, ->ended says why.
 */
static bool
receive(struct link *l)
{
	size_t n = space(l) < CHUNK ? space(l) : CHUNK;
	ssize_t got;
	char *to;

	if (n == 0 || l->ended.kind != ERR_NONE)
		return false;
	if (l->in_at == l->in.n || l->in.max - l->in.n < n) {
		buf_skip(&l->in, l->in_at);
		l->in_at = 0;
	}
	to = buf_room(&l->in, n);
	got = l->is_private ? tls_read(l->tls, to, n, &l->wants, &l->ended)
			    : socket_receive(l, to, n, &l->wants, &l->ended);
	if (got < 0)
		name_host(l, &l->ended);
	if (got <= 0)
		return false;
	buf_grown(&l->in, (size_t)got);
	return true;
}

/* Unpack what was received, at most ${n} bytes: how many, 0 when there are none yet. */
static size_t
unpack(struct link *l, void *p, size_t n)
{
	struct str in = { l->in.p + l->in_at, l->in.n - l->in_at };
	ssize_t got = zstream_unpack(l->z, &in, p, n);

	l->in_at = l->in.n - in.n;
	if (got >= 0)
		return (size_t)got;
	if (l->ended.kind == ERR_NONE)
		err_set(&l->ended, ERR_SOURCE,
		    "\"%s\" port %s: what it sends is not compressed, or ended", l->conf.host,
		    l->conf.port);
	return 0;
}

/* Move at most ${n} of the bytes of ${b} that are not used yet. */
static size_t
take(struct buf *b, size_t *at, void *p, size_t n)
{
	if (n > b->n - *at)
		n = b->n - *at;
	if (n > 0)
		memcpy(p, b->p + *at, n);
	*at += n;
	if (*at == b->n) {
		buf_reset(b);
		*at = 0;
	}
	return n;
}

/* What the caller may have of what was received. */
static size_t
hand_out(struct link *l, void *p, size_t n)
{
	if (l->z == NULL)
		return take(&l->in, &l->in_at, p, n);
	if (l->plain.n > 0)
		return take(&l->plain, &l->plain_at, p, n);
	return unpack(l, p, n);
}

/* Whether link_read has something to say. */
static bool
is_ready(struct link *l)
{
	if (l->z == NULL && l->in_at < l->in.n)
		return true;
	if (l->z != NULL && l->plain.n == 0)
		buf_grown(&l->plain, unpack(l, buf_room(&l->plain, CHUNK), CHUNK));
	return l->plain.n > 0 || l->ended.kind != ERR_NONE;
}

/* Wait until something can be sent or taken in; false when time is up. */
static bool
await_any(struct link *l, short wait, int64_t until)
{
	if (space(l) > 0 && l->ended.kind == ERR_NONE)
		wait |= l->wants;
	return await_fd(l->fd, wait, until);
}

/* Forget what was to be sent: there may be a password in it. */
static void
empty_out(struct link *l)
{
	explicit_bzero(l->out.p, l->out.n);
	buf_reset(&l->out);
	l->out_at = 0;
}

static int
stop_sending(struct link *l, struct err *e)
{
	l->stopped = *e;
	empty_out(l);
	return -1;
}

static int
send_out(struct link *l, struct err *e)
{
	int64_t until = patience(l);

	if (l->stopped.kind != ERR_NONE) {
		*e = l->stopped;
		return stop_sending(l, e);
	}
	while (l->out_at < l->out.n) {
		const char *from = l->out.p + l->out_at;
		size_t n = l->out.n - l->out_at;
		short wait = POLLOUT;
		ssize_t sent = l->is_private ? tls_write(l->tls, from, n, &wait, e)
					     : socket_send(l, from, n, &wait, e);

		if (sent < 0) {
			name_host(l, e);
			return stop_sending(l, e);
		}
		l->out_at += (size_t)sent;
		if (sent > 0 || receive(l)) {
			until = patience(l);
		} else if (!await_any(l, wait, until)) {
			err_set(e, ERR_SOURCE,
			    "\"%s\" port %s: it took nothing of what it was sent for %u seconds",
			    l->conf.host, l->conf.port, l->conf.wait_seconds);
			return stop_sending(l, e);
		}
	}
	empty_out(l);
	return 0;
}

int
link_put(struct link *l, const void *p, size_t n, struct err *e)
{
	const char *from = p;

	while (n > 0) {
		size_t some = n < MUCH ? n : MUCH;

		if (l->z != NULL)
			zstream_pack(l->z, (struct str){ from, some }, &l->out);
		else
			buf_put(&l->out, from, some);
		l->unflushed = l->z != NULL;
		from += some;
		n -= some;
		if (l->out.n >= MUCH && send_out(l, e) != 0)
			return -1;
	}
	return 0;
}

int
link_flush(struct link *l, struct err *e)
{
	if (l->unflushed)
		zstream_flush(l->z, &l->out);
	l->unflushed = false;
	return send_out(l, e);
}

int
link_starttls(struct link *l, struct err *e)
{
	char byte;

	assert(l->tls != NULL && !l->is_private && l->z == NULL && l->out.n == 0);
	/* what came in the clear behind the OK would be taken for the server's word under TLS */
	if (l->in_at < l->in.n || recv(l->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0)
		return err_set(e, ERR_CONFIG,
		    "\"%s\" port %s: something came before TLS began that must not: somebody stands "
		    "between, or the server is broken",
		    l->conf.host, l->conf.port);
	if (shake(l, now_ms() + (int64_t)l->conf.connect_seconds * 1000, e) == 0)
		return 0;
	name_host(l, e);
	l->ended = *e;
	return stop_sending(l, e);
}

int
link_compress(struct link *l, struct err *e)
{
	assert(l->z == NULL && l->out.n == 0);
	l->z = zstream_new(e);
	return l->z != NULL ? 0 : -1;
}

ssize_t
link_read(struct link *l, void *p, size_t n, struct err *e)
{
	bool sent = link_flush(l, e) == 0;
	int64_t until = patience(l);

	assert(n > 0);
	for (;;) {
		size_t got = hand_out(l, p, n);

		if (got > 0)
			return (ssize_t)got;
		if (receive(l)) {
			/* bytes that unpack to nothing are no reason to wait longer */
			if (l->z == NULL || await_left(until) > 0)
				continue;
		} else if (l->ended.kind != ERR_NONE) {
			/* why sending failed is only the echo of how the server ended it */
			*e = l->ended;
			return -1;
		} else if (!sent) {
			return -1;
		} else if (await_fd(l->fd, l->wants, until)) {
			continue;
		}
		return err_set(e, ERR_SOURCE, "\"%s\" port %s: it sent nothing for %u seconds",
		    l->conf.host, l->conf.port, l->conf.wait_seconds);
	}
}

int
link_wait(struct link *l, int other, int timeout_ms, struct err *e)
{
	int64_t until = timeout_ms < 0 ? INT64_MAX : now_ms() + timeout_ms;

	if (link_flush(l, e) != 0)
		return -1;
	for (;;) {
		bool ready = is_ready(l) || (receive(l), is_ready(l));
		struct pollfd p[] = { { .fd = ready ? -1 : l->fd, .events = l->wants },
			{ .fd = other, .events = POLLIN } };
		int left = ready ? 0 : timeout_ms < 0 ? -1 : await_left(until);
		int rc = poll(p, 2, left), found = ready ? LINK_READABLE : 0;

		if (rc > 0 && p[1].revents != 0)
			found |= LINK_OTHER;
		if (found != 0 || rc < 0 || left == 0)
			return found;
	}
}
