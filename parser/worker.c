#include "parser/worker.h"

#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sysexits.h>
#include <unistd.h>

#include "core/again.h"
#include "core/frame.h"
#include "core/limits.h"
#include "core/log.h"
#include "core/sandbox.h"
#include "core/wire.h"
#include "parser/message.h"
#include "parser/out.h"
#include "parser/sabotage.h"

/* A job as it lies on the wire, whole. */
#define JOB_BYTES (FRAME_HEAD + 8 + 1 + 4 + 24 + 4 + LIMIT_NAME_BYTES)

/* Root's "parse" opens what root may read; what is in it is nobody's business. */
static int
drop_root(void)
{
	if (geteuid() != 0)
		return 0;
	return setgroups(0, NULL) == 0 && setgid(WORKER_NOBODY) == 0 && setuid(WORKER_NOBODY) == 0
	    ? 0
	    : -1;
}

/* Shed what came from the parent but the standard streams and the socket. */
static void
detach(void)
{
	static const struct {
		int number;
		void (*action)(int);
	} signals[] = {
		/* Ctrl-C reaches the whole foreground group, but the parent decides what it means. */
		{ SIGINT, SIG_IGN },
		{ SIGPIPE, SIG_IGN },
		{ SIGTERM, SIG_DFL },
		{ SIGHUP, SIG_DFL },
		{ SIGXCPU, SIG_DFL },
		{ SIGABRT, SIG_DFL },
	};
	sigset_t none;

	close_range(AGAIN_SOCKET + 1, ~0u, 0);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		signal(signals[i].number, signals[i].action);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_NAME, WORKER_NAME, 0, 0, 0);
	/* A parent that died before this call has hung up: the first read will tell. */
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
}

static int
send_frames(void *arg, struct str bytes)
{
	(void)arg;
	return frame_write(AGAIN_SOCKET, bytes);
}

/*
 * Receive one job into ${room}, of JOB_BYTES: 1, 0 when the parent hung up, -1 when what came is no
 * job.  A descriptor is a barrier in the stream (unix(7)), so that one read never gives the bytes
 * of two jobs, however many are queued.
 */
static int
receive(char *room, struct job *job, int *fd)
{
	enum frame_type type;
	struct str payload;
	struct err e;
	size_t n = 0;
	size_t used;
	int got;

	*fd = -1;
	while ((got = frame_next((struct str){ room, n }, &type, &payload, &used)) == 0) {
		int came;
		ssize_t more = frame_recv_fd(AGAIN_SOCKET, room + n, JOB_BYTES - n, &came);

		if (more <= 0)
			return n == 0 && more == 0 ? 0 : -1;
		/* It comes with the first byte or is not this job's. */
		if ((came >= 0) != (n == 0))
			return -1;
		if (came >= 0)
			*fd = came;
		n += (size_t)more;
	}
	if (got < 0 || used != n || type != FRAME_JOB || job_get(payload, job, &e) != 0)
		return -1;
	return 1;
}

/* One message: 1 to go on, 0 when the parent is gone, -1 when it cannot be understood. */
static int
serve(struct message_parser *parser, struct out *out, const char *saboteur)
{
	char room[JOB_BYTES];
	struct job job;
	struct err e;
	int fd, rc;

	rc = receive(room, &job, &fd);
	if (rc <= 0)
		return rc;
	begin_put(&out->frames, job.ticket);
	/* At once: it tells whose fault a death is, and starts the message's time. */
	rc = out_flush(out, 0, &e) == 0;
	if (rc != 0 && saboteur != NULL)
		sabotage(saboteur, fd, AGAIN_SOCKET);
	rc = rc != 0 && message_parse(parser, fd, &job, out, &e) == 0 && out_flush(out, 0, &e) == 0;
	close(fd);
	return rc;
}

/* What the parent says; one who is no parent of ours says nothing. */
static uint64_t
memory_allowed(void)
{
	const char *said = getenv(WORKER_MEMORY);
	uint64_t n;

	return said != NULL && str_u64(str_of(said), UINT64_MAX, &n) == 0 ? n : LIMIT_WORKER_MEMORY;
}

int
worker_main(void)
{
	const char *saboteur = getenv(SABOTAGE_VARIABLE);
	struct message_parser *parser;
	struct out out;
	struct err e;
	int rc;

	if (drop_root() < 0) {
		log_event(LOG_ERROR, "cannot start the parser: could not give up root");
		return EX_CONFIG;
	}
	detach();
	parser = message_parser_new(&e);
	if (parser == NULL || sandbox_enter(memory_allowed(), &e) != 0) {
		log_event(LOG_ERROR, "cannot start the parser: %s", e.text);
		message_parser_free(parser);
		return EX_CONFIG;
	}
	out_init(&out, send_frames, NULL);
	do
		rc = serve(parser, &out, saboteur);
	while (rc > 0);
	out_fini(&out);
	message_parser_free(parser);
	return rc == 0 ? EX_OK : EX_SOFTWARE;
}
