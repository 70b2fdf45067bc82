#include "ingest/command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/now.h"

#define PRINTING_TICK_MS 100 /* how soon its end is seen while children of its keep the pipe open */
#define ENDING_TICK_MS 5     /* and when it has closed its output */
#define NO_SUCH_COMMAND 127  /* sh(1); 126: there is one that cannot be executed */
#define NO_EXECUTABLE 126

struct run {
	pid_t pid;
	int fd; /* what it prints; -1 after its end */
	int status;
	bool ended;
};

/* In the child.  What we ignore or block, exec would leave ignored or blocked. */
static _Noreturn void
become(const char *command, int output, pid_t parent)
{
	sigset_t none;
	int input = open("/dev/null", O_RDONLY | O_CLOEXEC);

	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() == parent && input >= 0 && dup2(input, STDIN_FILENO) >= 0 &&
	    dup2(output, STDOUT_FILENO) >= 0)
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(NO_SUCH_COMMAND);
}

static int
start(const char *command, struct run *r, struct err *e)
{
	pid_t self = getpid();
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(e, ERR_SOURCE, "could not make a pipe: %s", strerror(errno));
	r->pid = fork();
	if (r->pid == 0)
		become(command, ends[1], self);
	close(ends[1]);
	if (r->pid < 0) {
		close(ends[0]);
		return err_set(e, ERR_SOURCE, "could not make a process: %s", strerror(errno));
	}
	setpgid(r->pid, r->pid); /* whoever comes first */
	r->fd = ends[0];
	return 0;
}

/* Take what is there, to its end. */
static void
take(struct run *r, struct buf *out)
{
	char piece[4096];
	ssize_t n = read(r->fd, piece, sizeof(piece));
	size_t fits = out->max - out->n;

	if (n > 0)
		buf_put(out, piece, (size_t)n < fits ? (size_t)n : fits);
	explicit_bzero(piece, sizeof(piece));
	if (n == 0 || (n < 0 && errno != EINTR)) {
		close(r->fd);
		r->fd = -1;
	}
}

/* Until it has ended and what it printed is read; -1 when time is up. */
static int
follow(struct run *r, int64_t deadline, struct buf *out)
{
	while (!r->ended || r->fd >= 0) {
		struct pollfd p = { .fd = r->fd, .events = POLLIN };
		int64_t left = deadline - now_ms();
		int tick = r->ended ? 0 : r->fd < 0 ? ENDING_TICK_MS : PRINTING_TICK_MS;
		pid_t pid = 0;

		if (left <= 0)
			return -1;
		if (poll(&p, 1, left < tick ? (int)left : tick) > 0)
			take(r, out);
		else if (r->ended)
			return 0; /* a child of its that stays has the pipe still */
		if (!r->ended)
			pid = waitpid(r->pid, &r->status, WNOHANG);
		r->ended |= pid == r->pid || (pid < 0 && errno == ECHILD);
	}
	return 0;
}

static int
judge(int status, struct err *e)
{
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;

	if (code == 0)
		return 0;
	if (code == NO_SUCH_COMMAND || code == NO_EXECUTABLE)
		return err_set(e, ERR_CONFIG,
		    "its command cannot be run: the shell does not find or cannot execute it");
	if (code > 0)
		return err_set(e, ERR_SOURCE, "its command failed with exit status %d", code);
	return err_set(e, ERR_SOURCE, "its command was killed by signal %d", WTERMSIG(status));
}

int
command_read(const char *command, unsigned seconds, struct buf *out, struct err *e)
{
	struct run r = { .fd = -1 };
	int rc;

	if (start(command, &r, e) < 0)
		return -1;
	if (follow(&r, now_ms() + (int64_t)seconds * 1000, out) == 0) {
		rc = judge(r.status, e);
	} else {
		kill(-r.pid, SIGKILL);
		while (!r.ended && waitpid(r.pid, NULL, 0) < 0 && errno == EINTR)
			;
		rc = err_set(
		    e, ERR_SOURCE, "its command took more than %u seconds and was killed", seconds);
	}
	if (r.fd >= 0)
		close(r.fd);
	return rc;
}
