#include <stdio.h>

#include "cli/ask.h"
#include "cli/ingest.h"
#include "cli/signals.h"
#include "cli/verbs.h"
#include "cli/web.h"
#include "store/database.h"

#define PORTS 100 /* tried, from 8080 on */

enum { OPT_LISTEN = 256 };

static const struct option own[] = {
	{ "listen", required_argument, NULL, OPT_LISTEN },
	{ NULL, 0, NULL, 0 },
};

static int
take(void *arg, int val, const char *value, struct err *e)
{
	struct web_conf *w = arg;

	(void)val;
	(void)e;
	w->listen = value;
	w->tries = 1;
	return 0;
}

/* Ingest, then show.  Mails that cannot be read are told of and do not matter here. */
static int
read_and_show(struct web *w, struct context *c, int n, char **paths, struct err *e)
{
	const struct ingest_wish wish = { 0 };
	struct database *db = ask_database(c, true, e);
	int rc = -1, status;

	if (db != NULL) {
		signals_listen(false);
		status = ingest_into(c, &wish, db, n, paths);
		if (status == EXIT_FINE || status == EXIT_UNREADABLE)
			rc = web_show(w, c, db, true, e);
		else
			rc = status;
	}
	database_close(db);
	return rc;
}

static int
run(const struct verb *v, int argc, char **argv)
{
	struct web_conf conf = { .tries = PORTS };
	struct context c;
	struct web w;
	struct err e;
	int rc, status, first = verb_options(v, argc, argv, own, take, &conf, &c, &status);

	if (first < 0)
		return status;
	if (first == argc && c.config->nsources == 0) {
		err_set(&e, ERR_CONFIG,
		    "no source is named: give a maildir, mbox, directory or file, or a "
		    "configuration with sources");
		return ask_end(&c, -1, &e);
	}
	rc = web_open(&w, &conf, &c, &e);
	if (rc == 0)
		rc = context_enter(&c, &e);
	if (rc == 0)
		rc = read_and_show(&w, &c, argc - first, argv + first, &e);
	web_close(&w);
	status = ask_end(&c, rc < 0 ? -1 : 0, &e);
	return rc > 0 ? rc : status;
}

const struct verb verb_run = {
	.name = "run",
	.arguments = "[OPTION]... [SOURCE]...",
	.summary = "read the sources, then show the dashboard, for a first look",
	.help = "  --listen HOST:PORT    where (127.0.0.1, the first free port from 8080 on)\n",
	.run = run,
};
