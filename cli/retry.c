#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/ask.h"
#include "cli/domains.h"
#include "cli/identify.h"
#include "cli/ingest.h"
#include "cli/lanes.h"
#include "cli/parsing.h"
#include "cli/progress.h"
#include "cli/retried.h"
#include "cli/signals.h"
#include "cli/verbs.h"
#include "core/log.h"
#include "core/now.h"
#include "store/ledger.h"

enum { OPT_DRY_RUN = 256, OPT_OUTCOME, OPT_DOMAIN };

static const struct option own[] = {
	{ "dry-run", no_argument, NULL, OPT_DRY_RUN },
	{ "outcome", required_argument, NULL, OPT_OUTCOME },
	{ "domain", required_argument, NULL, OPT_DOMAIN },
	{ NULL, 0, NULL, 0 },
};

struct wish {
	const char *outcome;
	struct domains *domains; /* NULL: all */
	int64_t *ids;
	size_t nids;
	bool dry_run;
};

struct run {
	const struct wish *wish;
	const struct flow_conf *room;
	struct intake_env env;
	struct parsing *parsing;
	struct lanes lanes;
	bool connected; /* the lanes were told to */
	struct retry *store;
	struct retried told;
	struct progress progress;
};

static int
take_outcome(struct wish *w, const char *value, struct err *e)
{
	static const char *const words[] = { "corrupt", "unsupported", "too_big", "refused" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(value, words[i]) == 0) {
			w->outcome = value;
			return 0;
		}
	return err_set(e, ERR_CONFIG,
	    "--outcome is \"%s\"; it can be corrupt, unsupported, too_big or refused", value);
}

static int
take(void *arg, int val, const char *value, struct err *e)
{
	struct wish *w = arg;

	switch (val) {
	case OPT_DRY_RUN:
		w->dry_run = true;
		return 0;
	case OPT_OUTCOME:
		return take_outcome(w, value, e);
	default:
		domains_free(w->domains);
		w->domains = domains_new(&value, 1, e);
		return w->domains != NULL ? 0 : -1;
	}
}

static int
take_ids(struct wish *w, int n, char **arguments, struct err *e)
{
	w->ids = calloc((size_t)n + 1, sizeof(*w->ids));
	if (w->ids == NULL)
		abort();
	for (int i = 0; i < n; i++) {
		uint64_t id;

		if (str_u64(str_of(arguments[i]), INT64_MAX, &id) < 0)
			return err_set(
			    e, ERR_CONFIG, "\"%s\" is no number of a mail", arguments[i]);
		w->ids[w->nids++] = (int64_t)id;
	}
	return 0;
}

/* ${in} is over. */
static void
count(struct run *r, struct intake *in)
{
	retried_add(&r->told, in->from, in);
	progress_mails(&r->progress, r->told.mails, r->told.changed);
	intake_free(in);
}

/* Whether the mail holds a report of a domain that was asked for. */
static bool
is_wanted(const struct run *r, const struct intake *in)
{
	if (r->wish->domains == NULL)
		return true;
	for (const struct intake_part *p = in->parts; p != NULL; p = p->next)
		if (intake_part_holds(p) &&
		    domains_has(r->wish->domains, identity_domain(&p->part)))
			return true;
	return false;
}

/* Whether each report that is stored from ${in} was found in it again. */
static bool
is_whole(const struct intake *in)
{
	for (size_t i = 0; i < in->nstored; i++) {
		const struct intake_part *p = in->parts;

		while (p != NULL &&
		    !(intake_part_holds(p) && key_eq(p->identity.report_key, in->stored[i])))
			p = p->next;
		if (p == NULL)
			return false;
	}
	return true;
}

static void
land(void *arg, struct intake *in, const char *failed)
{
	struct run *r = arg;

	/* Its bytes are of no more use. */
	close(in->fd);
	in->fd = -1;
	in->held = false;
	if (failed != NULL)
		intake_only(in, OUTCOME_CORRUPT, failed);
	if (!is_wanted(r, in)) {
		intake_free(in);
		return;
	}
	identify_parts(r->room, r->env.digest, in);
	if (!is_whole(in))
		in->left = STR("it reads otherwise than when its reports were stored; \"ruastat "
			       "reparse\" brings those up to date");
	/* What has nothing to be stored, and is told of as it was, need not be written. */
	if (in->left.n > 0 || (intake_reports(in) == 0 && retry_says(in->from, in)))
		count(r, in);
	else
		lanes_add(&r->lanes, in);
}

static int
submit(struct run *r, const struct retry_mail *mail, struct err *e)
{
	struct intake *in;
	int fd = parsing_hold(r->env.dir, &mail->bytes, 1, e);

	if (fd < 0)
		return -1;
	in = intake_new(&r->env, "");
	in->name = arena_str(in->arena, mail->name);
	in->from = (void *)(uintptr_t)mail;
	in->again = true;
	in->intake_id = mail->intake_id;
	in->source_id = mail->source_id;
	in->read_at = mail->read_at;
	in->stored = mail->stored;
	in->nstored = mail->nstored;
	in->fd = fd;
	in->size = mail->bytes.n;
	in->held = true;
	return parsing_submit(r->parsing, in, mail->bare, 0, e);
}

static int
serve_lane(struct run *r, size_t lane, struct err *e)
{
	struct batch done;
	struct intake *in;
	int rc;

	batch_init(&done);
	rc = lanes_service(&r->lanes, lane, &done, e);
	while ((in = batch_take(&done)) != NULL)
		count(r, in);
	return rc < 0 ? -1 : 0;
}

