#include "ingest/mboxfile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "core/arena.h"
#include "core/limits.h"
#include "core/now.h"

#include "ingest/handed.h"
#include "ingest/inotify.h"
#include "ingest/mboxlock.h"
#include "ingest/mboxmail.h"
#include "ingest/source.h"
#include "ingest/syserr.h"

#define TAKE_BYTES ((uint64_t)4 << 20) /* of mails taken at once */
#define TAKE_MAILS 64
#define LOCK_PAUSE_MS 50
#define OPEN_BYTES ((size_t)4 << 10)

/* A copy that was not handed out yet. */
struct waiting {
	struct key key;
	int fd;
	uint64_t size, at;
};

/* A mail of the file. */
struct spot {
	struct key key;
	uint64_t at, end;
};

/* A mail handed out, not known to be committed. */
struct pending {
	struct key key;
	struct spot up_to; /* it, or the last known one behind it */
	bool done;
};

struct mboxfile {
	const char *root, *tmp_dir;
	struct mboxlock lock;
	struct stat st; /* of what was read last */
	struct mboxview view;
	struct digest *digest;
	struct handed handed;
	struct buf waiting, pending;
	size_t gone; /* of the pending: done with */
	char name[32];

	uint64_t at;       /* the next mail, while ->st holds */
	bool placed, bare; /* ${bare}: the first one lacks its separator */
	uint64_t first_at;
	struct key first;
	bool has_first, has_last;
	struct spot last; /* read last; with ->first it tells the place when the file has changed */

	struct position mark;
	bool moved; /* since it was asked for */

	bool scanning, through;
	struct inotify *inotify; /* NULL: not watching */
	int timer;               /* for a lock, or -1 */
	int64_t locked_since;    /* 0: it is not locked */
};

enum taken { TAKEN_ALL, TAKEN_SOME, TAKEN_LOCKED };

int
mboxfile_is(const char *path)
{
	struct mboxview v;
	int fd = mboxlock_open(path), rc;
	bool bare, yes;
	struct stat st;
	uint64_t at;

	if (fd < 0)
		return -1;
	mboxview_init(&v, 0);
	rc = fstat(fd, &st);
	if (rc == 0 && st.st_size > 0) {
		mboxview_open(
		    &v, fd, (uint64_t)st.st_size < OPEN_BYTES ? (uint64_t)st.st_size : OPEN_BYTES);
		at = mbox_first(&v.bytes, &bare);
		yes = !bare && mbox_is(v.bytes.at(&v, at, MBOX_LINE_BYTES));
		rc = v.errnum > 0 ? -1 : yes;
		errno = v.errnum;
	} else if (rc == 0) {
		rc = 1;
	}
	mboxview_fini(&v);
	close(fd);
	return rc;
}

bool
mboxfile_may_come(const char *path)
{
	static const char *const places[] = { "/var/mail/", "/var/spool/mail/" };

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		size_t n = strlen(places[i]);

		if (strncmp(path, places[i], n) == 0 && path[n] != '\0' && path[n] != '.' &&
		    strchr(path + n, '/') == NULL && access(places[i], F_OK) == 0)
			return true;
	}
	return false;
}

/* Its directory tells what happens to it. */
static void
watch_directory(const struct mboxfile *m)
{
	char dir[PATH_MAX];
	const char *slash = strrchr(m->root, '/');
	int fd;

	snprintf(dir, sizeof(dir), "%.*s", (int)(slash > m->root ? slash - m->root : 1), m->root);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	/* What cannot be watched is looked at every five minutes all the same. */
	(void)inotify_watch(m->inotify, fd);
	close(fd);
}

struct mboxfile *
mboxfile_open(struct arena *arena, const char *root, const char *tmp_dir, uint64_t most, bool watch,
    struct err *e)
{
	struct mboxfile *m = arena_alloc(arena, sizeof(*m));

	if (m == NULL || mboxlock_init(&m->lock, arena, root) < 0) {
		err_set(e, ERR_CONFIG, "could not open \"%s\": the path is too long", root);
		return NULL;
	}
	m->root = root;
	m->tmp_dir = tmp_dir;
	m->timer = -1;
	m->digest = digest_new();
	m->scanning = !watch;
	mboxview_init(&m->view, most);
	handed_init(&m->handed);
	buf_init(&m->waiting, SIZE_MAX / 2);
	buf_init(&m->pending, SIZE_MAX / 2);
	if (!watch)
		return m;
	m->inotify = inotify_open(INOTIFY_FILES, e);
	if (m->inotify == NULL) {
		mboxfile_close(m);
		return NULL;
	}
	watch_directory(m);
	return m;
}

