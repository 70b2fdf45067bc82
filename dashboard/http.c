#include "dashboard/http.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/limits.h"
#include "core/log.h"
#include "dashboard/peers.h"

/* What is true of every page: it runs nothing but its own files and is framed by nobody. */
#define CSP                                                                                 \
	"default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; " \
	"object-src 'none'"

struct http {
	struct http_conf conf;
	struct peers *peers;
	struct MHD_Daemon *daemon;
	atomic_size_t held; /* bytes of answers that are on their way */
};

/* One request on its way. */
struct exchange {
	struct request q;
	struct buf body;
	struct field query[LIMIT_HTTP_PARAMETERS];
	bool too_large;   /* the body, or the number of parameters */
	unsigned lengths; /* header fields that say how long the body is */
	size_t held;      /* bytes of its answer */
	char address[INET6_ADDRSTRLEN];
};

static struct exchange *
exchange_new(void)
{
	struct exchange *x = calloc(1, sizeof(*x));

	if (x == NULL)
		abort();
	buf_init(&x->body, LIMIT_HTTP_BODY);
	x->q.arena = arena_new(LIMIT_HTTP_ARENA);
	return x;
}

static void
exchange_free(struct exchange *x)
{
	if (x == NULL)
		return;
	arena_free(x->q.arena);
	buf_fini(&x->body);
	free(x);
}

static enum MHD_Result
take_parameter(void *arg, enum MHD_ValueKind kind, const char *name, size_t nname,
    const char *value, size_t nvalue)
{
	struct exchange *x = arg;

	(void)kind;
	if (x->q.nquery == LIMIT_HTTP_PARAMETERS) {
		x->too_large = true;
		return MHD_NO;
	}
	x->query[x->q.nquery++] = (struct field){ .name = { name, nname },
		.value = { value, value != NULL ? nvalue : 0 } };
	return MHD_YES;
}

static struct str
header(struct MHD_Connection *c, const char *name)
{
	return str_of(MHD_lookup_connection_value(c, MHD_HEADER_KIND, name));
}

/* A header field that may stand there several times: the value that came last. */
struct wanted {
	struct str name, value;
};

static enum MHD_Result
take_last(void *arg, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct wanted *w = arg;

	(void)kind;
	if (str_caseeq(str_of(name), w->name))
		w->value = str_of(value);
	return MHD_YES;
}

/* The last element of the list that a field is: what the nearest proxy added. */
static struct str
last_of(struct MHD_Connection *c, struct str name)
{
	struct wanted w = { name, { NULL, 0 } };
	size_t at;

	MHD_get_connection_values(c, MHD_HEADER_KIND, take_last, &w);
	for (at = w.value.n; at > 0 && w.value.p[at - 1] != ','; at--)
		;
	return str_trim((struct str){ w.value.p + at, w.value.n - at });
}

static const struct sockaddr *
peer_address(struct MHD_Connection *c)
{
	return MHD_get_connection_info(c, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr;
}

/* IPv4 is told as such, also where it came in by an IPv6 socket. */
static void
print_address(const struct sockaddr *a, char text[INET6_ADDRSTRLEN])
{
	const struct in6_addr *six = &((const struct sockaddr_in6 *)(const void *)a)->sin6_addr;

	if (a->sa_family == AF_INET)
		inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)a)->sin_addr, text,
		    INET6_ADDRSTRLEN);
	else if (a->sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(six))
		inet_ntop(AF_INET, six->s6_addr + 12, text, INET6_ADDRSTRLEN);
	else if (a->sa_family == AF_INET6)
		inet_ntop(AF_INET6, six, text, INET6_ADDRSTRLEN);
}

static void
name_address(const struct http *h, struct MHD_Connection *c, struct exchange *x)
{
	const struct sockaddr *a = peer_address(c);
	char text[INET6_ADDRSTRLEN] = "";
	unsigned char room[16];
	struct str said;

	print_address(a, x->address);
	x->q.secure = h->conf.cert != NULL;
	if (!peers_trusts(h->peers, a))
		return;
	said = last_of(c, STR("X-Forwarded-For"));
	if (said.n > 0 && said.n < sizeof(text)) {
		memcpy(text, said.p, said.n);
		if (inet_pton(AF_INET, text, room) == 1 || inet_pton(AF_INET6, text, room) == 1)
			memcpy(x->address, text, sizeof(text));
	}
	x->q.secure |= str_caseeq(last_of(c, STR("X-Forwarded-Proto")), STR("https"));
}

/*
 * Content-Length twice, or with Transfer-Encoding, is how requests are smuggled past a proxy that reads
 * them otherwise (RFC 9112, 6.3).
 */
