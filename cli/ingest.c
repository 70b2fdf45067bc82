#include "cli/ingest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/ask.h"
#include "cli/signals.h"
#include "cli/tally.h"
#include "cli/told.h"
#include "cli/verbs.h"
#include "cli/watch.h"
#include "core/limits.h"
#include "core/log.h"
#include "ingest/after.h"

enum {
	OPT_DRY_RUN = 256,
	OPT_WATCH,
	OPT_AFTER,
	OPT_MOVE_TO,
	OPT_FAILURES,
	OPT_SUBFOLDERS,
	OPT_PASSWORD_FILE,
	OPT_PASSWORD_COMMAND,
	OPT_CA_FILE,
	OPT_FINGERPRINT,
	OPT_TLS
};

static const struct option own[] = {
	{ "dry-run", no_argument, NULL, OPT_DRY_RUN },
	{ "watch", no_argument, NULL, OPT_WATCH },
	{ "after", required_argument, NULL, OPT_AFTER },
	{ "move-to", required_argument, NULL, OPT_MOVE_TO },
	{ "failures", required_argument, NULL, OPT_FAILURES },
	{ "subfolders", no_argument, NULL, OPT_SUBFOLDERS },
	{ "password-file", required_argument, NULL, OPT_PASSWORD_FILE },
	{ "password-command", required_argument, NULL, OPT_PASSWORD_COMMAND },
	{ "ca-file", required_argument, NULL, OPT_CA_FILE },
	{ "fingerprint", required_argument, NULL, OPT_FINGERPRINT },
	{ "tls", required_argument, NULL, OPT_TLS },
	{ NULL, 0, NULL, 0 },
};

static int
take_after(struct source_conf *s, const char *value, struct err *e)
{
	if (after_find(value, &s->after) == 0)
		return 0;
	return err_set(
	    e, ERR_CONFIG, "--after is \"%s\"; it can be keep, seen, move or delete", value);
}

static int
take_of_url(struct config_url_options *o, int val, const char *value)
{
	switch (val) {
	case OPT_PASSWORD_FILE:
		o->password_file = value;
		break;
	case OPT_PASSWORD_COMMAND:
		o->password_command = value;
		break;
	case OPT_CA_FILE:
		o->ca_file = value;
		break;
	case OPT_FINGERPRINT:
		o->fingerprint = value;
		break;
	default:
		o->tls = value;
	}
	return 0;
}

static int
take(void *arg, int val, const char *value, struct err *e)
{
	struct ingest_wish *w = arg;
	struct choice_options *o = &w->options;

	o->given |= val >= OPT_AFTER;
	o->of_urls |= val >= OPT_PASSWORD_FILE;
	switch (val) {
	case OPT_DRY_RUN:
		w->dry_run = true;
		return 0;
	case OPT_WATCH:
		w->watch = true;
		return 0;
	case OPT_AFTER:
		return take_after(&o->source, value, e);
	case OPT_MOVE_TO:
		o->source.move_to = value;
		return 0;
	case OPT_FAILURES:
		o->source.failures = value;
		return 0;
	case OPT_SUBFOLDERS:
		o->source.subfolders = true;
		return 0;
	default:
		return take_of_url(&o->url, val, value);
	}
}

/*
 * Each mail on its way to the database is an open descriptor; and an MTA may have left us files no
 * larger than a mailbox, too small for a database.
 */
static void
raise_limits(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_FSIZE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_FSIZE, &limit);
	}
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max < 4096 ? limit.rlim_max : 4096;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* A directory of ours below the state directory. */
static int
make_dir(const char *state_dir, const char *name, char *room, size_t n, struct err *e)
{
	int len = snprintf(room, n, "%s/%s", state_dir, name);

	if (len < 0 || (size_t)len >= n)
		return err_set(e, ERR_CONFIG, "the state directory's path is too long");
	if (mkdir(room, 0700) == 0 || errno == EEXIST)
		return 0;
	return err_set(e, errno == ENOSPC || errno == EDQUOT ? ERR_DATABASE : ERR_CONFIG,
	    "could not make \"%.400s\": %s", room, strerror(errno));
}