void
mboxfile_close(struct mboxfile *m)
{
	struct waiting w;

	if (m == NULL)
		return;
	for (; m->waiting.n > 0; buf_skip(&m->waiting, sizeof(w))) {
		memcpy(&w, m->waiting.p, sizeof(w));
		close(w.fd);
	}
	mboxlock_fini(&m->lock);
	if (m->timer >= 0)
		close(m->timer);
	inotify_close(m->inotify);
	handed_fini(&m->handed);
	mboxview_fini(&m->view);
	digest_free(m->digest);
	buf_fini(&m->waiting);
	buf_fini(&m->pending);
}

void
mboxfile_resume(struct mboxfile *m, const struct position *p)
{
	m->mark = *p;
	m->st.st_ino = (ino_t)p->inode;
	m->first = p->first;
	m->last = (struct spot){ .key = p->last, .at = p->last_at, .end = p->end };
	m->has_first = m->has_last = true;
}

static int
trouble(const struct mboxfile *m, int errnum, struct err *e)
{
	if (errnum < 0)
		return err_set(
		    e, ERR_SOURCE, "\"%s\" was cut while it was read: later again", m->root);
	return syserr_set(e, ERR_SOURCE, "could not read", m->root, STR(""), errnum);
}

/* The mail at ${at} into ${mail}; false where none begins. */
static bool
measure(struct mboxfile *m, uint64_t at, struct mbox_mail *mail)
{
	if (at >= m->view.bytes.size)
		return false;
	if (m->bare && at == m->first_at) {
		mbox_bare(&m->view.bytes, at, mail);
		return true;
	}
	return mbox_mail(&m->view.bytes, at, mail);
}

/* Whether a mail with ${key} stands at ${at}; ${*end}: where it ends. */
static bool
stands(struct mboxfile *m, uint64_t at, struct key key, uint64_t *end)
{
	struct mbox_mail mail;

	if (!measure(m, at, &mail))
		return false;
	*end = mail.end;
	return key_eq(mboxmail_key(&m->view, &mail, m->digest), key);
}

static void
forget_place(struct mboxfile *m)
{
	m->has_first = m->has_last = false;
	m->at = m->first_at;
	m->pending.n = m->gone = 0;
}

/* Find the place to go on from: where it was, or, when the file was rewritten, its beginning. */
static void
find_place(struct mboxfile *m, const struct stat *st)
{
	bool same = m->st.st_ino == st->st_ino && m->has_first && m->has_last &&
	    (uint64_t)st->st_size >= m->last.end;
	uint64_t end;

	if (m->placed && same && m->st.st_size == st->st_size &&
	    m->st.st_mtim.tv_sec == st->st_mtim.tv_sec &&
	    m->st.st_mtim.tv_nsec == st->st_mtim.tv_nsec)
		return;
	m->first_at = mbox_first(&m->view.bytes, &m->bare);
	if (same && stands(m, m->first_at, m->first, &end) &&
	    stands(m, m->last.at, m->last.key, &end))
		m->at = end;
	else
		forget_place(m);
	m->st = *st;
	m->placed = true;
}

static void
move_mark(struct mboxfile *m, const struct spot *s)
{
	m->mark = (struct position){ .inode = (uint64_t)m->st.st_ino,
		.end = s->end,
		.last_at = s->at,
		.first = m->first,
		.last = s->key };
	m->moved = true;
}

static struct pending *
pending_of(const struct mboxfile *m, size_t *n)
{
	*n = m->pending.n / sizeof(struct pending);
	return (struct pending *)(void *)m->pending.p;
}

/* ${s} was met and is known, or stands for nothing more than what is pending. */
static void
pass(struct mboxfile *m, const struct spot *s)
{
	size_t n;
	struct pending *p = pending_of(m, &n);

	if (n > m->gone)
		p[n - 1].up_to = *s;
	else
		move_mark(m, s);
}

/* Whether the position waits for a mail with ${key} already: then it waits for further ones with it. */
static bool
is_pending(const struct mboxfile *m, struct key key)
{
	size_t n;
	const struct pending *p = pending_of(m, &n);

	for (size_t i = m->gone; i < n; i++)
		if (key_eq(p[i].key, key))
			return true;
	return false;
}

