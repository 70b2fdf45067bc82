#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/ask.h"
#include "cli/flow.h"
#include "cli/ingest.h"
#include "cli/tally.h"
#include "cli/verbs.h"
#include "core/limits.h"
#include "core/log.h"
#include "ingest/after.h"

enum { OPT_DRY_RUN = 256, OPT_AFTER, OPT_MOVE_TO, OPT_FAILURES, OPT_SUBFOLDERS };

static const struct option own[] = {
	{ "dry-run", no_argument, NULL, OPT_DRY_RUN },
	{ "after", required_argument, NULL, OPT_AFTER },
	{ "move-to", required_argument, NULL, OPT_MOVE_TO },
	{ "failures", required_argument, NULL, OPT_FAILURES },
	{ "subfolders", no_argument, NULL, OPT_SUBFOLDERS },
	{ NULL, 0, NULL, 0 },
};

static volatile sig_atomic_t stop;

static void
on_signal(int number)
{
	(void)number;
	stop = 1;
}

/* Each mail on its way to the database is an open descriptor. */
static void
allow_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max < 4096 ? limit.rlim_max : 4096;
	setrlimit(RLIMIT_NOFILE, &limit);
}

void
ingest_listen(void)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	allow_descriptors();
}

bool
ingest_stopped(void)
{
	return stop != 0;
}

