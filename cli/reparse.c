#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/ask.h"
#include "cli/changes.h"
#include "cli/ingest.h"
#include "cli/parsing.h"
#include "cli/progress.h"
#include "cli/signals.h"
#include "cli/verbs.h"
#include "core/log.h"
#include "core/now.h"
#include "store/ledger.h"
#include "store/reparse.h"

enum { OPT_DRY_RUN = 256, OPT_DOMAIN, OPT_FROM, OPT_TO };

static const struct option own[] = {
	{ "dry-run", no_argument, NULL, OPT_DRY_RUN },
	{ "domain", required_argument, NULL, OPT_DOMAIN },
	{ "from", required_argument, NULL, OPT_FROM },
	{ "to", required_argument, NULL, OPT_TO },
	{ NULL, 0, NULL, 0 },
};

struct wish {
	const char *domain, *from, *to;
	bool dry_run;
};

struct run {
	const volatile sig_atomic_t *stop;
	struct intake_env env;
	struct parsing *parsing;
	struct batch landed; /* out of it, in this turn */
	struct batch batch;  /* to be written */
	struct reparse *store;
	struct changes changes;
	struct progress progress;
};

static int
take(void *arg, int val, const char *value, struct err *e)
{
	struct wish *w = arg;

	(void)e;
	switch (val) {
	case OPT_DRY_RUN:
		w->dry_run = true;
		break;
	case OPT_DOMAIN:
		w->domain = value;
		break;
	case OPT_FROM:
		w->from = value;
		break;
	default:
		w->to = value;
	}
	return 0;
}

static void
leave(struct run *r, struct intake *in, const char *reason)
{
	changes_add_unread(&r->changes, in->from, reason);
	intake_free(in);
}

/* The document's report, with its identity; NULL with ${e} where it can not take the stored one's place. */
static struct intake_part *
judge(struct intake *in, struct err *e)
{
	struct intake_part *found = NULL;

	for (struct intake_part *p = in->parts; p != NULL; p = p->next) {
		if (p->part.report == NULL)
			continue;
		if (found != NULL) {
			err_set(e, ERR_MESSAGE, "it holds several reports");
			return NULL;
		}
		found = p;
	}
	if (found == NULL && in->parts != NULL && in->parts->part.reason.n > 0)
		err_set(e, ERR_MESSAGE, "%.*s", STR_ARG(in->parts->part.reason));
	else if (found == NULL)
		err_set(e, ERR_MESSAGE, "it holds no report");
	else if (!identity_datable(found->part.report))
		err_set(e, ERR_MESSAGE, "its dates are in no year a database can keep");
	else
		return found;
	return NULL;
}

static void
file(struct run *r, struct intake *in)
{
	struct err e;
	struct intake_part *p = judge(in, &e);

	if (p == NULL) {
		leave(r, in, e.text);
		return;
	}
	identity_of(r->env.digest, p->part.report, &p->records_hash, in->read_at, &p->identity);
	batch_add(&r->landed, in);
}

/* The bytes of ${in} are of no more use. */
static void
land(void *arg, struct intake *in, const char *failed)
{
	struct run *r = arg;

	close(in->fd);
	in->fd = -1;
	in->held = false;
	r->changes.reports++;
	if (failed != NULL)
		leave(r, in, failed);
	else
		file(r, in);
}

static void
on_changed(void *arg, const struct answer *rows)
{
	struct run *r = arg;

	changes_add(&r->changes, rows);
}

static void
on_refused(void *arg, const struct intake *in, const char *reason)
{
	struct run *r = arg;
	char why[LIMIT_REASON_BYTES];

	snprintf(why, sizeof(why), "the database refused it: %.440s", reason);
	changes_add_unread(&r->changes, in->from, why);
}

static int
submit(struct run *r, const struct reparse_original *o, struct err *e)
{
	const struct str pieces[] = { o->header, o->bytes };
	struct intake *in;
	int fd = parsing_hold(r->env.dir, pieces, 2, e);

	if (fd < 0)
		return -1;
	in = intake_new(&r->env, "");
	in->name = arena_str(in->arena, o->member);
	in->from = (void *)(uintptr_t)o;
	in->intake_id = o->intake_id;
	in->read_at = o->imported_at;
	in->fd = fd;
	in->size = o->header.n + o->bytes.n;
	in->held = true;
	return parsing_submit(r->parsing, in, true, (uint32_t)o->header.n, e);
}

/* Write what came out of the pool, a batch at a time; ${last}: all of it. */
static int
settle(struct run *r, bool last, struct err *e)
{
	struct intake *in;

	while ((in = batch_take(&r->landed)) != NULL) {
		if (batch_full_for(&r->batch, in) && reparse_write(r->store, &r->batch, e) < 0) {
			intake_free(in);
			return -1;
		}
		batch_add(&r->batch, in);
	}
	return last ? reparse_write(r->store, &r->batch, e) : 0;
}

/* Wait for the workers. */
static int
turn(struct run *r, struct err *e)
{
	struct pollfd fds[LIMIT_WORKERS];
	size_t n = parsing_pollfds(r->parsing, fds);
	int64_t before = now_ms();

	if (poll(fds, n, parsing_timeout(r->parsing)) < 0 && errno == EINTR)
		return 0;
	return parsing_service(r->parsing, fds, n, (int)(now_ms() - before), e);
}

