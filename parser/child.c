#include "parser/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/again.h"

#include "parser/sabotage.h"
#include "parser/worker.h"

/* posix_spawn's errno, or 0. */
static int
spawn(pid_t *pid, const char *exe, uint64_t memory, int socket)
{
	char locale[] = "LC_ALL=C.UTF-8";
	char zone[] = "TZ=UTC0"; /* a rule, not a file: the jail opens none */
	char room[sizeof(WORKER_MEMORY) + 24];
	char trial[sizeof(SABOTAGE_VARIABLE) + SABOTAGE_BYTES + 2];
	char *env[] = { locale, zone, room, NULL, NULL };
	const char *word = getenv(SABOTAGE_VARIABLE);

	snprintf(room, sizeof(room), "%s=%llu", WORKER_MEMORY, (unsigned long long)memory);
	snprintf(trial, sizeof(trial), "%s=%s", SABOTAGE_VARIABLE, word != NULL ? word : "");
	if (word != NULL && word[0] != '\0' && strlen(word) <= SABOTAGE_BYTES)
		env[3] = trial;
	return again_start(pid, exe, WORKER_NAME, socket, env);
}

static int
cannot_start(const char *exe, int error, struct err *e)
{
	bool passes = error == EAGAIN || error == ENOMEM || error == EMFILE || error == ENFILE;

	return err_set(e, passes ? ERR_SOURCE : ERR_CONFIG, "cannot start the parser (%s): %s",
	    exe != NULL ? exe : "this program", strerror(error));
}

int
child_start(struct child *c, const char *exe, uint64_t memory, struct err *e)
{
	int ends[2];
	pid_t pid;
	int error;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		return cannot_start(exe, errno, e);
	error = spawn(&pid, exe, memory, ends[1]);
	close(ends[1]);
	if (error != 0) {
		close(ends[0]);
		return cannot_start(exe, error, e);
	}
	*c = (struct child){ .pid = pid, .socket = ends[0] };
	if (clock_getcpuclockid(pid, &c->clock) != 0)
		c->clock = -1;
	return 0;
}

uint64_t
child_cpu_ms(const struct child *c)
{
	struct timespec used;

	if (c->clock == -1 || clock_gettime(c->clock, &used) != 0)
		return 0;
	return (uint64_t)used.tv_sec * 1000 + (uint64_t)used.tv_nsec / 1000000;
}

bool
child_waits(const struct child *c)
{
	char room[256];
	const char *state;
	ssize_t n;
	int fd;

	snprintf(room, sizeof(room), "/proc/%d/stat", (int)c->pid);
	fd = open(room, O_RDONLY | O_CLOEXEC);
	n = fd >= 0 ? read(fd, room, sizeof(room) - 1) : -1;
	if (fd >= 0)
		close(fd);
	room[n > 0 ? n : 0] = '\0';
	/* proc(5): the state follows the name in parentheses. */
	state = strrchr(room, ')');
	return state != NULL && state[1] == ' ' && state[2] == 'D';
}

void
child_limit(struct child *c, uint64_t seconds)
{
	/* Soft alone: a hard limit could not be raised again for the next message. */
	struct rlimit r = { seconds, RLIM_INFINITY };

	if (seconds == c->limit)
		return;
	/* A failure leaves the wall time, which bounds the message too. */
	if (prlimit(c->pid, RLIMIT_CPU, &r, NULL) == 0)
		c->limit = seconds;
}

void
child_hang_up(const struct child *c)
{
	shutdown(c->socket, SHUT_WR);
}

void
child_await(const struct child *c, int ms)
{
	struct pollfd p = { .fd = c->socket, .events = POLLIN };

	/* The kernel hangs up for it as it ends. */
	while (poll(&p, 1, ms) < 0 && errno == EINTR)
		;
}

static uint64_t
milliseconds(struct timeval t)
{
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_usec / 1000;
}

struct child_end
child_bury(struct child *c)
{
	struct child_end end = { .status = -1 };
	struct rusage usage;
	int status;
	pid_t got;

	/* One that is ending already keeps the end it has; one that closed its socket has no say. */
	kill(c->pid, SIGKILL);
	do
		got = wait4(c->pid, &status, 0, &usage);
	while (got < 0 && errno == EINTR);
	if (got == c->pid) {
		end.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
		end.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
		end.cpu_ms = milliseconds(usage.ru_utime) + milliseconds(usage.ru_stime);
	}
	close(c->socket);
	c->pid = 0;
	return end;
}
