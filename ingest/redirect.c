#include "ingest/redirect.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/now.h"

#include "ingest/secret.h"

#define VISITORS 8     /* browsers connect ahead and say nothing: one must not hold up others */
#define VISIT_MS 20000 /* then it goes */
#define TICK_MS 200    /* how soon a signal is heeded */
#define LINE_BYTES REDIRECT_BYTES

struct visitor {
	int fd; /* -1: none */
	int64_t since;
	struct buf request;
};

struct redirect {
	int listener;
	unsigned port;
	struct visitor visitors[VISITORS];
	struct visitor *asking; /* whose query was handed out; NULL: the terminal's */
	struct buf line;        /* typed, up to where it is */
	bool typed_ended;
};

struct redirect *
redirect_open(struct err *e)
{
	struct redirect *r = calloc(1, sizeof(*r));
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(at);

	if (r == NULL)
		abort();
	for (size_t i = 0; i < VISITORS; i++) {
		r->visitors[i].fd = -1;
		buf_init(&r->visitors[i].request, REDIRECT_BYTES);
	}
	buf_init(&r->line, LINE_BYTES);
	r->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (r->listener >= 0 && bind(r->listener, (struct sockaddr *)&at, sizeof(at)) == 0 &&
	    listen(r->listener, VISITORS) == 0 &&
	    getsockname(r->listener, (struct sockaddr *)&at, &n) == 0) {
		r->port = ntohs(at.sin_port);
		return r;
	}
	err_set(e, ERR_SOURCE, "could not listen on 127.0.0.1: %s", strerror(errno));
	redirect_close(r);
	return NULL;
}

/* What was asked holds a code. */
static void
dismiss(struct visitor *v)
{
	if (v->fd >= 0)
		close(v->fd);
	v->fd = -1;
	secret_wipe(&v->request);
}

void
redirect_close(struct redirect *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < VISITORS; i++)
		dismiss(&r->visitors[i]);
	secret_wipe(&r->line);
	if (r->listener >= 0)
		close(r->listener);
	free(r);
}

unsigned
redirect_port(const struct redirect *r)
{
	return r->port;
}

/* A small plain page; what does not fit into the socket's buffer is not waited for. */
static void
answer(struct visitor *v, const char *status, const char *text)
{
	char page[1024];
	int n = snprintf(page, sizeof(page),
	    "HTTP/1.1 %s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %zu\r\n"
	    "Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nConnection: close\r\n\r\n%s\n",
	    status, strlen(text) + 1, text);

	if (n > 0 && (size_t)n < sizeof(page) && send(v->fd, page, (size_t)n, MSG_NOSIGNAL) == n)
		shutdown(v->fd, SHUT_WR);
	dismiss(v);
}

void
redirect_answer(struct redirect *r, bool good, const char *text)
{
	if (r->asking != NULL)
		answer(r->asking, good ? "200 OK" : "400 Bad Request", text);
	r->asking = NULL;
}

