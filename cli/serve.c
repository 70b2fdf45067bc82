#include <stdio.h>

#include "cli/ask.h"
#include "cli/verbs.h"
#include "cli/web.h"
#include "store/database.h"

enum { OPT_LISTEN = 256, OPT_CERT, OPT_KEY };

static const struct option own[] = {
	{ "listen", required_argument, NULL, OPT_LISTEN },
	{ "tls-certificate", required_argument, NULL, OPT_CERT },
	{ "tls-key", required_argument, NULL, OPT_KEY },
	{ NULL, 0, NULL, 0 },
};

static int
take(void *arg, int val, const char *value, struct err *e)
{
	struct web_conf *w = arg;

	(void)e;
	if (val == OPT_LISTEN)
		w->listen = value;
	else if (val == OPT_CERT)
		w->cert = value;
	else
		w->key = value;
	return 0;
}

static int
serve(struct context *c, const struct web_conf *conf, struct err *e)
{
	struct database *db;
	struct web w;
	int rc = web_open(&w, conf, c, e);

	if (rc == 0)
		rc = context_enter(c, e);
	if (rc == 0) {
		db = ask_database(c, true, e); /* it may be there before the first report */
		rc = db != NULL ? web_show(&w, c, db, false, e) : -1;
		database_close(db);
	}
	web_close(&w);
	return rc;
}

static int
run(const struct verb *v, int argc, char **argv)
{
	struct web_conf conf = { .tries = 1 };
	struct context c;
	struct err e;
	int rc, status, first = verb_options(v, argc, argv, own, take, &conf, &c, &status);

	if (first < 0)
		return status;
	if (first < argc)
		rc = err_set(&e, ERR_CONFIG, "\"serve\" takes no argument: \"%s\"", argv[first]);
	else
		rc = serve(&c, &conf, &e);
	return ask_end(&c, rc, &e);
}

const struct verb verb_serve = {
	.name = "serve",
	.arguments = "[OPTION]...",
	.summary = "show the dashboard to browsers",
	.help = "  --listen HOST:PORT    where (127.0.0.1:8080)\n"
		"  --tls-certificate FILE, --tls-key FILE\n"
		"                        serve HTTPS with these, in PEM\n",
	.run = run,
};