static int
take(void *arg, int val, const char *value, struct err *e)
{
	struct ingest_wish *w = arg;

	w->about_sources |= val != OPT_DRY_RUN;
	switch (val) {
	case OPT_DRY_RUN:
		w->dry_run = true;
		break;
	case OPT_AFTER:
		if (after_find(value, &w->source.after) < 0)
			return err_set(e, ERR_CONFIG,
			    "--after is \"%s\"; it can be keep, seen, move or delete", value);
		break;
	case OPT_MOVE_TO:
		w->source.move_to = value;
		break;
	case OPT_FAILURES:
		w->source.failures = value;
		break;
	default:
		w->source.subfolders = true;
	}
	return 0;
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

/* Ingest one source, telling its trouble; the worst exit status so far. */
static int
ingest_one(const struct flow_conf *flow, const struct source_conf *conf, struct tally *t,
    int status, bool *fatal)
{
	struct err e;
	int own_status;

	if (flow_run(flow, conf, t, &e) == 0)
		return status;
	own_status = verb_fail(&e);
	*fatal = e.kind == ERR_DATABASE;
	return own_status == EXIT_USAGE || status == EXIT_FINE ? own_status : status;
}

static int
ingest_all(const struct context *c, const struct ingest_wish *w, const struct flow_conf *flow,
    int n, char **paths, struct tally *t)
{
	int status = EXIT_FINE;
	bool fatal = false;

	for (int i = 0; i < n && !stop && !fatal; i++) {
		struct source_conf conf = w->source;

		conf.path = paths[i];
		status = ingest_one(flow, &conf, t, status, &fatal);
	}
	for (size_t i = 0; n == 0 && i < c->config->nsources && !stop && !fatal; i++)
		status = ingest_one(flow, &c->config->sources[i].conf, t, status, &fatal);
	if (status == EXIT_FINE && stop) {
		log_event(LOG_WARN, "interrupted; the next run goes on from here");
		status = EXIT_LATER;
	}
	if (status == EXIT_FINE &&
	    t->outcomes[OUTCOME_CORRUPT] + t->outcomes[OUTCOME_UNSUPPORTED] +
		    t->outcomes[OUTCOME_TOO_BIG] + t->outcomes[OUTCOME_REFUSED] >
		0)
		status = EXIT_UNREADABLE;
	return status;
}

/* One line, so that a cron job's mail says what to look at. */
static void
tell_unreadable(const struct tally *t)
{
	log_event(LOG_WARN,
	    "%llu new mails hold a report that could not be stored (%llu corrupt, %llu unsupported, "
	    "%llu too_big, %llu refused); \"ruastat intake\" lists them",
	    (unsigned long long)(t->outcomes[OUTCOME_CORRUPT] + t->outcomes[OUTCOME_UNSUPPORTED] +
		t->outcomes[OUTCOME_TOO_BIG] + t->outcomes[OUTCOME_REFUSED]),
	    (unsigned long long)t->outcomes[OUTCOME_CORRUPT],
	    (unsigned long long)t->outcomes[OUTCOME_UNSUPPORTED],
	    (unsigned long long)t->outcomes[OUTCOME_TOO_BIG],
	    (unsigned long long)t->outcomes[OUTCOME_REFUSED]);
}

/* Whether there is a database to look into: a dry run makes none. */
static bool
has_database(const struct context *c)
{
	char path[4400];

	snprintf(path, sizeof(path), "%s/data/PG_VERSION", c->state_dir);
	return c->conninfo != NULL || access(path, F_OK) == 0;
}

static double
seconds_since(const struct timespec *from)
{
	struct timespec to;

	clock_gettime(CLOCK_MONOTONIC, &to);
	return (double)(to.tv_sec - from->tv_sec) + (double)(to.tv_nsec - from->tv_nsec) / 1e9;
}

int
ingest_into(
    const struct context *c, const struct ingest_wish *w, struct database *db, int n, char **paths)
{
	struct flow_conf flow = { .db = db,
		.dry_run = w->dry_run,
		.workers = c->config->workers > 0 ? c->config->workers : cores(),
		.domains = c->config->domains,
		.ndomains = c->config->ndomains,
		.progress = true,
		.stop = &stop };
	struct tally t = { 0 };
	struct timespec from;
	char tmp[4400], locks[4400];
	struct err e;
	int status;

	clock_gettime(CLOCK_MONOTONIC, &from);
	if (make_dir(c->state_dir, "tmp", tmp, sizeof(tmp), &e) < 0 ||
	    make_dir(c->state_dir, "locks", locks, sizeof(locks), &e) < 0)
		return verb_fail(&e);
	flow.tmp_dir = tmp;
	flow.lock_dir = locks;
	status = ingest_all(c, w, &flow, n, paths, &t);
	if (status == EXIT_UNREADABLE)
		tell_unreadable(&t);
	if (c->output == OUTPUT_JSON)
		tally_json(&t, seconds_since(&from));
	else if (w->dry_run || c->verbose || isatty(STDOUT_FILENO)) /* cron hears nothing */
		tally_text(&t, seconds_since(&from));
	return status;
}

static int
ingest(struct context *c, const struct ingest_wish *w, int n, char **paths)
{
	struct database *db = NULL;
	struct err e;
	int status;

	if (context_enter(c, &e) < 0)
		return verb_fail(&e);
	if (!w->dry_run || has_database(c)) {
		db = ask_database(c, !w->dry_run, &e);
		if (db == NULL)
			return verb_fail(&e);
	}
	status = ingest_into(c, w, db, n, paths);
	database_close(db);
	return status;
}

static int
run(const struct verb *v, int argc, char **argv)
{
	struct ingest_wish w = { 0 };
	struct context c;
	struct err e;
	int status, first = verb_options(v, argc, argv, own, take, &w, &c, &status);

	if (first < 0)
		return status;
	if (first == argc && c.config->nsources == 0) {
		err_set(&e, ERR_CONFIG,
		    "no source is named: give a maildir, directory or file, or a "
		    "configuration with sources");
		status = verb_fail(&e);
	} else if (first == argc && w.about_sources) {
		err_set(&e, ERR_CONFIG,
		    "--after, --move-to, --failures and --subfolders are for sources "
		    "given as arguments; the configuration says it for its own");
		status = verb_fail(&e);
	} else {
		ingest_listen();
		status = ingest(&c, &w, argc - first, argv + first);
	}
	context_fini(&c);
	return status;
}

const struct verb verb_ingest = {
	.name = "ingest",
	.arguments = "[OPTION]... [SOURCE]...",
	.summary = "read the reports in mailboxes and files into the database",
	.help = "  --dry-run             parse and tell, but store and touch nothing\n"
		"  --after ACTION        what to do to a maildir's mails once stored:\n"
		"                        keep (the default), seen, move or delete\n"
		"  --move-to FOLDER      where --after move puts them\n"
		"  --failures FOLDER     where mails go that hold a report nobody can read\n"
		"  --subfolders          a maildir's subfolders too\n",
	.run = run,
};
