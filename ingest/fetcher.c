#include "ingest/fetcher.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/random.h>

#include "core/again.h"
#include "core/log.h"
#include "core/now.h"

#include "ingest/imapread.h"

#define TRIES 5 /* to connect anew without a mail in between */
#define PAUSE_LEAST_MS 1000
#define PAUSE_MOST_MS 300000 /* five minutes between two tries, when watching */

struct fetcher {
	struct imapread r;
	bool began;    /* there was a session already */
	bool through;  /* the source was told that all folders are read */
	bool troubled; /* that was told */
	unsigned tries;
};

/* Wait for the source alone, at most ${ms}. */
static void
wait_for_source(struct fetcher *f, int ms)
{
	struct pollfd p = { .fd = post_fd(f->r.post),
		.events = (short)(POLLIN | (post_queued(f->r.post) ? POLLOUT : 0)) };

	poll(&p, 1, ms);
	imapread_hear(&f->r);
}

/*
 * Wait, at most ${ms}, until the open folder has news, mails are to be acknowledged or the source is
 * done.  1 when it has news.
 */
static int
wait_for_news(struct fetcher *f, int64_t ms, struct err *e)
{
	const struct selected *selected = session_selected(f->r.session);
	bool idling = session_is_idling(f->r.session);
	int64_t end = now_ms() + ms, left = ms;
	struct reply r;

	while (session_is_idling(f->r.session) == idling && !selected->news && !f->r.finish &&
	    !f->r.gone && imapread_unsettled(&f->r) == 0 && left > 0) {
		int most = post_queued(f->r.post) ? IMAPREAD_QUEUE_MS
		    : left < INT32_MAX            ? (int)left
						  : INT32_MAX;
		int ready = session_wait(f->r.session, post_fd(f->r.post), most, e);

		if (ready < 0 ||
		    ((ready & LINK_READABLE) != 0 && session_read(f->r.session, &r, e) < 0))
			return -1;
		imapread_hear(&f->r);
		left = end - now_ms();
	}
	return selected->news;
}

/* IDLE, or where the server does not know it, one NOOP at the end of the time. */
static int
idle(struct fetcher *f, struct err *e)
{
	bool can = session_has(f->r.session, CAP_IDLE), many = f->r.nfolders > 1;
	unsigned seconds = can ? f->r.conf.imap.idle_seconds : f->r.conf.imap.poll_seconds;
	int rc;

	if (many && f->r.conf.imap.poll_seconds < seconds)
		seconds = f->r.conf.imap.poll_seconds;
	if (can && session_idle(f->r.session, e) < 0)
		return -1;
	rc = wait_for_news(f, (int64_t)seconds * 1000, e);
	if (rc >= 0 && can && session_done(f->r.session, e) < 0)
		rc = -1;
	if (rc >= 0 && !can && imapread_alive(&f->r, e) < 0)
		rc = -1;
	return rc;
}

/* Everything is read: see what comes, until the source has had enough. */
static int
watch(struct fetcher *f, struct err *e)
{
	int64_t period = (int64_t)f->r.conf.imap.poll_seconds * 1000, looked = now_ms();

	while (!f->r.finish && !f->r.gone) {
		if (imapread_settle(&f->r, e) < 0 || imapread_open(&f->r, e) < 0 || idle(f, e) < 0)
			return -1;
		if (session_selected(f->r.session)->news && imapread_news(&f->r, e) < 0)
			return -1;
		if (f->r.nfolders == 1 || now_ms() - looked < period)
			continue;
		if (imapread_look(&f->r, e) < 0)
			return -1;
		looked = now_ms();
	}
	return 0;
}

/* Everything is read: acknowledge what the source commits until it has had enough. */
static int
end(struct fetcher *f, struct err *e)
{
	struct selected *selected = session_selected(f->r.session);

	if (!f->through)
		post_send(f->r.post, POST_THROUGH, STR(""), -1);
	f->through = true;
	while (!f->r.finish && !f->r.gone) {
		selected->news = false; /* they are the next run's */
		if (imapread_settle(&f->r, e) < 0 || wait_for_news(f, IMAPREAD_ALIVE_MS, e) < 0)
			return -1;
		if (!f->r.finish && !f->r.gone && imapread_unsettled(&f->r) == 0 &&
		    !selected->news && imapread_alive(&f->r, e) < 0)
			return -1;
	}
	return 0;
}