static enum MHD_Result
count_length(void *arg, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct exchange *x = arg;

	(void)kind;
	(void)value;
	x->lengths += str_caseeq(str_of(name), STR("Content-Length")) ||
	    str_caseeq(str_of(name), STR("Transfer-Encoding"));
	return MHD_YES;
}

static void
fill(const struct http *h, struct MHD_Connection *c, const char *url, const char *method,
    struct exchange *x)
{
	struct request *q = &x->q;

	q->method = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0 ? METHOD_GET
	    : strcmp(method, "POST") == 0                                     ? METHOD_POST
									      : METHOD_OTHER;
	q->path = str_of(url);
	q->query = x->query;
	MHD_get_connection_values_n(c, MHD_GET_ARGUMENT_KIND, take_parameter, x);
	MHD_get_connection_values(c, MHD_HEADER_KIND, count_length, x);
	q->body = buf_str(&x->body);
	q->host = header(c, "Host");
	q->origin = header(c, "Origin");
	q->fetch_site = header(c, "Sec-Fetch-Site");
	q->content_type = header(c, "Content-Type");
	q->csrf = header(c, "X-CSRF-Token");
	q->if_none_match = header(c, "If-None-Match");
	q->accept_encoding = header(c, "Accept-Encoding");
	q->token = str_of(MHD_lookup_connection_value(c, MHD_COOKIE_KIND, h->conf.cookie));
	name_address(h, c, x);
	q->address = x->address;
}

static void
add(struct MHD_Response *out, const char *name, const char *value)
{
	if (value != NULL && value[0] != '\0')
		MHD_add_response_header(out, name, value);
}

static void
add_headers(const struct http *h, const struct response *r, struct MHD_Response *out)
{
	char seconds[16];

	add(out, "Content-Type", r->status != 304 ? r->type : NULL);
	add(out, "Content-Encoding", r->gzipped ? "gzip" : NULL);
	add(out, "Vary", "Accept-Encoding");
	add(out, "ETag", r->etag);
	add(out, "Cache-Control",
	    r->may_change ? "private, no-cache" : "public, max-age=31536000, immutable");
	add(out, "Set-Cookie", r->cookie);
	add(out, "Content-Disposition", r->disposition);
	add(out, "Allow", r->allow);
	add(out, "Connection", r->status == 400 || r->status == 413 ? "close" : NULL);
	if (r->retry_after > 0) {
		snprintf(seconds, sizeof(seconds), "%u", r->retry_after);
		add(out, "Retry-After", seconds);
	}
	add(out, "Content-Security-Policy", CSP);
	add(out, "X-Content-Type-Options", "nosniff");
	add(out, "X-Frame-Options", "DENY");
	add(out, "Referrer-Policy", "no-referrer");
	add(out, "Cross-Origin-Opener-Policy", "same-origin");
	add(out, "Cross-Origin-Resource-Policy", "same-origin");
	add(out, "Permissions-Policy", "camera=(), geolocation=(), microphone=()");
	if (h->conf.cert != NULL) /* behind a proxy it is the proxy's to say */
		add(out, "Strict-Transport-Security", "max-age=2592000");
}

static enum MHD_Result
send_response(struct http *h, struct MHD_Connection *c, struct exchange *x, struct response *r)
{
	struct MHD_Response *out;
	enum MHD_Result rc;

	if (r->fixed.n > 0) {
		out = MHD_create_response_from_buffer(
		    r->fixed.n, (void *)(uintptr_t)r->fixed.p, MHD_RESPMEM_PERSISTENT);
	} else {
		out = MHD_create_response_from_buffer(r->body.n, r->body.p, MHD_RESPMEM_MUST_FREE);
		x->held = r->body.n;
		h->held += x->held;
		if (out != NULL)
			buf_init(&r->body, r->body.max); /* the memory is libmicrohttpd's now */
	}
	if (out == NULL)
		return MHD_NO;
	add_headers(h, r, out);
	rc = MHD_queue_response(c, r->status, out);
	MHD_destroy_response(out);
	return rc;
}

static void
refuse_busy(struct response *r)
{
	response_refuse(r, 503, "busy", NULL, "too much is being sent at the moment; try again");
	r->retry_after = 2;
}

static enum MHD_Result
answer(struct http *h, struct MHD_Connection *c, const char *url, const char *method,
    struct exchange *x)
{
	struct response r;
	enum MHD_Result rc;

	peers_asked(h->peers,
	    MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context);
	fill(h, c, url, method, x);
	response_init(&r);
	if (x->too_large)
		response_refuse(&r, 413, "too_large", NULL, "the request is too large");
	else if (h->held > LIMIT_HTTP_HELD)
		refuse_busy(&r);
	else if (x->lengths > 1)
		response_refuse(&r, 400, "bad_request", NULL, "the body's length is said twice");
	else
		h->conf.handle(h->conf.arg, &x->q, &r);
	response_encode(&r, &x->q);
	rc = send_response(h, c, x, &r);
	response_fini(&r);
	return rc;
}

