/* token.h - OAuth 2.0 (RFC 6749) access tokens for IMAP: got, kept, renewed. */
#ifndef INGEST_TOKEN_H
#define INGEST_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"

#include "ingest/secret.h"

enum token_grant {
	TOKEN_NONE,
	TOKEN_COMMAND, /* ${command} prints an access token */
	TOKEN_DEVICE,  /* RFC 8628: a code is typed into a browser anywhere */
	TOKEN_BROWSER, /* RFC 8252: authorization code with PKCE, redirected to loopback */
	TOKEN_CREDENTIALS, /* RFC 6749 4.4: the application itself, no user, nothing kept but the token */
};

/* Strings are borrowed, NULL where nothing was said. */
struct token_conf {
	enum token_grant grant;
	const char *command;
	const char *client_id;
	struct secret_conf client_secret;
	const char *token_endpoint, *device_endpoint, *authorization_endpoint; /* https URLs */
	const char *scope;
	const char *ca_file; /* for the endpoints; NULL: the system's */
	const char *store;   /* the file that keeps tokens, mode 0600 */
};

/*
 * An access token that is good for a minute at least, into ${out} (as secret_read's).  ${renew}: the
 * one at hand was refused, get another.  Renews by the refresh token and saves a rotated one before
 * it is used; processes that do so at once wait for each other.  ERR_CONFIG where a person must act
 * ("ruastat login NAME"), ERR_SOURCE when the server cannot be reached or says to come later.
 */
int token_get(
    const struct token_conf *c, const char *name, bool renew, struct buf *out, struct err *e);

/* What a person must do for the first token: told by ${say}, line by line. */
struct token_talk {
	void (*say)(void *arg, const char *line);
	void *arg;
	const volatile int *stop; /* set by a signal: give up; or NULL */
	int typed;                /* a descriptor with what the person types; -1: none */
};

/* Get the first token with a person's help, and keep it.  Errors as token_get's. */
int token_login(
    const struct token_conf *c, const char *name, const struct token_talk *talk, struct err *e);

#endif
