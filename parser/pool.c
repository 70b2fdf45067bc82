#include "parser/pool.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>

#include "core/instrument.h"
#include "core/limits.h"
#include "core/wire.h"
#include "parser/child.h"
#include "parser/worker.h"

#define QUEUE 2
#define CHUNK ((size_t)256 << 10) /* what is read from a worker at a time */
#define TICK_MS 1000              /* how often limits are looked at */
#define PROGRESS_MS 100           /* of CPU time: that it does not hang */
/* Until an idle worker that was hung up on is killed. */
#define PATIENCE_MS (INSTRUMENTED ? 60000 : 2000)
#define STILLBORN 10 /* deaths before the first message, in a row, that end the run */

/* A message handed in and not yet over. */
struct task {
	void *context;
	int fd;
	uint64_t size;
	uint64_t ticket;
	unsigned kills;
	struct buf job; /* its FRAME_JOB, kept for a worker's replacement */
};

struct worker {
	struct child child;
	struct buf in;
	struct task tasks[QUEUE]; /* the first is in work, or about to be */
	unsigned ntasks;
	bool begun;          /* it said FRAME_BEGIN of the first */
	bool proven;         /* it said FRAME_BEGIN at all */
	uint64_t cpu_before; /* CPU time used when the first began, ms */
	int wall_ms;         /* of the first, while we listened, since ->cpu_seen */
	uint64_t cpu_seen;   /* CPU time used when it was last seen to get on, ms */
	unsigned messages;   /* it was given in its life */
	uint64_t bytes;
};

struct pool {
	struct pool_conf conf;
	struct worker workers[LIMIT_WORKERS];
	uint64_t ticket;
	unsigned stillborn;
};

/*
 * Root's workers give root up, and prlimit(2) wants one's real user to be theirs, unless one has
 * CAP_SYS_RESOURCE, which root in a container mostly lacks.  The effective user stays.
 */
static void
become_alike(void)
{
	if (geteuid() == 0 && (setregid(WORKER_NOBODY, 0) != 0 || setreuid(WORKER_NOBODY, 0) != 0))
		abort();
}

struct pool *
pool_new(const struct pool_conf *conf)
{
	struct pool *p = calloc(1, sizeof(*p));

	assert(conf->workers >= 1 && conf->workers <= LIMIT_WORKERS);
	if (p == NULL)
		abort();
	p->conf = *conf;
	if (p->conf.ceilings.mail == 0)
		p->conf.ceilings = ceilings_default;
	if (p->conf.cpu_seconds == 0)
		p->conf.cpu_seconds = p->conf.ceilings.cpu_seconds;
	if (p->conf.wall_ms == 0)
		p->conf.wall_ms = (int)p->conf.ceilings.wait_seconds * 1000;
	become_alike();
	for (size_t i = 0; i < LIMIT_WORKERS; i++) {
		struct worker *w = &p->workers[i];

		buf_init(&w->in, FRAME_HEAD + LIMIT_FRAME_BYTES + CHUNK);
		for (size_t j = 0; j < QUEUE; j++)
			buf_init(&w->tasks[j].job, FRAME_HEAD + LIMIT_FRAME_BYTES);
	}
	return p;
}

void
pool_free(struct pool *p)
{
	if (p == NULL)
		return;
	/* All at once, so that they end side by side. */
	for (size_t i = 0; i < p->conf.workers; i++)
		if (p->workers[i].child.pid != 0)
			child_hang_up(&p->workers[i].child);
	for (size_t i = 0; i < LIMIT_WORKERS; i++) {
		struct worker *w = &p->workers[i];

		if (w->child.pid != 0) {
			if (w->ntasks == 0)
				child_await(&w->child, PATIENCE_MS);
			child_bury(&w->child);
		}
		buf_fini(&w->in);
		for (size_t j = 0; j < QUEUE; j++)
			buf_fini(&w->tasks[j].job);
	}
	free(p);
}

static bool
worn_out(const struct worker *w)
{
	return w->messages >= LIMIT_WORKER_MESSAGES || w->bytes >= LIMIT_WORKER_BYTES;
}

