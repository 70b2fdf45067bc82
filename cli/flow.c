#include "cli/flow.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/identify.h"
#include "cli/lanes.h"
#include "cli/parsing.h"
#include "cli/progress.h"
#include "cli/stream.h"
#include "cli/tally.h"
#include "cli/upkeep.h"
#include "core/limits.h"
#include "core/log.h"
#include "core/now.h"
#include "store/ledger.h"

struct flow {
	const struct flow_conf *conf;
	struct ledger *ledger;
	struct intake_env env;
	struct type_oids no_types; /* of a dry run */
	struct keyset *met;        /* likewise: the reports that came */
	struct parsing *parsing;
	struct lanes lanes;
	bool connected; /* the lanes were told to */
	struct stream *streams;
	size_t n, turn; /* whose turn it is to give a mail */
	struct pollfd *fds;
	bool stopping;  /* ${tick} wants the end */
	bool finishing; /* all is committed; what was acknowledged is finished */
	bool lost;      /* the database is: nothing can be told it */
	struct tally *tally;
	struct progress progress;
	struct upkeep upkeep;
};

static void
count(struct flow *f, const struct intake *in)
{
	tally_add(f->tally, in);
	progress_step(&f->progress, f->tally);
}

/* Nothing is written: what would be stored counts as stored, what was met in this run as known. */
static void
dry(struct flow *f, struct intake *in)
{
	for (struct intake_part *p = in->parts; p != NULL; p = p->next) {
		if (!intake_part_holds(p))
			continue;
		if (keyset_get(f->met, p->identity.report_key) != KNOWN_NOT)
			intake_judge(in, p, OUTCOME_DUPLICATE, NULL);
		else if (p->part.outcome == OUTCOME_REPORT)
			intake_judge(in, p, OUTCOME_IMPORTED, NULL);
		keyset_put(f->met, p->identity.report_key, KNOWN_DONE);
	}
	count(f, in);
	stream_drop(in->from, in);
	intake_free(in);
}

static void
file(struct flow *f, struct intake *in)
{
	identify_parts(f->conf, f->env.digest, in);
	if (f->conf->dry_run)
		dry(f, in);
	else
		lanes_add(&f->lanes, in);
}

static void
land(void *arg, struct intake *in, const char *failed)
{
	if (failed != NULL)
		intake_only(in, OUTCOME_CORRUPT, failed);
	file(arg, in);
}

static int
submit(struct flow *f, struct stream *s, const struct mail *m, struct err *e)
{
	struct intake *in = intake_new(&f->env, m->name);

	in->from = s;
	in->source_id = s->id;
	memcpy(in->keys, m->keys, sizeof(in->keys));
	in->nkeys = m->nkeys;
	in->fd = m->fd;
	in->size = m->size;
	in->held = m->held;
	in->read_at = time(NULL);
	return parsing_submit(f->parsing, in, m->bare, 0, e);
}

/* Whether nothing new is wanted. */
static bool
is_stopped(const struct flow *f)
{
	return f->stopping || *f->conf->stop;
}

/* Whether mails of the source of ${s} are on their way to the database, from whichever stream. */
static bool
is_flying(const struct flow *f, const struct stream *s)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->streams[i].id == s->id && f->streams[i].flying > 0)
			return true;
	return false;
}

/* Open what is to be opened (again). */
static int
open_streams(struct flow *f, struct err *e)
{
	for (size_t i = 0; i < f->n && !is_stopped(f); i++) {
		struct stream *s = &f->streams[i];

		if (s->state == STREAM_CLOSED && s->flying == 0 && now_ms() >= s->retry_at &&
		    stream_find(s, e) < 0)
			return -1;
		if (stream_needs_load(s) && !is_flying(f, s) && stream_load(s, e) < 0)
			return -1;
	}
	return 0;
}

/* A mail of the stream whose turn it is: 1 given to the workers, 0 nobody has one now, -1. */
static int
feed_one(struct flow *f, struct err *e)
{
	struct mail m;

	for (size_t i = 0; i < f->n; i++) {
		struct stream *s = &f->streams[f->turn];
		int got;

		f->turn = (f->turn + 1) % f->n;
		if (s->state != STREAM_OPEN || s->waiting)
			continue;
		got = stream_next(s, &m, e);
		if (got != 0)
			return got < 0 ? -1 : submit(f, s, &m, e) < 0 ? -1 : 1;
	}
	return 0;
}

/* Hand the workers what they take. */
static int
feed(struct flow *f, struct err *e)
{
	int rc = 1;

	while (rc > 0 && !is_stopped(f) && !lanes_clogged(&f->lanes) && !parsing_full(f->parsing))
		rc = feed_one(f, e);
	return rc < 0 ? -1 : 0;
}

