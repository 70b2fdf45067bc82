#include "store/writer.h"

#include <assert.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>

#include "core/limits.h"
#include "core/log.h"
#include "core/now.h"
#include "store/connection.h"
#include "store/copy.h"
#include "store/transaction.h"

#include "sql.h"

#define DEPTH 16 /* halves of halves of LIMIT_BATCH_MESSAGES, and some */

struct writer {
	struct database *db;
	const volatile sig_atomic_t *stop;
	unsigned patience; /* seconds */
	PGconn *c;
	struct transaction t;
	struct batch todo[DEPTH]; /* the last one is in hand */
	size_t ntodo;
	struct batch done;
	bool sent, copying; /* of the step in hand */
	PGresult *answer;   /* to that step, taken when the database is ready for the next */
	bool tail;          /* the COPY's last bytes are out */
	bool full;          /* the socket takes no more for now */
	bool committing;
	int64_t troubled;   /* since when by now_ms() the database is away; 0: it is not */
	enum remedy failed; /* what the step in hand asks for; its story in ${story} */
	struct err story;
};

struct writer *
writer_new(struct database *db, const struct type_oids *oids, unsigned patience,
    const volatile sig_atomic_t *stop)
{
	struct writer *w = calloc(1, sizeof(*w));

	if (w == NULL)
		abort();
	w->db = db;
	w->patience = patience;
	w->stop = stop;
	transaction_init(&w->t, oids);
	batch_init(&w->done);
	return w;
}

void
writer_free(struct writer *w)
{
	if (w == NULL)
		return;
	PQclear(w->answer);
	PQfinish(w->c);
	while (w->ntodo > 0)
		batch_fini(&w->todo[--w->ntodo]);
	batch_fini(&w->done);
	transaction_fini(&w->t);
	free(w);
}

bool
writer_busy(const struct writer *w)
{
	return w->ntodo > 0;
}

int
writer_fd(const struct writer *w)
{
	return w->c != NULL && w->sent ? PQsocket(w->c) : -1;
}

short
writer_events(const struct writer *w)
{
	return (short)(POLLIN | (w->full ? POLLOUT : 0));
}

static void
push(struct writer *w, struct batch *batch)
{
	struct batch *to = &w->todo[w->ntodo++];
	struct intake *in;

	assert(w->ntodo <= DEPTH);
	batch_init(to);
	while ((in = batch_take(batch)) != NULL)
		batch_add(to, in);
}

static void
keep(struct writer *w, PGresult *answer)
{
	PQclear(w->answer);
	w->answer = answer;
}

static void
restart(struct writer *w)
{
	keep(w, NULL);
	w->sent = false;
	w->copying = false;
	w->full = false;
	w->committing = false;
	w->failed = REMEDY_NONE;
	if (w->ntodo > 0)
		transaction_start(&w->t, w->c, &w->todo[w->ntodo - 1]);
}

void
writer_start(struct writer *w, struct batch *batch)
{
	assert(w->ntodo == 0);
	push(w, batch);
	w->t.unsure = false;
	restart(w);
}

static int
connect_once(struct writer *w, struct err *e)
{
	PGresult *r;

	w->c = connection_new(w->db, e);
	if (w->c == NULL)
		return -1;
	r = connection_run(w->c, sql_query_writer_session, 0, NULL, e);
	if (r == NULL || transaction_prepare(w->c, e) < 0 || PQsetnonblocking(w->c, 1) != 0) {
		PQclear(r);
		PQfinish(w->c);
		w->c = NULL;
		return -1;
	}
	PQclear(r);
	return 0;
}

/* In trouble: whether it has lasted for longer than there is patience. */
static bool
is_over(struct writer *w)
{
	if (w->troubled == 0)
		w->troubled = now_ms();
	return now_ms() - w->troubled >= w->patience * 1000ll;
}

/* Connect, trying again until the time for it has passed. */
static int
reconnect(struct writer *w, struct err *e)
{
	struct timespec nap = { 0, 100000000 };

	while (connect_once(w, e) < 0) {
		if (e->kind != ERR_DATABASE)
			return -1;
		if (*w->stop || is_over(w))
			return -1;
		nanosleep(&nap, NULL);
		if (database_revive(w->db, e) < 0 && e->kind != ERR_DATABASE)
			return -1;
		if (nap.tv_sec == 0)
			nap = (struct timespec){ nap.tv_nsec > 400000000,
				nap.tv_nsec > 400000000 ? 0 : nap.tv_nsec * 2 };
	}
	restart(w);
	return 0;
}