/* A worn out worker is replaced as soon as it is idle, so it gets nothing before. */
static bool
accepts(const struct worker *w)
{
	return w->ntasks < QUEUE && (w->ntasks == 0 || !worn_out(w));
}

bool
pool_full(const struct pool *p)
{
	for (size_t i = 0; i < p->conf.workers; i++)
		if (accepts(&p->workers[i]))
			return false;
	return true;
}

size_t
pool_busy(const struct pool *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->conf.workers; i++)
		n += p->workers[i].ntasks;
	return n;
}

/* An idle worker before one to be started, before one that has a message, the smallest. */
static bool
better(const struct worker *a, const struct worker *b)
{
	if (b == NULL)
		return true;
	if (a->ntasks != b->ntasks)
		return a->ntasks < b->ntasks;
	if (a->ntasks == 0)
		return a->child.pid != 0 && b->child.pid == 0;
	return a->tasks[0].size < b->tasks[0].size;
}

static struct worker *
choose(struct pool *p)
{
	struct worker *best = NULL;

	for (size_t i = 0; i < p->conf.workers; i++)
		if (accepts(&p->workers[i]) && better(&p->workers[i], best))
			best = &p->workers[i];
	return best;
}

static int
send_job(struct worker *w, const struct task *t, struct err *e)
{
	if (frame_send_fd(w->child.socket, buf_str(&t->job), t->fd) != 0 && errno != EPIPE &&
	    errno != ECONNRESET)
		return err_set(
		    e, ERR_SOURCE, "could not hand a mail to the parser: %s", strerror(errno));
	/* A worker that died meanwhile hung up: pool_service will see to it and send again. */
	w->messages++;
	w->bytes += t->size;
	return 0;
}

/* Start a process for ${w} and hand it what waits there. */
static int
start(struct pool *p, struct worker *w, struct err *e)
{
	if (child_start(&w->child, p->conf.exe, p->conf.ceilings.worker_memory, e) != 0)
		return -1;
	buf_reset(&w->in);
	w->proven = false;
	w->messages = 0;
	w->bytes = 0;
	w->wall_ms = 0;
	for (unsigned i = 0; i < w->ntasks; i++)
		if (send_job(w, &w->tasks[i], e) != 0)
			return -1;
	return 0;
}

int
pool_submit(struct pool *p, void *context, int fd, uint64_t size, const char *name, bool bare,
    uint32_t header, struct err *e)
{
	struct worker *w = choose(p);
	struct job job = {
		.ticket = p->ticket,
		.bare = bare,
		.header = header,
		.name = str_of(name),
		.ceilings = p->conf.ceilings,
	};
	struct task *t;

	assert(w != NULL);
	if (w->child.pid != 0 && worn_out(w)) {
		child_hang_up(&w->child);
		child_await(&w->child, PATIENCE_MS);
		child_bury(&w->child);
	}
	if (w->child.pid == 0 && start(p, w, e) != 0)
		return -1;
	if (job.name.n > LIMIT_NAME_BYTES)
		job.name.n = LIMIT_NAME_BYTES;
	t = &w->tasks[w->ntasks];
	*t = (struct task){ context, fd, size, p->ticket, 0, t->job };
	buf_reset(&t->job);
	job_put(&t->job, &job);
	if (send_job(w, t, e) != 0)
		return -1;
	p->ticket++;
	if (w->ntasks++ == 0)
		w->wall_ms = 0;
	return 0;
}

/* The first message is over, one way or the other. */
static void
finish(struct worker *w)
{
	struct task first = w->tasks[0];

	w->tasks[0] = w->tasks[1];
	w->tasks[1] = first;
	w->ntasks--;
	w->begun = false;
	w->wall_ms = 0;
}

/* Seconds of CPU time that the first message may use. */
static uint64_t
allowance(const struct pool *p, const struct worker *w)
{
	return p->conf.cpu_seconds + w->tasks[0].size / LIMIT_CPU_BYTES;
}

