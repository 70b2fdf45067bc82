/* capability.h - what an IMAP server says that it can do (RFC 3501, 7.2.1). */
#ifndef INGEST_CAPABILITY_H
#define INGEST_CAPABILITY_H

#include <stdbool.h>

#include "core/buf.h"

#include "ingest/response.h"

enum capability {
	CAP_STARTTLS,
	CAP_LOGINDISABLED,
	CAP_SASL_IR,
	CAP_PLAIN,
	CAP_LOGIN,
	CAP_XOAUTH2,
	CAP_OAUTHBEARER,
	CAP_EXTERNAL,
	CAP_IDLE,
	CAP_MOVE,
	CAP_UIDPLUS,
	CAP_NAMESPACE,
	CAP_COMPRESS,
	CAP_ID,
	CAP_COUNT
};

struct capabilities {
	bool has[CAP_COUNT];
	bool told; /* the server did say */
	/* As it said it, one blank between two, for people: the first 4096 bytes. */
	struct buf text;
};

void capabilities_init(struct capabilities *c);
void capabilities_fini(struct capabilities *c);

/* What was told before TLS or before logging in holds no longer. */
void capabilities_forget(struct capabilities *c);

/* ${v}: the atoms behind CAPABILITY, which replace what was told before. */
void capabilities_learn(struct capabilities *c, const struct value *v);

#endif
