#include "cli/flow.h"

#include <errno.h>
#include <fnmatch.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/lanes.h"
#include "cli/lock.h"
#include "cli/progress.h"
#include "cli/tally.h"
#include "core/limits.h"
#include "core/log.h"
#include "ingest/after.h"
#include "parser/pool.h"
#include "store/ledger.h"

#define POLL_MOST (LIMIT_WORKERS + LANES)

struct flow {
	const struct flow_conf *conf;
	struct source *source;
	const struct source_conf *source_conf;
	int64_t source_id;
	struct keyset *known;
	struct ledger *ledger;
	struct intake_env env;
	struct type_oids no_types; /* of a dry run */
	struct pool *pool;
	struct intake *flying[2 * LIMIT_WORKERS]; /* in the pool */
	struct lanes lanes;
	struct tally *tally;
	struct progress progress;
	struct buf settled; /* struct key: acknowledged, the database not yet told */
	uint64_t kept;      /* bytes of mails kept since the last trimming */
	bool more;          /* the source may have more */
	bool whole;         /* nothing of it was passed over so far */
	bool settling;      /* acknowledging still works */
	struct err trouble; /* ERR_DATABASE or worse out of a callback */
	struct err source_trouble;
};

static bool
is_own(const struct flow_conf *conf, struct str domain)
{
	char name[LIMIT_DOMAIN_BYTES + 1];

	if (conf->ndomains == 0)
		return true;
	snprintf(name, sizeof(name), "%.*s", (int)domain.n, domain.p != NULL ? domain.p : "");
	for (size_t i = 0; i < conf->ndomains; i++)
		if (fnmatch(conf->domains[i], name, FNM_CASEFOLD) == 0)
			return true;
	return false;
}

/* Give each report its identity, or a reason why it is not stored. */
static void
identify(struct flow *f, struct intake *in)
{
	char reason[LIMIT_REASON_BYTES];

	for (struct intake_part *p = in->parts; p != NULL; p = p->next) {
		const struct report *r = p->part.report;

		if (r == NULL)
			continue;
		reason[0] = '\0';
		if (r->partial) {
			p->part.report = NULL;
			intake_judge(in, p, OUTCOME_CORRUPT, "the document is not whole");
			continue;
		}
		if (!is_own(f->conf, r->policy.domain))
			snprintf(reason, sizeof(reason), "\"%.*s\" is none of the own domains",
			    STR_ARG(r->policy.domain));
		else if (!identity_datable(r))
			snprintf(reason, sizeof(reason),
			    "its dates (%lld to %lld) are in no year a database "
			    "can keep",
			    (long long)r->begin, (long long)r->end);
		else
			identity_of(f->env.digest, r, &p->records_hash, in->read_at, &p->identity);
		if (reason[0] == '\0')
			continue;
		p->part.report = NULL;
		intake_judge(in, p, OUTCOME_REFUSED, reason);
	}
}

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
		if (p->part.report == NULL)
			continue;
		if (keyset_get(f->known, p->identity.report_key) != KNOWN_NOT)
			intake_judge(in, p, OUTCOME_DUPLICATE, NULL);
		else if (p->part.outcome == OUTCOME_REPORT)
			intake_judge(in, p, OUTCOME_IMPORTED, NULL);
		keyset_put(f->known, p->identity.report_key, KNOWN_DONE);
	}
	count(f, in);
	intake_free(in);
}

static void
file(struct flow *f, struct intake *in)
{
	identify(f, in);
	if (f->conf->dry_run)
		dry(f, in);
	else
		lanes_add(&f->lanes, in);
}

/* Note that ${in} came out of the pool. */
static void
land(struct flow *f, const struct intake *in)
{
	for (size_t i = 0; i < sizeof(f->flying) / sizeof(f->flying[0]); i++)
		if (f->flying[i] == in)
			f->flying[i] = NULL;
}

static int
on_frame(void *arg, void *context, enum frame_type type, struct str payload, struct err *e)
{
	struct flow *f = arg;
	struct intake *in = context;

	if (intake_frame(in, type, payload, e) < 0) {
		if (e->kind != ERR_MESSAGE)
			f->trouble = *e;
		return -1;
	}
	if (type == FRAME_END) {
		land(f, in);
		file(f, in);
	}
	return 0;
}

static void
on_restart(void *arg, void *context)
{
	(void)arg;
	intake_restart(context);
}

static void
on_failed(void *arg, void *context, const char *reason)
{
	struct flow *f = arg;

	land(f, context);
	if (f->trouble.kind != ERR_NONE) {
		intake_free(context);
		return;
	}
	intake_only(context, OUTCOME_CORRUPT, reason);
	file(f, context);
}