static unsigned
cores(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > LIMIT_WORKERS ? LIMIT_WORKERS : (unsigned)n;
}

static bool
is_piped(const char *name)
{
	return strcmp(name, "-") == 0;
}

/* The worst exit status so far: what the operator must change, what may pass, what is in the intake. */
static int
worse(int a, int b)
{
	static const int order[] = { EXIT_USAGE, EXIT_LATER, EXIT_UNREADABLE };

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		if (a == order[i] || b == order[i])
			return order[i];
	return EXIT_FINE;
}

static int
fail(const struct context *c, struct err *e)
{
	ask_why(c, e);
	return verb_fail(e);
}

/* One source after the other, telling their trouble. */
static int
ingest_all(struct context *c, const struct ingest_wish *w, struct flow *flow, int n, char **names,
    struct tally *t)
{
	const volatile sig_atomic_t *stop = signals_stop();
	int status = EXIT_FINE, rc = 0;

	for (size_t i = 0; i < choice_count(c->config, n) && !*stop && rc >= 0; i++) {
		struct source_conf source;
		struct err e;

		rc = choice_at(c->config, &w->options, n, names, i, &source, &e) < 0
		    ? 1
		    : flow_read(flow, &source, &e);
		if (rc != 0)
			status = worse(status, fail(c, &e));
	}
	if (status == EXIT_FINE && *stop) {
		log_event(LOG_WARN, "interrupted; the next run goes on from here");
		status = EXIT_LATER;
	}
	return tally_unreadable(t) > 0 ? worse(status, EXIT_UNREADABLE) : status;
}

static double
seconds_since(const struct timespec *from)
{
	struct timespec to;

	clock_gettime(CLOCK_MONOTONIC, &to);
	return (double)(to.tv_sec - from->tv_sec) + (double)(to.tv_nsec - from->tv_nsec) / 1e9;
}

int
ingest_room(struct ingest_room *r, const struct context *c, struct database *db, struct err *e)
{
	if (make_dir(c->state_dir, "tmp", r->tmp, sizeof(r->tmp), e) < 0 ||
	    make_dir(c->state_dir, "locks", r->locks, sizeof(r->locks), e) < 0)
		return -1;
	raise_limits();
	r->flow = (struct flow_conf){ .db = db,
		.tmp_dir = r->tmp,
		.lock_dir = r->locks,
		.workers = c->config->workers > 0 ? c->config->workers : cores(),
		.ceilings = c->config->ceilings,
		.patience = LIMIT_DATABASE_SECONDS,
		.own = c->config->own,
		.failures = c->config->failures,
		.failure_days = c->config->failure_days,
		.stop = signals_stop(),
		.wake_fd = signals_fd() };
	return 0;
}

int
ingest_into(
    struct context *c, const struct ingest_wish *w, struct database *db, int n, char **paths)
{
	struct ingest_room room;
	struct tally t = { 0 };
	struct timespec from;
	struct flow *flow;
	struct err e;
	int status;

	clock_gettime(CLOCK_MONOTONIC, &from);
	if (ingest_room(&room, c, db, &e) < 0)
		return fail(c, &e);
	room.flow.dry_run = w->dry_run;
	room.flow.progress = true;
	flow = flow_new(&room.flow, &t, &e);
	if (flow == NULL)
		return fail(c, &e);
	status = ingest_all(c, w, flow, n, paths, &t);
	flow_free(flow);
	/* The next run knows these mails: it is told now or never. */
	if (tally_unreadable(&t) > 0 && !w->piped) {
		told_news();
		tally_warn(&t);
	}
	if (c->output == OUTPUT_JSON)
		tally_json(&t, seconds_since(&from));
	else if (w->dry_run || c->verbose || isatty(STDOUT_FILENO)) /* cron hears nothing */
		tally_text(&t, seconds_since(&from));
	return status;
}

