#include "store/readers.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include "core/limits.h"
#include "store/answer.h"
#include "store/connection.h"

#include "sql.h"

#define HANG_SECONDS (LIMIT_QUERY_SECONDS + 5) /* by then the server itself would have answered */

struct slot {
	PGconn *c; /* NULL: not connected */
	bool busy;
	time_t since; /* it is busy */
	const char *asker;
};

/* A question that is taken: it lives on its thread's stack. */
struct ask {
	const char *asker; /* or NULL */
	struct ask *next;
};

struct readers {
	struct database *db;
	/* Held to connect; alone to bring the database up again, which may change where it is. */
	pthread_rwlock_t address;
	pthread_mutex_t mutex;
	pthread_cond_t freed;
	bool stopped, lost;
	struct ask *asks;
	struct slot slots[LIMIT_READERS];
};

struct readers *
readers_new(struct database *db)
{
	struct readers *r = calloc(1, sizeof(*r));
	pthread_condattr_t monotonic;

	if (r == NULL)
		abort();
	r->db = db;
	pthread_rwlock_init(&r->address, NULL);
	pthread_mutex_init(&r->mutex, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&r->freed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	return r;
}

void
readers_free(struct readers *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < LIMIT_READERS; i++)
		PQfinish(r->slots[i].c);
	pthread_cond_destroy(&r->freed);
	pthread_mutex_destroy(&r->mutex);
	pthread_rwlock_destroy(&r->address);
	free(r);
}

/* The text of a file of sql/api; a name that is none is a mistake of ours. */
static const char *
statement(const char *name)
{
	size_t i = 0;

	while (i < sql_api_n && strcmp(sql_api[i].name, name) != 0)
		i++;
	assert(i < sql_api_n);
	return sql_api[i].text;
}

static time_t
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

static bool
same_asker(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* A free place: one that is connected, if there is one.  NULL while ${asker} has enough of them. */
static struct slot *
choose(struct readers *r, const char *asker)
{
	struct slot *best = NULL;
	size_t running = 0;

	for (size_t i = 0; i < LIMIT_READERS; i++) {
		struct slot *s = &r->slots[i];

		running += s->busy && same_asker(s->asker, asker);
		if (!s->busy && (best == NULL || s->c != NULL))
			best = s;
	}
	return running < LIMIT_ASKER_RUNNING ? best : NULL;
}

/* Whether one more question is taken from its asker. */
static bool
is_taken(const struct readers *r, const struct ask *mine)
{
	size_t taken = 0;

	for (const struct ask *a = r->asks; a != NULL; a = a->next)
		taken += same_asker(a->asker, mine->asker);
	return taken < LIMIT_ASKER_WAITING;
}

static struct slot *
borrow(struct readers *r, struct ask *mine, struct err *e)
{
	struct timespec until;
	struct slot *s = NULL;
	int late = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += LIMIT_ASK_SECONDS;
	pthread_mutex_lock(&r->mutex);
	if (is_taken(r, mine)) {
		mine->next = r->asks;
		r->asks = mine;
		while (!r->stopped && late == 0 && (s = choose(r, mine->asker)) == NULL)
			late = pthread_cond_timedwait(&r->freed, &r->mutex, &until);
	} else {
		mine->next = mine; /* not in the list */
	}
	if (s != NULL) {
		s->busy = true;
		s->since = now();
		s->asker = mine->asker;
	} else {
		err_set(
		    e, ERR_DATABASE, r->stopped ? "the server is stopping" : "too many questions");
	}
	pthread_mutex_unlock(&r->mutex);
	return s;
}

static void
give_back(struct readers *r, struct ask *mine, struct slot *s)
{
	struct ask **at = &r->asks;

	pthread_mutex_lock(&r->mutex);
	while (*at != NULL && *at != mine)
		at = &(*at)->next;
	if (*at != NULL)
		*at = mine->next;
	if (s != NULL) {
		s->busy = false;
		s->asker = NULL;
	}
	pthread_cond_broadcast(&r->freed);
	pthread_mutex_unlock(&r->mutex);
}

static void
note_lost(struct readers *r, bool lost)
{
	pthread_mutex_lock(&r->mutex);
	r->lost = lost;
	pthread_mutex_unlock(&r->mutex);
}

static int
connect_slot(struct readers *r, struct slot *s, struct err *e)
{
	PGconn *c;

	pthread_rwlock_rdlock(&r->address);
	c = connection_new_reader(r->db, e);
	pthread_rwlock_unlock(&r->address);
	note_lost(r, c == NULL);
	pthread_mutex_lock(&r->mutex);
	s->c = c;
	pthread_mutex_unlock(&r->mutex);
	return c != NULL ? 0 : -1;
}

static void
disconnect(struct readers *r, struct slot *s)
{
	PGconn *c = s->c;

	pthread_mutex_lock(&r->mutex);
	s->c = NULL;
	pthread_mutex_unlock(&r->mutex);
	PQfinish(c);
}

/* A statement that was cut short has an SQLSTATE of its own, among those of a shutdown. */
static bool
took_too_long(const PGresult *r)
{
	const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);

	return state != NULL && strcmp(state, "57014") == 0;
}

