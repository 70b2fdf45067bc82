/* auth.h - logging in to an IMAP server: SASL mechanisms and the command LOGIN. */
#ifndef INGEST_AUTH_H
#define INGEST_AUTH_H

#include "ingest/session.h"

/*
 * Log in as the configuration says, by the best way both sides know: OAUTHBEARER (RFC 7628) or
 * XOAUTH2 with a token; EXTERNAL (RFC 4422); PLAIN (RFC 4616), LOGIN with a password.  Credentials go
 * over a connection without TLS only when the configuration says tls = off.  A token that is refused is
 * renewed once.  ERR_CONFIG with the server's words and what to do when it is not let in.
 */
int auth_login(struct session *s, const struct imap_conf *conf, bool private, struct err *e);

#endif
