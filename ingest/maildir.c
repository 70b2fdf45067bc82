#include "ingest/maildir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/arena.h"
#include "core/buf.h"

#include "ingest/folder.h"
#include "ingest/handed.h"
#include "ingest/inotify.h"
#include "ingest/mailfile.h"
#include "ingest/mailname.h"
#include "ingest/settle.h"
#include "ingest/source.h"
#include "ingest/syserr.h"

#define FOLDERS_MAX ((size_t)64 << 20) /* bytes of their names: a million folders */
#define PATH_BYTES ((size_t)64 << 10)

struct maildir {
	const char *root;
	int fd;
	bool subfolders;
	struct settle *settle;
	struct digest *digest;
	struct handed handed;
	struct buf folders; /* paths below root, each with its NUL, in order of discovery */
	size_t next;        /* the first one not yet looked at */
	struct buf path;    /* the one being walked, with its NUL */
	struct folder folder;
	bool open;
	struct buf name;        /* of the mail handed out last, with its NUL */
	struct buf settled;     /* struct key */
	bool taken;             /* the caller has seen them */
	struct err stopped;     /* why acknowledging stopped, ERR_NONE while it works */
	struct keyset *refused; /* watching: what is due to mails that could not be acknowledged */
	size_t nrefused;
	bool whole;              /* nothing was passed over in this scan */
	struct inotify *inotify; /* NULL: not watching */
	bool scanning;
	bool told; /* watching: that acknowledging stopped */
	enum { WATCHED, UNWATCHED, UNWATCHED_TOLD } watched;
};

/* Begin with the root. */
static void
begin(struct maildir *m)
{
	buf_reset(&m->folders);
	buf_put8(&m->folders, '\0');
	m->next = 0;
	m->whole = true;
	m->scanning = true;
}

struct maildir *
maildir_open(struct arena *arena, const struct source_conf *conf, const char *root, struct err *e)
{
	struct maildir *m = arena_alloc(arena, sizeof(*m));
	int errnum;

	if (m == NULL) {
		err_set(e, ERR_CONFIG, "could not open \"%s\": the path is too long", root);
		return NULL;
	}
	m->root = root;
	m->subfolders = conf->subfolders;
	buf_init(&m->folders, FOLDERS_MAX);
	buf_init(&m->path, PATH_BYTES);
	buf_init(&m->name, PATH_BYTES);
	buf_init(&m->settled, SIZE_MAX);
	m->digest = digest_new();
	handed_init(&m->handed);
	m->refused = keyset_new();
	begin(m);
	m->scanning = !conf->watch;
	m->fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	errnum = m->fd < 0 ? errno : folder_open(&m->folder, m->fd, "");
	if (errnum == 0)
		folder_close(&m->folder);
	else
		syserr_set(e, ERR_SOURCE, "could not open the maildir", root, STR(""), errnum);
	if (errnum == 0)
		m->settle = settle_new(arena, conf, root, m->fd, e);
	if (m->settle != NULL && conf->watch)
		m->inotify = inotify_open(INOTIFY_NAMES, e);
	if (m->settle != NULL && (!conf->watch || m->inotify != NULL))
		return m;
	maildir_close(m);
	return NULL;
}

void
maildir_close(struct maildir *m)
{
	if (m == NULL)
		return;
	if (m->open)
		folder_close(&m->folder);
	settle_close(m->settle);
	inotify_close(m->inotify);
	handed_fini(&m->handed);
	keyset_free(m->refused);
	digest_free(m->digest);
	buf_fini(&m->folders);
	buf_fini(&m->path);
	buf_fini(&m->name);
	buf_fini(&m->settled);
	if (m->fd >= 0)
		close(m->fd);
}

/* ${name} in the folder being walked, relative to the root, with a NUL behind it. */
static void
name_mail(struct maildir *m, enum box b, struct str name)
{
	buf_reset(&m->name);
	buf_printf(&m->name, "%s%s%s/", m->path.p, m->path.p[0] != '\0' ? "/" : "", folder_box(b));
	buf_puts(&m->name, name);
	buf_put8(&m->name, '\0');
}

static struct key
key_of_mail(struct maildir *m, struct str name)
{
	digest_start(m->digest);
	digest_add(m->digest, STR("mail"));
	digest_add(m->digest, mailname_base(name));
	return key_of(digest_end(m->digest));
}

