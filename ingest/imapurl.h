/* imapurl.h - "imaps://USER@HOST[:PORT][/FOLDER]" (RFC 5092), as a source's path. */
#ifndef INGEST_IMAPURL_H
#define INGEST_IMAPURL_H

#include <stdbool.h>

#include "core/err.h"

struct arena;

/* Strings live in the arena. */
struct imapurl {
	const char *user;   /* percent-decoded UTF-8, or NULL */
	const char *host;   /* lower case; an IPv6 address without its brackets */
	const char *port;   /* a number; 993, or 143 with "imap:", where the URL has none */
	bool tls_first;     /* "imaps:" */
	const char *folder; /* percent-decoded UTF-8, '/' between the levels, or NULL */
};

/* Whether ${path} is such a URL, well written or not. */
bool imapurl_is(const char *path);

/*
 * Take ${text} apart.  The last '@' before the host separates the user, so that an address need not
 * be percent-encoded.  ERR_CONFIG says what is wrong with which URL; a password in it is refused and
 * never repeated.
 */
int imapurl_parse(struct arena *a, const char *text, struct imapurl *out, struct err *e);

/*
 * "imap://user@host", with ":port" unless that is 143 or 993: the name of the account, however it
 * is reached.  Lives in the arena; NULL when that is full.
 */
const char *imapurl_id(struct arena *a, const char *user, const char *host, const char *port);

#endif
