/* lanes.h - the connections that write, and the batches that gather for them. */
#ifndef CLI_LANES_H
#define CLI_LANES_H

#include <poll.h>

#include "store/writer.h"

#define LANES 2 /* design: two connections keep PostgreSQL busy on two cores */

/* One connection and its batch. */
struct lane {
	struct writer *writer;
	struct batch filling;
	int64_t since; /* when its first message came, now_ms */
	bool overdue;  /* it would not take the next message */
};

struct lanes {
	struct lane lane[LANES];
};

/* Without connections yet: a dry run needs none. */
void lanes_init(struct lanes *l);
void lanes_open(struct lanes *l, struct database *db, const struct type_oids *oids,
    unsigned patience, const volatile sig_atomic_t *stop);

/* From now on do all but write (writer_rehearse). */
void lanes_rehearse(struct lanes *l);

/* Connect, while the workers are still starting. */
void lanes_connect(struct lanes *l);

/* What is not written yet is dropped. */
void lanes_fini(struct lanes *l);

/* Take over ${in}.  Reports of one domain always take the same lane: their sums are not fought over. */
void lanes_add(struct lanes *l, struct intake *in);

/* Whether some lane cannot take more for now. */
bool lanes_clogged(const struct lanes *l);

bool lanes_busy(const struct lanes *l);

/* Start to write what is full or has waited for LANES_WAIT_MS; ${last}: what there is. */
void lanes_start(struct lanes *l, bool last);

#define LANES_WAIT_MS 1000

/* When some batch will have waited so long, by now_ms; INT64_MAX: none is waiting. */
int64_t lanes_due(const struct lanes *l);

/*
 * Fill in at most LANES entries to wait for; returns how many.  ${at_once} is set when a lane waits
 * for nothing.
 */
size_t lanes_pollfds(const struct lanes *l, struct pollfd *fds, bool *at_once);

/* Go on with lane ${i}, if it is busy; what is committed comes in ${done}, as writer_service says. */
int lanes_service(struct lanes *l, size_t i, struct batch *done, struct err *e);

#endif