/* The reports of a page: parsed, and written before the next page takes their place. */
static int
read_page(struct run *r, const struct reparse_original *list, size_t n, struct err *e)
{
	size_t next = 0;

	while ((next < n && !*r->stop) || parsing_busy(r->parsing) > 0) {
		for (; next < n && !*r->stop && !parsing_full(r->parsing); next++)
			if (submit(r, &list[next], e) < 0)
				return -1;
		if (turn(r, e) < 0 || settle(r, false, e) < 0)
			return -1;
		progress_count(&r->progress, r->changes.reports, r->changes.changed);
	}
	return settle(r, true, e);
}

static int
read_all(struct run *r, struct err *e)
{
	const struct reparse_original *list;
	int n;

	while (!*r->stop && (n = reparse_next(r->store, &list, e)) != 0)
		if (n < 0 || read_page(r, list, (size_t)n, e) < 0)
			return -1;
	return 0;
}

/* Read it all and say what became of it: the exit status. */
static int
run_through(struct run *r, const struct context *c, struct err *e)
{
	int64_t from = now_ms();
	int rc = read_all(r, e), status = EXIT_FINE;
	bool worth_it = r->changes.dry_run || c->verbose || r->changes.changed > 0 ||
	    c->output == OUTPUT_JSON || isatty(STDOUT_FILENO);

	progress_end(&r->progress);
	changes_end(&r->changes, worth_it, (double)(now_ms() - from) / 1000);
	if (rc < 0)
		return verb_fail(e);
	if (*r->stop) {
		log_event(LOG_WARN,
		    "interrupted after %llu reports; run again it reads all, and "
		    "changes the rest",
		    (unsigned long long)r->changes.reports);
		status = EXIT_LATER;
	} else if (r->changes.unread > 0) {
		status = EXIT_UNREADABLE;
	}
	return status;
}

static int
reparse_with(struct run *r, const struct context *c, const struct wish *w,
    const struct flow_conf *room, struct ledger *ledger)
{
	const struct reparse_conf conf = { .db = room->db,
		.oids = ledger_types(ledger),
		.domain = w->domain,
		.from = w->from,
		.to = w->to,
		.dry_run = w->dry_run,
		.patience = room->patience,
		.stop = room->stop,
		.arg = r,
		.changed = on_changed,
		.refused = on_refused };
	const struct parsing_conf parsing = { .workers = room->workers,
		.ceilings = room->ceilings,
		.without_originals = true,
		.arg = r,
		.landed = land };
	struct err e;
	int status;

	r->store = reparse_open(&conf, &e);
	if (r->store == NULL)
		return verb_fail(&e);
	r->stop = room->stop;
	r->changes = (struct changes){
		.output = c->output, .dry_run = w->dry_run, .each = w->dry_run || c->verbose
	};
	batch_init(&r->landed);
	batch_init(&r->batch);
	intake_env_init(&r->env, room->tmp_dir, conf.oids);
	r->env.ceilings = room->ceilings;
	r->parsing = parsing_new(&parsing);
	progress_start(&r->progress, true);
	changes_start(&r->changes);
	status = run_through(r, c, &e);
	parsing_free(r->parsing);
	batch_fini(&r->landed);
	batch_fini(&r->batch);
	reparse_close(r->store);
	intake_env_fini(&r->env);
	if (!w->dry_run && r->changes.changed > 0 && ledger_maintain(ledger, &e) < 0)
		log_event(LOG_DEBUG, "%s", e.text);
	return status;
}

static int
reparse(struct context *c, const struct wish *w)
{
	struct run r = { 0 };
	struct ingest_room room;
	struct ledger *ledger;
	struct database *db;
	struct err e;
	int status;

	db = ask_open(c, &e);
	if (db == NULL)
		return verb_fail(&e);
	ledger = ingest_room(&room, c, db, &e) == 0 ? ledger_open(db, &e) : NULL;
	status = ledger != NULL ? reparse_with(&r, c, w, &room.flow, ledger) : verb_fail(&e);
	ledger_close(ledger);
	database_close(db);
	return status;
}

static int
run(const struct verb *v, int argc, char **argv)
{
	struct wish w = { 0 };
	struct context c;
	struct err e;
	int status, first = verb_options(v, argc, argv, own, take, &w, &c, &status);

	if (first < 0)
		return status;
	if (first < argc) {
		err_set(&e, ERR_CONFIG, "\"reparse\" takes no argument: \"%s\"", argv[first]);
		status = verb_fail(&e);
	} else {
		signals_listen(false);
		status = reparse(&c, &w);
	}
	context_fini(&c);
	return status;
}

const struct verb verb_reparse = {
	.name = "reparse",
	.arguments = "[OPTION]...",
	.summary = "read the kept originals again and bring what is stored up to date",
	.help = "  --dry-run             say what would change, and change nothing\n"
		"  --domain DOMAIN       the reports of this domain alone\n"
		"  --from DAY, --to DAY  the reports filed under these days, inclusive, UTC\n",
	.run = run,
};
