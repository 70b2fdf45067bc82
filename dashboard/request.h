/* request.h - what a browser asks, free of any library. */
#ifndef DASHBOARD_REQUEST_H
#define DASHBOARD_REQUEST_H

#include <stdbool.h>

#include "core/arena.h"
#include "core/str.h"

enum method { METHOD_GET, METHOD_POST, METHOD_OTHER };

struct field {
	struct str name, value;
};

/* All bytes belong to the connection or to the arena: they last as long as the request. */
struct request {
	enum method method;
	struct str path;           /* with its escapes undone, as "/api/v1/domains" */
	const struct field *query; /* in the order given, escapes undone */
	size_t nquery;
	struct str body; /* at most LIMIT_HTTP_BODY */
	/* Header fields, empty where there is none. */
	struct str host, origin, fetch_site, content_type, csrf, if_none_match, accept_encoding;
	struct str token;    /* the session's, from the cookie */
	const char *address; /* of the client, as text; behind a trusted proxy what that says */
	bool secure;         /* it came by TLS, here or at the proxy */
	struct arena *arena;
};

#endif
