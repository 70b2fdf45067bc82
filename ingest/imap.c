#include "ingest/imap.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/again.h"
#include "core/arena.h"
#include "core/instrument.h"
#include "core/limits.h"
#include "core/log.h"
#include "core/now.h"

#include "ingest/await.h"
#include "ingest/fetchconf.h"
#include "ingest/fetcher.h"
#include "ingest/imapurl.h"
#include "ingest/post.h"

#define ARENA_BYTES ((size_t)64 << 20) /* names of folders */
#define NAME_BYTES ((size_t)2048)      /* of a mail */
#define WAITING_MOST 64   /* mails taken in and not handed out; the others wait in the socket */
#define FINISH_SECONDS 30 /* beside what a silent server is given */

/* A mail that came and was not handed out yet; its name stands behind it. */
struct waiting {
	struct key key;
	int fd;
	size_t n;
};

/* A folder's mark as the fetcher told it last. */
struct told {
	struct told *next;
	struct mark mark;
	bool news;
	bool anew; /* a mark of 0 came, and was not handed on: the database has to forget first */
};

struct imap {
	struct arena *arena; /* holds this too */
	const char *id, *lock;
	struct fetch_conf conf;
	pid_t pid; /* 0: not started, or ended */
	struct post *post;
	struct buf resume; /* struct mark: how far it was read */
	struct buf mails;  /* struct waiting and names */
	struct buf name;   /* of the mail handed out last, with its NUL */
	struct buf text;
	struct buf settled; /* struct key */
	struct buf handed;  /* struct mark, as imap_marks gave them */
	struct told *folders;
	struct buf troubles; /* struct err, each of one folder */
	struct err trouble;  /* that ended it; ERR_NONE: none */
	size_t nwaiting;
	int64_t until; /* finishing: so long the fetcher may say nothing */
	bool started, through, finishing;
	bool taken; /* the caller has seen ->settled */
};

/* The folders are part of it: another source of the account may work at the same time. */
static const char *
name_lock(struct arena *a, const char *id, const struct imap_conf *conf)
{
	struct buf b;
	struct str lock;

	buf_init(&b, SIZE_MAX / 2);
	buf_puts(&b, str_of(id));
	for (size_t i = 0; i < conf->nfolders; i++)
		buf_printf(&b, " %s", conf->folders[i]);
	lock = arena_str(a, buf_str(&b));
	buf_fini(&b);
	return lock.p;
}

struct imap *
imap_open(const struct source_conf *conf, const char *tmp_dir, struct err *e)
{
	struct arena *arena = arena_new(ARENA_BYTES);
	struct imap *m = arena_alloc(arena, sizeof(*m));

	m->arena = arena;
	m->conf = (struct fetch_conf){ .imap = *conf->imap,
		.after = conf->after,
		.move_to = conf->move_to,
		.failures = conf->failures,
		.tmp_dir = tmp_dir,
		.watch = conf->watch };
	if (m->conf.imap.most == 0)
		m->conf.imap.most = LIMIT_MAIL_BYTES;
	m->id = imapurl_id(arena, conf->imap->user, conf->imap->link.host, conf->imap->link.port);
	m->lock = m->id != NULL ? name_lock(arena, m->id, conf->imap) : NULL;
	if (m->lock == NULL) {
		err_set(e, ERR_CONFIG, "%.200s: its names are too long", conf->imap->name);
		arena_free(arena);
		return NULL;
	}
	buf_init(&m->resume, SIZE_MAX / 2);
	buf_init(&m->mails, SIZE_MAX / 2);
	buf_init(&m->name, NAME_BYTES);
	buf_init(&m->text, NAME_BYTES);
	buf_init(&m->settled, SIZE_MAX / 2);
	buf_init(&m->handed, SIZE_MAX / 2);
	buf_init(&m->troubles, (size_t)1 << 20);
	return m;
}

/* What looks for leaks does so as the process ends by itself, which it does when it was hung up on. */
static void
await_its_say(pid_t pid)
{
	siginfo_t ended = { 0 };

	for (int i = 0; i < 1000; i++) {
		if (waitid(P_PID, (id_t)pid, &ended, WEXITED | WNOHANG | WNOWAIT) != 0 ||
		    ended.si_pid == pid)
			return;
		usleep(10000);
	}
}

