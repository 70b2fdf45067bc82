#include "store/postmaster.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/limits.h"
#include "store/pgbin.h"
#include "store/pgrun.h"

#define PID_FILE "data/postmaster.pid"
#define SOCKET_LOCK SOCKDIR_NAME ".lock"
#define STATUS_LINE 8        /* of postmaster.pid: starting, ready, stopping */
#define LOG_BYTES (1 << 20)  /* beyond it the log begins anew, and as much of its end is kept */
#define LOG_TAIL (16u << 10) /* of it looked at for the reason of a failed start */
#define POLL_MS 2
#define EXIT_SECONDS 2
#define RECOVERY_SECONDS 2 /* a start that is no recovery takes a tenth of a second */

/* What postmaster.pid says; pid 0 where there is no such file or it is being written. */
struct pid_file {
	pid_t pid;
	char status[16];
};

static size_t
read_file(int dir, const char *name, off_t from, char *p, size_t size)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n;

	if (fd < 0)
		return 0;
	n = pread(fd, p, size, from);
	close(fd);
	return n > 0 ? (size_t)n : 0;
}

static struct pid_file
read_pid_file(int dir, const char *name)
{
	struct pid_file f = { 0 };
	char text[PATH_MAX + 512], *at = text;
	size_t i, n;

	n = read_file(dir, name, 0, text, sizeof(text) - 1);
	text[n] = '\0';
	f.pid = (pid_t)strtol(text, NULL, 10);
	if (f.pid < 0)
		f.pid = 0;
	for (i = 1; i < STATUS_LINE && at != NULL; i++) {
		at = strchr(at, '\n');
		at = at != NULL ? at + 1 : NULL;
	}
	if (at != NULL)
		snprintf(f.status, sizeof(f.status), "%.*s", (int)strcspn(at, " \n"), at);
	return f;
}

/*
 * Whether ${pid} runs in our data directory, as a postmaster does from its first moment: after a
 * reboot the number may be that of any program.
 */
static bool
is_postmaster(const struct postmaster *p, pid_t pid)
{
	char cwd[40];
	struct stat there, data;

	if (pid <= 0 || kill(pid, 0) != 0)
		return false;
	snprintf(cwd, sizeof(cwd), "/proc/%d/cwd", (int)pid);
	if (stat(cwd, &there) != 0)
		return errno == EACCES; /* ours, but of another group: cannot be looked at */
	return fstatat(p->dir, "data", &data, 0) == 0 && there.st_dev == data.st_dev &&
	    there.st_ino == data.st_ino;
}

/* A server in another container has no pid here, but its socket answers. */
static bool
answers(const struct postmaster *p)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int s, rc;

	s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s < 0)
		return false;
	snprintf(to.sun_path, sizeof(to.sun_path), "%s/" SOCKDIR_NAME, p->socket);
	rc = connect(s, (const struct sockaddr *)&to, sizeof(to));
	rc = rc == 0 || errno == EAGAIN ? 0 : -1;
	close(s);
	return rc == 0;
}

enum postmaster_state
postmaster_look(const struct postmaster *p)
{
	struct pid_file f = read_pid_file(p->dir, PID_FILE);

	if (!is_postmaster(p, f.pid))
		return answers(p) ? POSTMASTER_READY : POSTMASTER_DOWN;
	if (strcmp(f.status, "ready") == 0)
		return POSTMASTER_READY;
	return strcmp(f.status, "stopping") == 0 ? POSTMASTER_STOPPING : POSTMASTER_STARTING;
}

/*
 * The server refuses to start when the pid in an old lock file is in use, whoever has it.  One that
 * is not in use it judges better itself, by the shared memory that the file names.
 */
static void
remove_stale(const struct postmaster *p, const char *name)
{
	pid_t pid = read_pid_file(p->dir, name).pid;

	if (pid > 0 && kill(pid, 0) == 0 && !is_postmaster(p, pid))
		unlinkat(p->dir, name, 0);
}