static int
hold(struct mboxfile *m, const struct mbox_mail *mail, const struct spot *s, struct err *e)
{
	struct waiting w = { .key = s->key, .at = s->at };

	w.fd = mboxmail_copy(&m->view, mail, m->tmp_dir, &w.size, e);
	if (w.fd < 0)
		return -1;
	buf_put(&m->waiting, &w, sizeof(w));
	handed_put(&m->handed, s->key);
	return 0;
}

/* The mail at m->at: 1, 0 where there is none, -1. */
static int
take_one(struct mboxfile *m, const struct keyset *known, struct err *e)
{
	struct mbox_mail mail;
	struct spot s;
	bool is_known, is_handed;

	if (!measure(m, m->at, &mail))
		return m->view.errnum != 0 ? trouble(m, m->view.errnum, e) : 0;
	s = (struct spot){ mboxmail_key(&m->view, &mail, m->digest), mail.at, mail.end };
	if (m->view.errnum != 0)
		return trouble(m, m->view.errnum, e);
	is_known =
	    (mail.internal && m->at == m->first_at) || (keyset_get(known, s.key) != KNOWN_NOT);
	is_handed = handed_has(&m->handed, s.key);
	if (!is_known && !is_handed && hold(m, &mail, &s, e) < 0)
		return -1;
	if (!m->has_first)
		m->first = s.key;
	m->has_first = m->has_last = true;
	m->last = s;
	m->at = mail.end;
	/* The same mail a million times over takes no more room than once. */
	if (is_known || (is_handed && is_pending(m, s.key))) {
		pass(m, &s);
	} else {
		struct pending p = { .key = s.key, .up_to = s };

		buf_put(&m->pending, &p, sizeof(p));
	}
	return 1;
}

static uint64_t
bytes_waiting(const struct mboxfile *m)
{
	const struct waiting *w = (const void *)m->waiting.p;
	uint64_t bytes = 0;

	for (size_t i = 0; i < m->waiting.n / sizeof(*w); i++)
		bytes += w[i].size > m->view.most ? 0 : w[i].size;
	return bytes;
}

/* With the lock: as many mails as may be taken at once. */
static int
take_some(struct mboxfile *m, const struct keyset *known, struct err *e)
{
	int64_t until = now_ms() + MBOXFILE_HOLD_MS;
	int rc = 1;

	while (rc > 0 && m->waiting.n < TAKE_MAILS * sizeof(struct waiting) &&
	    bytes_waiting(m) < TAKE_BYTES && now_ms() < until)
		rc = take_one(m, known, e);
	return rc < 0 ? -1 : rc == 0 ? TAKEN_ALL : TAKEN_SOME;
}

/* Whether the file is as it was when it was read to its end. */
static bool
is_as_it_was(const struct mboxfile *m)
{
	struct stat st;

	return m->through && stat(m->root, &st) == 0 && st.st_ino == m->st.st_ino &&
	    st.st_size == m->st.st_size && st.st_mtim.tv_sec == m->st.st_mtim.tv_sec &&
	    st.st_mtim.tv_nsec == m->st.st_mtim.tv_nsec;
}

static int
take(struct mboxfile *m, const struct keyset *known, struct err *e)
{
	struct stat st;
	int rc;

	if (is_as_it_was(m))
		return TAKEN_ALL;
	m->through = false;
	rc = mboxlock_take(&m->lock, &st, e);
	if (rc != MBOXLOCK_OURS)
		return rc < 0 ? -1 : rc == MBOXLOCK_GONE ? TAKEN_ALL : TAKEN_LOCKED;
	m->locked_since = 0;
	mboxview_open(&m->view, m->lock.fd, (uint64_t)st.st_size);
	find_place(m, &st);
	rc = m->view.errnum != 0 ? trouble(m, m->view.errnum, e) : take_some(m, known, e);
	mboxlock_release(&m->lock);
	m->through = rc == TAKEN_ALL;
	return rc;
}

