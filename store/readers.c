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
};

struct readers {
	struct database *db;
	pthread_mutex_t mutex;
	pthread_cond_t freed;
	bool stopped, lost;
	unsigned n;
	struct slot slots[];
};

struct readers *
readers_new(struct database *db, unsigned most)
{
	struct readers *r = calloc(1, sizeof(*r) + most * sizeof(r->slots[0]));

	if (r == NULL)
		abort();
	r->db = db;
	r->n = most;
	pthread_mutex_init(&r->mutex, NULL);
	pthread_cond_init(&r->freed, NULL);
	return r;
}

void
readers_free(struct readers *r)
{
	if (r == NULL)
		return;
	for (unsigned i = 0; i < r->n; i++)
		PQfinish(r->slots[i].c);
	pthread_cond_destroy(&r->freed);
	pthread_mutex_destroy(&r->mutex);
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

/* One that is connected, if there is one, else any: waiting for it where need be. */
static struct slot *
borrow(struct readers *r, struct err *e)
{
	struct slot *s = NULL;

	pthread_mutex_lock(&r->mutex);
	while (!r->stopped && s == NULL) {
		for (unsigned i = 0; i < r->n; i++)
			if (!r->slots[i].busy && (s == NULL || r->slots[i].c != NULL))
				s = &r->slots[i];
		if (s == NULL)
			pthread_cond_wait(&r->freed, &r->mutex);
	}
	if (r->stopped) {
		s = NULL;
		err_set(e, ERR_DATABASE, "the server is stopping");
	} else {
		s->busy = true;
		s->since = now();
	}
	pthread_mutex_unlock(&r->mutex);
	return s;
}

static void
give_back(struct readers *r, struct slot *s)
{
	pthread_mutex_lock(&r->mutex);
	s->busy = false;
	pthread_cond_signal(&r->freed);
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
	PGconn *c = connection_new_reader(r->db, e);

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
readers_ask(struct readers *r, const char *name, const char *const *values, size_t n, bool binary,
    struct err *e)
{
	struct slot *s = borrow(r, e);
	struct answer *a = NULL;
	enum remedy remedy;
	bool fresh;

	if (s == NULL)
		return NULL;
	do {
		fresh = s->c == NULL;
		if (fresh && connect_slot(r, s, e) < 0)
			break;
		a = run(s, name, values, n, binary, &remedy, e);
		if (a == NULL && PQstatus(s->c) != CONNECTION_OK)
			disconnect(r, s);
		/* A connection made just now was not lost by an old restart: no second try. */
	} while (a == NULL && s->c == NULL && !fresh);
	give_back(r, s);
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
	if (database_revive(r->db, e) < 0)
		return -1;
	note_lost(r, false);
	return 0;
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
	for (unsigned i = 0; i < r->n; i++)
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
	for (unsigned i = 0; i < r->n; i++)
		cut(&r->slots[i]);
	pthread_mutex_unlock(&r->mutex);
}
