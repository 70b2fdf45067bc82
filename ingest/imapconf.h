/* imapconf.h - what the configuration says of a mailbox that is reached by IMAP. */
#ifndef INGEST_IMAPCONF_H
#define INGEST_IMAPCONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ingest/link.h"
#include "ingest/secret.h"
#include "ingest/token.h"

enum imap_auth {
	IMAP_AUTH_ANY, /* a token if one is configured, else PLAIN, else LOGIN */
	IMAP_AUTH_PLAIN,
	IMAP_AUTH_LOGIN,
	IMAP_AUTH_XOAUTH2,
	IMAP_AUTH_OAUTHBEARER,
	IMAP_AUTH_EXTERNAL, /* the client certificate says who it is */
};

/* Strings are UTF-8, borrowed, NULL where nothing was said. */
struct imap_conf {
	const char *name; /* the source's name in the configuration, or its URL: for messages */
	const char *user;
	struct link_conf link; /* host, port, TLS */
	enum imap_auth auth;
	struct secret_conf password;
	struct token_conf token;
	const char *const *folders; /* names or patterns, '/' between levels; none: INBOX */
	size_t nfolders;
	uint64_t most; /* bytes of a mail that is fetched, below 4 GB; 0: LIMIT_MAIL_BYTES */
	bool compress; /* COMPRESS=DEFLATE (RFC 4978) where the server has it */
	unsigned idle_seconds; /* IDLE is issued anew after so long; at most 29 minutes */
	unsigned poll_seconds; /* without IDLE, and for the folders beyond the first */
};

#endif
