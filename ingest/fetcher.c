#include "ingest/fetcher.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "core/arena.h"
#include "core/limits.h"
#include "core/log.h"

#include "ingest/fetch.h"
#include "ingest/fetchconf.h"
#include "ingest/imapkey.h"
#include "ingest/imaplist.h"

#define SOCKET 3
#define ARENA_BYTES ((size_t)64 << 20) /* the configuration, and the names of 20,000 folders */
#define ALIVE_MS 60000                 /* a silent connection is given a NOOP */
#define QUEUE_MS 20                    /* until a full socket is tried again */
#define TRIES 5                        /* to connect anew without a mail in between */
#define PAUSE_LEAST_MS 1000
#define PAUSE_MOST_MS 300000 /* five minutes between two tries, when watching */

struct fetcher {
	struct arena *arena;
	struct fetch_conf conf;
	struct post *post;
	struct keyset *known; /* mails beyond the marks */
	struct buf pending;   /* struct pending: stored by an earlier run, not acknowledged */
	struct buf marks;     /* struct mark */
	struct session *session;
	struct imap_folder *folders;
	struct imap_folder *open; /* in the session */
	struct fetch fetch;
	bool began;    /* there was a session already */
	bool finish;   /* the source wants no more mails */
	bool gone;     /* the source hung up */
	bool too_many; /* folders */
	bool through;  /* it was told that all folders are read */
	bool progress; /* since the session began, mails were handed out or acknowledged */
	bool troubled; /* that was told */
	unsigned tries;
};

/* A mail waits for an after-action: once its folder is open. */
struct pending {
	struct key key;
	enum known what;
};

static int64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool
writes(const struct fetcher *f)
{
	return f->conf.after != AFTER_KEEP || f->conf.failures != NULL;
}

static struct imap_folder *
folder_of(const struct fetcher *f, int64_t id)
{
	struct imap_folder *folder = f->folders;

	while (folder != NULL && folder->id != id)
		folder = folder->next;
	return folder;
}

/* The source has committed this mail. */
static void
commit(struct fetcher *f, struct key key, enum known what)
{
	struct imapkey k = imapkey_get(key);
	struct imap_folder *folder = folder_of(f, k.folder_id);

	if (folder == NULL || !folder->begun || folder->uidvalidity != k.uidvalidity)
		return;
	if (plan_is_handed(&folder->plan, k.uid))
		fetch_committed(&f->fetch, plan_size(&folder->plan, k.uid));
	plan_done(&folder->plan, k.uid);
	imapsettle_add(&folder->settle, k.uid, what);
	f->progress = true;
}

static void
note_key(struct fetcher *f, struct key key, enum known what)
{
	struct pending p = { key, what };

	keyset_put(f->known, key, what);
	if (what != KNOWN_DONE)
		buf_put(&f->pending, &p, sizeof(p));
}

static int
hear_keys(struct fetcher *f, struct str payload, bool started)
{
	enum known what;
	const char *keys;
	struct key key;
	size_t n;

	if (post_get_keys(payload, &what, &keys, &n) < 0 || what == KNOWN_NOT)
		return -1;
	for (size_t i = 0; i < n; i++) {
		memcpy(&key, keys + i * sizeof(key), sizeof(key));
		if (started)
			commit(f, key, what);
		else
			note_key(f, key, what);
	}
	return 0;
}

/* Tell the source how far the folders are, where that has changed. */
static void
tell_marks(struct fetcher *f)
{
	for (struct imap_folder *folder = f->folders; folder != NULL; folder = folder->next) {
		struct mark m = { folder->id, folder->name, folder->uidvalidity,
			folder->plan.mark };

		if (!folder->begun || folder->plan.mark == folder->marked)
			continue;
		folder->marked = folder->plan.mark;
		post_mark(f->post, &m);
	}
}

/* Take in what the source says, without waiting. */
static void
hear(struct fetcher *f)
{
	struct post_message m;
	int rc;

	post_flush(f->post);
	while ((rc = post_receive(f->post, &m)) > 0) {
		if (m.fd >= 0)
			close(m.fd);
		if (m.type == POST_FINISH)
			f->finish = true;
		else if (m.type != POST_KEYS || hear_keys(f, m.payload, true) < 0)
			f->gone = true;
	}
	f->gone |= rc < 0;
	tell_marks(f);
}

