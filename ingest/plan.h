/*
 * plan.h - which mails of a folder are still to be fetched, and how far all of it is done.
 *
 * No word to the server here: sizes are asked for windows of UIDs, mails are fetched in batches, what
 * is committed is ticked off, and the mark follows behind the oldest that is not.  Memory is 16 bytes
 * for each mail between mark and window, PLAN_AHEAD and the mails in hand at most, beside those that
 * are known beyond the mark.
 */
#ifndef INGEST_PLAN_H
#define INGEST_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"

#include "ingest/uidset.h"

#define PLAN_WINDOW 2000u  /* UIDs whose sizes are asked at once; wider where they are scattered */
#define PLAN_AHEAD 4000u   /* mails with known sizes that wait to be fetched */
#define PLAN_MOST 1000000u /* mails of one window, 16 MB; what is above them is another's */
#define PLAN_BATCH 100     /* mails in a command: servers choke on long lists */
#define PLAN_SIZE 65536u   /* of a mail whose size is not told */
#define PLAN_TRIES 3       /* of a mail the server does not give */

enum item_state {
	ITEM_FOUND, /* to be fetched */
	ITEM_ASKED, /* asked for in a command that has not ended */
	ITEM_HANDED,
	ITEM_STUCK, /* the server does not give it: the mark stays before it, the next run tries again */
	ITEM_DONE,
};

struct item {
	uint32_t uid;
	uint8_t state, tries;
	uint64_t size; /* bytes, as the server said; PLAN_SIZE where it did not */
};

struct plan {
	struct buf items; /* struct item, ascending; the first ${gone} are done and forgotten */
	size_t gone;
	uint32_t mark;       /* everything up to it is committed */
	uint32_t scanned;    /* everything up to it is among the items */
	uint32_t window_end; /* of the window asked for, 0: none is */
	size_t window_at;    /* where its items begin */
	uint32_t width;
	bool through;   /* a window without an end was answered: there was no more then */
	size_t next;    /* no item before it is ITEM_FOUND */
	size_t found;   /* items that are ITEM_FOUND */
	size_t open;    /* items that are ITEM_ASKED */
	size_t waiting; /* items that are ITEM_HANDED */
	unsigned batch; /* mails in a command, at most; fewer after trouble */
};

/* Everything up to ${mark} is known. */
void plan_init(struct plan *p, uint32_t mark);
void plan_fini(struct plan *p);

/*
 * The next UIDs whose sizes are to be asked, ${first} to ${last}, if there are any and enough is not
 * known ahead.  ${uidnext}: below it all UIDs are; 0: the server did not say, ${last} is then UINT32_MAX.
 */
bool plan_window(struct plan *p, uint32_t uidnext, uint32_t *first, uint32_t *last);

/* The server told of a mail within the window; one outside it is ignored.  ${known}: it is stored. */
void plan_found(struct plan *p, uint32_t uid, uint64_t size, bool known);

/* The window was answered whole. */
void plan_window_done(struct plan *p);

/*
 * Take the next mails to be fetched into ${uids}: at least one if any is found, at most ${p->batch},
 * together at most ${max} bytes unless one alone is larger.  Returns their bytes.
 */
uint64_t plan_pick(struct plan *p, uint64_t max, struct uidset *uids);

/* The size of a mail between mark and window; 0 of any other. */
uint64_t plan_size(const struct plan *p, uint32_t uid);

/* It turned out to have another. */
void plan_resize(struct plan *p, uint32_t uid, uint64_t size);

/* Whether ${uid} was asked for and not handed out yet. */
bool plan_is_open(const struct plan *p, uint32_t uid);

/* Whether it was handed out and is not committed. */
bool plan_is_handed(const struct plan *p, uint32_t uid);

void plan_handed(struct plan *p, uint32_t uid);

/* It is committed, or was found to be gone. */
void plan_done(struct plan *p, uint32_t uid);

/* It was asked for and did not come: again, or ITEM_STUCK after PLAN_TRIES (then true). */
bool plan_failed(struct plan *p, uint32_t uid);

/* What was asked for is to be asked again; ${trouble}: in smaller batches. */
void plan_again(struct plan *p, bool trouble);

/* There may be more mails than when it was asked last. */
void plan_news(struct plan *p);

/* Whether all there is was asked for and came. */
bool plan_is_through(const struct plan *p, uint32_t uidnext);

/* A batch came: the next may be larger again. */
void plan_grow(struct plan *p);

/* How many were handed out and are not committed, and their bytes. */
size_t plan_waiting(const struct plan *p);
uint64_t plan_held(const struct plan *p);

#endif
