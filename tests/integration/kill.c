/*
 * Driver of 50-kill.t: import a mailbox and kill what works on it, then import undisturbed.
 *
 *   kill SEED KILLS MAILS STATE TARGET COMMAND...
 *
 * Runs COMMAND, an import that moves MAILS mails to the maildir TARGET with its database in the
 * state directory STATE, and sends SIGKILL to the parent, a worker, the postmaster and a backend,
 * KILLS times each, in an order and at moments drawn from SEED.  A kill counts when before it some
 * mail was moved, after it not all of them are, and its victim was seen at work.  A run whose
 * parent was killed is followed by another one; any other must go on by itself.  One line each:
 *
 *   kill N KIND pid P moved BEFORE..AFTER of MAILS, what it was at
 *   run N ends: how, after how many kills that it went on from
 */
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "parser/worker.h"

#define MAX_KILLS 400
#define STALLED_MS 100000 /* without a mail moved: longer than the program's own patience */
#define LATEST_PART 85    /* percent of the mails moved when the last kill is due */
#define DELAY_MS 80       /* moves come in bursts: wait up to this long, to hit any moment */
#define WORK_MS 500       /* that the victim may take to show that it works */
#define END_MS 10000      /* that what a run left behind may take to end */

enum kind { PARENT, WORKER, POSTMASTER, BACKEND, KINDS };

static const char *const kind_names[KINDS] = { "parent", "worker", "postmaster", "backend" };

struct kill {
	enum kind kind;
	unsigned long due; /* mails moved */
	int delay_ms;
};

struct drill {
	uint64_t seed;
	unsigned long mails;
	const char *state;
	char target[4096];
	char **command;
	struct kill kills[MAX_KILLS];
	size_t nkills, at;
	unsigned landed[KINDS];
	pid_t run; /* 0: not running */
	int status;
	unsigned runs, survived;
};

struct victim {
	pid_t pid;
	char doing[256];
};

static uint64_t
draw(struct drill *d, uint64_t below)
{
	uint64_t z = d->seed += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return (z ^ z >> 31) % below;
}

static int64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void
nap(int ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&t, NULL);
}

static int
by_due(const void *x, const void *y)
{
	const struct kill *a = x, *b = y;

	return a->due < b->due ? -1 : a->due > b->due;
}

/* As many of each kind, shuffled over moments spread over the import. */
static void
plan(struct drill *d, unsigned each)
{
	for (size_t i = 0; i < d->nkills; i++) {
		d->kills[i].due = 1 + draw(d, d->mails * LATEST_PART / 100);
		d->kills[i].delay_ms = draw(d, 3) == 0 ? 0 : (int)draw(d, DELAY_MS);
	}
	qsort(d->kills, d->nkills, sizeof(d->kills[0]), by_due);
	for (size_t i = 0; i < d->nkills; i++)
		d->kills[i].kind = (enum kind)(i / each);
	for (size_t i = d->nkills - 1; i > 0; i--) {
		size_t j = draw(d, i + 1);
		enum kind kind = d->kills[i].kind;

		d->kills[i].kind = d->kills[j].kind;
		d->kills[j].kind = kind;
	}
}

/* The mails in the target by now. */
static unsigned long
moved(const struct drill *d)
{
	DIR *dir = opendir(d->target);
	const struct dirent *entry;
	unsigned long n = 0;

	if (dir == NULL)
		return 0;
	while ((entry = readdir(dir)) != NULL)
		n += entry->d_name[0] != '.';
	closedir(dir);
	return n;
}

/* Bury every process of ours that ended: those that lost their parent are ours too. */
static bool
reap(struct drill *d)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == d->run) {
			d->run = 0;
			d->status = status;
		}
	return pid < 0;
}

static void
start(struct drill *d)
{
	d->runs++;
	d->survived = 0;
	d->run = fork();
	if (d->run < 0)
		err(1, "could not fork");
	if (d->run > 0)
		return;
	execvp(d->command[0], d->command);
	err(127, "could not run \"%s\"", d->command[0]);
}

/* The first bytes of a file of /proc/PID, NUL for NUL, with a NUL behind them. */
static size_t
proc_read(pid_t pid, const char *name, char *text, size_t size)
{
	char path[64];
	ssize_t n = -1;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, text, size - 1);
		close(fd);
	}
	text[n > 0 ? n : 0] = '\0';
	return n > 0 ? (size_t)n : 0;
}