/* Wait for the source alone, at most ${ms}. */
static void
wait_for_source(struct fetcher *f, int ms)
{
	struct pollfd p = { .fd = post_fd(f->post),
		.events = (short)(POLLIN | (post_queued(f->post) ? POLLOUT : 0)) };

	poll(&p, 1, ms);
	hear(f);
}

/* Done on the server: the source may forget it. */
static void
tell_settled(struct fetcher *f, struct imap_folder *folder)
{
	struct buf keys;
	struct uid_range r;

	buf_init(&keys, SIZE_MAX / 2);
	for (uint32_t at = 0; uidset_next(folder->settle.done, at, &r); at = r.last)
		for (uint64_t uid = r.first; uid <= r.last; uid++) {
			struct key k = imapkey_put(
			    (struct imapkey){ folder->id, folder->uidvalidity, (uint32_t)uid });

			buf_put(&keys, &k, sizeof(k));
		}
	if (keys.n > 0) {
		f->progress = true;
		post_keys(f->post, KNOWN_DONE, (const void *)keys.p, keys.n / sizeof(struct key));
	}
	buf_fini(&keys);
	uidset_reset(folder->settle.done);
}

/* The UIDs mean what they meant when the folder was read last, or nothing. */
static void
begin_folder(struct fetcher *f, struct imap_folder *folder, uint32_t uidvalidity)
{
	const struct mark *marks = (const void *)f->marks.p;
	const struct pending *pending = (const void *)f->pending.p;
	uint32_t mark = 0;

	if (folder->begun) {
		fetch_committed_all(&f->fetch, &folder->plan);
		plan_fini(&folder->plan);
	}
	imapsettle_reset(&folder->settle);
	folder->begun = true;
	folder->uidvalidity = uidvalidity;
	for (size_t i = 0; i < f->marks.n / sizeof(*marks); i++)
		if (marks[i].folder_id == folder->id && marks[i].uidvalidity == uidvalidity)
			mark = marks[i].uid;
	for (size_t i = 0; i < f->pending.n / sizeof(*pending); i++) {
		struct imapkey k = imapkey_get(pending[i].key);

		if (k.folder_id == folder->id && k.uidvalidity == uidvalidity)
			folder->settle.doubtful |=
			    imapsettle_add(&folder->settle, k.uid, pending[i].what);
	}
	plan_init(&folder->plan, mark);
	folder->marked = mark;
}

/* The folder can be read, and nothing else: that is told once, and all in it is read. */
static void
bar(struct fetcher *f, struct imap_folder *folder)
{
	struct err e;

	if (!folder->stopped) {
		err_set(&e, ERR_MESSAGE,
		    "%s: the folder \"%.200s\" may only be read: what is stored stays in it",
		    f->conf.imap.name, folder->name);
		post_trouble(f->post, &e);
	}
	folder->stopped = true;
}

static int
select_folder(struct fetcher *f, struct imap_folder *folder, struct err *e)
{
	f->open = NULL;
	if (session_select(f->session, folder->wire, folder->name, !writes(f), e) < 0)
		return -1;
	folder->told = false;
	if (writes(f) && session_selected(f->session)->read_only)
		bar(f, folder);
	if (!folder->begun || folder->uidvalidity != session_selected(f->session)->uidvalidity)
		begin_folder(f, folder, session_selected(f->session)->uidvalidity);
	f->open = folder;
	folder->uidnext = session_selected(f->session)->uidnext;
	session_selected(f->session)->news = false;
	plan_news(&folder->plan);
	return 0;
}

/* Open the folder, and see first what a lost session left in doubt. */
static int
open_folder(struct fetcher *f, struct imap_folder *folder, struct err *e)
{
	if (f->open == folder)
		return 0;
	if (select_folder(f, folder, e) < 0)
		return -1;
	if (!folder->settle.doubtful || imapsettle_count(&folder->settle) == 0)
		return 0;
	f->open = NULL;
	if (imapsettle_look(&folder->settle, f->session, folder->wire, folder->name, e) < 0)
		return -1;
	tell_settled(f, folder);
	return select_folder(f, folder, e);
}