static int
submit(struct flow *f, const struct mail *m, struct err *e)
{
	struct intake *in = intake_new(&f->env, m->name);

	in->source_id = f->source_id;
	memcpy(in->keys, m->keys, sizeof(in->keys));
	in->nkeys = m->nkeys;
	in->fd = m->fd;
	in->size = m->size;
	in->read_at = time(NULL);
	for (size_t i = 0; i < sizeof(f->flying) / sizeof(f->flying[0]); i++)
		if (f->flying[i] == NULL) {
			f->flying[i] = in;
			break;
		}
	return pool_submit(f->pool, in, m->fd, m->size, in->name.p, m->bare, e);
}

/* Tell the database what was acknowledged; a loss only means doing it again. */
static void
settle(struct flow *f)
{
	struct err e;

	if (f->settled.n == 0)
		return;
	if (source_sync(f->source, &e) < 0 ||
	    ledger_settle(f->ledger, f->source_id, after_name(f->source_conf->after),
		(const void *)f->settled.p, f->settled.n / sizeof(struct key), &e) < 0)
		log_event(LOG_DEBUG, "%s", e.text);
	buf_reset(&f->settled);
}

static void
take_settled(struct flow *f)
{
	size_t n;
	const struct key *keys = source_settled(f->source, &n);

	if (f->conf->dry_run)
		return;
	buf_put(&f->settled, keys, n * sizeof(*keys));
	if (f->settled.n > 1000 * sizeof(*keys))
		settle(f);
}

static void
forget(void *arg, struct key k)
{
	struct flow *f = arg;

	buf_put(&f->settled, &k, sizeof(k));
	if (f->settled.n > 1000 * sizeof(k))
		settle(f);
}

/*
 * The source was read to its end and these were not there: moved or deleted by a run that was
 * killed before it could say so, or by somebody else.
 */
static void
forget_gone(struct flow *f)
{
	if (f->conf->dry_run || !f->whole)
		return;
	keyset_each(f->known, KNOWN_SUCCESS, forget, f);
	keyset_each(f->known, KNOWN_FAILURE, forget, f);
}

/* Hand the workers what they take. */
static int
feed(struct flow *f, struct err *e)
{
	struct mail m;

	while (f->more && !*f->conf->stop && !lanes_clogged(&f->lanes) && !pool_full(f->pool)) {
		int got = source_next(f->source, f->known, &m, e);

		take_settled(f);
		if (got < 0 && e->kind == ERR_MESSAGE) {
			log_event(LOG_WARN, "%s", e->text);
			f->whole = false;
			continue;
		}
		if (got <= 0) {
			f->more = false;
			if (got < 0)
				f->source_trouble = *e;
			else
				forget_gone(f);
		} else if (m.known) {
			if (!f->conf->dry_run &&
			    ledger_remember(f->ledger, f->source_id, m.keys, e) < 0)
				return -1;
		} else if (submit(f, &m, e) < 0) {
			return -1;
		}
	}
	return 0;
}

/* Do to a stored mail what the configuration wants. */
static void
acknowledge(struct flow *f, const struct intake *in)
{
	const struct source_conf *conf = f->source_conf;
	enum known what = intake_keeps_bytes(in) ? KNOWN_FAILURE : KNOWN_SUCCESS;
	bool wanted = what == KNOWN_FAILURE ? conf->failures != NULL : conf->after != AFTER_KEEP;
	struct err e;

	if (in->outcome == OUTCOME_NOT_A_REPORT || !wanted || !f->settling)
		return;
	if (source_acknowledge(f->source, in->name.p, what, &e) == 0) {
		buf_put(&f->settled, &in->keys[0], sizeof(in->keys[0]));
		return;
	}
	if (e.kind == ERR_MESSAGE) {
		log_event(LOG_WARN, "%s", e.text);
		return;
	}
	f->settling = false;
	f->source_trouble = e;
}

/* Keep what is kept of unreadable mails below its ceiling. */
static void
trim(struct flow *f)
{
	struct err e;

	if (ledger_trim(f->ledger, &e) < 0)
		log_event(LOG_DEBUG, "%s", e.text);
	f->kept = 0;
}

static int
serve_lane(struct flow *f, size_t lane, struct err *e)
{
	struct batch done;
	struct intake *in;
	int rc;

	batch_init(&done);
	rc = lanes_service(&f->lanes, lane, &done, e);
	while ((in = batch_take(&done)) != NULL) {
		for (unsigned i = 0; i < in->nkeys; i++)
			keyset_put(f->known, in->keys[i], KNOWN_DONE);
		acknowledge(f, in);
		count(f, in);
		f->kept += intake_keeps_bytes(in) ? in->size : 0;
		intake_free(in);
	}
	settle(f);
	if (f->kept > LIMIT_KEPT_TOTAL / 4)
		trim(f);
	return rc < 0 ? -1 : 0;
}

/* Whether nothing more is read from the source. */
static bool
is_over(const struct flow *f)
{
	return !f->more || *f->conf->stop;
}

static bool
is_idle(const struct flow *f)
{
	return pool_busy(f->pool) == 0 && !lanes_busy(&f->lanes);
}

