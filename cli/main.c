#include <stdio.h>
#include <string.h>

#include "cli/verbs.h"
#include "ingest/fetcher.h"
#include "parser/worker.h"

static const struct verb *const verbs[] = { &verb_run, &verb_ingest, &verb_serve, &verb_user,
	&verb_domains, &verb_sources, &verb_reports, &verb_tls, &verb_failures, &verb_intake,
	&verb_explain, &verb_verify, &verb_reparse, &verb_parse, &verb_psql, &verb_login,
	&verb_check_config };

#define COUNT (sizeof(verbs) / sizeof(verbs[0]))

static void
usage(FILE *to)
{
	fprintf(to, "usage: ruastat VERB [OPTION]... [ARGUMENT]...\n\n");
	for (size_t i = 0; i < COUNT; i++)
		fprintf(to, "  %-13s %s\n", verbs[i]->name, verbs[i]->summary);
	fprintf(to, "\n\"ruastat VERB --help\" tells more; the manual is ruastat(1).\n");
}

int
main(int argc, char **argv)
{
	if (argc > 0 && strcmp(argv[0], WORKER_NAME) == 0)
		return worker_main();
	if (argc > 0 && strcmp(argv[0], FETCHER_NAME) == 0)
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
