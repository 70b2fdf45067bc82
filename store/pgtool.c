#include "store/pgtool.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/account.h"
#include "store/conninfo.h"
#include "store/pgrun.h"

#define SAID_BYTES (16u << 10) /* a reason is one line */
#define CONNINFO_BYTES 65536

extern char **environ;

/* The private cluster has its own address: libpq's variables are about other servers. */
static bool
is_left_out(const char *variable, bool own)
{
	return strncmp(variable, "PGPASSWORD=", 11) == 0 || strncmp(variable, "LC_ALL=", 7) == 0 ||
	    strncmp(variable, "PGOPTIONS=", 10) == 0 ||
	    (own && (strncmp(variable, "PG", 2) == 0 || strncmp(variable, "HOME=", 5) == 0));
}

/* Ours with English messages, which we read, and with the password; one block, to be freed. */
static char **
make_environment(const char *home, const char *password, bool own)
{
	size_t n = 0, k = 0;
	char **env;

	while (environ[n] != NULL)
		n++;
	env = calloc(n + 4, sizeof(*env));
	if (env == NULL)
		abort();
	for (size_t i = 0; i < n; i++)
		if (!is_left_out(environ[i], own))
			env[k++] = environ[i];
	env[k++] = (char *)(uintptr_t) "LC_ALL=C.UTF-8";
	if (own)
		env[k++] = (char *)(uintptr_t)home;
	if (strchr(password, '=')[1] != '\0')
		env[k++] = (char *)(uintptr_t)password;
	return env;
}

/* In the child, with what only reads memory and calls the kernel. */
static void
become(char *const argv[], char *const env[], const int fds[3], pid_t parent)
{
	sigset_t none;
	int apart[3];

	setsid();
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(1);
	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* First out of the way of each other. */
	for (int i = 0; i < 3; i++)
		apart[i] = fcntl(fds[i], F_DUPFD, 3);
	for (int i = 0; i < 3; i++)
		if (apart[i] < 0 || dup2(apart[i], i) < 0)
			_exit(1);
	if (close_range(3, ~0u, 0) < 0 || chdir("/") < 0)
		_exit(1);
	execve(argv[0], argv, env);
	dprintf(2, "could not run: %s\n", strerror(errno));
	_exit(1);
}

static int
spawn(struct pgtool *t, char *const argv[], char *const env[], int in, int out, struct err *e)
{
	int said[2], printed[2] = { -1, -1 }, fds[3] = { in, out, -1 };
	pid_t parent = getpid();

	if (pipe2(said, O_CLOEXEC) < 0)
		return err_set(e, ERR_DATABASE, "could not make a pipe: %s", strerror(errno));
	t->err = said[0];
	if (out < 0 && pipe2(printed, O_CLOEXEC) < 0) {
		close(said[1]);
		return err_set(e, ERR_DATABASE, "could not make a pipe: %s", strerror(errno));
	}
	t->from = printed[0];
	fds[1] = out < 0 ? printed[1] : out;
	fds[2] = said[1];
	t->pid = fork();
	if (t->pid == 0)
		become(argv, env, fds, parent);
	close(said[1]);
	if (printed[1] >= 0)
		close(printed[1]);
	if (t->pid < 0)
		return err_set(e, ERR_DATABASE, "could not start %s: %s", t->name, strerror(errno));
	return 0;
}