/* Whether a directory of this name may be a folder, or hold one when it is none. */
static bool
may_be_folder(struct str name, bool parent_is_folder)
{
	static const char *const never[] = { "cur", "new", "tmp", ".stversions" };

	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		if (str_eq(name, str_of(never[i])))
			return false;
	/* "..DOVECOT-TRASHED" is a folder being deleted */
	return name.p[0] != '.' || (parent_is_folder && name.n > 1 && name.p[1] != '.');
}

static bool
is_directory(int dir, const struct dirent *d)
{
	struct stat st;

	if (d->d_type != DT_UNKNOWN)
		return d->d_type == DT_DIR;
	return fstatat(dir, d->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

static void
add_folder(struct maildir *m, struct str name)
{
	size_t depth = m->path.p[0] != '\0';

	for (const char *p = m->path.p; *p != '\0'; p++)
		depth += *p == '/';
	if (depth >= MAILDIR_DEPTH)
		return;
	buf_printf(&m->folders, "%s%s", m->path.p, depth > 0 ? "/" : "");
	buf_puts(&m->folders, name);
	buf_put8(&m->folders, '\0');
}

/* What cannot be watched is looked at every five minutes all the same. */
static void
watch(struct maildir *m, int dir)
{
	if (m->inotify != NULL && inotify_watch(m->inotify, dir) != 0 && m->watched == WATCHED)
		m->watched = UNWATCHED;
}

/* Note the folders in the folder at m->path. */
static int
find_subfolders(struct maildir *m, struct err *e)
{
	const char *path = m->path.p[0] != '\0' ? m->path.p : ".";
	int fd = openat(m->fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *d;

	if (dir == NULL) {
		int errnum = errno;

		if (fd >= 0)
			close(fd);
		if (errnum == ENOENT)
			return 0;
		return syserr_set(e, ERR_MESSAGE, "could not look for mail folders in", m->root,
		    str_of(m->path.p), errnum);
	}
	watch(m, dirfd(dir));
	while ((d = readdir(dir)) != NULL)
		if (may_be_folder(str_of(d->d_name), m->open) && is_directory(dirfd(dir), d))
			add_folder(m, str_of(d->d_name));
	closedir(dir);
	if (!m->folders.over)
		return 0;
	return err_set(e, ERR_MESSAGE,
	    "could not look for mail folders in \"%s\": there are too many", m->root);
}

/* Go to the next folder that holds mails: 1, 0 when there is none, -1. */
static int
next_folder(struct maildir *m, struct err *e)
{
	while (m->next < m->folders.n) {
		struct str path = str_of(m->folders.p + m->next);
		int errnum;

		m->next += path.n + 1;
		buf_reset(&m->path);
		buf_puts(&m->path, path);
		buf_put8(&m->path, '\0');
		if (path.n > 0 && settle_is_target(m->settle, m->path.p))
			continue;
		errnum = folder_open(&m->folder, m->fd, m->path.p);
		if (errnum != 0 && errnum != ENOENT && errnum != ENOTDIR)
			return syserr_set(e, ERR_MESSAGE, "could not read the mail folder", m->root,
			    str_of(m->path.p), errnum);
		m->open = errnum == 0;
		if (m->open) {
			watch(m, folder_fd(&m->folder, BOX_NEW));
			watch(m, folder_fd(&m->folder, BOX_CUR));
		}
		if (m->subfolders && find_subfolders(m, e) != 0)
			return -1;
		if (m->open)
			return 1;
	}
	return 0;
}

static void
add_settled(struct maildir *m, struct key k)
{
	if (m->taken)
		buf_reset(&m->settled);
	m->taken = false;
	buf_put(&m->settled, &k, sizeof(k));
}

/* What a mail still waits for: as the database has it, or because acknowledging did not work. */
static enum known
due_to(const struct maildir *m, const struct keyset *known, struct key k)
{
	enum known due = keyset_get(known, k), refused = keyset_get(m->refused, k);

	return due == KNOWN_DONE && refused != KNOWN_NOT ? refused : due;
}

/* Nothing is due to it any more. */
static void
settled(struct maildir *m, struct keyset *known, struct key k)
{
	add_settled(m, k);
	keyset_put(known, k, KNOWN_DONE);
	if (keyset_get(m->refused, k) == KNOWN_NOT)
		return;
	m->nrefused -= keyset_get(m->refused, k) != KNOWN_DONE;
	keyset_put(m->refused, k, KNOWN_DONE);
	if (m->nrefused > 0)
		return;
	keyset_free(m->refused);
	m->refused = keyset_new();
}

/* The known mail ${name} waits for its after-action: 0 when the walk goes on, else -1. */
static int
settle_known(struct maildir *m, struct keyset *known, struct key k, enum box b, struct str name,
    struct err *e)
{
	int rc;

	if (m->stopped.kind != ERR_NONE)
		return 0;
	rc = settle_mail(m->settle, str_of(m->path.p), b, name, due_to(m, known, k), e);
	if (rc == 1)
		folder_again(&m->folder);
	if (rc == 0)
		settled(m, known, k);
	if (rc >= 0)
		return 0;
	if (e->kind == ERR_MESSAGE)
		return -1;
	m->stopped = *e;
	return 0;
}

/* Hand out the new mail ${name}: 1, 0 when it is none or gone, -1. */
static int
hand_out(
    struct maildir *m, struct key k, enum box b, struct str name, struct mail *mail, struct err *e)
{
	struct stat st;
	int errnum, fd = mailfile_open(folder_fd(&m->folder, b), name.p, &st, &errnum);

	if (fd < 0 && (errnum == ENOENT || errnum == ESTALE))
		folder_again(&m->folder);
	if (fd < 0 && (errnum == ENOENT || errnum == ESTALE || errnum == ELOOP))
		return 0;
	if (fd < 0 && (errnum == EMFILE || errnum == ENFILE))
		return syserr_set(
		    e, ERR_SOURCE, "could not read the maildir", m->root, STR(""), errnum);
	handed_put(&m->handed, k);
	name_mail(m, b, name);
	if (fd < 0)
		return syserr_set(
		    e, ERR_MESSAGE, "could not read", m->root, str_of(m->name.p), errnum);
	settle_outdated(m->settle);
	*mail = (struct mail){
		.keys = { k }, .nkeys = 1, .fd = fd, .size = (uint64_t)st.st_size, .name = m->name.p
	};
	return 1;
}

static int
meet(struct maildir *m, struct keyset *known, enum box b, struct str name, struct mail *mail,
    struct err *e)
{
	struct key k = key_of_mail(m, name);

	switch (due_to(m, known, k)) {
	case KNOWN_NOT:
		if (handed_has(&m->handed, k))
			return 0;
		return hand_out(m, k, b, name, mail, e);
	case KNOWN_SUCCESS:
	case KNOWN_FAILURE:
		return settle_known(m, known, k, b, name, e);
	case KNOWN_DONE:
		break;
	}
	return 0;
}

static void
forget(void *arg, struct key k)
{
	add_settled(arg, k);
}

/* What waits in ${known} was not there. */
static void
forget_gone(struct maildir *m, struct keyset *known)
{
	size_t before;

	if (!m->whole)
		return;
	before = m->taken ? 0 : m->settled.n;
	keyset_each(known, KNOWN_SUCCESS, forget, m);
	keyset_each(known, KNOWN_FAILURE, forget, m);
	for (size_t at = before; !m->taken && at < m->settled.n; at += sizeof(struct key)) {
		struct key k;

		memcpy(&k, m->settled.p + at, sizeof(k));
		keyset_put(known, k, KNOWN_DONE);
	}
}

/* Whether the root is still what its path names. */
static int
check_root(const struct maildir *m, struct err *e)
{
	struct stat open, named;

	if (fstat(m->fd, &open) == 0 && stat(m->root, &named) == 0 && open.st_dev == named.st_dev &&
	    open.st_ino == named.st_ino && folder_is(m->fd, "."))
		return 0;
	return err_set(e, ERR_SOURCE, "the maildir \"%s\" is gone", m->root);
}

/* Whether a scan is under way or due: 1, 0, -1. */
static int
may_scan(struct maildir *m, const struct keyset *known, struct err *e)
{
	if (m->scanning)
		return 1;
	if (m->inotify == NULL || !inotify_due(m->inotify))
		return 0;
	if (check_root(m, e) != 0)
		return -1;
	handed_thin_out(&m->handed, known);
	begin(m);
	watch(m, m->fd);
	return 1;
}

/* Everything new was handed out: now say, once, what could not be done. */
static int
end(struct maildir *m, struct keyset *known, struct err *e)
{
	bool again = m->inotify != NULL;
	bool stopped = m->stopped.kind != ERR_NONE && !(again && m->told);

	m->scanning = false;
	if (m->stopped.kind == ERR_NONE)
		forget_gone(m, known);
	else
		*e = m->stopped;
	m->told = again && m->stopped.kind != ERR_NONE;
	m->stopped.kind = ERR_NONE;
	if (!again)
		return stopped ? -1 : SOURCE_END;
	inotify_done(m->inotify);
	if (stopped) {
		e->kind = ERR_MESSAGE;
		return -1;
	}
	if (m->watched != UNWATCHED)
		return SOURCE_WAIT;
	m->watched = UNWATCHED_TOLD;
	return err_set(e, ERR_MESSAGE,
	    "could not watch all folders of \"%s\": what comes there is found within five minutes "
	    "(fs.inotify.max_user_watches?)",
	    m->root);
}

/* Walk on: 1 with ${mail}, 0 at the end of the scan, -1. */
static int
scan(struct maildir *m, struct keyset *known, struct mail *mail, struct err *e)
{
	struct str name;
	enum box b;
	int rc;

	for (;;) {
		rc = m->open ? 1 : next_folder(m, e);
		if (rc <= 0)
			return rc;
		while ((rc = folder_next(&m->folder, &b, &name)) > 0) {
			rc = meet(m, known, b, name, mail, e);
			if (rc != 0)
				return rc;
		}
		folder_close(&m->folder);
		m->open = false;
		if (rc < 0)
			return syserr_set(e, ERR_MESSAGE, "could not read the mail folder", m->root,
			    str_of(m->path.p), -rc);
	}
}

int
maildir_next(struct maildir *m, struct keyset *known, struct mail *mail, struct err *e)
{
	int rc = may_scan(m, known, e);

	if (rc <= 0)
		return rc < 0 ? -1 : m->inotify != NULL ? SOURCE_WAIT : SOURCE_END;
	rc = scan(m, known, mail, e);
	if (rc < 0)
		m->whole = false;
	if (rc == 0)
		return end(m, known, e);
	return rc < 0 ? -1 : SOURCE_MAIL;
}

/* Watching, the next scan tries anew; say it once. */
static int
refuse(struct maildir *m, struct key key, enum known what, struct err *e)
{
	bool told = m->told;

	m->nrefused += keyset_get(m->refused, key) == KNOWN_NOT;
	keyset_put(m->refused, key, what);
	m->told = true;
	e->kind = ERR_MESSAGE;
	return told ? 0 : -1;
}

int
maildir_acknowledge(
    struct maildir *m, struct key key, const char *name, enum known what, struct err *e)
{
	struct str folder = { name, 0 }, file;
	const char *slash = strrchr(name, '/');
	enum box b;

	if (what == KNOWN_DONE)
		return 0;
	if (slash == NULL || slash - name < 3)
		return err_set(e, ERR_MESSAGE, "cannot find \"%s\": no mail of a maildir", name);
	b = memcmp(slash - 3, "new", 3) == 0 ? BOX_NEW : BOX_CUR;
	file = str_of(slash + 1);
	if (slash - name > 4)
		folder.n = (size_t)(slash - name) - 4;
	if (settle_moved(m->settle, folder, b, file, what, e) == 0) {
		add_settled(m, key);
		m->told = false;
		return 0;
	}
	if (m->inotify == NULL || e->kind == ERR_MESSAGE)
		return -1;
	return refuse(m, key, what, e);
}

int
maildir_sync(struct maildir *m, struct err *e)
{
	return settle_sync(m->settle, e);
}

const struct key *
maildir_settled(struct maildir *m, size_t *n)
{
	if (m->taken)
		buf_reset(&m->settled);
	m->taken = true;
	*n = m->settled.n / sizeof(struct key);
	return (const struct key *)(const void *)m->settled.p;
}

void
maildir_pollfd(const struct maildir *m, struct pollfd *p)
{
	*p = (struct pollfd){ .fd = m->inotify != NULL ? inotify_fd(m->inotify) : -1,
		.events = POLLIN };
}

int
maildir_service(struct maildir *m, struct err *e)
{
	(void)e;
	if (m->inotify != NULL)
		inotify_service(m->inotify);
	return 0;
}