/* Some of it may be missing: on a full disk a short log matters more. */
static void
keep_end(int dir, int log, off_t size)
{
	int to = openat(
	    dir, POSTMASTER_LOG ".1", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	off_t at = size - LOG_BYTES;

	while (to >= 0 && at < size && sendfile(to, log, &at, (size_t)(size - at)) > 0)
		continue;
	if (to >= 0)
		close(to);
}

/* The server's own descriptor appends: after the cut it writes at the new end. */
void
postmaster_trim_log(struct postmaster *p)
{
	int fd = openat(p->dir, POSTMASTER_LOG, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;

	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > LOG_BYTES) {
		keep_end(p->dir, fd, st.st_size);
		if (ftruncate(fd, 0) == 0)
			p->log_at = 0;
	}
	close(fd);
}

/* Returns the descriptor. */
static int
open_log(struct postmaster *p, struct err *e)
{
	struct stat st;
	int fd;

	postmaster_trim_log(p);
	if (mkdirat(p->dir, "log", 0700) != 0 && errno != EEXIST)
		return err_set(
		    e, ERR_DATABASE, "could not make \"%s/log\": %s", p->path, strerror(errno));
	fd = openat(
	    p->dir, POSTMASTER_LOG, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || fstat(fd, &st) != 0) {
		err_set(e, ERR_DATABASE, "could not open \"%s/%s\": %s", p->path, POSTMASTER_LOG,
		    strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	p->log_at = st.st_size;
	return fd;
}

static void
reap(struct postmaster *p)
{
	pid_t done;

	if (p->child == 0)
		return;
	done = waitpid(p->child, &p->status, WNOHANG);
	if (done == 0 || (done < 0 && errno == EINTR))
		return;
	/* The program around us may have waited for any child, or ignore SIGCHLD. */
	if (done < 0)
		p->status = -1;
	p->child = 0;
}

/* Of a child that is on its way out: it is gone for others a moment before it is for us. */
static void
reap_soon(struct postmaster *p)
{
	struct deadline d = deadline_in(EXIT_SECONDS);

	do
		reap(p);
	while (p->child != 0 && deadline_pause(&d, POLL_MS));
}

static int
wait_for_claim(struct postmaster *p, const struct deadline *d, struct err *e)
{
	do {
		reap(p);
		if (p->child == 0 || read_pid_file(p->dir, PID_FILE).pid == p->child)
			return 0;
	} while (deadline_pause(d, POLL_MS));
	return err_set(e, ERR_DATABASE, "the database in \"%s\" does not start", p->path);
}

static int
find_programs(const struct postmaster *p, struct pgbin *bin, struct err *e)
{
	char version[16];
	size_t n = read_file(p->dir, "data/PG_VERSION", 0, version, sizeof(version) - 1);
	long want;

	version[n] = '\0';
	want = strtol(version, NULL, 10);
	if (want <= 0 || want > 999)
		return err_set(
		    e, ERR_CONFIG, "\"%s/data\" is not a PostgreSQL data directory", p->path);
	if (pgbin_find((unsigned)want, bin, e) != 0)
		return err_wrap(e, "\"%s/data\"", p->path);
	return 0;
}

int
postmaster_start(struct postmaster *p, const struct deadline *d, struct err *e)
{
	char program[PATH_MAX + 16], data[PATH_MAX + 16];
	char *argv[5] = { program, "-D", data, NULL, NULL };
	struct pgbin bin;
	int log, rc;

	if (find_programs(p, &bin, e) != 0)
		return -1;
	log = open_log(p, e);
	if (log < 0)
		return -1;
	remove_stale(p, PID_FILE);
	remove_stale(p, SOCKET_LOCK);
	snprintf(program, sizeof(program), "%s/postgres", bin.dir);
	snprintf(data, sizeof(data), "%s/data", p->path);
	/* For tests only, as in initdb.c: fsync off. */
	if (getenv("RUASTAT_TEST_NOSYNC") != NULL)
		argv[3] = "-F";
	rc = pgrun_spawn(argv, log, -1, &p->child, e);
	close(log);
	if (rc != 0)
		return -1;
	p->unproven = true;
	return wait_for_claim(p, d, e);
}

bool
postmaster_failed(struct postmaster *p, bool *again, struct err *e)
{
	char tail[LOG_TAIL], why[300];
	struct str text = { tail, 0 };

	reap_soon(p);
	if (!p->unproven || p->child != 0)
		return false;
	p->unproven = false;
	if (p->status == 0 ||
	    (p->status != -1 && WIFSIGNALED(p->status) && WTERMSIG(p->status) == SIGKILL))
		return false;
	text.n = read_file(p->dir, POSTMASTER_LOG, p->log_at, tail, sizeof(tail));
	pgrun_reason(text, why, sizeof(why));
	/* Its postmaster was killed and its backends have not all noticed yet. */
	*again = str_find(text, STR("pre-existing shared memory block")) != NULL;
	err_set(e, ERR_DATABASE, "could not start the database: %s (%s/%s)", why, p->path,
	    POSTMASTER_LOG);
	return true;
}

/* For a while: a start that takes longer is a recovery, which would have to begin again. */
static bool
leave_to_recover(const struct postmaster *p)
{
	struct deadline d = deadline_in(RECOVERY_SECONDS);

	while (postmaster_look(p) == POSTMASTER_STARTING) {
		if (!deadline_pause(&d, POLL_MS))
			return true;
	}
	return false;
}

void
postmaster_stop(struct postmaster *p, const struct deadline *d)
{
	pid_t pid;

	if (leave_to_recover(p))
		return;
	pid = read_pid_file(p->dir, PID_FILE).pid;
	if (!is_postmaster(p, pid) || kill(pid, SIGINT) != 0)
		return;
	/* Not for the file: one that is killed as it stops leaves it behind. */
	while (is_postmaster(p, pid) && deadline_pause(d, POLL_MS))
		continue;
	reap_soon(p);
}