/* Called first with the headers, then with each piece of the body, then to answer. */
static enum MHD_Result
on_request(void *arg, struct MHD_Connection *c, const char *url, const char *method,
    const char *version, const char *data, size_t *ndata, void **context)
{
	struct exchange *x = *context;

	(void)version;
	if (x == NULL) {
		*context = exchange_new();
		return MHD_YES;
	}
	if (*ndata > 0) {
		buf_put(&x->body, data, *ndata);
		x->too_large |= x->body.over;
		*ndata = 0;
		return MHD_YES;
	}
	return answer(arg, c, url, method, x);
}

static void
on_completed(
    void *arg, struct MHD_Connection *c, void **context, enum MHD_RequestTerminationCode how)
{
	struct http *h = arg;

	(void)how;
	peers_answered(h->peers,
	    MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context);
	if (*context != NULL)
		h->held -= ((struct exchange *)*context)->held;
	exchange_free(*context);
	*context = NULL;
}

static void
on_connection(
    void *arg, struct MHD_Connection *c, void **context, enum MHD_ConnectionNotificationCode what)
{
	struct http *h = arg;

	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		*context = peers_opened(h->peers,
		    MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd,
		    peer_address(c));
	} else {
		peers_closed(h->peers, *context);
		*context = NULL;
	}
}

static enum MHD_Result
on_accept(void *arg, const struct sockaddr *a, socklen_t n)
{
	struct http *h = arg;

	(void)n;
	return peers_admit(h->peers, a) ? MHD_YES : MHD_NO;
}

/*
 * Undo the escapes of a path, or of a parameter's name or value.  A NUL becomes a byte that no UTF-8 has: a
 * path would end at it.
 */
static size_t
on_unescape(void *arg, struct MHD_Connection *c, char *text)
{
	size_t n = MHD_http_unescape(text);

	(void)arg;
	(void)c;
	for (size_t i = 0; i < n; i++)
		if (text[i] == '\0')
			text[i] = '\xFF';
	return n;
}

/* What clients do wrong is theirs; it would fill a log. */
static void
on_log(void *arg, const char *fmt, va_list ap)
{
	char text[400];

	(void)arg;
	vsnprintf(text, sizeof(text), fmt, ap);
	text[strcspn(text, "\n")] = '\0';
	log_event(LOG_DEBUG, "http: %s", text);
}

struct http *
http_start(const struct http_conf *conf, struct err *e)
{
	struct http *h = calloc(1, sizeof(*h));
	unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ERROR_LOG |
	    (conf->cert != NULL ? (unsigned)MHD_USE_TLS : 0);
	struct MHD_OptionItem tls[] = {
		{ MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)conf->cert },
		{ MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)conf->key },
		{ MHD_OPTION_HTTPS_PRIORITIES, 0,
		    (void *)(uintptr_t) "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2" },
		{ MHD_OPTION_END, 0, NULL },
	};

	if (h == NULL)
		abort();
	h->conf = *conf;
	h->peers = peers_new(conf->proxies, conf->nproxies);
	/* Each thread may take all connections there are: the kernel does not deal them out evenly. */
	h->daemon = MHD_start_daemon(flags, 0, on_accept, h, on_request, h,
	    MHD_OPTION_EXTERNAL_LOGGER, on_log, h, MHD_OPTION_LISTEN_SOCKET, conf->fd,
	    MHD_OPTION_THREAD_POOL_SIZE, conf->threads, MHD_OPTION_CONNECTION_LIMIT,
	    conf->threads * PEERS_PLACES, MHD_OPTION_CONNECTION_TIMEOUT,
	    (unsigned)LIMIT_HTTP_ANSWER_SECONDS, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
	    (size_t)LIMIT_HTTP_MEMORY, MHD_OPTION_STRICT_FOR_CLIENT, 1,
	    MHD_OPTION_UNESCAPE_CALLBACK, on_unescape, NULL, MHD_OPTION_NOTIFY_COMPLETED,
	    on_completed, h, MHD_OPTION_NOTIFY_CONNECTION, on_connection, h, MHD_OPTION_ARRAY,
	    conf->cert != NULL ? tls : tls + 3, MHD_OPTION_END);
	if (h->daemon != NULL)
		return h;
	err_set(e, ERR_CONFIG, "could not start the web server%s",
	    conf->cert != NULL ? ": does the certificate fit its key?" : "");
	peers_free(h->peers);
	free(h);
	return NULL;
}

void
http_tick(struct http *h)
{
	peers_tick(h->peers);
}

void
http_stop(struct http *h)
{
	if (h == NULL)
		return;
	MHD_stop_daemon(h->daemon);
	peers_free(h->peers);
	free(h);
}