static int
serve_lane(struct flow *f, size_t lane, struct err *e)
{
	struct batch done;
	struct intake *in;
	uint64_t kept = 0;
	int rc;

	batch_init(&done);
	rc = lanes_service(&f->lanes, lane, &done, e);
	while ((in = batch_take(&done)) != NULL) {
		stream_done(in->from, in);
		count(f, in);
		kept += intake_keeps_bytes(in) ? in->size : 0;
		intake_free(in);
	}
	upkeep_kept(&f->upkeep, kept);
	return rc < 0 ? -1 : 0;
}

/* Whether no source gives anything for now; ${ever}: nor later. */
static bool
is_dry(const struct flow *f, bool ever)
{
	for (size_t i = 0; i < f->n && !is_stopped(f); i++) {
		const struct stream *s = &f->streams[i];
		bool off = s->state == STREAM_OVER || (!ever && s->state != STREAM_OPEN);

		if (!off && (ever || !s->waiting))
			return false;
	}
	return true;
}

static bool
is_idle(const struct flow *f)
{
	return parsing_busy(f->parsing) == 0 && !lanes_busy(&f->lanes);
}

/* All is committed: let the sources finish what was acknowledged.  Whether they have. */
static bool
is_finished(struct flow *f)
{
	bool busy = false;

	for (size_t i = 0; i < f->n; i++) {
		struct stream *s = &f->streams[i];

		if (s->source == NULL || s->state == STREAM_FOUND)
			continue;
		if (!f->finishing)
			source_finish(s->source);
		else if (!s->broken && source_busy(s->source))
			stream_ready(s, true);
		if (s->source == NULL)
			continue;
		busy |= !s->broken && source_busy(s->source);
	}
	f->finishing = true;
	return !busy;
}

static int
sooner(int ms, int64_t at)
{
	int64_t left = at - now_ms();

	if (at == INT64_MAX || (ms >= 0 && left > ms))
		return ms;
	return left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}

/* How long to sleep at most, in milliseconds; -1 for ever. */
static int
sleep_at_most(const struct flow *f, int wait_ms)
{
	int ms = lanes_clogged(&f->lanes) ? -1 : parsing_timeout(f->parsing);

	if (wait_ms >= 0 && (ms < 0 || wait_ms < ms))
		ms = wait_ms;
	ms = sooner(ms, lanes_due(&f->lanes));
	ms = sooner(ms, f->upkeep.due);
	for (size_t i = 0; i < f->n; i++)
		ms = sooner(ms, stream_due(&f->streams[i]));
	return ms;
}

/* Wait for workers, database and sources, then see to whichever has something. */
static int
turn(struct flow *f, int wait_ms, struct err *e)
{
	struct pollfd *fds = f->fds, *of_streams;
	bool at_once = false;
	size_t npool = 0, n;
	int64_t before;

	if (!lanes_clogged(&f->lanes))
		npool = parsing_pollfds(f->parsing, fds);
	n = npool + lanes_pollfds(&f->lanes, fds + npool, &at_once);
	of_streams = fds + n;
	for (size_t i = 0; i < f->n; i++)
		stream_pollfd(&f->streams[i], &fds[n++]);
	fds[n++] = (struct pollfd){ .fd = is_stopped(f) ? -1 : f->conf->wake_fd, .events = POLLIN };
	wait_ms = sleep_at_most(f, wait_ms);
	before = now_ms();
	if (poll(fds, n, at_once ? 0 : wait_ms) < 0 && errno == EINTR)
		return 0;
	for (size_t i = 0; i < f->n; i++)
		if (of_streams[i].fd >= 0 && of_streams[i].revents != 0)
			stream_ready(&f->streams[i], is_stopped(f) || f->finishing);
	if (npool > 0 && parsing_service(f->parsing, fds, npool, (int)(now_ms() - before), e) < 0)
		return -1;
	for (size_t i = 0; i < LANES; i++)
		if (serve_lane(f, i, e) < 0)
			return -1;
	return 0;
}

static struct flow_state
state_of(const struct flow *f)
{
	struct flow_state state = { .sources = f->n };

	for (size_t i = 0; i < f->n; i++)
		state.ailing += f->streams[i].ailing;
	return state;
}