/*
 * A refusal that concerns one folder, and not the connection: the source is told, once, and the others
 * go on.  -1 when it was the connection.
 */
static int
put_up_with(struct fetcher *f, struct imap_folder *folder, struct err *e)
{
	if (session_is_lost(f->session))
		return -1;
	e->kind = ERR_MESSAGE;
	if (!folder->told)
		post_trouble(f->post, e);
	folder->told = true;
	return 0;
}

/* Acknowledge what waits in ${folder}. */
static int
settle_folder(struct fetcher *f, struct imap_folder *folder, struct err *e)
{
	if (imapsettle_count(&folder->settle) == 0 || folder->stopped)
		return 0;
	if (open_folder(f, folder, e) == 0 && imapsettle_run(&folder->settle, f->session, e) == 0) {
		tell_settled(f, folder);
		return 0;
	}
	tell_settled(f, folder);
	folder->settle.doubtful = true;
	folder->stopped = !session_is_lost(f->session);
	return put_up_with(f, folder, e);
}

static int
settle_all(struct fetcher *f, struct err *e)
{
	for (struct imap_folder *folder = f->folders; folder != NULL; folder = folder->next)
		if (settle_folder(f, folder, e) < 0)
			return -1;
	return 0;
}

static int
keep_alive(struct fetcher *f, struct err *e)
{
	struct reply r;

	return session_run(f->session, &r, e, "NOOP");
}

/*
 * Wait for the server or the source, then read what the server says, if it does.  ${heard}: when it
 * said something last, or was asked something after a silence.
 */
static int
fetch_turn(struct fetcher *f, int64_t *heard, struct err *e)
{
	bool busy = fetch_busy(&f->fetch);
	int64_t patience = busy ? (int64_t)f->conf.imap.link.wait_seconds * 1000 : ALIVE_MS;
	int64_t left = *heard + patience - now_ms();
	int most = post_queued(f->post) && left > QUEUE_MS ? QUEUE_MS : (int)(left > 0 ? left : 0);
	int ready = session_wait(f->session, post_fd(f->post), most, e);

	if (ready < 0)
		return -1;
	if ((ready & LINK_READABLE) != 0) {
		*heard = now_ms();
		return fetch_take(&f->fetch, e);
	}
	if (now_ms() - *heard < patience)
		return 0;
	*heard = now_ms();
	if (!busy)
		return keep_alive(f, e);
	return session_give_up(f->session, e);
}

/* Everything new of the open folder, until as much waits to be acknowledged as one command takes. */
static int
fetch_some(struct fetcher *f, struct imap_folder *folder, struct err *e)
{
	int64_t heard = now_ms();
	int rc = 0;

	fetch_begin(&f->fetch, f->session, folder);
	while (rc == 0 && !f->gone && !f->finish) {
		bool enough =
		    imapsettle_count(&folder->settle) >= IMAPSETTLE_CHUNK && !folder->stopped;

		if (!fetch_busy(&f->fetch))
			heard = now_ms();
		if (!enough)
			rc = fetch_ask(&f->fetch, e);
		if (rc == 0 && !fetch_busy(&f->fetch) &&
		    (enough || plan_is_through(&folder->plan, folder->uidnext)))
			break;
		if (rc == 0)
			rc = fetch_turn(f, &heard, e);
		hear(f);
	}
	f->progress |= f->fetch.held > 0;
	fetch_end(&f->fetch);
	return rc;
}

static int
fetch_folder(struct fetcher *f, struct imap_folder *folder, struct err *e)
{
	if (open_folder(f, folder, e) < 0)
		return put_up_with(f, folder, e);
	if (settle_folder(f, folder, e) < 0)
		return -1;
	while (!f->gone && !f->finish && !plan_is_through(&folder->plan, folder->uidnext))
		if (open_folder(f, folder, e) < 0 || fetch_some(f, folder, e) < 0 ||
		    settle_folder(f, folder, e) < 0)
			return -1;
	return 0;
}