bool
mboxfile_unchanged(struct mboxfile *m)
{
	struct stat st;
	struct err e;
	bool rc;

	/* A mailbox without mails has none that are known. */
	if (stat(m->root, &st) == 0 ? st.st_size == 0 : errno == ENOENT) {
		m->scanning = false;
		return true;
	}
	if (!m->has_last || mboxlock_take(&m->lock, &st, &e) != MBOXLOCK_OURS)
		return false;
	mboxview_open(&m->view, m->lock.fd, (uint64_t)st.st_size);
	find_place(m, &st);
	rc = m->view.errnum == 0 && m->at == (uint64_t)st.st_size;
	mboxlock_release(&m->lock);
	/* What comes from here on is the next run's, which knows the keys. */
	m->scanning &= !rc;
	return rc;
}

/* Try again in a moment: SOURCE_WAIT, or -1 when it was tried for too long. */
static int
wait_for_lock(struct mboxfile *m, struct err *e)
{
	const struct itimerspec pause = { .it_value = { 0, LOCK_PAUSE_MS * 1000000l } };
	bool dot = access(m->lock.dotlock, F_OK) == 0;

	if (m->locked_since == 0)
		m->locked_since = now_ms();
	if (now_ms() - m->locked_since >= MBOXFILE_PATIENCE_MS) {
		m->locked_since = 0;
		return err_set(e, ERR_SOURCE, "\"%s\" is locked by another program%s%s%s", m->root,
		    dot ? " (\"" : "", dot ? m->lock.dotlock : "", dot ? "\")" : "");
	}
	if (m->timer < 0)
		m->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (m->timer < 0 || timerfd_settime(m->timer, 0, &pause, NULL) != 0)
		return err_set(e, ERR_SOURCE, "could not wait for a lock: %s", strerror(errno));
	return SOURCE_WAIT;
}

static int
hand_out(struct mboxfile *m, struct mail *mail)
{
	struct waiting w;

	memcpy(&w, m->waiting.p, sizeof(w));
	buf_skip(&m->waiting, sizeof(w));
	snprintf(m->name, sizeof(m->name), "byte %llu", (unsigned long long)w.at);
	*mail = (struct mail){ .keys = { w.key },
		.nkeys = 1,
		.held = w.size <= m->view.most,
		.fd = w.fd,
		.size = w.size,
		.name = m->name };
	return SOURCE_MAIL;
}

int
mboxfile_next(struct mboxfile *m, const struct keyset *known, struct mail *mail, struct err *e)
{
	int rc = TAKEN_SOME;

	if (m->waiting.n > 0)
		return hand_out(m, mail);
	if (!m->scanning && m->inotify == NULL)
		return SOURCE_END;
	if (!m->scanning && !inotify_due(m->inotify))
		return SOURCE_WAIT;
	if (!m->scanning)
		handed_thin_out(&m->handed, known);
	m->scanning = true;
	while (rc == TAKEN_SOME && m->waiting.n == 0)
		rc = take(m, known, e);
	if (rc < 0)
		return -1;
	if (m->waiting.n > 0)
		return hand_out(m, mail);
	if (rc == TAKEN_LOCKED)
		return wait_for_lock(m, e);
	m->scanning = false;
	if (m->inotify == NULL)
		return SOURCE_END;
	inotify_done(m->inotify);
	return SOURCE_WAIT;
}

void
mboxfile_acknowledge(struct mboxfile *m, struct key key)
{
	size_t n;
	struct pending *p = pending_of(m, &n);

	for (size_t i = m->gone; i < n; i++)
		p[i].done |= key_eq(p[i].key, key);
	for (; m->gone < n && p[m->gone].done; m->gone++)
		move_mark(m, &p[m->gone].up_to);
	if (m->gone > n / 2) {
		buf_skip(&m->pending, m->gone * sizeof(*p));
		m->gone = 0;
	}
}

bool
mboxfile_position(struct mboxfile *m, struct position *p)
{
	bool moved = m->moved;

	*p = m->mark;
	m->moved = false;
	return moved;
}

void
mboxfile_pollfd(const struct mboxfile *m, struct pollfd *p)
{
	*p = (struct pollfd){ .fd = -1, .events = POLLIN };
	if (m->locked_since != 0)
		p->fd = m->timer;
	else if (m->inotify != NULL)
		p->fd = inotify_fd(m->inotify);
}

void
mboxfile_service(struct mboxfile *m)
{
	uint64_t expired;
	ssize_t ignored;

	if (m->timer >= 0) {
		ignored = read(m->timer, &expired, sizeof(expired));
		(void)ignored;
	}
	if (m->inotify != NULL)
		inotify_service(m->inotify);
}
