/*
 * Run a command and measure it.
 *
 *   watch FILE PID COMMAND...
 *
 * Writes one line to FILE: seconds from exec to exit; peak memory in kB of the command and of its
 * largest child; CPU seconds of the command, of its children, and of PID (a postmaster) with all
 * its children over the same time.  Exits as the command does.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAUSE_MS 10

extern char **environ;

struct cpu {
	double own, children; /* seconds; of the children those that were waited for */
};

struct peak {
	long own, child; /* kB */
};

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static FILE *
proc_open(long pid, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "/proc/%ld/%s", pid, name);
	return fopen(path, "re");
}

/* Its name goes to ${name}. */
static long
peak_of(long pid, char name[64])
{
	char line[256];
	long kb = 0;
	FILE *f = proc_open(pid, "status");

	name[0] = '\0';
	if (f == NULL)
		return 0;
	if (fgets(line, sizeof(line), f) == NULL || sscanf(line, "Name: %63s", name) != 1)
		name[0] = '\0';
	while (fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "VmHWM: %ld", &kb) == 1)
			break;
	fclose(f);
	return kb;
}

/* A process that is gone has used nothing more: its parent has it among its children. */
static struct cpu
cpu_of(long pid)
{
	unsigned long user = 0, sys = 0;
	long cuser = 0, csys = 0;
	double tick = (double)sysconf(_SC_CLK_TCK);
	char line[1024];
	const char *end;
	FILE *f = proc_open(pid, "stat");

	if (f == NULL)
		return (struct cpu){ 0, 0 };
	if (fgets(line, sizeof(line), f) != NULL) {
		end = strrchr(line, ')');
		if (end == NULL ||
		    sscanf(end, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %ld %ld",
			&user, &sys, &cuser, &csys) != 4)
			user = sys = 0;
	}
	fclose(f);
	return (struct cpu){ (double)(user + sys) / tick, (double)(cuser + csys) / tick };
}

/* The number of children of ${pid} written to ${out}. */
static size_t
children_of(long pid, long *out, size_t max)
{
	char name[64];
	size_t n = 0;
	FILE *f;

	snprintf(name, sizeof(name), "task/%ld/children", pid);
	f = proc_open(pid, name);
	if (f == NULL)
		return 0;
	while (n < max && fscanf(f, "%ld", &out[n]) == 1)
		n++;
	fclose(f);
	return n;
}

static double
server_cpu(long pid)
{
	struct cpu cpu = cpu_of(pid);
	double sum = cpu.own + cpu.children;
	long child[256];
	size_t n = children_of(pid, child, 256);

	for (size_t i = 0; i < n; i++)
		sum += cpu_of(child[i]).own;
	return sum;
}

/* A child that bears its parent's name has not become what it will be: the memory is the parent's. */
static void
sample(long pid, struct peak *p)
{
	char name[64], child_name[64];
	long child[256], kb = peak_of(pid, name);
	size_t n = children_of(pid, child, 256);

	p->own = kb > p->own ? kb : p->own;
	for (size_t i = 0; i < n; i++) {
		kb = peak_of(child[i], child_name);
		if (kb > p->child && strcmp(name, child_name) != 0)
			p->child = kb;
	}
}

/* The exit status, its CPU time read before the zombie is gone. */
static int
await(pid_t pid, double *end, struct peak *peak, struct cpu *cpu)
{
	struct pollfd fd = { .fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN };
	int status;

	if (fd.fd < 0)
		return -1;
	do
		sample(pid, peak);
	while (poll(&fd, 1, PAUSE_MS) <= 0);
	*end = now();
	*cpu = cpu_of(pid);
	if (waitpid(pid, &status, 0) < 0)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int
main(int argc, char **argv)
{
	struct peak peak = { 0, 0 };
	struct cpu cpu = { 0, 0 };
	double start, end = 0, server;
	long server_pid;
	pid_t pid;
	int rc;
	FILE *f;

	if (argc < 4) {
		fprintf(stderr, "usage: watch FILE PID COMMAND...\n");
		return 2;
	}
	server_pid = strtol(argv[2], NULL, 10);
	server = server_cpu(server_pid);
	start = now();
	rc = posix_spawnp(&pid, argv[3], NULL, NULL, argv + 3, environ);
	if (rc != 0) {
		fprintf(stderr, "watch: could not run %s: %s\n", argv[3], strerror(rc));
		return 2;
	}
	rc = await(pid, &end, &peak, &cpu);
	f = fopen(argv[1], "we");
	if (f == NULL) {
		perror(argv[1]);
		return 2;
	}
	fprintf(f, "%.6f %ld %ld %.2f %.2f %.2f\n", end - start, peak.own, peak.child, cpu.own,
	    cpu.children, server_cpu(server_pid) - server);
	return fclose(f) == 0 && rc >= 0 ? rc : 2;
}