/* LIST tells of a folder, or the configuration does. */
static void
on_folder(void *arg, struct str name, struct str wire)
{
	struct fetcher *f = arg;
	int64_t id = imapkey_folder(name);
	struct imap_folder *folder = folder_of(f, id), **last = &f->folders;

	if (folder != NULL) {
		folder->listed = true;
		return;
	}
	folder = arena_alloc(f->arena, sizeof(*folder));
	if (folder != NULL) {
		folder->name = arena_str(f->arena, name).p;
		folder->wire = arena_str(f->arena, wire);
	}
	f->too_many = folder == NULL || folder->name == NULL || folder->wire.p == NULL;
	if (f->too_many)
		return;
	folder->id = id;
	folder->listed = true;
	imapsettle_init(
	    &folder->settle, f->conf.imap.name, f->conf.after, f->conf.move_to, f->conf.failures);
	while (*last != NULL)
		last = &(*last)->next;
	*last = folder;
}

static int
find_folders(struct fetcher *f, struct err *e)
{
	const struct imaplist_sink sink = { f, on_folder };
	const char *const targets[] = { f->conf.move_to, f->conf.failures };

	for (struct imap_folder *folder = f->folders; folder != NULL; folder = folder->next)
		folder->listed = false;
	if (imaplist_find(f->session, &f->conf.imap, targets, &sink, e) < 0)
		return -1;
	if (f->folders == NULL || f->too_many)
		return err_set(e, f->too_many ? ERR_CONFIG : ERR_SOURCE,
		    f->too_many ? "%s: there are too many folders of these names"
				: "%s: there is no folder of these names",
		    f->conf.imap.name);
	return 0;
}

/* Read all folders once. */
static int
read_all(struct fetcher *f, struct err *e)
{
	for (struct imap_folder *folder = f->folders; folder != NULL; folder = folder->next)
		if (folder->listed && !f->finish && !f->gone && fetch_folder(f, folder, e) < 0)
			return -1;
	return 0;
}

/* What a folder that is not open holds meanwhile: read it if there may be news. */
static int
look_into(struct fetcher *f, struct imap_folder *folder, struct err *e)
{
	f->open = NULL; /* what SELECT tells is newer than what is known */
	return fetch_folder(f, folder, e);
}

/* One look at every folder, when watching without being told of news. */
static int
look_into_all(struct fetcher *f, struct err *e)
{
	if (find_folders(f, e) < 0)
		return -1;
	for (struct imap_folder *folder = f->folders; folder != NULL; folder = folder->next)
		if (folder->listed && !f->gone && look_into(f, folder, e) < 0)
			return -1;
	return 0;
}

static uint64_t
settle_count(const struct fetcher *f)
{
	uint64_t n = 0;

	for (const struct imap_folder *folder = f->folders; folder != NULL; folder = folder->next)
		n += folder->stopped ? 0 : imapsettle_count(&folder->settle);
	return n;
}

/*
 * Wait, at most ${ms}, until the open folder has news, mails are to be acknowledged or the source is
 * done.  1 when it has news.
 */
static int
wait_for_news(struct fetcher *f, int64_t ms, struct err *e)
{
	const struct selected *selected = session_selected(f->session);
	int64_t end = now_ms() + ms, left = ms;
	struct reply r;

	while (!selected->news && !f->finish && !f->gone && settle_count(f) == 0 && left > 0) {
		int most = post_queued(f->post) ? QUEUE_MS
		    : left < INT32_MAX          ? (int)left
						: INT32_MAX;
		int ready = session_wait(f->session, post_fd(f->post), most, e);

		if (ready < 0 ||
		    ((ready & LINK_READABLE) != 0 && session_read(f->session, &r, e) < 0))
			return -1;
		hear(f);
		left = end - now_ms();
	}
	return selected->news;
}