static int
begin(struct pool *p, struct worker *w, struct str payload, struct err *e)
{
	uint64_t ticket;

	if (begin_get(payload, &ticket, e) != 0)
		return -1;
	if (w->begun || w->ntasks == 0 || ticket != w->tasks[0].ticket)
		return err_set(e, ERR_MESSAGE, "the parser began a mail it was not given");
	w->begun = true;
	w->proven = true;
	w->wall_ms = 0;
	w->cpu_before = w->cpu_seen = child_cpu_ms(&w->child);
	child_limit(&w->child, (w->cpu_before + 999) / 1000 + allowance(p, w));
	p->stillborn = 0;
	return 0;
}

static int
take_frame(
    struct pool *p, struct worker *w, enum frame_type type, struct str payload, struct err *e)
{
	const struct pool_sink *s = &p->conf.sink;

	if (type == FRAME_BEGIN)
		return begin(p, w, payload, e);
	if (!w->begun || type == FRAME_JOB)
		return err_set(e, ERR_MESSAGE, "the parser sent frames out of order");
	if (s->frame(s->arg, w->tasks[0].context, type, payload, e) != 0)
		return -1;
	if (type == FRAME_END)
		finish(w);
	return 0;
}

/* Take all whole frames that have come.  -1 when the worker cannot be trusted any more. */
static int
take_frames(struct pool *p, struct worker *w, struct err *e)
{
	struct str in = buf_str(&w->in);
	enum frame_type type;
	struct str payload;
	size_t used;
	int got;

	while ((got = frame_next(in, &type, &payload, &used)) > 0) {
		if (take_frame(p, w, type, payload, e) != 0)
			return -1;
		in.p += used;
		in.n -= used;
	}
	if (got < 0)
		return err_set(e, ERR_MESSAGE, "the parser sent what is no frame");
	buf_skip(&w->in, w->in.n - in.n);
	return 0;
}

/* Whether the death was nothing the message did. */
static bool
blameless(const struct pool *p, const struct worker *w, const struct child_end *end)
{
	switch (end->signal) {
	case SIGKILL:
	case SIGTERM:
	case SIGINT:
	case SIGHUP:
		return true;
	case SIGXCPU:
		/* While we did not listen the message ran on the allowance of the one before. */
		/* The two clocks differ by a little. */
		return end->cpu_ms < w->cpu_before + allowance(p, w) * 1000 / 2;
	default:
		return false;
	}
}

static void
explain(const struct pool *p, const struct worker *w, const struct child_end *end, struct err *e)
{
	char room[CEILING_SIZE];

	if (blameless(p, w, end))
		err_set(e, ERR_MESSAGE, "the parser was killed %u times (out of memory?)",
		    w->tasks[0].kills);
	else if (end->signal == SIGXCPU)
		err_set(e, ERR_MESSAGE,
		    "needed more than %llu s of CPU time" CEILING_RAISED("worker_seconds"),
		    (unsigned long long)allowance(p, w));
	else if (end->signal == SIGABRT || end->signal == SIGTRAP)
		/* How libc and GLib end when they get no memory, and how an assertion does. */
		err_set(e, ERR_MESSAGE,
		    "the parser crashed (signal %d) or needed more than %s of memory" CEILING_RAISED(
			"worker_memory"),
		    end->signal, ceilings_size(p->conf.ceilings.worker_memory, room));
	else if (end->signal != 0)
		err_set(e, ERR_MESSAGE, "the parser crashed (signal %d)", end->signal);
	else
		err_set(e, ERR_MESSAGE, "the parser ended in the middle of a mail (exit status %d)",
		    end->status);
}

static void
fail(struct pool *p, struct worker *w, const char *reason)
{
	p->conf.sink.failed(p->conf.sink.arg, w->tasks[0].context, reason);
	finish(w);
}

/* What becomes of the message that was in work. */
static void
settle(struct pool *p, struct worker *w, const struct child_end *end)
{
	struct err e;

	if (blameless(p, w, end) && ++w->tasks[0].kills <= LIMIT_WORKER_RETRIES) {
		w->begun = false;
		p->conf.sink.restart(p->conf.sink.arg, w->tasks[0].context);
		return;
	}
	explain(p, w, end, &e);
	fail(p, w, e.text);
}