/* End the fetcher, which loses nothing by it, and leave no zombie. */
static int
bury(struct imap *m)
{
	int status = 0;

	if (m->pid == 0)
		return 0;
	post_free(m->post);
	m->post = NULL;
	if (INSTRUMENTED)
		await_its_say(m->pid);
	kill(m->pid, SIGTERM);
	while (waitpid(m->pid, &status, 0) < 0 && errno == EINTR)
		;
	m->pid = 0;
	return status;
}

/* What came and nobody wants. */
static void
drop_mails(struct imap *m)
{
	struct waiting w;

	for (; m->mails.n > 0; buf_skip(&m->mails, sizeof(w) + w.n)) {
		memcpy(&w, m->mails.p, sizeof(w));
		close(w.fd);
	}
	m->nwaiting = 0;
}

void
imap_close(struct imap *m)
{
	if (m == NULL)
		return;
	bury(m);
	drop_mails(m);
	buf_fini(&m->resume);
	buf_fini(&m->mails);
	buf_fini(&m->name);
	buf_fini(&m->text);
	buf_fini(&m->settled);
	buf_fini(&m->handed);
	buf_fini(&m->troubles);
	arena_free(m->arena);
}

const char *
imap_id(const struct imap *m)
{
	return m->id;
}

const char *
imap_lock(const struct imap *m)
{
	return m->lock;
}

void
imap_resume(struct imap *m, const struct mark *marks, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct mark mark = marks[i];

		mark.name = ""; /* the id says it */
		buf_put(&m->resume, &mark, sizeof(mark));
	}
}

struct keys {
	struct post *post;
	enum known what;
	struct buf some;
};

static void
send_keys(struct keys *k)
{
	post_keys(k->post, k->what, (const void *)k->some.p, k->some.n / sizeof(struct key));
	buf_reset(&k->some);
}

static void
add_key(void *arg, struct key key)
{
	struct keys *k = arg;

	buf_put(&k->some, &key, sizeof(key));
	if (k->some.n >= POST_KEYS_MOST * sizeof(key))
		send_keys(k);
}

/* Tell the fetcher all it has to know. */
static void
brief(struct imap *m, const struct keyset *known)
{
	const struct mark *marks = (const void *)m->resume.p;
	struct keys k = { .post = m->post };
	struct buf conf;

	buf_init(&conf, FETCHCONF_BYTES);
	fetchconf_put(&conf, &m->conf);
	post_send(m->post, POST_CONF, buf_str(&conf), -1);
	buf_fini(&conf);
	for (size_t i = 0; i < m->resume.n / sizeof(*marks); i++)
		post_mark(m->post, &marks[i]);
	buf_init(&k.some, SIZE_MAX / 2);
	for (k.what = KNOWN_DONE; k.what <= KNOWN_FAILURE; k.what++) {
		keyset_each(known, k.what, add_key, &k);
		send_keys(&k);
	}
	buf_fini(&k.some);
	post_send(m->post, POST_START, STR(""), -1);
}

static int
start(struct imap *m, const struct keyset *known, struct err *e)
{
	int ends[2], rc;

	m->started = true;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
		return err_set(e, ERR_SOURCE, "%.200s: could not start a fetcher: %s",
		    m->conf.imap.name, strerror(errno));
	rc = again_start(&m->pid, NULL, FETCHER_NAME, ends[1], environ);
	close(ends[1]);
	if (rc != 0) {
		m->pid = 0;
		close(ends[0]);
		return err_set(e, ERR_SOURCE, "%.200s: could not start a fetcher: %s",
		    m->conf.imap.name, strerror(rc));
	}
	m->post = post_new(ends[0]);
	brief(m, known);
	return 0;
}

/* A key, a name and a descriptor: what a fetcher may have got from a stranger is checked. */
static int
take_mail(struct imap *m, struct post_message *in)
{
	struct waiting w = { .fd = in->fd };
	struct str name;

	if (in->fd < 0 || in->payload.n < sizeof(w.key))
		return -1;
	if (m->finishing)
		return 0; /* the next run's */
	memcpy(&w.key, in->payload.p, sizeof(w.key));
	name = (struct str){ in->payload.p + sizeof(w.key), in->payload.n - sizeof(w.key) };
	w.n = str_utf8(name);
	if (w.n >= NAME_BYTES)
		w.n = str_utf8((struct str){ name.p, NAME_BYTES - 1 });
	buf_put(&m->mails, &w, sizeof(w));
	buf_put(&m->mails, name.p, w.n);
	m->nwaiting++;
	in->fd = -1;
	return 0;
}

