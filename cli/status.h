/* status.h - what "status" knows, for those who print it and those who judge it. */
#ifndef CLI_STATUS_H
#define CLI_STATUS_H

#include <stdint.h>

#include "cli/verb.h"
#include "core/buf.h"
#include "store/query.h"
#include "store/survey.h"

/* The first columns of sql/query/status_mailboxes.sql. */
enum {
	MAILBOX_PATH,
	MAILBOX_BEGUN,
	MAILBOX_ENDED,
	MAILBOX_WELL,
	MAILBOX_RESULT,
	MAILBOX_TROUBLE,
	MAILBOX_MAILS,
	MAILBOX_KNOWN,
	MAILBOX_SOURCE,
	MAILBOX_VALUES
};

/* A mailbox that was read, that the configuration names, or both. */
struct mailbox {
	const char *name; /* in the configuration, or NULL */
	const char *path;
	const char *state; /* never, unknown, running, killed, or how its run ended */
	const char *values[MAILBOX_VALUES]; /* as the query has them, or all NULL */
	int64_t well_age, begun_age;        /* seconds, or -1 */
};

/* An answer is NULL where nothing was asked, or none came. */
struct status {
	struct context *c;
	bool there;            /* the state directory */
	struct survey cluster; /* before anything was started */
	uint64_t free_bytes;
	struct buf where; /* the database, for people, with a NUL; empty: it was not reached */
	struct answer *sums, *outcomes, *mailboxes, *folders;
	struct buf *paths; /* of the configuration's sources, as the database has them */
	struct mailbox *boxes;
	size_t n;
};

/* All on standard output, as the context says; ${problem}: why the database could not be asked, or NULL. */
void status_print(const struct status *s, const struct err *problem);

#endif