static int
loop(struct flow *f, bool (*tick)(void *arg, const struct flow_state *state, int *wait_ms),
    void *arg, struct err *e)
{
	struct flow_state state;
	int wait_ms = -1;
	bool stopping;

	for (;;) {
		upkeep_expire(&f->upkeep);
		if (open_streams(f, e) < 0 || feed(f, e) < 0)
			return -1;
		if (!f->connected && parsing_busy(f->parsing) > 0)
			lanes_connect(&f->lanes);
		f->connected |= parsing_busy(f->parsing) > 0;
		/* Reading to the end, what is not full can wait a little for what a server sends. */
		lanes_start(&f->lanes, parsing_busy(f->parsing) == 0 && is_dry(f, !f->conf->watch));
		for (size_t i = 0; i < f->n; i++)
			stream_tell(&f->streams[i], false);
		if (is_idle(f) && is_dry(f, true) && is_finished(f))
			return 0;
		state = state_of(f);
		stopping = tick != NULL && !tick(arg, &state, &wait_ms);
		/* Where nothing is in hand, nothing would wake us. */
		if (stopping && !f->stopping)
			wait_ms = 0;
		f->stopping |= stopping;
		if (turn(f, wait_ms, e) < 0)
			return -1;
	}
}

static int
run(struct flow *f, const struct source_conf *sources, size_t n,
    bool (*tick)(void *arg, const struct flow_state *state, int *wait_ms), void *arg, struct err *e)
{
	int rc;

	f->streams = calloc(n, sizeof(*f->streams));
	f->fds = calloc(LIMIT_WORKERS + LANES + n + 1, sizeof(*f->fds));
	if (f->streams == NULL || f->fds == NULL)
		abort();
	for (size_t i = 0; i < n; i++)
		stream_init(&f->streams[i], f->conf, f->ledger, &sources[i]);
	f->n = n;
	f->turn = 0;
	f->finishing = false;
	rc = loop(f, tick, arg, e);
	f->lost = rc < 0 && e->kind == ERR_DATABASE;
	progress_end(&f->progress);
	return rc;
}

static void
end_run(struct flow *f)
{
	for (size_t i = 0; i < f->n; i++) {
		f->streams[i].untold &= !f->lost;
		if (!f->lost)
			stream_end(&f->streams[i]);
		stream_fini(&f->streams[i]);
	}
	free(f->streams);
	free(f->fds);
	f->streams = NULL;
	f->fds = NULL;
	f->n = 0;
}

int
flow_read(struct flow *f, const struct source_conf *source, struct err *e)
{
	int rc = run(f, source, 1, NULL, NULL, e);
	const struct stream *s = &f->streams[0];

	if (rc == 0 && stream_failed(s, e))
		rc = 1;
	end_run(f);
	return rc;
}

int
flow_watch(struct flow *f, const struct source_conf *sources, size_t n,
    bool (*tick)(void *arg, const struct flow_state *state, int *wait_ms), void *arg, struct err *e)
{
	int rc = run(f, sources, n, tick, arg, e);

	end_run(f);
	return rc;
}

struct flow *
flow_new(const struct flow_conf *conf, struct tally *t, struct err *e)
{
	struct flow *f = calloc(1, sizeof(*f));
	const struct parsing_conf parsing = {
		.workers = conf->workers, .ceilings = conf->ceilings, .arg = f, .landed = land
	};

	if (f == NULL)
		abort();
	f->conf = conf;
	f->tally = t;
	f->met = keyset_new();
	lanes_init(&f->lanes);
	if (conf->db != NULL) {
		f->ledger = ledger_open(conf->db, e);
		if (f->ledger == NULL) {
			keyset_free(f->met);
			free(f);
			return NULL;
		}
		if (!conf->dry_run)
			lanes_open(&f->lanes, conf->db, ledger_types(f->ledger), conf->patience,
			    conf->stop);
	}
	intake_env_init(
	    &f->env, conf->tmp_dir, f->ledger != NULL ? ledger_types(f->ledger) : &f->no_types);
	f->env.bodies = conf->failures == FAILURES_FULL;
	f->env.ceilings = conf->ceilings;
	upkeep_init(&f->upkeep, conf->dry_run ? NULL : f->ledger, conf->failure_days,
	    conf->ceilings.kept_total);
	f->parsing = parsing_new(&parsing);
	progress_start(&f->progress, conf->progress);
	return f;
}

void
flow_free(struct flow *f)
{
	bool told;
	struct err e;

	if (f == NULL)
		return;
	told = f->ledger != NULL && !f->conf->dry_run && !f->lost;
	parsing_free(f->parsing);
	if (told)
		upkeep_trim(&f->upkeep);
	lanes_fini(&f->lanes);
	/* What the writers did is counted once they are gone. */
	if (told && ledger_maintain(f->ledger, &e) < 0)
		log_event(LOG_DEBUG, "%s", e.text);
	ledger_close(f->ledger);
	intake_env_fini(&f->env);
	keyset_free(f->met);
	free(f);
}