void
writer_rehearse(struct writer *w)
{
	w->t.rehearsal = true;
}

void
writer_connect(struct writer *w)
{
	struct err ignored;

	if (w->c == NULL)
		(void)connect_once(w, &ignored);
}

/* Leave the transaction; a connection that will not is given up. */
static void
roll_back(struct writer *w)
{
	PGresult *r;
	bool fine = w->c != NULL && PQstatus(w->c) == CONNECTION_OK &&
	    PQtransactionStatus(w->c) != PQTRANS_ACTIVE;

	if (fine && PQtransactionStatus(w->c) != PQTRANS_IDLE) {
		r = PQexec(w->c, "ROLLBACK");
		fine = PQresultStatus(r) == PGRES_COMMAND_OK;
		PQclear(r);
	}
	if (!fine) {
		PQfinish(w->c);
		w->c = NULL;
	}
}

/* The one mail in hand stays as it was: it is over. */
static void
leave(struct writer *w, const char *reason)
{
	struct intake *in = batch_take(&w->todo[--w->ntodo]);

	in->left = arena_str(in->arena, str_of(reason));
	batch_add(&w->done, in);
}

/* The batch in hand holds a value PostgreSQL refuses: halve it, or record the one message. */
static int
bisect(struct writer *w, struct err *e)
{
	struct batch *b = &w->todo[w->ntodo - 1], rest;
	char reason[LIMIT_REASON_BYTES];

	if (b->messages == 1 && b->head->unreadable) {
		b->head->unreadable = false; /* once more, without its bytes */
		return 0;
	}
	if (b->messages > 1) {
		batch_init(&rest);
		batch_split(b, &rest);
		push(w, &rest);
		return 0;
	}
	snprintf(reason, sizeof(reason), "the database refused it: %.440s", w->story.text);
	if (b->head->nstored > 0) {
		leave(w, reason);
		return 0;
	}
	if (b->head->outcome == OUTCOME_REFUSED && intake_reports(b->head) == 0) {
		*e = w->story;
		e->kind = ERR_CONFIG;
		return err_wrap(e, "could not even record a refused mail");
	}
	intake_only(b->head, OUTCOME_REFUSED, reason);
	return 0;
}

/* See to what went wrong with the batch in hand. */
static int
mend(struct writer *w, struct err *e)
{
	enum remedy remedy = w->failed;
	bool committing = w->committing;

	roll_back(w);
	switch (remedy) {
	case REMEDY_RETRY:
		w->t.unsure |= committing;
		log_event(LOG_DEBUG, "%s; trying again", w->story.text);
		nanosleep(&(struct timespec){ 0, 100000000 }, NULL);
		if (is_over(w) || *w->stop) {
			*e = w->story;
			return err_wrap(e, "%s", database_where(w->db));
		}
		break;
	case REMEDY_BISECT:
		if (bisect(w, e) < 0)
			return -1;
		break;
	default:
		*e = w->story;
		return err_wrap(e, "%s", database_where(w->db));
	}
	restart(w);
	return 0;
}

static void
fail(struct writer *w, const struct err *e, enum remedy remedy)
{
	if (w->failed != REMEDY_NONE)
		return;
	w->failed = remedy;
	w->story = *e;
}

/* A step of ours failed, not the database: the kind says what helps. */
static void
fail_own(struct writer *w, const struct err *e)
{
	fail(w, e,
	    e->kind == ERR_MESSAGE                ? REMEDY_BISECT
		: PQstatus(w->c) != CONNECTION_OK ? REMEDY_RETRY
						  : REMEDY_STOP);
}

static void
take_result(struct writer *w, const struct step *step, PGresult *r)
{
	enum remedy remedy;
	struct err e;

	remedy = connection_judge(w->c, r, &e);
	if (remedy != REMEDY_NONE) {
		fail(w, &e, remedy);
		w->tail = true;
	} else if (PQresultStatus(r) == PGRES_COPY_IN) {
		w->copying = true;
		w->tail = false;
	} else if (step->take != NULL) {
		keep(w, r);
		return;
	}
	PQclear(r);
}