static int
take_mark(struct imap *m, struct str payload)
{
	struct mark mark;
	struct told *t = m->folders;

	if (post_get_mark(payload, &mark, &m->text) < 0)
		return -1;
	while (t != NULL && t->mark.folder_id != mark.folder_id)
		t = t->next;
	if (t == NULL) {
		struct str name = arena_str(m->arena, str_of(mark.name));

		t = arena_alloc(m->arena, sizeof(*t));
		if (t == NULL || name.p == NULL)
			return -1;
		t->next = m->folders;
		t->mark.name = name.p;
		m->folders = t;
	}
	mark.name = t->mark.name;
	t->anew |= mark.uid == 0;
	t->mark = mark;
	t->news = true;
	return 0;
}

static int
take_settled(struct imap *m, struct str payload)
{
	enum known what;
	const char *keys;
	size_t n;

	if (post_get_keys(payload, &what, &keys, &n) < 0)
		return -1;
	if (m->taken)
		buf_reset(&m->settled);
	m->taken = false;
	buf_put(&m->settled, keys, n * sizeof(struct key));
	return 0;
}

static int
take_trouble(struct imap *m, struct str payload)
{
	struct err e;

	if (post_get_trouble(payload, &e) < 0)
		return -1;
	if (e.kind == ERR_MESSAGE)
		buf_put(&m->troubles, &e, sizeof(e));
	else
		m->trouble = e;
	return 0;
}

static int
take(struct imap *m, struct post_message *in)
{
	switch (in->type) {
	case POST_MAIL:
		return take_mail(m, in);
	case POST_KEYS:
		return take_settled(m, in->payload);
	case POST_MARK:
		return take_mark(m, in->payload);
	case POST_TROUBLE:
		return take_trouble(m, in->payload);
	case POST_THROUGH:
		m->through = true;
		return 0;
	case POST_NOTE:
		log_event(LOG_WARN, "%.*s", STR_ARG(in->payload));
		return 0;
	default:
		return -1;
	}
}

/* The fetcher hung up: well when it was told to finish, or told why. */
static void
end(struct imap *m)
{
	int status = bury(m);

	if (m->finishing || m->trouble.kind != ERR_NONE)
		return;
	if (WIFSIGNALED(status) && WTERMSIG(status) != SIGTERM)
		err_set(&m->trouble, ERR_SOURCE, "%.200s: its fetcher was killed by signal %d",
		    m->conf.imap.name, WTERMSIG(status));
	else
		err_set(&m->trouble, ERR_SOURCE, "%.200s: its fetcher gave up", m->conf.imap.name);
}

/* A server can keep its fetcher busy for ever. */
static void
give_up(struct imap *m)
{
	bury(m);
	if (m->trouble.kind == ERR_NONE)
		err_set(&m->trouble, ERR_SOURCE,
		    "%.200s: the server does not let us finish: not all mails may be acknowledged",
		    m->conf.imap.name);
}

static void
be_patient(struct imap *m)
{
	m->until = now_ms() + (FINISH_SECONDS + (int64_t)m->conf.imap.link.wait_seconds) * 1000;
}

static bool
is_full(const struct imap *m)
{
	return m->nwaiting >= WAITING_MOST;
}

/* Take in what the fetcher said, as far as there is room. */
static void
pump(struct imap *m)
{
	struct post_message in;
	int rc = 0;

	if (m->pid == 0)
		return;
	post_flush(m->post);
	while (rc == 0 && !is_full(m)) {
		int got = post_receive(m->post, &in);

		if (got == 0)
			break;
		rc = got > 0 ? take(m, &in) : -1;
		if (got > 0 && in.fd >= 0)
			close(in.fd);
		be_patient(m);
	}
	if (rc != 0)
		end(m);
	else if (m->finishing && await_left(m->until) == 0)
		give_up(m);
}