static struct answer *
run(struct slot *s, const char *name, const char *const *values, size_t n, bool binary,
    enum remedy *remedy, struct err *e)
{
	PGresult *r =
	    PQexecParams(s->c, statement(name), (int)n, NULL, values, NULL, NULL, binary ? 1 : 0);

	*remedy = connection_judge(s->c, r, e);
	if (*remedy == REMEDY_NONE)
		return answer_new(r);
	if (took_too_long(r))
		err_set(e, ERR_CONFIG, "it took longer than %d s", LIMIT_QUERY_SECONDS);
	else if (*remedy == REMEDY_BISECT)
		e->kind = ERR_MESSAGE;
	if (*remedy != REMEDY_BISECT)
		err_wrap(e, "\"%s\"", name);
	PQclear(r);
	return NULL;
}

struct answer *
readers_ask(struct readers *r, const char *asker, const char *name, const char *const *values,
    size_t n, bool binary, struct err *e)
{
	struct ask mine = { .asker = asker };
	struct slot *s = borrow(r, &mine, e);
	struct answer *a = NULL;
	enum remedy remedy;
	bool fresh = s == NULL;

	while (a == NULL && s != NULL) {
		fresh = s->c == NULL;
		if (fresh && connect_slot(r, s, e) < 0)
			break;
		a = run(s, name, values, n, binary, &remedy, e);
		/* libpq never gives back the room that a large answer took. */
		if (PQstatus(s->c) != CONNECTION_OK ||
		    (a != NULL && answer_size(a) > LIMIT_ANSWER_BYTES))
			disconnect(r, s);
		/* A connection made just now was not lost by an old restart: no second try. */
		if (fresh || s->c != NULL)
			break;
	}
	give_back(r, &mine, s);
	return a;
}

bool
readers_lost(struct readers *r)
{
	bool lost;

	pthread_mutex_lock(&r->mutex);
	lost = r->lost;
	pthread_mutex_unlock(&r->mutex);
	return lost;
}

int
readers_revive(struct readers *r, struct err *e)
{
	int rc;

	pthread_rwlock_wrlock(&r->address);
	rc = database_revive(r->db, e);
	pthread_rwlock_unlock(&r->address);
	if (rc == 0)
		note_lost(r, false);
	return rc;
}

/* Whoever waits for an answer finds the connection closed.  With the mutex held. */
static void
cut(const struct slot *s)
{
	if (s->busy && s->c != NULL)
		shutdown(PQsocket(s->c), SHUT_RDWR);
}

void
readers_tick(struct readers *r)
{
	time_t t = now();

	pthread_mutex_lock(&r->mutex);
	for (size_t i = 0; i < LIMIT_READERS; i++)
		if (t - r->slots[i].since > HANG_SECONDS)
			cut(&r->slots[i]);
	pthread_mutex_unlock(&r->mutex);
}

/* The server notices that its client is gone, or its statement's time is up. */
void
readers_stop(struct readers *r)
{
	pthread_mutex_lock(&r->mutex);
	r->stopped = true;
	pthread_cond_broadcast(&r->freed);
	for (size_t i = 0; i < LIMIT_READERS; i++)
		cut(&r->slots[i]);
	pthread_mutex_unlock(&r->mutex);
}
