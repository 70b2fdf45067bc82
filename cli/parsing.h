/*
 * parsing.h - mails in the hands of the workers (parser/pool.h): each goes in as an intake and comes
 * back filled in, or with the reason why it cannot be.
 */
#ifndef CLI_PARSING_H
#define CLI_PARSING_H

#include <poll.h>

#include "store/intake.h"

struct parsing;

struct parsing_conf {
	unsigned workers;
	struct ceilings ceilings;
	bool without_originals; /* documents are not wanted back: they are kept already */
	void *arg;
	/*
	 * ${in} is out of the pool, and the callee's from now on.  ${failed}: why it is not whole, in
	 * words for the ledger; NULL when all is well.  Called from within parsing_service.
	 */
	void (*landed)(void *arg, struct intake *in, const char *failed);
};

struct parsing *parsing_new(const struct parsing_conf *conf);

/* What is in work is dropped. */
void parsing_free(struct parsing *p);

/*
 * Have the mail behind ->fd of ${in} read, ->size bytes; takes ${in} over, also when it fails.  The
 * rest as pool_submit says; not when parsing_full.
 */
int parsing_submit(struct parsing *p, struct intake *in, bool bare, uint32_t header, struct err *e);

bool parsing_full(const struct parsing *p);
size_t parsing_busy(const struct parsing *p);

/* Room for LIMIT_WORKERS entries in ${fds}; returns how many to wait for. */
size_t parsing_pollfds(const struct parsing *p, struct pollfd *fds);
int parsing_timeout(const struct parsing *p);

/*
 * After a poll(2) that slept ${waited_ms}.  Fails as pool_service, and with ERR_DATABASE when there is
 * no room for what came.
 */
int parsing_service(
    struct parsing *p, const struct pollfd *fds, size_t n, int waited_ms, struct err *e);

/*
 * The ${n} pieces one behind the other where nobody can change them any more, as ingest/held.h has it:
 * the descriptor, the caller's to close; -1 with ERR_SOURCE.
 */
int parsing_hold(const char *tmp_dir, const struct str *pieces, size_t n, struct err *e);

#endif
