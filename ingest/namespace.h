/* namespace.h - where an account's folders are on its server (RFC 2342). */
#ifndef INGEST_NAMESPACE_H
#define INGEST_NAMESPACE_H

#include "ingest/session.h"

/*
 * Ask over ${s}, logged in, for the prefix of the user's own folders, what stands between their levels, and
 * the prefixes of other users' and shared ones, into ${space}, which is zeroed.  A server without
 * NAMESPACE is asked by LIST.  -1 as session_await.  Nobody listens to the session afterwards.
 */
int namespace_ask(struct session *s, struct mailbox_space *space, struct err *e);

#endif
