/* session.h - who asks. */
#ifndef DASHBOARD_SESSION_H
#define DASHBOARD_SESSION_H

#include "core/err.h"
#include "core/password.h"
#include "dashboard/request.h"
#include "dashboard/response.h"
#include "store/readers.h"

struct session {
	const char *name; /* NULL: came by the one-time link */
	bool admin;
	char token_hash[TOKEN_HASH_BYTES];
	char csrf[TOKEN_HASH_BYTES];
};

/* Who asks ${q}: 1, 0 when nobody is logged in, -1.  What ${out} points to lives in the arena. */
int session_find(
    struct readers *readers, const struct request *q, struct session *out, struct err *e);

/*
 * Whether ${q}, which would change something, comes from our own pages: not from another origin, as
 * JSON, and with the token of ${session} where there is one (NULL else).
 */
bool session_is_own(const struct request *q, const struct session *session);

/* "GET session" of API.md. */
void session_tell(const struct session *session, struct response *r);

#endif