/* Of /proc/PID/stat: the state's letter, and the parent; false when there is no such process. */
static bool
proc_stat(pid_t pid, char *state, pid_t *parent)
{
	char text[1024];
	const char *after;
	int number;

	proc_read(pid, "stat", text, sizeof(text));
	after = strrchr(text, ')');
	if (after == NULL || sscanf(after, ") %c %d", state, &number) != 2)
		return false;
	*parent = number;
	return true;
}

/* Nanoseconds on a processor. */
static unsigned long long
proc_ran(pid_t pid)
{
	char text[256];

	proc_read(pid, "schedstat", text, sizeof(text));
	return strtoull(text, NULL, 10);
}

/* The children of ${parent} whose command line ${wanted} says yes to; returns how many. */
static size_t
children(pid_t parent, bool (*wanted)(const char *), struct victim *list, size_t max)
{
	DIR *dir = opendir("/proc");
	const struct dirent *entry;
	size_t n = 0;

	if (dir == NULL)
		err(1, "could not read /proc");
	while ((entry = readdir(dir)) != NULL && n < max) {
		struct victim *v = &list[n];
		pid_t of;
		char state;

		v->pid = (pid_t)strtol(entry->d_name, NULL, 10);
		if (v->pid <= 0 || !proc_stat(v->pid, &state, &of) || of != parent || state == 'Z')
			continue;
		proc_read(v->pid, "cmdline", v->doing, sizeof(v->doing));
		n += wanted(v->doing);
	}
	closedir(dir);
	return n;
}

static bool
is_worker(const char *title)
{
	return strcmp(title, WORKER_NAME) == 0;
}

static bool
is_backend(const char *title)
{
	return strncmp(title, "postgres: ", 10) == 0 && strstr(title, "[local]") != NULL;
}

/* In a statement or between two of a transaction. */
static bool
is_busy_backend(const char *title)
{
	const char *idle = strstr(title, "[local] idle");

	return is_backend(title) && (idle == NULL || strstr(idle, "in transaction") != NULL) &&
	    strstr(title, "authentication") == NULL && strstr(title, "startup") == NULL;
}

static bool
find_postmaster(const struct drill *d, struct victim *v)
{
	struct victim backends[64];
	char path[4200], name[64];
	FILE *f;
	size_t n;
	int pid = 0;

	snprintf(path, sizeof(path), "%s/data/postmaster.pid", d->state);
	f = fopen(path, "re");
	if (f == NULL)
		return false;
	if (fscanf(f, "%d", &pid) != 1)
		pid = 0;
	fclose(f);
	if (pid <= 0)
		return false;
	v->pid = pid;
	proc_read(pid, "comm", name, sizeof(name));
	n = children(pid, is_busy_backend, backends, 64);
	snprintf(v->doing, sizeof(v->doing), "%zu backends at work, the first at%s", n,
	    n > 0 ? strstr(backends[0].doing, "[local]") + 7 : "");
	return strcmp(name, "postgres\n") == 0 && n > 0;
}

/* Find a process of the kind that is at work now. */
static bool
find_victim(struct drill *d, enum kind kind, struct victim *v)
{
	struct victim list[64], postmaster;
	size_t n = 0;

	switch (kind) {
	case PARENT:
		*v = (struct victim){ .pid = d->run };
		return true;
	case POSTMASTER:
		return find_postmaster(d, v);
	case WORKER:
		n = children(d->run, is_worker, list, 64);
		break;
	default:
		if (find_postmaster(d, &postmaster))
			n = children(postmaster.pid, is_busy_backend, list, 64);
	}
	if (n == 0)
		return false;
	*v = list[draw(d, n)];
	return true;
}

/* Whether parent or worker run: their time on the processor grows. */
static bool
runs(struct victim *v)
{
	unsigned long long before = proc_ran(v->pid), grown = 0;
	char state;
	pid_t parent;

	for (int i = 0; i < 20 && grown == 0; i++) {
		nap(1);
		grown = proc_ran(v->pid) - before;
	}
	if (before == 0 || grown == 0 || !proc_stat(v->pid, &state, &parent) || state == 'Z')
		return false;
	snprintf(v->doing, sizeof(v->doing), "had run for %llu ms, %llu us of them just now",
	    before / 1000000, grown / 1000);
	return true;
}

/* Kill ${v} and wait for its end.  False when it was gone before. */
static bool
slay(const struct victim *v)
{
	struct pollfd end = { .fd = pidfd_open(v->pid, 0), .events = POLLIN };
	bool done;

	if (end.fd < 0)
		return false;
	/* A process that has ended, though nobody buried it yet, is readable. */
	done = poll(&end, 1, 0) == 0 && pidfd_send_signal(end.fd, SIGKILL, NULL, 0) == 0;
	if (done && poll(&end, 1, END_MS) != 1)
		errx(1, "process %d does not end", (int)v->pid);
	close(end.fd);
	return done;
}

