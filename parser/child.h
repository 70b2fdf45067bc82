/* child.h - one worker process: its start, its CPU time, its end. */
#ifndef PARSER_CHILD_H
#define PARSER_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "core/err.h"

struct child {
	pid_t pid; /* 0: there is none */
	int socket;
	clockid_t clock; /* of its CPU time */
	uint64_t limit;  /* seconds of CPU time it may use in its life, 0 when there is no limit */
};

/* How a child ended. */
struct child_end {
	int signal;      /* that killed it, or 0 */
	int status;      /* of its exit, -1 when it is not known */
	uint64_t cpu_ms; /* it used in its life */
};

/*
 * Run ${exe} (NULL: this program) as WORKER_NAME with one end of a socket as its descriptor 3, nothing
 * on its standard input and output, our standard error and an environment of its own, which says
 * ${memory}: the bytes of address space it may have.
 * Fails with ERR_SOURCE where the machine is short of something now, else with ERR_CONFIG.
 */
int child_start(struct child *c, const char *exe, uint64_t memory, struct err *e);

/* Milliseconds of CPU time it has used; where they cannot be had, 0. */
uint64_t child_cpu_ms(const struct child *c);

/* Whether it waits for a disk or a file server: nothing that it could hurry or be killed in. */
bool child_waits(const struct child *c);

/* Let it end by SIGXCPU when it has used ${seconds} of CPU time in its life. */
void child_limit(struct child *c, uint64_t seconds);

/* Tell it that no more jobs will come: it exits when it has done those it has. */
void child_hang_up(const struct child *c);

/* Wait at most ${ms} until it has ended; only for one that was hung up on and is idle. */
void child_await(const struct child *c, int ms);

/* Kill it if it still runs, leave no zombie, and say how it ended. */
struct child_end child_bury(struct child *c);

#endif