/* Settled mails are known to be done with. */
static void
note_settled(struct imap *m, struct keyset *known)
{
	const struct key *keys = (const void *)m->settled.p;

	for (size_t i = 0; !m->taken && i < m->settled.n / sizeof(*keys); i++)
		if (keyset_get(known, keys[i]) != KNOWN_NOT)
			keyset_put(known, keys[i], KNOWN_DONE);
}

static int
hand_out(struct imap *m, struct mail *mail, struct err *e)
{
	struct waiting w;
	struct stat st;

	memcpy(&w, m->mails.p, sizeof(w));
	buf_reset(&m->name);
	buf_put(&m->name, m->mails.p + sizeof(w), w.n);
	buf_put8(&m->name, '\0');
	buf_skip(&m->mails, sizeof(w) + w.n);
	m->nwaiting--;
	if (fstat(w.fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(w.fd);
		return err_set(e, ERR_MESSAGE, "%.200s: \"%.200s\" did not come as a file",
		    m->conf.imap.name, m->name.p);
	}
	*mail = (struct mail){ .keys = { w.key },
		.nkeys = 1,
		.held = (uint64_t)st.st_size <= m->conf.imap.most,
		.fd = w.fd,
		.size = (uint64_t)st.st_size,
		.name = m->name.p };
	return SOURCE_MAIL;
}

/* What the fetcher had to say of single folders, one at a time. */
static int
tell_trouble(struct imap *m, struct err *e)
{
	memcpy(e, m->troubles.p, sizeof(*e));
	buf_skip(&m->troubles, sizeof(*e));
	if (m->troubles.n == 0)
		buf_reset(&m->troubles); /* of being over, too */
	return -1;
}

int
imap_next(struct imap *m, struct keyset *known, struct mail *mail, struct err *e)
{
	if (!m->started && start(m, known, e) < 0)
		return -1;
	pump(m);
	note_settled(m, known);
	if (m->mails.n > 0)
		return hand_out(m, mail, e);
	if (m->troubles.n > 0)
		return tell_trouble(m, e);
	if (m->trouble.kind != ERR_NONE) {
		*e = m->trouble;
		return -1;
	}
	return m->through || m->pid == 0 ? SOURCE_END : SOURCE_WAIT;
}

int
imap_acknowledge(struct imap *m, struct key key, const char *name, enum known what, struct err *e)
{
	(void)name;
	(void)e;
	if (m->pid != 0)
		post_keys(m->post, what, &key, 1);
	return 0;
}

const struct key *
imap_settled(struct imap *m, size_t *n)
{
	if (m->taken)
		buf_reset(&m->settled);
	m->taken = true;
	*n = m->settled.n / sizeof(struct key);
	return (const void *)m->settled.p;
}

const struct mark *
imap_marks(struct imap *m, size_t *n)
{
	buf_reset(&m->handed);
	for (struct told *t = m->folders; t != NULL; t = t->next) {
		struct mark mark = t->mark;

		if (!t->news)
			continue;
		if (t->anew)
			mark.uid = 0;
		t->news = mark.uid != t->mark.uid; /* the rest comes next time */
		t->anew = false;
		buf_put(&m->handed, &mark, sizeof(mark));
	}
	*n = m->handed.n / sizeof(struct mark);
	return (const void *)m->handed.p;
}

void
imap_pollfd(const struct imap *m, struct pollfd *p)
{
	*p = (struct pollfd){ .fd = -1 };
	if (m->pid != 0)
		*p = (struct pollfd){ .fd = post_fd(m->post),
			.events = (short)((is_full(m) ? 0 : POLLIN) |
			    (post_queued(m->post) ? POLLOUT : 0)) };
}

int
imap_service(struct imap *m, struct err *e)
{
	pump(m);
	if (m->finishing && m->troubles.n > 0)
		return tell_trouble(m, e);
	if (m->trouble.kind == ERR_NONE || m->mails.n > 0)
		return 0;
	*e = m->trouble;
	return -1;
}

void
imap_finish(struct imap *m)
{
	if (m->pid != 0 && !m->finishing)
		post_send(m->post, POST_FINISH, STR(""), -1);
	if (!m->finishing) {
		drop_mails(m);
		be_patient(m);
	}
	m->finishing = true;
}

bool
imap_busy(const struct imap *m)
{
	return m->finishing && (m->pid != 0 || m->troubles.n > 0);
}
