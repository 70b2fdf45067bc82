#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/ask.h"
#include "cli/outfile.h"
#include "cli/signals.h"
#include "cli/size.h"
#include "cli/verbs.h"
#include "core/log.h"
#include "store/backup.h"

static volatile sig_atomic_t child;

/* Who is asked to end is the one at work. */
static void
pass_on(int number)
{
	int was = errno;

	(void)number;
	if (child > 0)
		kill((pid_t)child, SIGTERM);
	errno = was;
}

/* ${c} has been entered. */
static int
dump(struct context *c, int fd, struct err *e)
{
	const struct pgtool_stop stop = { signals_stop(), signals_fd() };
	struct database *db;
	int rc;

	if (!ask_has_database(c))
		return err_set(e, ERR_CONFIG, "there is no database yet in \"%s\"", c->state_dir);
	db = ask_database(c, false, e);
	rc = db != NULL ? backup_write(db, fd, &stop, e) : -1;
	database_close(db);
	return rc;
}

/* The exit status of who does the work, as the user that may. */
static int
work(struct context *c, int fd, pid_t parent)
{
	struct err e;
	int rc;

	/* A Ctrl-C comes by way of the parent alone: the second one would end all at once. */
	setpgid(0, 0);
	signals_listen(false);
	rc = context_enter(c, &e);
	/* Only now: a change of user undoes it. */
	if (rc == 0 && (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0 || getppid() != parent))
		rc = err_set(&e, ERR_DATABASE, "interrupted");
	if (rc == 0)
		rc = dump(c, fd, &e);
	return ask_end(c, rc, &e);
}

/*
 * The file stays with this process, which as root remains root for nothing else: it was opened, and is
 * put into its place, where the user that works with the database may not write.
 */
static int
work_apart(struct context *c, int fd, int *status, struct err *e)
{
	struct sigaction pass = { .sa_handler = pass_on };
	pid_t parent = getpid(), pid;
	int how = 0;

	signal(SIGCHLD, SIG_DFL);
	fflush(stdout);
	pid = fork();
	if (pid < 0)
		return err_set(e, ERR_DATABASE, "could not start a process: %s", strerror(errno));
	if (pid == 0)
		_exit(work(c, fd, parent));
	child = pid;
	sigaction(SIGINT, &pass, NULL);
	sigaction(SIGTERM, &pass, NULL);
	sigaction(SIGHUP, &pass, NULL);
	while (waitpid(pid, &how, 0) < 0 && errno == EINTR)
		continue;
	child = 0;
	if (!WIFEXITED(how))
		return err_set(e, ERR_DATABASE, "interrupted: %s", strsignal(WTERMSIG(how)));
	*status = WEXITSTATUS(how);
	return 0;
}

/* The exit status; with -1 the error is still to be told. */
static int
backup_to(struct context *c, const char *path, struct err *e)
{
	char room[SIZE_TEXT_BYTES];
	struct outfile out;
	int status = EXIT_LATER;
	uint64_t bytes;

	if (outfile_open(&out, path, e) < 0)
		return -1;
	if (work_apart(c, out.fd, &status, e) < 0) {
		outfile_abandon(&out);
		return -1;
	}
	if (status != EXIT_FINE) {
		outfile_abandon(&out);
		return status;
	}
	if (outfile_commit(&out, &bytes, e) < 0)
		return -1;
	if (isatty(STDOUT_FILENO) || c->verbose)
		printf("%s: %s\n", path, size_text(bytes, room));
	return EXIT_FINE;
}

static int
run(const struct verb *v, int argc, char **argv)
{
	struct context c;
	struct err e;
	int rc, status, first = verb_options(v, argc, argv, NULL, NULL, NULL, &c, &status);

	if (first < 0)
		return status;
	if (argc - first != 1) {
		rc = err_set(&e, ERR_CONFIG, "\"backup\" wants the name of one file, or -");
	} else if (strcmp(argv[first], "-") != 0) {
		rc = backup_to(&c, argv[first], &e);
	} else if (isatty(STDOUT_FILENO)) {
		rc = err_set(&e, ERR_CONFIG, "a backup is nothing for a terminal: name a file");
	} else {
		signals_listen(false);
		rc = context_enter(&c, &e);
		if (rc == 0)
			rc = dump(&c, STDOUT_FILENO, &e);
	}
	status = ask_end(&c, rc < 0 ? -1 : 0, &e);
	return rc > 0 ? rc : status;
}

const struct verb verb_backup = {
	.name = "backup",
	.arguments = "[OPTION]... FILE",
	.summary = "write all that is stored to a file",
	.help = "  FILE                  replaced only when all went well; - for standard output\n",
	.run = run,
};