/* Whether nobody watches what a run of cron says: then the same is said once a day. */
static bool
hushed(const void *arg, const struct context *c)
{
	const struct ingest_wish *w = arg;

	return !w->watch && !w->dry_run && !w->piped && !c->verbose && !isatty(STDERR_FILENO);
}

static int
ingest(struct context *c, const struct ingest_wish *w, int n, char **paths)
{
	struct database *db = NULL;
	struct err e;
	int status;

	if (context_enter(c, &e) < 0)
		return verb_fail(&e);
	if (hushed(w, c))
		told_begin(c->state_dir);
	if (w->watch)
		return watch_run(c, w, n, paths);
	if (!w->dry_run || ask_has_database(c)) {
		db = ask_database(c, !w->dry_run, &e);
		if (db == NULL)
			return fail(c, &e);
	}
	status = ingest_into(c, w, db, n, paths);
	database_close(db);
	return status;
}

/* Whether what is named fits together. */
static int
check(const struct context *c, const struct ingest_wish *w, int n, char **names, struct err *e)
{
	bool piped = false;

	for (int i = 0; i < n; i++)
		piped |= is_piped(names[i]);
	if (n == 0 && c->config->nsources == 0)
		return err_set(e, ERR_CONFIG,
		    "no source is named: give a maildir, mbox, directory, file, URL or \"-\", or a "
		    "configuration with sources");
	if (n == 0 && w->options.given)
		return err_set(e, ERR_CONFIG,
		    "--after, --move-to, --failures and --subfolders are for sources "
		    "given as arguments; the configuration says it for its own");
	if (w->watch && w->dry_run)
		return err_set(
		    e, ERR_CONFIG, "--watch stores what comes, --dry-run stores nothing");
	if (piped && (n > 1 || w->watch))
		return err_set(e, ERR_CONFIG,
		    "standard input (\"-\") goes with no other source and not with --watch");
	return 0;
}

static int
run_named(const struct verb *v, int argc, char **argv, bool piped)
{
	struct ingest_wish w = { .piped = piped };
	struct context c;
	struct err e;
	int status, first = verb_options(v, argc, argv, own, take, &w, &c, &status);

	if (first < 0)
		return status;
	if (check(&c, &w, argc - first, argv + first, &e) < 0) {
		status = verb_fail(&e);
	} else {
		signals_listen(w.watch);
		status = ingest(&c, &w, argc - first, argv + first);
	}
	context_fini(&c);
	told_end();
	return status;
}

/*
 * To whom a mail is piped only two answers are of use: it has its intake row, or it has not.  Any
 * other status makes an MTA send the report back to its reporter.
 */
static int
run(const struct verb *v, int argc, char **argv)
{
	bool piped = false;
	int status;

	for (int i = 1; i < argc; i++)
		piped |= is_piped(argv[i]);
	if (piped)
		signals_listen(false); /* from here on */
	status = run_named(v, argc, argv, piped);
	if (!piped || status == EXIT_FINE)
		return status;
	return status == EXIT_UNREADABLE ? EXIT_FINE : EXIT_LATER;
}

const struct verb verb_ingest = {
	.name = "ingest",
	.arguments = "[OPTION]... [SOURCE]...",
	.summary = "read the reports in mailboxes and files into the database",
	.help =
	    "  SOURCE                a maildir, mbox, directory, file or URL, or a name in the\n"
	    "                        configuration; - alone for standard input, from an MTA\n"
	    "  --dry-run             parse and tell, but store and touch nothing\n"
	    "  --watch               go on: store mails as they come\n"
	    "  --after ACTION        what to do to a mailbox's mails once stored:\n"
	    "                        keep (the default), seen, move or delete\n"
	    "  --move-to FOLDER      where --after move puts them\n"
	    "  --failures FOLDER     where mails go that hold a report which could\n"
	    "                        not be stored\n"
	    "  --subfolders          a maildir's subfolders too\n"
	    "  --password-file FILE, --password-command COMMAND\n"
	    "                        where the password of a URL comes from\n"
	    "  --ca-file FILE, --fingerprint SHA256, --tls off\n"
	    "                        whom to trust there\n",
	.hushed = hushed,
	.run = run,
};
