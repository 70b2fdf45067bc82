/*
 * redirect.h - a port of 127.0.0.1 where a browser brings back what an authorization server told it
 * (RFC 8252, 7.3), or a terminal where a person pastes the same.
 */
#ifndef INGEST_REDIRECT_H
#define INGEST_REDIRECT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/str.h"

struct redirect;

#define REDIRECT_BYTES ((size_t)16 << 10) /* of a request: codes of Microsoft have 2 kB */

/* Listen; the kernel picks the port, and nobody else can come by then. */
struct redirect *redirect_open(struct err *e);
void redirect_close(struct redirect *r);

unsigned redirect_port(const struct redirect *r);

/*
 * Wait for the next query, the part of a URL behind the '?': of a request for "/", or of a line read
 * from the descriptor ${typed} (-1: none; empty where the line is no such URL), into ${query}.  0 when there is one.  1 when there was
 * something else, which was answered: call again.  -1: ERR_CONFIG when ${deadline_ms} (of
 * CLOCK_MONOTONIC) is over, ERR_SOURCE when ${stop} (or NULL) is set.
 */
int redirect_next(struct redirect *r, int typed, int64_t deadline_ms, const volatile int *stop,
    struct buf *query, struct err *e);

/* Answer the query that redirect_next gave: ${text} is shown as it is, ${good} or bad. */
void redirect_answer(struct redirect *r, bool good, const char *text);

#endif