int
pgtool_start(struct pgtool *t, const char *name, char **argv, int in, int out,
    const struct database *db, const struct pgtool_stop *stop, struct err *e)
{
	bool own = db == NULL || database_is_private(db);
	char home[PATH_MAX + 8];
	struct account user;
	struct buf dbname, address, password;
	int rc = 0, null = -1;
	char **env;

	*t = (struct pgtool){ .name = name, .stop = stop, .from = -1, .err = -1 };
	buf_init(&t->said, SAID_BYTES);
	buf_init(&address, CONNINFO_BYTES);
	buf_init(&dbname, CONNINFO_BYTES + 16);
	buf_init(&password, CONNINFO_BYTES);
	account_find(geteuid(), &user);
	snprintf(home, sizeof(home), "HOME=%s", user.home);
	buf_puts(&password, STR("PGPASSWORD="));
	if (db != NULL) {
		rc = conninfo_split(database_conninfo(db), &address, &password, e);
		buf_printf(&dbname, "--dbname=%s", rc == 0 ? address.p : "");
		argv[1] = dbname.p;
	} else {
		buf_put8(&password, '\0');
	}
	if (rc == 0 && in < 0) {
		in = null = open("/dev/null", O_RDONLY | O_CLOEXEC);
		if (null < 0)
			rc = err_set(
			    e, ERR_DATABASE, "could not open \"/dev/null\": %s", strerror(errno));
	}
	if (rc == 0) {
		env = make_environment(home, password.p, own);
		rc = spawn(t, argv, env, in, out, e);
		free(env);
	}
	if (null >= 0)
		close(null);
	if (password.n > 0)
		explicit_bzero(password.p, password.n);
	buf_fini(&password);
	buf_fini(&dbname);
	buf_fini(&address);
	return rc;
}

/* Take what it said; closes that end when it says no more. */
static void
listen_to(struct pgtool *t)
{
	char chunk[1024];
	ssize_t n = read(t->err, chunk, sizeof(chunk));

	if (n > 0) {
		if (t->said.n + (size_t)n < SAID_BYTES)
			buf_put(&t->said, chunk, (size_t)n);
	} else if (n == 0 || errno != EINTR) {
		close(t->err);
		t->err = -1;
	}
}

ssize_t
pgtool_read(struct pgtool *t, char *p, size_t n, struct err *e)
{
	while (t->err >= 0 || t->from >= 0) {
		struct pollfd fds[3] = { { t->from, POLLIN, 0 }, { t->err, POLLIN, 0 },
			{ t->stop->fd, POLLIN, 0 } };
		ssize_t got;

		if (*t->stop->flag)
			return err_set(e, ERR_DATABASE, "interrupted");
		if (poll(fds, 3, -1) < 0 && errno != EINTR)
			return err_set(
			    e, ERR_DATABASE, "could not wait for %s: %s", t->name, strerror(errno));
		if (fds[1].revents != 0)
			listen_to(t);
		if (fds[0].revents == 0)
			continue;
		got = read(t->from, p, n);
		if (got > 0)
			return got;
		if (got == 0 || errno != EINTR) {
			close(t->from);
			t->from = -1;
		}
	}
	return 0;
}

/* What passes by itself or by making room, in the words of the programs and of libpq. */
static bool
may_pass(struct str said)
{
	static const char *const marks[] = { "No space left", "quota", "Cannot allocate",
		"connection to server", "server closed the connection", "terminating connection",
		"could not obtain lock", "lock timeout", "out of memory", "Input/output error",
		"Broken pipe", "the database system is" };

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (str_find(said, str_of(marks[i])) != NULL)
			return true;
	return false;
}

int
pgtool_end(struct pgtool *t, bool cancel, struct err *e)
{
	char why[300];
	int status = 0, rc = 0;

	if (cancel && t->pid > 0)
		kill(t->pid, SIGTERM);
	while (t->pid > 0 && waitpid(t->pid, &status, 0) < 0 && errno == EINTR)
		continue;
	while (t->err >= 0 && !cancel)
		listen_to(t);
	if (!cancel && status != 0) {
		pgrun_reason(buf_str(&t->said), why, sizeof(why));
		rc = err_set(e,
		    WIFSIGNALED(status) || may_pass(buf_str(&t->said)) ? ERR_DATABASE : ERR_CONFIG,
		    "%s failed: %s", t->name,
		    why[0] != '\0'            ? why
			: WIFSIGNALED(status) ? strsignal(WTERMSIG(status))
					      : "it did not say why");
	}
	if (t->err >= 0)
		close(t->err);
	if (t->from >= 0)
		close(t->from);
	buf_fini(&t->said);
	*t = (struct pgtool){ .from = -1, .err = -1 };
	return rc;
}
