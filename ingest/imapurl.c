#include "ingest/imapurl.h"

#include <arpa/inet.h>
#include <string.h>

#include "core/arena.h"
#include "core/buf.h"
#include "core/limits.h"

#include "ingest/mailbox.h"

#define IMAPS STR("imaps://")
#define IMAP STR("imap://")

/* The parts as they stand in the URL. */
struct parts {
	const char *url;
	struct str user, host, port, folder;
	bool has_user, has_port, has_folder;
};

bool
imapurl_is(const char *path)
{
	return str_casestarts(str_of(path), IMAPS) || str_casestarts(str_of(path), IMAP);
}

static struct str
behind_scheme(const char *url)
{
	struct str s = str_of(url);
	size_t n = str_casestarts(s, IMAPS) ? IMAPS.n : IMAP.n;

	return (struct str){ s.p + n, s.n - n };
}

/* What may be a password, between the first ':' and the last '@', is not repeated. */
static int
refuse(const char *url, const char *why, struct err *e)
{
	struct str rest = behind_scheme(url);
	const char *at = memrchr(rest.p, '@', rest.n);
	const char *colon = at != NULL ? memchr(rest.p, ':', (size_t)(at - rest.p)) : NULL;
	struct str head = str_of(url), tail = { "", 0 };

	if (colon != NULL) {
		head.n = (size_t)(colon + 1 - url);
		tail = str_of(at);
	}
	return err_set(e, ERR_CONFIG, "cannot use \"%.*s%s%.*s\": %s", STR_ARG(head),
	    colon != NULL ? "..." : "", STR_ARG(tail), why);
}

/* Where the authority ends, its last '@' and the ':' before a port. */
static int
split(struct parts *p, struct err *e)
{
	static const char password[] = "a password does not belong into a URL; "
				       "password_file or password_command says where it is";
	struct str rest = behind_scheme(p->url);
	const char *slash = memchr(rest.p, '/', rest.n);
	struct str authority = { rest.p, slash != NULL ? (size_t)(slash - rest.p) : rest.n };
	const char *at = memrchr(authority.p, '@', authority.n);
	const char *end = authority.p + authority.n;
	const char *host = at != NULL ? at + 1 : authority.p;
	const char *colon = memrchr(host, ':', (size_t)(end - host));
	const char *bracket = memrchr(host, ']', (size_t)(end - host));

	p->has_user = at != NULL;
	if (p->has_user)
		p->user = (struct str){ authority.p, (size_t)(at - authority.p) };
	if (p->has_user && memchr(p->user.p, ':', p->user.n) != NULL)
		return refuse(p->url, password, e);
	p->has_port = colon != NULL && (bracket == NULL || colon > bracket);
	p->host = (struct str){ host, (size_t)((p->has_port ? colon : end) - host) };
	if (p->has_port)
		p->port = (struct str){ colon + 1, (size_t)(end - colon - 1) };
	p->has_folder = slash != NULL;
	if (p->has_folder)
		p->folder = str_of(slash + 1);
	/* "ada:pass/word@host": what looks like a folder is the rest of it. */
	for (size_t i = 0; i < p->port.n; i++)
		if ((p->port.p[i] < '0' || p->port.p[i] > '9') && p->has_folder &&
		    memchr(p->folder.p, '@', p->folder.n) != NULL)
			return refuse(p->url, password, e);
	return 0;
}

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Percent-decoded, or NULL: broken, no UTF-8, or with a control character. */
static const char *
decoded(struct arena *a, struct str s, size_t max)
{
	char *p = s.n <= 3 * max ? arena_alloc(a, s.n + 1) : NULL;
	size_t n = 0;

	if (p == NULL)
		return NULL;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c == '%') {
			if (s.n - i < 3 || hex(s.p[i + 1]) < 0 || hex(s.p[i + 2]) < 0)
				return NULL;
			c = (char)(hex(s.p[i + 1]) << 4 | hex(s.p[i + 2]));
			i += 2;
		}
		if ((unsigned char)c < ' ' || c == 0x7F)
			return NULL;
		p[n++] = c;
	}
	return n <= max && str_utf8((struct str){ p, n }) == n ? p : NULL;
}

static int
parse_user(struct arena *a, const struct parts *p, struct imapurl *u, struct err *e)
{
	if (!p->has_user)
		return 0;
	for (size_t i = 0; i < p->user.n; i++)
		if (p->user.p[i] == ';')
			return refuse(p->url,
			    "';' in the user: auth says how to log in; a ';' of a name is %3B", e);
	u->user = p->user.n > 0 ? decoded(a, p->user, LIMIT_NAME_BYTES) : NULL;
	return u->user != NULL ? 0 : refuse(p->url, "the user before the '@' is not one", e);
}

