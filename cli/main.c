#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/verbs.h"
#include "core/again.h"
#include "ingest/fetcher.h"
#include "parser/worker.h"

static const struct verb *const verbs[] = { &verb_run, &verb_ingest, &verb_serve, &verb_user,
	&verb_domains, &verb_sources, &verb_reports, &verb_tls, &verb_failures, &verb_intake,
	&verb_explain, &verb_verify, &verb_status, &verb_reparse, &verb_retry, &verb_backup,
	&verb_restore, &verb_parse, &verb_psql, &verb_login, &verb_check_config };

#define COUNT (sizeof(verbs) / sizeof(verbs[0]))

static void
usage(FILE *to)
{
	fprintf(to, "usage: ruastat VERB [OPTION]... [ARGUMENT]...\n\n");
	for (size_t i = 0; i < COUNT; i++)
		fprintf(to, "  %-13s %s\n", verbs[i]->name, verbs[i]->summary);
	fprintf(to, "\n\"ruastat VERB --help\" tells more; the manual is ruastat(1).\n");
}

/*
 * Whoever starts us may have closed the standard streams: what is opened next must not take their
 * numbers, or lines for people go into a database's socket.  What was closed stays unreadable.
 */
static void
keep_streams(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_WRONLY) != fd)
			abort();
}

int
main(int argc, char **argv)
{
	keep_streams();
	/* A file at its limit is an error to be told, like a full disk. */
	signal(SIGXFSZ, SIG_IGN);
	if (strcmp(again_name(argc, argv), WORKER_NAME) == 0)
		return worker_main();
	if (strcmp(again_name(argc, argv), FETCHER_NAME) == 0)
		return fetcher_main();
	if (argc < 2) {
		usage(stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
		usage(stdout);
		return EXIT_FINE;
	}
	if (strcmp(argv[1], "--version") == 0) {
		printf("ruastat %s\n", RUASTAT_VERSION);
		return EXIT_FINE;
	}
	for (size_t i = 0; i < COUNT; i++)
		if (strcmp(argv[1], verbs[i]->name) == 0)
			return verbs[i]->run(verbs[i], argc - 1, argv + 1);
	fprintf(stderr, "ruastat: \"%s\" is no verb; \"ruastat --help\" lists them\n", argv[1]);
	return EXIT_USAGE;
}
