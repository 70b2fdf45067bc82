#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/ask.h"
#include "cli/verbs.h"
#include "store/conninfo.h"
#include "store/database.h"
#include "store/pgbin.h"

static volatile sig_atomic_t child;

/* A request to end is psql's to follow. */
static void
pass_on(int number)
{
	int was = errno;

	if (child > 0)
		kill((pid_t)child, number);
	errno = was;
}

/* psql beside the server's programs, or the one in PATH.  ${argv} has room for all of it. */
static void
exec_psql(const char *conninfo, int argc, char **argv)
{
	char path[PATH_MAX + 8] = "", dash_d[] = "-d";
	char **args = calloc((size_t)argc + 4, sizeof(*args));
	char here[PATH_MAX];
	struct pgbin bin;
	struct err ignored;

	if (args == NULL)
		abort();
	/* Root's directory is not _ruastat's; psql would complain about it. */
	if ((getcwd(here, sizeof(here)) == NULL || access(here, X_OK) < 0) && chdir("/") < 0)
		fprintf(stderr, "ruastat: could not leave \"%s\": %s\n", here, strerror(errno));
	if (pgbin_find(0, &bin, &ignored) == 0)
		snprintf(path, sizeof(path), "%s/psql", bin.dir);
	if (access(path, X_OK) < 0)
		snprintf(path, sizeof(path), "psql");
	args[0] = path;
	args[1] = dash_d;
	args[2] = (char *)(uintptr_t)conninfo;
	memcpy(args + 3, argv, (size_t)argc * sizeof(*args));
	execvp(path, args);
	fprintf(stderr, "ruastat: could not run psql: %s\n", strerror(errno));
	_exit(EXIT_USAGE);
}

static int
run_psql(const char *conninfo, const char *password, int argc, char **argv, struct err *e)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN }, pass = { .sa_handler = pass_on };
	struct sigaction interrupt, quit;
	int status = 0;
	pid_t pid;

	if (password[0] != '\0')
		setenv("PGPASSWORD", password, 1);
	sigaction(SIGINT, &ignore, &interrupt);
	sigaction(SIGQUIT, &ignore, &quit);
	signal(SIGCHLD, SIG_DFL);
	pid = fork();
	if (pid < 0)
		return err_set(e, ERR_DATABASE, "could not start psql: %s", strerror(errno));
	if (pid == 0) {
		sigaction(SIGINT, &interrupt, NULL);
		sigaction(SIGQUIT, &quit, NULL);
		exec_psql(conninfo, argc, argv);
	}
	child = pid;
	sigaction(SIGTERM, &pass, NULL);
	sigaction(SIGHUP, &pass, NULL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	child = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* psql's exit status, or -1. */
static int
psql(struct context *c, int argc, char **argv, struct err *e)
{
	/* Stays open until psql ends: the private cluster runs as long as it has a user. */
	struct database *db = ask_open(c, e);
	struct buf conninfo, password;
	int rc;

	if (db == NULL)
		return -1;
	buf_init(&conninfo, 65536);
	buf_init(&password, 65536);
	rc = conninfo_split(database_conninfo(db), &conninfo, &password, e);
	if (rc == 0)
		rc = run_psql(conninfo.p, password.p, argc, argv, e);
	buf_fini(&password);
	buf_fini(&conninfo);
	database_close(db);
	return rc;
}

static int
run(const struct verb *v, int argc, char **argv)
{
	struct context c;
	struct err e;
	int rc, status, first = verb_options(v, argc, argv, NULL, NULL, NULL, &c, &status);

	if (first < 0)
		return status;
	if (c.output != OUTPUT_TABLE)
		rc = err_set(&e, ERR_CONFIG,
		    "psql has options of its own for JSON and CSV: "
		    "\"ruastat psql -- --csv\"");
	else
		rc = psql(&c, argc - first, argv + first, &e);
	status = ask_end(&c, rc < 0 ? -1 : 0, &e);
	return rc > 0 ? rc : status;
}

const struct verb verb_psql = {
	.name = "psql",
	.arguments = "[OPTION]... [-- ARGUMENT...]",
	.summary = "open psql on the database; what follows -- is for psql",
	.help = NULL,
	.run = run,
};