/* Carry out the kill that is due. */
static void
strike(struct drill *d)
{
	struct kill *k = &d->kills[d->at];
	int64_t until = now_ms() + WORK_MS;
	unsigned long before, after;
	struct victim v;

	nap(k->delay_ms);
	do {
		reap(d);
		if (d->run == 0)
			return;
		before = moved(d);
		if (find_victim(d, k->kind, &v) &&
		    (k->kind == POSTMASTER || k->kind == BACKEND || runs(&v)) && slay(&v))
			break;
		if (now_ms() > until)
			return;
		nap(1);
	} while (true);
	after = moved(d);
	if (before == 0 || after >= d->mails)
		errx(1, "a kill came too early or too late: %lu to %lu of %lu mails were moved",
		    before, after, d->mails);
	printf("kill %zu %s pid %d moved %lu..%lu of %lu, %s\n", ++d->at, kind_names[k->kind],
	    (int)v.pid, before, after, d->mails, v.doing);
	d->landed[k->kind]++;
	d->survived += k->kind != PARENT;
	for (size_t i = d->at; i < d->nkills && d->kills[i].due <= after; i++)
		d->kills[i].due = after + 1;
}

/* Say how the run ended; whether another one has to follow. */
static bool
run_again(struct drill *d)
{
	bool killed = WIFSIGNALED(d->status) && WTERMSIG(d->status) == SIGKILL;
	int code = WIFEXITED(d->status) ? WEXITSTATUS(d->status) : -1;

	if (killed)
		printf("run %u ends: killed", d->runs);
	else if (code >= 0)
		printf("run %u ends: exit status %d", d->runs, code);
	else
		printf("run %u ends: signal %d", d->runs, WTERMSIG(d->status));
	printf(", after %u kills that it went on from\n", d->survived);
	if (!killed && code != 0 && code != 75)
		errx(1, "a run failed");
	return killed || code == 75;
}

/* Run until there is nothing more to do, carrying out the plan. */
static void
import(struct drill *d)
{
	unsigned long n, last = 0;
	int64_t since = now_ms();

	start(d);
	for (;;) {
		reap(d);
		n = moved(d);
		if (n != last)
			since = now_ms();
		last = n;
		if (now_ms() - since > STALLED_MS) {
			if (d->run != 0)
				kill(d->run, SIGTERM);
			errx(1, "nothing moves any more: %lu of %lu mails are", n, d->mails);
		}
		if (d->run == 0 && !run_again(d))
			return;
		if (d->run == 0) {
			start(d);
		} else if (d->at < d->nkills && n >= d->kills[d->at].due) {
			strike(d);
			fflush(stdout);
		} else {
			nap(3);
		}
	}
}

/* Whether every process that ever descended from us has ended. */
static bool
all_gone(struct drill *d)
{
	int64_t until = now_ms() + END_MS;

	while (!reap(d)) {
		if (now_ms() > until)
			return false;
		nap(10);
	}
	return true;
}

int
main(int argc, char **argv)
{
	static struct drill d;
	unsigned each;

	if (argc < 7)
		errx(2, "usage: kill SEED KILLS MAILS STATE TARGET COMMAND...");
	d.seed = strtoull(argv[1], NULL, 10);
	each = (unsigned)strtoul(argv[2], NULL, 10);
	d.mails = strtoul(argv[3], NULL, 10);
	d.state = argv[4];
	snprintf(d.target, sizeof(d.target), "%s/cur", argv[5]);
	d.command = argv + 6;
	d.nkills = (size_t)each * KINDS;
	if (d.nkills == 0 || d.nkills > MAX_KILLS || d.mails < 100)
		errx(2, "wrong numbers");
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0)
		err(1, "cannot adopt orphans");
	setvbuf(stdout, NULL, _IOLBF, 0);
	plan(&d, each);
	import(&d);
	if (d.at < d.nkills)
		errx(1, "the import ended before kill %zu", d.at + 1);
	printf("undisturbed\n");
	import(&d);
	if (!all_gone(&d))
		errx(1, "a process is left over");
	printf("landed");
	for (int i = 0; i < KINDS; i++)
		printf(" %s=%u", kind_names[i], d.landed[i]);
	printf(" runs=%u\n", d.runs);
	return 0;
}
