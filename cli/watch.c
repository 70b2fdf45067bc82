#include "cli/watch.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/ask.h"
#include "cli/notify.h"
#include "cli/signals.h"
#include "cli/tally.h"
#include "core/log.h"
#include "core/now.h"
#include "store/database.h"

#define PATIENCE 10 /* seconds; then all is taken down, and tried again for ever */
#define PAUSE_LEAST_MS 1000
#define PAUSE_MOST_MS (60 * 1000)
#define STATUS_MS 1000
#define WARN_MS (60 * 1000)
#define WELL_MS (60 * 1000)

struct watch {
	struct context *c;
	const struct ingest_wish *wish;
	int n;
	char **names;
	struct config *next; /* read, and to be used from the next session on */
	struct notify notify;
	struct tally tally, warned; /* what was warned of */
	int64_t warned_at;
	bool ready;       /* this session is */
	int64_t began_at; /* since when */
	uint64_t began_mails;
	bool stopping;       /* the service manager was told */
	bool ailing;         /* trouble of all was told */
	unsigned pause_ms;   /* before the next session, after trouble */
	uint64_t told_mails; /* in the last status */
	size_t told_ailing;
	int64_t told_at;
};

/* SIGHUP: whether there is a new configuration to go on with. */
static bool
reload(struct watch *w)
{
	const char *file = w->c->config->file;
	struct err e;

	signals_calm();
	if (!signals_reload() || file == NULL)
		return false;
	notify_send(&w->notify, "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)now_ms() * 1000);
	config_free(w->next);
	w->next = config_load(file, true, &e);
	if (w->next != NULL && choice_count(w->next, w->n) == 0)
		err_set(&e, ERR_CONFIG, "\"%s\" has no source", file);
	else if (w->next != NULL && config_resolve(w->next, w->c->state_dir, &e) == 0)
		return true;
	config_free(w->next);
	w->next = NULL;
	log_event(LOG_ERROR, "%s; going on as before", e.text);
	notify_send(&w->notify, "READY=1");
	return false;
}

/* Go on with the configuration that was read last. */
static void
adopt(struct watch *w)
{
	struct context *c = w->c;

	if (w->next == NULL)
		return;
	if (c->conninfo == c->config->database)
		c->conninfo = w->next->database;
	config_free(c->config);
	c->config = w->next;
	w->next = NULL;
}

/* Milliseconds that are left of ${ms} from ${at} on; at least 0. */
static int
left_of(int64_t at, int64_t ms)
{
	int64_t left = at + ms - now_ms();

	return left > 0 ? (int)left : 0;
}

/* The sooner of two waits, of which -1 is none. */
static int
sooner(int a, int b)
{
	return a < 0 || (b >= 0 && b < a) ? b : a;
}

/* Each of these returns the milliseconds after which it is to be called again, or -1. */

static int
tell_status(struct watch *w, const struct flow_state *state)
{
	if (w->told_mails == w->tally.mails && w->told_ailing == state->ailing && w->told_at != 0)
		return -1;
	if (w->told_at != 0 && left_of(w->told_at, STATUS_MS) > 0)
		return left_of(w->told_at, STATUS_MS);
	w->told_mails = w->tally.mails;
	w->told_ailing = state->ailing;
	w->told_at = now_ms();
	notify_send(&w->notify,
	    "STATUS=watching %zu sources, %zu of them in trouble; %llu mails read", state->sources,
	    state->ailing, (unsigned long long)w->tally.mails);
	return -1;
}

/* Of mails that could not be read, not each by itself. */
static int
warn(struct watch *w, bool now)
{
	struct tally since = w->tally;

	for (size_t i = 0; i < OUTCOME_COUNT; i++)
		since.outcomes[i] -= w->warned.outcomes[i];
	if (tally_unreadable(&since) == 0)
		return -1;
	if (!now && w->warned_at != 0 && left_of(w->warned_at, WARN_MS) > 0)
		return left_of(w->warned_at, WARN_MS);
	tally_warn(&since);
	w->warned = w->tally;
	w->warned_at = now_ms();
	return -1;
}

/* A database that can be opened can perhaps not be written to: a mail stored, or time, proves it. */
static int
recover(struct watch *w)
{
	if (!w->ailing)
		return -1;
	if (w->tally.mails == w->began_mails && left_of(w->began_at, WELL_MS) > 0)
		return left_of(w->began_at, WELL_MS);
	log_event(LOG_WARN, "watching again");
	w->ailing = false;
	w->pause_ms = 0;
	return -1;
}

static void
tell_stopping(struct watch *w)
{
	if (!w->stopping)
		notify_send(&w->notify, "STOPPING=1");
	w->stopping = true;
}

static bool
tick(void *arg, const struct flow_state *state, int *wait_ms)
{
	struct watch *w = arg;

	if (!w->ready) {
		w->ready = true;
		w->told_at = 0;
		w->began_at = now_ms();
		w->began_mails = w->tally.mails;
		notify_send(&w->notify, "READY=1");
	}
	*wait_ms = sooner(tell_status(w, state), warn(w, false));
	*wait_ms = sooner(*wait_ms, recover(w));
	*wait_ms = sooner(*wait_ms, notify_pulse(&w->notify));
	if (*signals_stop())
		tell_stopping(w);
	return !*signals_stop() && !reload(w);
}

/* The sources that can be named; what is wrong with others is told. */
static struct source_conf *
choose(const struct watch *w, size_t *n)
{
	struct config *config = w->c->config;
	size_t count = choice_count(config, w->n);
	struct source_conf *sources = calloc(count, sizeof(*sources));
	struct err e;

	if (sources == NULL)
		abort();
	*n = 0;
	for (size_t i = 0; i < count; i++) {
		if (choice_at(config, &w->wish->options, w->n, w->names, i, &sources[*n], &e) < 0)
			log_event(LOG_ERROR, "%s", e.text);
		else
			sources[(*n)++].watch = true;
	}
	return sources;
}

/* From here on nothing of the database is held when it returns: 0 when an end or a reload is wanted. */
static int
session(struct watch *w, struct err *e)
{
	struct database *db = ask_database(w->c, true, e);
	struct flow *flow = NULL;
	struct ingest_room room;
	struct source_conf *sources;
	size_t n;
	int rc = -1;

	w->ready = false;
	if (db == NULL)
		return -1;
	sources = choose(w, &n);
	if (n == 0) {
		err_set(e, ERR_CONFIG, "there is no source to watch");
	} else if (ingest_room(&room, w->c, db, e) == 0) {
		room.flow.watch = true;
		room.flow.patience = PATIENCE;
		flow = flow_new(&room.flow, &w->tally, e);
		if (flow != NULL)
			rc = flow_watch(flow, sources, n, tick, w, e);
	}
	flow_free(flow);
	free(sources);
	database_close(db);
	return rc;
}

/* Sleep before trying again, but not over signals. */
static void
pause_for(struct watch *w)
{
	struct pollfd wake = { .fd = signals_fd(), .events = POLLIN };
	int64_t until;

	w->pause_ms = w->pause_ms == 0         ? PAUSE_LEAST_MS
	    : w->pause_ms >= PAUSE_MOST_MS / 2 ? PAUSE_MOST_MS
					       : w->pause_ms * 2;
	until = now_ms() + w->pause_ms;
	while (!*signals_stop() && now_ms() < until) {
		int pulse = notify_pulse(&w->notify), left = (int)(until - now_ms());

		poll(&wake, 1, pulse >= 0 && pulse < left ? pulse : left > 0 ? left : 0);
		if (reload(w))
			return;
	}
}

/* Whether ${e} may be over later; told once. */
static bool
may_pass(struct watch *w, const struct err *e)
{
	if (e->kind != ERR_DATABASE && e->kind != ERR_SOURCE)
		return false;
	if (!w->ailing)
		log_event(LOG_ERROR, "%s; trying again", e->text);
	else
		log_event(LOG_DEBUG, "%s", e->text);
	w->ailing = true;
	notify_send(&w->notify, "STATUS=%.400s", e->text);
	return true;
}

int
watch_run(struct context *c, const struct ingest_wish *wish, int n, char **names)
{
	struct watch w = { .c = c, .wish = wish, .n = n, .names = names };
	int status = EXIT_FINE;
	struct err e;

	notify_open(&w.notify);
	while (!*signals_stop() && status == EXIT_FINE) {
		if (session(&w, &e) == 0) {
			adopt(&w);
		} else if (*signals_stop() || !may_pass(&w, &e)) {
			status = verb_fail(&e);
		} else {
			pause_for(&w);
			adopt(&w);
		}
	}
	(void)warn(&w, true);
	tell_stopping(&w);
	notify_close(&w.notify);
	config_free(w.next);
	return status;
}
