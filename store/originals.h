/* originals.h - the kept originals, a page at a time, in the order of their reports' keys. */
#ifndef STORE_ORIGINALS_H
#define STORE_ORIGINALS_H

#include <libpq-fe.h>

#include "core/limits.h"
#include "store/connection.h"
#include "store/reparse.h"

struct originals {
	PGresult *page; /* what ->list borrows from */
	struct reparse_original list[LIMIT_REPARSE_ORIGINALS];
	struct identity last; /* key of the last one read */
};

void originals_init(struct originals *s);
void originals_fini(struct originals *s);

/*
 * Fetch the page behind ->last: those that ${conf} selects, at most LIMIT_REPARSE_BYTES but for a
 * single one.  Empty at the end.
 */
enum remedy originals_ask(
    struct originals *s, PGconn *c, const struct reparse_conf *conf, struct err *e);

/* Fill ->list with those of the page that belong to a report: how many. */
int originals_take(struct originals *s);

#endif