/* IDLE, or where the server does not know it, one NOOP at the end of the time. */
static int
idle(struct fetcher *f, struct err *e)
{
	bool can = session_has(f->session, CAP_IDLE), many = f->folders->next != NULL;
	unsigned seconds = can ? f->conf.imap.idle_seconds : f->conf.imap.poll_seconds;
	int rc;

	if (many && f->conf.imap.poll_seconds < seconds)
		seconds = f->conf.imap.poll_seconds;
	if (can && session_idle(f->session, e) < 0)
		return -1;
	rc = wait_for_news(f, (int64_t)seconds * 1000, e);
	if (rc >= 0 && can && session_done(f->session, e) < 0)
		rc = -1;
	if (rc >= 0 && !can && keep_alive(f, e) < 0)
		rc = -1;
	return rc;
}

/* What the server told of new mails in the open folder. */
static int
fetch_news(struct fetcher *f, struct err *e)
{
	session_selected(f->session)->news = false;
	f->open->uidnext = 0; /* it was not told anew */
	plan_news(&f->open->plan);
	return fetch_folder(f, f->open, e);
}

/* The first folder that can be opened is the one that is waited at. */
static int
open_any(struct fetcher *f, struct err *e)
{
	for (struct imap_folder *folder = f->folders; folder != NULL && f->open == NULL;
	     folder = folder->next)
		if (folder->listed && open_folder(f, folder, e) < 0 && session_is_lost(f->session))
			return -1;
	return f->open != NULL ? 0 : -1;
}

/* Everything is read: see what comes, until the source has had enough. */
static int
watch(struct fetcher *f, struct err *e)
{
	while (!f->finish && !f->gone) {
		int64_t began = now_ms();

		if (settle_all(f, e) < 0)
			return -1;
		if (f->open != f->folders && f->folders->listed && look_into(f, f->folders, e) < 0)
			return -1;
		if (open_any(f, e) < 0 || idle(f, e) < 0)
			return -1;
		if (session_selected(f->session)->news && fetch_news(f, e) < 0)
			return -1;
		if (f->folders->next != NULL &&
		    now_ms() - began >= (int64_t)f->conf.imap.poll_seconds * 1000 &&
		    look_into_all(f, e) < 0)
			return -1;
	}
	return 0;
}

/* Everything is read: acknowledge what the source commits until it has had enough. */
static int
end(struct fetcher *f, struct err *e)
{
	struct selected *selected = session_selected(f->session);

	if (!f->through)
		post_send(f->post, POST_THROUGH, STR(""), -1);
	f->through = true;
	while (!f->finish && !f->gone) {
		selected->news = false; /* they are the next run's */
		if (settle_all(f, e) < 0 || wait_for_news(f, ALIVE_MS, e) < 0)
			return -1;
		if (!f->finish && !f->gone && settle_count(f) == 0 && !selected->news &&
		    keep_alive(f, e) < 0)
			return -1;
	}
	return 0;
}

/* A session from its beginning to the end of the source; -1 when it broke. */
static int
session(struct fetcher *f, struct err *e)
{
	f->progress = false;
	f->session = session_open(&f->conf.imap, e);
	if (f->session == NULL)
		return -1;
	f->began = true;
	if (find_folders(f, e) < 0 || read_all(f, e) < 0)
		return -1;
	if (f->troubled)
		log_event(LOG_WARN, "%s: all is well again", f->conf.imap.name);
	f->troubled = false;
	if ((f->conf.watch ? watch(f, e) : end(f, e)) < 0)
		return -1;
	return f->gone ? 0 : settle_all(f, e);
}

/* Close what is left of a session; what it may have done without saying so is in doubt. */
static void
part(struct fetcher *f, bool well)
{
	for (struct imap_folder *folder = f->folders; folder != NULL; folder = folder->next)
		folder->settle.doubtful |= !well && imapsettle_count(&folder->settle) > 0;
	fetch_end(&f->fetch);
	if (well)
		session_logout(f->session);
	else
		session_close(f->session);
	f->session = NULL;
	f->open = NULL;
}