/*
 * A server that crashes may send an answer of which nothing was committed: it counts only when
 * the server says that it is ready for more.
 */
static void
take_answer(struct writer *w, const struct step *step)
{
	struct err e;

	if (w->answer != NULL && w->failed == REMEDY_NONE && step->take(&w->t, w->answer, &e) < 0)
		fail_own(w, &e);
	keep(w, NULL);
}

/* Hand what libpq holds to the socket; sets w->full. */
static int
flush(struct writer *w, struct err *e)
{
	int rc = PQflush(w->c);

	w->full = rc > 0;
	if (rc < 0)
		return connection_lost(w->c, e);
	return 0;
}

/* Push rows out until the socket is full or all are gone. */
static int
pump(struct writer *w, const struct step *step, struct err *e)
{
	int more;

	if (flush(w, e) < 0)
		return -1;
	while (!w->full && !w->tail) {
		more = step->feed(&w->t, e);
		if (more < 0)
			return -1;
		if (more == 0)
			copy_tail(&w->t.out);
		if (PQputCopyData(w->c, w->t.out.p, (int)w->t.out.n) != 1 ||
		    (more == 0 && PQputCopyEnd(w->c, NULL) != 1))
			return connection_lost(w->c, e);
		buf_reset(&w->t.out);
		w->tail = more == 0;
		if (flush(w, e) < 0)
			return -1;
	}
	return 0;
}

/* Give up the COPY in hand because of ${e}: the server answers with an error of its own. */
static void
abandon(struct writer *w, const struct err *e)
{
	fail_own(w, e);
	w->tail = true;
	if (PQputCopyEnd(w->c, "abandoned") == 1)
		w->full = PQflush(w->c) > 0;
}

/* Go on with the step in hand: 1 it is over, 0 the database must answer or take more first. */
static int
advance(struct writer *w, const struct step *step)
{
	struct err e;

	if (w->copying && !w->tail) {
		if (pump(w, step, &e) < 0)
			abandon(w, &e);
	} else if (flush(w, &e) < 0) {
		fail(w, &e, REMEDY_RETRY);
	}
	if (PQconsumeInput(w->c) == 0) {
		connection_lost(w->c, &e);
		fail(w, &e, REMEDY_RETRY);
		return 1;
	}
	while (!PQisBusy(w->c)) {
		PGresult *r;

		if (w->copying && !w->tail)
			return 0; /* still taking rows */
		r = PQgetResult(w->c);
		if (r == NULL) {
			take_answer(w, step);
			return 1;
		}
		take_result(w, step, r);
		if (w->copying && !w->tail && pump(w, step, &e) < 0)
			abandon(w, &e);
	}
	return 0;
}

static void
finish_batch(struct writer *w)
{
	struct batch *b = &w->todo[--w->ntodo];
	struct intake *in;

	while ((in = batch_take(b)) != NULL)
		batch_add(&w->done, in);
	w->troubled = 0;
	w->t.unsure = false;
	if (w->t.done)
		roll_back(w);
	restart(w);
}

/* Send the step in hand, going over those that are not needed: 0, or -1 when the batch is over. */
static int
send_step(struct writer *w)
{
	struct err e;
	int sent = 0;

	while (sent == 0) {
		if (w->t.step == transaction_nsteps || w->t.done)
			return -1;
		sent = transaction_steps[w->t.step].send(&w->t, &e);
		if (sent == 0)
			w->t.step++;
	}
	w->copying = false;
	w->tail = false;
	w->sent = sent > 0;
	w->committing |= sent != 0 && transaction_steps[w->t.step].commits;
	if (sent < 0)
		fail_own(w, &e);
	return 0;
}

int
writer_service(struct writer *w, struct batch *done, struct err *e)
{
	struct intake *in;

	while (w->ntodo > 0) {
		if (w->c == NULL && reconnect(w, e) < 0)
			return -1;
		if (!w->sent && send_step(w) < 0) {
			finish_batch(w);
			continue;
		}
		if (w->sent && advance(w, &transaction_steps[w->t.step]) == 0)
			return 0;
		w->sent = false;
		if (w->failed != REMEDY_NONE) {
			if (mend(w, e) < 0)
				return -1;
			continue;
		}
		w->t.step++;
	}
	while ((in = batch_take(&w->done)) != NULL)
		batch_add(done, in);
	return 1;
}