static int
milliseconds(const struct timespec *from)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int)((now.tv_sec - from->tv_sec) * 1000 + (now.tv_nsec - from->tv_nsec) / 1000000);
}

/* Wait for workers and database, then see to whichever has something. */
static int
turn(struct flow *f, struct err *e)
{
	struct pollfd fds[POLL_MOST];
	struct timespec before;
	bool at_once = false;
	size_t npool = 0, n;
	int timeout = -1;

	if (!lanes_clogged(&f->lanes)) {
		npool = pool_pollfds(f->pool, fds, LIMIT_WORKERS);
		timeout = pool_timeout(f->pool);
	}
	n = npool + lanes_pollfds(&f->lanes, fds + npool, &at_once);
	clock_gettime(CLOCK_MONOTONIC, &before);
	if (poll(fds, n, at_once ? 0 : timeout) < 0 && errno == EINTR)
		return 0;
	if (npool > 0 && pool_service(f->pool, fds, npool, milliseconds(&before), e) < 0)
		return -1;
	if (f->trouble.kind != ERR_NONE) {
		*e = f->trouble;
		return -1;
	}
	for (size_t i = 0; i < LANES; i++)
		if (serve_lane(f, i, e) < 0)
			return -1;
	return 0;
}

static int
loop(struct flow *f, struct err *e)
{
	bool first = true;

	for (;; first = false) {
		if (feed(f, e) < 0)
			return -1;
		if (first && pool_busy(f->pool) > 0)
			lanes_connect(&f->lanes);
		lanes_start(&f->lanes, is_over(f) && pool_busy(f->pool) == 0);
		if (is_idle(f) && is_over(f))
			return 0;
		if (!is_idle(f) && turn(f, e) < 0)
			return -1;
	}
}

static int
open_store(struct flow *f, struct err *e)
{
	bool dry = f->conf->dry_run;

	if (f->conf->db == NULL)
		return 0;
	f->ledger = ledger_open(f->conf->db, e);
	if (f->ledger == NULL ||
	    ledger_source(f->ledger, source_id(f->source), !dry, &f->source_id, e) < 0 ||
	    ledger_known(f->ledger, f->source_id,
		after_name(dry ? AFTER_KEEP : f->source_conf->after),
		!dry && f->source_conf->failures != NULL, f->known, e) < 0)
		return -1;
	if (!dry)
		lanes_open(&f->lanes, f->conf->db, ledger_types(f->ledger), f->conf->stop);
	return 0;
}

static void
finish(struct flow *f)
{
	struct err e;

	pool_free(f->pool);
	for (size_t i = 0; i < sizeof(f->flying) / sizeof(f->flying[0]); i++)
		intake_free(f->flying[i]);
	progress_end(&f->progress);
	if (f->ledger != NULL && !f->conf->dry_run) {
		settle(f);
		trim(f);
	}
	lanes_fini(&f->lanes);
	/* What the writers did is counted once they are gone. */
	if (f->ledger != NULL && !f->conf->dry_run && ledger_maintain(f->ledger, &e) < 0)
		log_event(LOG_DEBUG, "%s", e.text);
	ledger_close(f->ledger);
	intake_env_fini(&f->env);
	keyset_free(f->known);
	source_close(f->source);
	buf_fini(&f->settled);
}

int
flow_run(const struct flow_conf *conf, const struct source_conf *s, struct tally *t, struct err *e)
{
	struct flow f = { .conf = conf,
		.source_conf = s,
		.tally = t,
		.more = true,
		.whole = true,
		.settling = true };
	struct pool_conf pool = { .workers = conf->workers,
		.sink = { &f, on_frame, on_restart, on_failed } };
	struct lock *lock = NULL;
	int rc = -1;

	f.source = source_open(s, e);
	if (f.source == NULL)
		return -1;
	if (!conf->dry_run && lock_take(&lock, conf->lock_dir, source_id(f.source), e) <= 0) {
		source_close(f.source);
		return lock == NULL && e->kind == ERR_NONE ? 0 : -1;
	}
	f.known = keyset_new();
	buf_init(&f.settled, SIZE_MAX / 2);
	lanes_init(&f.lanes);
	progress_start(&f.progress, conf->progress);
	if (open_store(&f, e) == 0) {
		intake_env_init(
		    &f.env, conf->tmp_dir, f.ledger != NULL ? ledger_types(f.ledger) : &f.no_types);
		f.pool = pool_new(&pool);
		rc = loop(&f, e);
	} else {
		intake_env_init(&f.env, conf->tmp_dir, &f.no_types);
	}
	finish(&f);
	lock_release(lock);
	if (rc == 0 && f.source_trouble.kind != ERR_NONE) {
		*e = f.source_trouble;
		return -1;
	}
	if (rc == 0 && !f.whole)
		return err_set(
		    e, ERR_SOURCE, "not all of \"%.400s\" could be read: later again", s->path);
	return rc;
}