/* A session from its beginning to the end of the source; -1 when it broke. */
static int
session(struct fetcher *f, struct err *e)
{
	f->r.progress = false;
	f->r.session = session_open(&f->r.conf.imap, e);
	if (f->r.session == NULL)
		return -1;
	f->began = true;
	if (imapread_find(&f->r, e) < 0 || imapread_all(&f->r, e) < 0)
		return -1;
	if (f->troubled)
		log_event(LOG_WARN, "%s: all is well again", f->r.conf.imap.name);
	f->troubled = false;
	if ((f->r.conf.watch ? watch(f, e) : end(f, e)) < 0)
		return -1;
	return f->r.gone ? 0 : imapread_settle(&f->r, e);
}

/* Whether to connect anew after ${e}. */
static bool
may_try_again(struct fetcher *f, const struct err *e)
{
	if (f->r.gone || e->kind != ERR_SOURCE)
		return false;
	f->tries = f->r.progress ? 1 : f->tries + 1;
	return (f->r.conf.watch && !f->r.finish) || (f->began && f->tries <= TRIES);
}

/* Longer from time to time, and never the same for many clients of a server that came back. */
static void
pause_before_next(struct fetcher *f, const struct err *e)
{
	bool finishing = f->r.finish; /* the end waits for us: soon, but not at once */
	int64_t ms = PAUSE_LEAST_MS, until;
	uint32_t random = 0;

	for (unsigned i = 1; !finishing && i < f->tries && ms < PAUSE_MOST_MS; i++)
		ms *= 2;
	if (ms > PAUSE_MOST_MS)
		ms = PAUSE_MOST_MS;
	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) == (ssize_t)sizeof(random))
		ms = ms / 2 + (int64_t)(random % (uint32_t)(ms / 2 + 1));
	/* A run that ends says so at its end, if it did not pass. */
	if (f->r.conf.watch && !f->troubled && f->tries > 1)
		log_event(LOG_WARN, "%s; trying again", e->text);
	f->troubled |= f->r.conf.watch && f->tries > 1;
	for (until = now_ms() + ms; !f->r.gone && f->r.finish == finishing && now_ms() < until;)
		wait_for_source(f, (int)(until - now_ms()) + 1);
}

/* What is told, and whether it was told before, is the source's business. */
static bool
relay(void *arg, struct str text)
{
	post_send(arg, POST_NOTE, text, -1);
	return false;
}

static void
serve(struct fetcher *f)
{
	struct err e = { 0 };
	int rc;

	while ((rc = session(f, &e)) < 0) {
		imapread_part(&f->r, false);
		imapread_hear(&f->r);
		if (!may_try_again(f, &e) || (f->r.finish && imapread_unsettled(&f->r) == 0))
			break;
		pause_before_next(f, &e);
	}
	if (rc == 0)
		imapread_part(&f->r, true);
	else if (!f->r.gone && (!f->r.finish || imapread_unsettled(&f->r) > 0))
		post_trouble(f->r.post, &e);
	while (!f->r.gone && post_queued(f->r.post))
		wait_for_source(f, -1);
}

int
fetcher_main(void)
{
	struct fetcher f = { .began = false };
	int rc;

	prctl(PR_SET_NAME, FETCHER_NAME, 0, 0, 0);
	/* Ctrl-C reaches the whole foreground group, but the source decides what it means. */
	signal(SIGINT, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGTERM, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	imapread_init(&f.r, post_new(AGAIN_SOCKET));
	rc = imapread_listen(&f.r);
	log_filter(relay, f.r.post);
	if (rc == 0)
		serve(&f);
	log_filter(NULL, NULL);
	imapread_fini(&f.r);
	return rc == 0 ? 0 : 1;
}