/* Whether to connect anew after ${e}. */
static bool
may_try_again(struct fetcher *f, const struct err *e)
{
	if (f->gone || e->kind != ERR_SOURCE)
		return false;
	f->tries = f->progress ? 1 : f->tries + 1;
	return f->conf.watch || (f->began && f->tries <= TRIES);
}

/* Longer from time to time, and never the same for many clients of a server that came back. */
static void
pause_before_next(struct fetcher *f, const struct err *e)
{
	int64_t ms = PAUSE_LEAST_MS, until;
	uint32_t random = 0;

	for (unsigned i = 1; i < f->tries && ms < PAUSE_MOST_MS; i++)
		ms *= 2;
	if (ms > PAUSE_MOST_MS)
		ms = PAUSE_MOST_MS;
	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) == (ssize_t)sizeof(random))
		ms = ms / 2 + (int64_t)(random % (uint32_t)(ms / 2 + 1));
	if (!f->troubled && f->tries > 1)
		log_event(LOG_WARN, "%s; trying again", e->text);
	f->troubled |= f->tries > 1;
	for (until = now_ms() + ms; !f->gone && !f->finish && now_ms() < until;)
		wait_for_source(f, (int)(until - now_ms()) + 1);
}

/* What the source says before it begins: 0, or -1 when that cannot be. */
static int
listen_first(struct fetcher *f)
{
	struct post_message m;
	struct buf name;
	struct mark mark;
	int rc = 0, got;

	buf_init(&name, MAILBOX_BYTES + 1);
	while (rc == 0) {
		struct pollfd p = { .fd = post_fd(f->post), .events = POLLIN };

		got = post_receive(f->post, &m);
		if (got == 0)
			poll(&p, 1, -1);
		if (got == 0)
			continue;
		if (got < 0 || m.type == POST_START)
			break;
		if (m.type == POST_CONF)
			rc = fetchconf_get(f->arena, m.payload, &f->conf);
		else if (m.type == POST_KEYS)
			rc = hear_keys(f, m.payload, false);
		else if (m.type != POST_MARK || post_get_mark(m.payload, &mark, &name) < 0)
			rc = -1;
		else {
			mark.name = NULL; /* the id says it */
			buf_put(&f->marks, &mark, sizeof(mark));
		}
	}
	buf_fini(&name);
	return rc == 0 && got > 0 && f->conf.imap.name != NULL ? 0 : -1;
}

static void
serve(struct fetcher *f)
{
	struct err e = { 0 };
	int rc;

	while ((rc = session(f, &e)) < 0) {
		part(f, false);
		hear(f);
		if (!may_try_again(f, &e) || (f->finish && settle_count(f) == 0))
			break;
		pause_before_next(f, &e);
	}
	if (rc == 0)
		part(f, true);
	else if (!f->gone && (!f->finish || settle_count(f) > 0))
		post_trouble(f->post, &e);
	while (!f->gone && post_queued(f->post))
		wait_for_source(f, -1);
}

static void
fini(struct fetcher *f)
{
	for (struct imap_folder *folder = f->folders; folder != NULL; folder = folder->next) {
		if (folder->begun)
			plan_fini(&folder->plan);
		imapsettle_fini(&folder->settle);
	}
	fetch_fini(&f->fetch);
	post_free(f->post);
	keyset_free(f->known);
	buf_fini(&f->pending);
	buf_fini(&f->marks);
	arena_free(f->arena);
}

int
fetcher_main(void)
{
	struct fetcher f = {
		.arena = arena_new(ARENA_BYTES), .post = post_new(SOCKET), .known = keyset_new()
	};
	int rc;

	prctl(PR_SET_NAME, FETCHER_NAME, 0, 0, 0);
	/* Ctrl-C reaches the whole foreground group, but the source decides what it means. */
	signal(SIGINT, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGTERM, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	buf_init(&f.pending, SIZE_MAX / 2);
	buf_init(&f.marks, SIZE_MAX / 2);
	rc = listen_first(&f);
	fetch_init(&f.fetch, f.conf.imap.name, f.conf.tmp_dir, f.post, f.known);
	if (rc == 0)
		serve(&f);
	fini(&f);
	return rc == 0 ? 0 : 1;
}
