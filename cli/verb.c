#include "cli/verb.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/told.h"
#include "core/log.h"

enum { OPT_CONFIG = 128, OPT_NO_CONFIG, OPT_STATE_DIR, OPT_DATABASE, OPT_JSON, OPT_CSV, OPT_HELP };

static const struct option shared[] = {
	{ "config", required_argument, NULL, OPT_CONFIG },
	{ "no-config", no_argument, NULL, OPT_NO_CONFIG },
	{ "state-dir", required_argument, NULL, OPT_STATE_DIR },
	{ "database", required_argument, NULL, OPT_DATABASE },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "csv", no_argument, NULL, OPT_CSV },
	{ "verbose", no_argument, NULL, 'v' },
	{ "help", no_argument, NULL, OPT_HELP },
};

#define SHARED (sizeof(shared) / sizeof(shared[0]))
#define OWN_MOST 16

/* What the shared options said. */
struct said {
	const char *config;
	bool no_config, help;
};

static void
print_help(const struct verb *v)
{
	printf("usage: ruastat %s %s\n\n%s.\n\n%s", v->name, v->arguments, v->summary,
	    v->help != NULL ? v->help : "");
	printf("  --config FILE         read this configuration\n"
	       "  --no-config           read none\n"
	       "  --state-dir DIR       where ruastat keeps what is its own\n"
	       "  --database CONNINFO   use this PostgreSQL instead of the private one\n"
	       "  --json, --csv         print JSON, a line each, or CSV\n"
	       "  -v, --verbose         say more\n"
	       "  --help                this\n");
}

static void
take_shared(struct context *c, struct said *said, int val)
{
	switch (val) {
	case OPT_CONFIG:
		said->config = optarg;
		break;
	case OPT_NO_CONFIG:
		said->no_config = true;
		break;
	case OPT_STATE_DIR:
		c->state_dir = optarg;
		break;
	case OPT_DATABASE:
		c->conninfo = optarg;
		break;
	case OPT_JSON:
		c->output = OUTPUT_JSON;
		break;
	case OPT_CSV:
		c->output = OUTPUT_CSV;
		break;
	case 'v':
		c->verbose = true;
		break;
	default:
		said->help = true;
	}
}

static int
read_options(const struct verb *v, int argc, char **argv, const struct option *own,
    int (*take)(void *arg, int val, const char *value, struct err *e), void *arg, struct context *c,
    struct said *said, struct err *e)
{
	struct option all[SHARED + OWN_MOST + 1] = { 0 };
	size_t n = SHARED;
	int val;

	memcpy(all, shared, sizeof(shared));
	for (; own != NULL && own->name != NULL && n < SHARED + OWN_MOST; own++)
		all[n++] = *own;
	opterr = 0;
	optind = 1;
	while ((val = getopt_long(argc, argv, "v", all, NULL)) != -1) {
		if (val == '?')
			return err_set(e, ERR_CONFIG,
			    "\"%s\" is no option of \"%s\", or lacks its value; see \"ruastat %s --help\"",
			    argv[optind - 1], v->name, v->name);
		if (val < 256)
			take_shared(c, said, val);
		else if (take(arg, val, optarg, e) < 0)
			return -1;
	}
	return 0;
}

/* Nothing is known of the configuration: what was told is looked up where the state would be without it. */
static void
hush(struct context *c)
{
	struct err ignored;

	c->config = config_load(NULL, false, &ignored);
	c->look = true;
	if (c->config != NULL && context_enter(c, &ignored) == 0)
		told_begin(c->state_dir);
}

int
verb_options(const struct verb *v, int argc, char **argv, const struct option *own,
    int (*take)(void *arg, int val, const char *value, struct err *e), void *arg, struct context *c,
    int *status)
{
	struct said said = { 0 };
	struct err e;

	*c = (struct context){ .output = OUTPUT_TABLE };
	if (read_options(v, argc, argv, own, take, arg, c, &said, &e) < 0) {
		*status = verb_fail(&e);
		return -1;
	}
	if (said.help) {
		print_help(v);
		*status = EXIT_FINE;
		return -1;
	}
	c->config = config_load(said.config, !said.no_config, &e);
	if (c->config == NULL) {
		if (v->hushed != NULL && v->hushed(arg, c))
			hush(c);
		*status = verb_fail(&e);
		context_fini(c);
		told_end();
		return -1;
	}
	if (c->state_dir == NULL)
		c->state_dir = c->config->state_dir;
	if (c->conninfo == NULL)
		c->conninfo = c->config->database;
	if (c->verbose)
		log_init(LOG_DEBUG);
	return optind;
}

void
context_fini(struct context *c)
{
	config_free(c->config);
	c->config = NULL;
}

int
verb_fail(const struct err *e)
{
	log_event(LOG_ERROR, "%s", e->text);
	switch (e->kind) {
	case ERR_SOURCE:
	case ERR_DATABASE:
		return EXIT_LATER;
	case ERR_MESSAGE:
		return EXIT_UNREADABLE;
	default:
		return EXIT_USAGE;
	}
}
