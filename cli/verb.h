/* verb.h - what a verb of the command line is, and what all of them share. */
#ifndef CLI_VERB_H
#define CLI_VERB_H

#include <getopt.h>
#include <stdbool.h>

#include "core/err.h"
#include "cli/config.h"

/* Exit statuses a cron job can act on. */
enum {
	EXIT_FINE = 0,
	EXIT_USAGE = 1,      /* usage or configuration */
	EXIT_UNREADABLE = 2, /* new mails hold a report that could not be stored */
	EXIT_LATER = 75,     /* EX_TEMPFAIL: try again later */
};

enum output { OUTPUT_TABLE, OUTPUT_JSON, OUTPUT_CSV };

/* The options every verb takes, and the configuration they lead to. */
struct context {
	struct config *config; /* never NULL: the defaults where there is no file */
	const char *state_dir; /* absolute; made by context_enter */
	const char *conninfo;  /* of the admin's server, or NULL: the private cluster */
	enum output output;
	bool verbose;
	bool look; /* context_enter makes nothing: what is not there is ERR_CONFIG */
};

struct verb {
	const char *name;
	const char *arguments; /* for the usage line: "[OPTION]... [SOURCE]..." */
	const char *summary;   /* one line */
	const char *help;      /* its own options, a line each, as --help prints them; or NULL */
	/* Whether it says the same once a day (cli/told.h) with these options of its own; NULL: never. */
	bool (*hushed)(const void *arg, const struct context *c);
	int (*run)(const struct verb *v, int argc, char **argv);
};

/*
 * Read the options of verb ${v}: those all verbs share and ${own} (ended by an empty entry; values
 * of ->val from 256 on), each of which is handed to ${take} with its argument.  Then load the
 * configuration.  Returns the index of the first operand, or -1 when the process is to exit with
 * ${status}: --help was answered, or the error was told.
 */
int verb_options(const struct verb *v, int argc, char **argv, const struct option *own,
    int (*take)(void *arg, int val, const char *value, struct err *e), void *arg, struct context *c,
    int *status);

void context_fini(struct context *c);

/*
 * Become who ruastat runs as (as root: _ruastat, for good) and make the state directory, unless ->look.
 * ERR_CONFIG in words where that cannot be.
 */
int context_enter(struct context *c, struct err *e);

/* Tell ${e} on standard error and return the exit status for its kind. */
int verb_fail(const struct err *e);

#endif
