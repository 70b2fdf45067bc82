/*
 * pool.h - the parent's side of the workers: hand out messages, take in frames, survive deaths.
 *
 * One worker per core, started when first needed.  Each has one message in work and one waiting.
 * The limits are per message: CPU time (->ceilings.cpu_seconds + 1 s per LIMIT_CPU_BYTES, by
 * prlimit as the message begins), wall time without progress (->ceilings.wait_seconds, counted only
 * while the parent listens, anew when some CPU time was used: on a busy machine a large report takes
 * long, and only what hangs uses nothing), memory (RLIMIT_AS).  A worker that passes one, crashes or
 * breaks the protocol costs the message it was at, which is told by ->failed, and is replaced; one
 * that somebody else killed (SIGKILL, SIGTERM) costs nothing: its messages start anew,
 * LIMIT_WORKER_RETRIES times at most.
 *
 * A process that ignores SIGCHLD never learns how its workers ended: see to its default first.
 */
#ifndef PARSER_POOL_H
#define PARSER_POOL_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/ceilings.h"
#include "core/err.h"
#include "core/frame.h"

struct pool;

/*
 * What the pool tells, from within pool_service; ${context} is what pool_submit was given for the
 * message.  No function of the pool may be called from here.
 */
struct pool_sink {
	void *arg;
	/*
	 * A frame of the message: RECORD, RETRACT, ORIGINAL, PART or END (the last).  The payload is
	 * borrowed and hostile.  -1: the frame is wrong; the worker is killed and ->failed follows.
	 */
	int (*frame)(
	    void *arg, void *context, enum frame_type type, struct str payload, struct err *e);
	/* Forget all frames of the message: it starts anew. */
	void (*restart)(void *arg, void *context);
	/* The message is over without its END: ${reason} in words, for the intake. */
	void (*failed)(void *arg, void *context, const char *reason);
};

struct pool_conf {
	unsigned workers; /* at most LIMIT_WORKERS */
	const char *exe;  /* the program that is WORKER_NAME; NULL: this one */
	struct pool_sink sink;
	struct ceilings ceilings; /* where ->mail is 0: ceilings_default */
	unsigned cpu_seconds;     /* instead of theirs, where not 0 */
	int wall_ms;              /* instead of theirs, where not 0 */
};

/* As root, the process's real user and group become WORKER_NOBODY; the effective ones stay. */
struct pool *pool_new(const struct pool_conf *conf);

/*
 * Hang up on the idle workers and wait for their end, 2 s at most; kill the others: their messages
 * are dropped without a word.
 */
void pool_free(struct pool *p);

/* Whether pool_submit would have to refuse. */
bool pool_full(const struct pool *p);

/* Messages handed in and not yet over. */
size_t pool_busy(const struct pool *p);

/*
 * Have the message behind ${fd} parsed.  The descriptor stays the caller's and must stay open, and
 * its offset alone, until the message is over.  ${size} in bytes sets the CPU limit; ${header} of
 * them are the header block of the mail that a bare report once came in (struct job), or 0.
 * Not to be called when pool_full.  Fails with ERR_CONFIG when workers cannot be started, and with
 * ERR_SOURCE when the machine lacks memory, processes or descriptors for it now.
 */
int pool_submit(struct pool *p, void *context, int fd, uint64_t size, const char *name, bool bare,
    uint32_t header, struct err *e);

/* Write at most ${max} entries to wait for into ${fds}; returns how many. */
size_t pool_pollfds(const struct pool *p, struct pollfd *fds, size_t max);

/* Milliseconds until pool_service is to look at the limits, or -1 when no message is in work. */
int pool_timeout(const struct pool *p);

/*
 * After poll(2) on what pool_pollfds gave: read what came, see to deaths and limits.
 * ${waited_ms} is how long that poll slept: the wall time of messages in work.
 * Fails with ERR_CONFIG when the workers cannot be set up, cannot close their jail, or ended ten
 * times in a row before a first message; else as pool_submit.
 */
int pool_service(struct pool *p, const struct pollfd *fds, size_t n, int waited_ms, struct err *e);

#endif