/* Wait for workers and database, then see to whichever has something. */
static int
turn(struct run *r, struct err *e)
{
	bool clogged = lanes_clogged(&r->lanes), at_once = false;
	struct pollfd fds[LIMIT_WORKERS + LANES];
	size_t n = clogged ? 0 : parsing_pollfds(r->parsing, fds);
	size_t all = n + lanes_pollfds(&r->lanes, fds + n, &at_once);
	int64_t before = now_ms();
	int wait_ms = at_once ? 0 : clogged ? -1 : parsing_timeout(r->parsing);

	if (poll(fds, all, wait_ms) < 0 && errno == EINTR)
		return 0;
	if (n > 0 && parsing_service(r->parsing, fds, n, (int)(now_ms() - before), e) < 0)
		return -1;
	for (size_t i = 0; i < LANES; i++)
		if (serve_lane(r, i, e) < 0)
			return -1;
	return 0;
}

/* The mails of a page: parsed, and written before the next page takes their place. */
static int
try_page(struct run *r, const struct retry_mail *list, size_t n, struct err *e)
{
	size_t next = 0;

	for (;;) {
		if (*r->room->stop)
			n = next;
		while (next < n && !lanes_clogged(&r->lanes) && !parsing_full(r->parsing))
			if (submit(r, &list[next++], e) < 0)
				return -1;
		if (!r->connected && n > 0)
			lanes_connect(&r->lanes);
		r->connected |= n > 0;
		lanes_start(&r->lanes, next == n && parsing_busy(r->parsing) == 0);
		if (next == n && parsing_busy(r->parsing) == 0 && !lanes_busy(&r->lanes))
			return 0;
		if (turn(r, e) < 0)
			return -1;
	}
}

static int
try_all(struct run *r, struct err *e)
{
	const struct retry_mail *list;
	int n;

	while (!*r->room->stop && (n = retry_next(r->store, &list, e)) != 0)
		if (n < 0 || try_page(r, list, (size_t)n, e) < 0)
			return -1;
	return 0;
}

/* Try them all and say what came of it: the exit status. */
static int
run_through(struct run *r, const struct context *c, struct err *e)
{
	int64_t from = now_ms();
	int rc = try_all(r, e);
	bool worth_it = r->wish->dry_run || r->wish->nids > 0 || c->verbose ||
	    r->told.changed > 0 || c->output == OUTPUT_JSON || isatty(STDOUT_FILENO);

	progress_end(&r->progress);
	retried_end(&r->told, worth_it, (double)(now_ms() - from) / 1000);
	if (rc < 0) {
		ask_why(c, e);
		return verb_fail(e);
	}
	if (*r->room->stop) {
		log_event(LOG_WARN, "interrupted after %llu mails; run again it tries the rest",
		    (unsigned long long)r->told.mails);
		return EXIT_LATER;
	}
	return EXIT_FINE;
}

static int
retry_with(struct run *r, const struct context *c, struct ledger *ledger)
{
	const struct flow_conf *room = r->room;
	const struct retry_conf conf = { .db = room->db,
		.ids = r->wish->ids,
		.nids = r->wish->nids,
		.outcome = r->wish->outcome,
		.patience = room->patience,
		.stop = room->stop };
	const struct parsing_conf parsing = {
		.workers = room->workers, .ceilings = room->ceilings, .arg = r, .landed = land
	};
	struct err e;
	int status;

	r->told = (struct retried){ .output = c->output,
		.dry_run = r->wish->dry_run,
		.each = r->wish->dry_run || c->verbose };
	r->store = retry_open(&conf, &r->told.not_kept, &e);
	if (r->store == NULL)
		return verb_fail(&e);
	lanes_init(&r->lanes);
	lanes_open(&r->lanes, room->db, ledger_types(ledger), room->patience, room->stop);
	if (r->wish->dry_run)
		lanes_rehearse(&r->lanes);
	intake_env_init(&r->env, room->tmp_dir, ledger_types(ledger));
	r->env.ceilings = room->ceilings;
	r->env.bodies = room->failures == FAILURES_FULL;
	r->parsing = parsing_new(&parsing);
	progress_start(&r->progress, true);
	retried_start(&r->told);
	status = run_through(r, c, &e);
	parsing_free(r->parsing);
	lanes_fini(&r->lanes);
	retry_close(r->store);
	intake_env_fini(&r->env);
	if (!r->wish->dry_run && r->told.changed > 0 && ledger_maintain(ledger, &e) < 0)
		log_event(LOG_DEBUG, "%s", e.text);
	return status;
}

static int
retry(struct context *c, const struct wish *w)
{
	struct run r = { .wish = w };
	struct ingest_room room;
	struct ledger *ledger;
	struct database *db;
	struct err e;
	int status;

	db = ask_open(c, &e);
	if (db == NULL)
		return verb_fail(&e);
	r.room = &room.flow;
	ledger = ingest_room(&room, c, db, &e) == 0 ? ledger_open(db, &e) : NULL;
	status = ledger != NULL ? retry_with(&r, c, ledger) : verb_fail(&e);
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

	if (first < 0) {
		domains_free(w.domains);
		return status;
	}
	if (take_ids(&w, argc - first, argv + first, &e) < 0) {
		status = verb_fail(&e);
	} else {
		signals_listen(false);
		status = retry(&c, &w);
	}
	domains_free(w.domains);
	free(w.ids);
	context_fini(&c);
	return status;
}

const struct verb verb_retry = {
	.name = "retry",
	.arguments = "[OPTION]... [ID]...",
	.summary = "try again the mails that held something that could not be stored",
	.help = "  --dry-run             say what would change, and change nothing\n"
		"  --outcome OUTCOME     only those with a part that is corrupt, unsupported,\n"
		"                        too_big or refused\n"
		"  --domain DOMAIN       only those that hold a report of this domain\n",
	.run = run,
};