/* An IPv6 address in the one spelling that inet_ntop gives it. */
static const char *
parse_address(struct arena *a, struct str s)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr address;

	if (s.n < 2 || s.n - 2 >= sizeof(text) || s.p[s.n - 1] != ']')
		return NULL;
	memcpy(text, s.p + 1, s.n - 2);
	text[s.n - 2] = '\0';
	if (inet_pton(AF_INET6, text, &address) != 1 ||
	    inet_ntop(AF_INET6, &address, text, sizeof(text)) == NULL)
		return NULL;
	return arena_str(a, str_of(text)).p;
}

static const char *
parse_host(struct arena *a, struct str s)
{
	char *p;

	if (s.n > 0 && s.p[0] == '[')
		return parse_address(a, s);
	if (s.n == 0 || s.n > LIMIT_DOMAIN_BYTES)
		return NULL;
	p = arena_alloc(a, s.n + 1);
	for (size_t i = 0; p != NULL && i < s.n; i++) {
		char c = s.p[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '.' &&
		    c != '_')
			return NULL;
		p[i] = c;
	}
	return p;
}

static int
parse_server(struct arena *a, const struct parts *p, struct imapurl *u, struct err *e)
{
	uint64_t port = u->tls_first ? 993 : 143;
	struct buf b;

	u->host = parse_host(a, p->host);
	if (u->host == NULL)
		return refuse(p->url,
		    "the host is not a name in letters, digits, '-' and '.' or an address", e);
	if (p->port.n > 0 && (str_u64(p->port, 65535, &port) != 0 || port == 0))
		return refuse(p->url, "the port is not a number from 1 to 65535", e);
	buf_init(&b, 8);
	buf_printf(&b, "%u", (unsigned)port);
	u->port = arena_str(a, buf_str(&b)).p;
	buf_fini(&b);
	return u->port != NULL ? 0 : refuse(p->url, "it is too long", e);
}

static int
parse_folder(struct arena *a, const struct parts *p, struct imapurl *u, struct err *e)
{
	struct str s = p->folder;

	if (s.n > 0 && s.p[s.n - 1] == '/')
		s.n--;
	if (s.n == 0)
		return 0;
	if (memchr(s.p, '?', s.n) != NULL || memchr(s.p, '#', s.n) != NULL)
		return refuse(p->url,
		    "behind the folder nothing may follow; "
		    "a '?' of its name is %3F, a '#' %23",
		    e);
	for (size_t i = 0; i < s.n; i++)
		if (str_casestarts((struct str){ s.p + i, s.n - i }, STR(";UID")))
			return refuse(p->url,
			    "behind the folder nothing may follow; "
			    "a ';' of its name is %3B",
			    e);
	u->folder = decoded(a, s, MAILBOX_BYTES);
	return u->folder != NULL ? 0 : refuse(p->url, "the folder is not a name in UTF-8", e);
}

int
imapurl_parse(struct arena *a, const char *text, struct imapurl *out, struct err *e)
{
	struct parts p = { .url = text };
	struct imapurl u = { .tls_first = str_casestarts(str_of(text), IMAPS) };

	if (!imapurl_is(text))
		return err_set(e, ERR_CONFIG, "\"%.*s\" is no IMAP URL", STR_ARG(str_of(text)));
	if (split(&p, e) != 0 || parse_user(a, &p, &u, e) != 0 || parse_server(a, &p, &u, e) != 0 ||
	    parse_folder(a, &p, &u, e) != 0)
		return -1;
	*out = u;
	return 0;
}

/* RFC 5092: achar, less what only looks odd. */
static bool
is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	    (c != '\0' && strchr("-._~!$'()*+,&=", c) != NULL);
}

const char *
imapurl_id(struct arena *a, const char *user, const char *host, const char *port)
{
	bool address = strchr(host, ':') != NULL;
	const char *id;
	struct buf b;

	buf_init(&b, LIMIT_PATH_BYTES);
	buf_puts(&b, IMAP);
	for (; *user != '\0'; user++) {
		if (is_plain(*user))
			buf_put(&b, user, 1);
		else
			buf_printf(&b, "%%%02X", (unsigned char)*user);
	}
	buf_put8(&b, '@');
	if (address)
		buf_put8(&b, '[');
	for (; *host != '\0'; host++)
		buf_put8(&b, (uint8_t)(*host >= 'A' && *host <= 'Z' ? *host - 'A' + 'a' : *host));
	if (address)
		buf_put8(&b, ']');
	if (strcmp(port, "143") != 0 && strcmp(port, "993") != 0)
		buf_printf(&b, ":%s", port);
	id = b.over ? NULL : arena_str(a, buf_str(&b)).p;
	buf_fini(&b);
	return id;
}