/*
 * End the process of ${w} and put a new one in its place where messages wait.  ${why}, or NULL, is
 * our own reason to end it: it costs the first message.
 */
static int
replace(struct pool *p, struct worker *w, const char *why, struct err *e)
{
	struct child_end end = child_bury(&w->child);

	if (why != NULL && w->ntasks > 0)
		fail(p, w, why);
	else if (w->begun)
		settle(p, w, &end);
	if (!w->proven && end.status == EX_CONFIG)
		return err_set(e, ERR_CONFIG,
		    "the parser cannot be set up or jailed; its own message says why");
	if (!w->proven && ++p->stillborn >= STILLBORN)
		return err_set(e, ERR_CONFIG,
		    "the parser ended %d times before its first mail (last: signal %d, exit "
		    "status %d)",
		    STILLBORN, end.signal, end.status);
	return w->ntasks > 0 ? start(p, w, e) : 0;
}

/* Read what came from ${w}. */
static int
listen_to(struct pool *p, struct worker *w, struct err *e)
{
	char *at = buf_room(&w->in, CHUNK);
	struct err wrong;
	ssize_t n;

	assert(at != NULL);
	do
		n = recv(w->child.socket, at, CHUNK, MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return 0;
	if (n <= 0)
		return replace(p, w, NULL, e);
	buf_grown(&w->in, (size_t)n);
	if (take_frames(p, w, &wrong) != 0)
		return replace(p, w, wrong.text, e);
	return 0;
}

/* Whether it used CPU time, or waits for a disk: then its time begins anew. */
static bool
gets_on(struct worker *w)
{
	uint64_t used = child_cpu_ms(&w->child);

	if (used < w->cpu_seen + PROGRESS_MS && !child_waits(&w->child))
		return false;
	w->cpu_seen = used;
	w->wall_ms = 0;
	return true;
}

static int
check_time(struct pool *p, struct worker *w, struct err *e)
{
	char why[LIMIT_REASON_BYTES];

	if (w->ntasks == 0 || w->wall_ms < p->conf.wall_ms)
		return 0;
	/* One that has not begun its message is stuck by itself. */
	if (!w->begun)
		return replace(p, w, NULL, e);
	if (gets_on(w))
		return 0;
	snprintf(why, sizeof(why), "the parser hung for %d s" CEILING_RAISED("worker_wait"),
	    (p->conf.wall_ms + 999) / 1000);
	return replace(p, w, why, e);
}

size_t
pool_pollfds(const struct pool *p, struct pollfd *fds, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < p->conf.workers && n < max; i++)
		if (p->workers[i].child.pid != 0)
			fds[n++] =
			    (struct pollfd){ .fd = p->workers[i].child.socket, .events = POLLIN };
	return n;
}

int
pool_timeout(const struct pool *p)
{
	int least = -1;

	for (size_t i = 0; i < p->conf.workers; i++) {
		const struct worker *w = &p->workers[i];
		int left = p->conf.wall_ms - w->wall_ms;

		if (w->ntasks == 0)
			continue;
		if (left > TICK_MS)
			left = TICK_MS;
		if (least < 0 || left < least)
			least = left > 0 ? left : 0;
	}
	return least;
}

static bool
speaks(const struct worker *w, const struct pollfd *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (fds[i].fd == w->child.socket && fds[i].revents != 0)
			return true;
	return false;
}

int
pool_service(struct pool *p, const struct pollfd *fds, size_t n, int waited_ms, struct err *e)
{
	/* A longer sleep than we asked for: the whole job was stopped, the workers with it. */
	int waited = waited_ms < TICK_MS ? waited_ms : TICK_MS;

	for (size_t i = 0; i < p->conf.workers; i++) {
		struct worker *w = &p->workers[i];

		if (w->child.pid == 0)
			continue;
		if (w->ntasks > 0)
			w->wall_ms += waited;
		if (speaks(w, fds, n) && listen_to(p, w, e) != 0)
			return -1;
		if (check_time(p, w, e) != 0)
			return -1;
	}
	return 0;
}