/* The place of one who has gone, or of whoever came first. */
static void
welcome(struct redirect *r)
{
	struct sockaddr_in from;
	socklen_t n = sizeof(from);
	int fd = accept4(r->listener, (struct sockaddr *)&from, &n, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct visitor *v = &r->visitors[0];

	if (fd < 0)
		return;
	for (size_t i = 0; i < VISITORS && v->fd >= 0; i++)
		if (r->visitors[i].fd < 0 || r->visitors[i].since < v->since)
			v = &r->visitors[i];
	dismiss(v);
	v->fd = fd;
	v->since = now_ms();
	if (buf_room(&v->request, REDIRECT_BYTES) == NULL)
		abort();
}

/* "GET /?QUERY HTTP/1.1"; what is behind '#' no browser sends. */
static int
take_request(struct redirect *r, struct visitor *v, struct buf *query)
{
	struct str request = buf_str(&v->request), line = request;
	const char *end = str_find(request, STR("\r\n\r\n"));
	const char *stop;

	if (end == NULL && v->request.n < REDIRECT_BYTES)
		return 1;
	stop = str_find(request, STR("\r\n"));
	line.n = stop != NULL ? (size_t)(stop - line.p) : 0;
	stop = line.n > 0 ? memrchr(line.p, ' ', line.n) : NULL;
	if (end == NULL || stop == NULL || line.n < 5 || memcmp(line.p, "GET /", 5) != 0) {
		answer(v, "400 Bad Request", "This is no page.");
	} else if (line.p[5] != '?' || stop < line.p + 6) {
		answer(v, "404 Not Found", "There is nothing here.");
	} else {
		buf_reset(query);
		buf_put(query, line.p + 6, (size_t)(stop - line.p) - 6);
		r->asking = v;
		return 0;
	}
	return 1;
}

static int
hear(struct redirect *r, struct visitor *v, struct buf *query)
{
	ssize_t n = read(v->fd, v->request.p + v->request.n, REDIRECT_BYTES - v->request.n);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 1;
	if (n <= 0) {
		dismiss(v);
		return 1;
	}
	buf_grown(&v->request, (size_t)n);
	return take_request(r, v, query);
}

/* What stands between '?' and '#' of ${url}; nothing where it is no URL with a query. */
static void
put_query(struct str url, struct buf *query)
{
	const char *mark = memchr(url.p, '?', url.n);
	size_t skip = mark != NULL ? (size_t)(mark + 1 - url.p) : url.n;
	struct str rest = { url.p + skip, url.n - skip };
	const char *hash = rest.n > 0 ? memchr(rest.p, '#', rest.n) : NULL;

	rest.n = hash != NULL ? (size_t)(hash - rest.p) : rest.n;
	buf_reset(query);
	buf_puts(query, rest);
}

/* The whole address as the browser's address bar has it, on one line. */
static int
take_line(struct redirect *r, struct buf *query)
{
	struct str line = buf_str(&r->line);
	const char *end = memchr(line.p, '\n', line.n);
	size_t n;
	int rc = 1;

	if (end == NULL && line.n < LINE_BYTES)
		return 1;
	n = end != NULL ? (size_t)(end - line.p) : line.n;
	line = str_trim((struct str){ line.p, n });
	if (line.n > 0) {
		put_query(line, query);
		r->asking = NULL;
		rc = 0;
	}
	buf_skip(&r->line, end != NULL ? n + 1 : n);
	return rc;
}

static int
read_line(struct redirect *r, int typed, struct buf *query)
{
	char c;
	ssize_t n;

	if (buf_room(&r->line, LINE_BYTES - r->line.n) == NULL)
		abort();
	/* Byte by byte: what stands behind the line is not ours. */
	n = read(typed, &c, 1);
	if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
		r->typed_ended = true;
	if (n <= 0)
		return 1;
	buf_put8(&r->line, (uint8_t)c);
	return c == '\n' || r->line.n == LINE_BYTES ? take_line(r, query) : 1;
}

int
redirect_next(struct redirect *r, int typed, int64_t deadline_ms, const volatile int *stop,
    struct buf *query, struct err *e)
{
	struct pollfd p[VISITORS + 2];
	int rc = 1;

	if (stop != NULL && *stop != 0)
		return err_set(e, ERR_SOURCE, "interrupted");
	if (now_ms() >= deadline_ms)
		return err_set(e, ERR_CONFIG, "nobody came back from the page in time");
	for (size_t i = 0; i < VISITORS; i++) {
		if (r->visitors[i].fd >= 0 && now_ms() - r->visitors[i].since > VISIT_MS)
			dismiss(&r->visitors[i]);
		p[i] = (struct pollfd){ .fd = r->visitors[i].fd, .events = POLLIN };
	}
	p[VISITORS] = (struct pollfd){ .fd = r->listener, .events = POLLIN };
	p[VISITORS + 1] = (struct pollfd){ .fd = r->typed_ended ? -1 : typed, .events = POLLIN };
	if (poll(p, VISITORS + 2, TICK_MS) <= 0)
		return 1;
	for (size_t i = 0; i < VISITORS && rc == 1; i++)
		if (p[i].revents != 0)
			rc = hear(r, &r->visitors[i], query);
	if (rc == 1 && p[VISITORS + 1].revents != 0)
		rc = read_line(r, typed, query);
	if (rc == 1 && p[VISITORS].revents != 0)
		welcome(r);
	return rc;
}
