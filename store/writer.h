/*
 * writer.h - writes batches on one connection, a batch at a time, without ever blocking on it.
 *
 * What fails is judged by its SQLSTATE: a value PostgreSQL refuses (classes 22, 23, 54) costs one
 * message, to which the batch is bisected and which is recorded as refused; a lost connection, a
 * shutdown, missing resources or a deadlock (08, 57P, 53, 40) is tried again until
 * its patience has passed; anything else ends the run.  A COMMIT that got no answer is
 * looked up before the batch is tried again: nothing is counted twice.  A mail that is tried again, and
 * of which reports are stored, is not recorded as refused: it stays as it was (->left).
 */
#ifndef STORE_WRITER_H
#define STORE_WRITER_H

#include <signal.h>

#include "store/batch.h"
#include "store/database.h"

struct writer;

/*
 * ${oids} and ${stop} (set by a signal: waiting for the database ends) must outlive it.  The database
 * may be away for ${patience} seconds.
 */
struct writer *writer_new(struct database *db, const struct type_oids *oids, unsigned patience,
    const volatile sig_atomic_t *stop);
void writer_free(struct writer *w);

/* From now on do all but write: each transaction is rolled back in the end. */
void writer_rehearse(struct writer *w);

/* Connect ahead of need; what fails is tried again, and told, when there is something to write. */
void writer_connect(struct writer *w);

bool writer_busy(const struct writer *w);

/* Take over the intakes of ${batch} and begin.  Not while busy. */
void writer_start(struct writer *w, struct batch *batch);

/* What to poll(2) for while busy; -1: it waits for nothing, call writer_service at once. */
int writer_fd(const struct writer *w);
short writer_events(const struct writer *w);

/*
 * Go on: 0 while at it, 1 when all is committed and the intakes, judged, are in ${done} (empty
 * before), -1 when it gave up: ERR_DATABASE after its time, ERR_CONFIG otherwise.
 */
int writer_service(struct writer *w, struct batch *done, struct err *e);

#endif
