/*
 * stream.h - one source in a flow: what is known of it, its mails on their way, what is settled, how
 * far it was read, and its trouble.
 *
 * Watching, a source in trouble is closed and opened again after a while; what it gave before is
 * stored, and what was not acknowledged stays pending in the database.
 */
#ifndef CLI_STREAM_H
#define CLI_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/keyset.h"
#include "ingest/source.h"
#include "store/intake.h"
#include "store/ledger.h"

struct flow_conf;
struct lock;

enum stream_state {
	STREAM_CLOSED, /* to be opened at ->retry_at */
	STREAM_FOUND,  /* open; what is known of it is not loaded */
	STREAM_OPEN,
	STREAM_OVER, /* nothing more is wanted of it */
};

struct stream {
	const struct flow_conf *conf;
	const struct source_conf *source_conf;
	struct ledger *ledger; /* NULL in a dry run without a database */
	enum stream_state state;
	struct source *source; /* NULL while closed */
	struct lock *lock;
	int64_t id; /* of the source in the database */
	struct keyset *known;
	size_t known_most;           /* then it is loaded anew */
	size_t flying;               /* mails that are not yet committed */
	bool waiting;                /* it has nothing until its descriptor says so */
	bool whole;                  /* no entry was passed over */
	bool settling;               /* acknowledging works */
	bool broken;                 /* it gave out */
	bool begun;                  /* the database knows of this run */
	uint64_t stored, unreadable; /* mails of this run */
	struct err passed_over; /* of the entries that were: the first by its text, and how many */
	size_t passed_over_n;
	struct err trouble; /* why, or why acknowledging did not work */
	struct buf settled; /* struct key: acknowledged, the database not yet told */
	bool untold;        /* there may be something to tell it */
	int64_t told_at;    /* by now_ms, as all below */
	/* When watching. */
	bool ailing; /* its trouble was told */
	int64_t opened_at, retry_at;
	unsigned pause_ms; /* before it is opened again */
};

/* ${conf} and ${source} must outlive it. */
void stream_init(struct stream *s, const struct flow_conf *conf, struct ledger *ledger,
    const struct source_conf *source);

/*
 * Its run is over: write down how it went.  For the last time before stream_fini, while the database
 * is there.
 */
void stream_end(struct stream *s);

/* Not watching: whether something was wrong, and what in ${e}; of two things one is told. */
bool stream_failed(const struct stream *s, struct err *e);

/* What is not acknowledged stays pending. */
void stream_fini(struct stream *s);

/*
 * Open the source of a stream that is CLOSED.  Its own trouble is noted, not returned; -1 with
 * ERR_DATABASE or ERR_CONFIG when the database cannot be worked with.
 */
int stream_find(struct stream *s, struct err *e);

/*
 * Load what is known of it: of a stream that is FOUND, or OPEN and in need of it.  No mail of a source
 * with the same ->id may be on its way to the database.  -1 likewise.
 */
int stream_load(struct stream *s, struct err *e);
bool stream_needs_load(const struct stream *s);

/* The next mail of an OPEN stream that is not waiting: 1, 0 when there is none now, -1 likewise. */
int stream_next(struct stream *s, struct mail *m, struct err *e);

/* ${in}, which it gave, is committed. */
void stream_done(struct stream *s, const struct intake *in);

/* ${in}, which it gave, came to nothing: counted in a dry run, or dropped. */
void stream_drop(struct stream *s, const struct intake *in);

/* What to wait for; ->fd is -1 when nothing. */
void stream_pollfd(const struct stream *s, struct pollfd *p);

/* The descriptor is ready.  ${ended}: stream_next is not called any more. */
void stream_ready(struct stream *s, bool ended);

/*
 * Tell the database what was acknowledged and how far the source was read, at most once a second
 * unless ${now}.  A loss only means doing it again.
 */
void stream_tell(struct stream *s, bool now);

/* When it wants stream_find or stream_tell, by now_ms; INT64_MAX: it does not. */
int64_t stream_due(const struct stream *s);

#endif
