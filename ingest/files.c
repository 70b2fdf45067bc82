#include "ingest/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/arena.h"
#include "core/buf.h"
#include "core/limits.h"

#include "ingest/handed.h"
#include "ingest/inotify.h"
#include "ingest/mailfile.h"
#include "ingest/source.h"
#include "ingest/syserr.h"

#define PIECE ((size_t)64 << 10)
#define PATH_BYTES ((size_t)64 << 10)
#define QUIET_NS 500000000ll /* since the last write: then a file is taken for complete */

struct level {
	DIR *dir;
	size_t path; /* bytes of the path up to here, slash included */
};

struct files {
	const char *root;
	struct level levels[FILES_DEPTH];
	size_t depth;
	bool single;     /* root is a file, not yet handed out */
	bool tree;       /* root is a directory */
	struct buf path; /* of the entry in hand, relative to the root */
	struct digest *digest;
	struct inotify *inotify; /* NULL: not watching */
	struct handed handed;    /* second keys; used when watching */
	bool scanning;
	char piece[PIECE];
};

static void
leave(struct files *f)
{
	while (f->depth > 0)
		closedir(f->levels[--f->depth].dir);
	f->single = false;
	f->scanning = false;
}

/* What cannot be watched is looked at every five minutes all the same. */
static void
watch(struct files *f, int dir)
{
	if (f->inotify != NULL)
		(void)inotify_watch(f->inotify, dir);
}

/* Walk the directory ${name} in ${dir}, whose path is in f->path; 0 or the error's number. */
static int
descend(struct files *f, int dir, const char *name)
{
	int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	DIR *opened;
	int fd;

	fd = openat(dir, name, flags);
	if (fd < 0)
		return errno;
	opened = fdopendir(fd);
	if (opened == NULL) {
		int errnum = errno;

		close(fd);
		return errnum;
	}
	watch(f, fd);
	f->levels[f->depth].dir = opened;
	f->levels[f->depth].path = f->path.n;
	f->depth++;
	return 0;
}

/* Begin with the root; 0 or the error's number. */
static int
begin(struct files *f)
{
	struct stat st;

	if (stat(f->root, &st) != 0)
		return errno;
	f->tree = S_ISDIR(st.st_mode);
	f->single = !f->tree;
	f->path.n = 0;
	f->scanning = true;
	return f->tree ? descend(f, AT_FDCWD, f->root) : 0;
}

struct files *
files_open(struct arena *arena, const char *root, bool watch, struct err *e)
{
	struct files *f = arena_alloc(arena, sizeof(*f));
	int errnum;

	if (f == NULL) {
		err_set(e, ERR_CONFIG, "could not open \"%s\": the path is too long", root);
		return NULL;
	}
	f->root = root;
	f->digest = digest_new();
	handed_init(&f->handed);
	buf_init(&f->path, PATH_BYTES);
	errnum = begin(f);
	if (errnum != 0)
		syserr_set(e, ERR_SOURCE, "could not read", root, STR(""), errnum);
	else if (watch)
		f->inotify = inotify_open(INOTIFY_FILES, e);
	if (errnum == 0 && !watch)
		return f;
	if (f->inotify != NULL) {
		leave(f);
		return f;
	}
	files_close(f);
	return NULL;
}

bool
files_is_tree(const struct files *f)
{
	return f->tree;
}

void
files_close(struct files *f)
{
	if (f == NULL)
		return;
	leave(f);
	inotify_close(f->inotify);
	handed_fini(&f->handed);
	digest_free(f->digest);
	buf_fini(&f->path);
}

static int
trouble(const struct files *f, enum err_kind kind, int errnum, struct err *e)
{
	bool below = f->depth > 0;

	return syserr_set(
	    e, kind, "could not read", f->root, below ? str_of(f->path.p) : STR(""), errnum);
}

static struct key
stat_key(struct files *f, const struct stat *st)
{
	digest_start(f->digest);
	digest_field(f->digest, STR("stat"));
	digest_field(f->digest, str_of(f->path.p));
	digest_number(f->digest, (uint64_t)st->st_size);
	digest_number(f->digest, (uint64_t)st->st_mtim.tv_sec);
	digest_number(f->digest, (uint64_t)st->st_mtim.tv_nsec);
	digest_number(f->digest, (uint64_t)st->st_ino);
	return key_of(digest_end(f->digest));
}

/* What is beyond the ceiling is too big to be read, here as well: size and time tell it apart. */
static int
content_key(struct files *f, int fd, const struct stat *st, struct key *out)
{
	struct sha256 h;
	bool too_big = (uint64_t)st->st_size > LIMIT_XML_BYTES;
	uint64_t at = 0;

	digest_start(f->digest);
	while (!too_big && at < LIMIT_XML_BYTES) {
		ssize_t n = pread(fd, f->piece, PIECE, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno;
		if (n == 0)
			break;
		digest_add(f->digest, (struct str){ f->piece, (size_t)n });
		at += (uint64_t)n;
	}
	if (too_big) {
		digest_number(f->digest, (uint64_t)st->st_size);
		digest_number(f->digest, (uint64_t)st->st_mtim.tv_sec);
		digest_number(f->digest, (uint64_t)st->st_mtim.tv_nsec);
	}
	h = digest_end(f->digest);
	digest_start(f->digest);
	digest_field(f->digest, STR("content"));
	digest_field(f->digest, str_of(f->path.p));
	digest_field(f->digest, (struct str){ (const char *)h.b, sizeof(h.b) });
	*out = key_of(digest_end(f->digest));
	return 0;
}

static int
refused(const struct files *f, int errnum, struct err *e)
{
	bool all = errnum == EMFILE || errnum == ENFILE;

	return trouble(f, all ? ERR_SOURCE : ERR_MESSAGE, errnum, e);
}

/* A clock that is behind the file's says nothing. */
static bool
is_young(const struct stat *st)
{
	struct timespec now;
	long long age;

	clock_gettime(CLOCK_REALTIME, &now);
	age = (now.tv_sec - st->st_mtim.tv_sec) * 1000000000ll + now.tv_nsec - st->st_mtim.tv_nsec;
	return age >= 0 && age < QUIET_NS;
}

/* Open ${name} in ${dir} and hand it out, at least its keys: 1, 0 when it is gone, -1. */
static int
hand_out(struct files *f, int dir, const char *name, const struct keyset *known, struct mail *mail,
    struct err *e)
{
	struct stat st;
	int errnum, fd = mailfile_open(dir, name, &st, &errnum);

	if (fd < 0)
		return errnum == ENOENT || errnum == ELOOP ? 0 : refused(f, errnum, e);
	if (f->inotify != NULL && is_young(&st)) {
		close(fd);
		inotify_again(f->inotify);
		return 0;
	}
	*mail = (struct mail){ .nkeys = 2, .fd = -1, .name = f->path.p, .bare = true };
	errnum = content_key(f, fd, &st, &mail->keys[0]);
	if (errnum != 0) {
		close(fd);
		return refused(f, errnum, e);
	}
	mail->keys[1] = stat_key(f, &st);
	if (f->inotify != NULL)
		handed_put(&f->handed, mail->keys[1]);
	mail->size = (uint64_t)st.st_size;
	mail->known = keyset_get(known, mail->keys[0]) != KNOWN_NOT;
	if (mail->known)
		close(fd);
	else
		mail->fd = fd;
	return 1;
}

/* The entry ${name} of ${dir}: 1 with ${mail}, 0 when there is nothing to hand out, -1. */
static int
meet(struct files *f, int dir, const char *name, const struct keyset *known, struct mail *mail,
    struct err *e)
{
	struct stat st;
	struct key k;
	int errnum;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? 0 : trouble(f, ERR_MESSAGE, errno, e);
	if (S_ISDIR(st.st_mode) && f->depth == FILES_DEPTH)
		return err_set(e, ERR_MESSAGE,
		    "could not read \"%s/%.*s\": it is nested more than "
		    "%d deep; name it as a source of its own",
		    f->root, STR_ARG(str_of(f->path.p)), FILES_DEPTH);
	if (S_ISDIR(st.st_mode)) {
		f->path.p[f->path.n - 1] = '/';
		errnum = descend(f, dir, name);
		f->path.p[f->path.n - 1] = errnum == 0 ? '/' : '\0';
		if (errnum == 0 || errnum == ENOENT)
			return 0;
		return refused(f, errnum, e);
	}
	if (!S_ISREG(st.st_mode))
		return 0;
	k = stat_key(f, &st);
	if (keyset_get(known, k) != KNOWN_NOT || handed_has(&f->handed, k))
		return 0;
	return hand_out(f, dir, name, known, mail, e);
}

/* A single file is watched through its directory. */
static void
watch_beside(struct files *f)
{
	const char *slash = strrchr(f->root, '/');
	int fd;

	if (f->inotify == NULL)
		return;
	buf_reset(&f->path);
	buf_put(&f->path, f->root, slash > f->root ? (size_t)(slash - f->root) : 1);
	buf_put8(&f->path, '\0');
	fd = open(f->path.p, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		watch(f, fd);
		close(fd);
	}
	buf_reset(&f->path);
}

static int
next_single(struct files *f, const struct keyset *known, struct mail *mail, struct err *e)
{
	f->single = false;
	watch_beside(f);
	buf_puts(&f->path, str_of(strrchr(f->root, '/') + 1));
	buf_put8(&f->path, '\0');
	return meet(f, AT_FDCWD, f->root, known, mail, e);
}

/* Walk on: 1 with ${mail}, 0 at the end, -1. */
static int
scan(struct files *f, const struct keyset *known, struct mail *mail, struct err *e)
{
	if (f->single)
		return next_single(f, known, mail, e);
	while (f->depth > 0) {
		const struct level *top = &f->levels[f->depth - 1];
		const struct dirent *d;
		int rc;

		errno = 0;
		d = readdir(top->dir);
		if (d == NULL) {
			int errnum = errno;

			if (f->path.n > 0)
				f->path.p[top->path] = '\0';
			f->depth--;
			closedir(f->levels[f->depth].dir);
			if (errnum != 0 && errnum != ENOENT)
				return trouble(f, ERR_MESSAGE, errnum, e);
			continue;
		}
		if (d->d_name[0] == '.')
			continue;
		f->path.n = top->path;
		buf_puts(&f->path, str_of(d->d_name));
		buf_put8(&f->path, '\0');
		rc = meet(f, dirfd(top->dir), d->d_name, known, mail, e);
		if (rc != 0)
			return rc;
	}
	return 0;
}

/* Whether a walk is under way or due: 1, 0, -1. */
static int
may_scan(struct files *f, const struct keyset *known, struct err *e)
{
	int errnum;

	if (f->scanning)
		return 1;
	if (f->inotify == NULL || !inotify_due(f->inotify))
		return 0;
	handed_thin_out(&f->handed, known);
	errnum = begin(f);
	if (errnum == 0)
		return 1;
	return syserr_set(e, ERR_SOURCE, "could not read", f->root, STR(""), errnum);
}

int
files_next(struct files *f, const struct keyset *known, struct mail *mail, struct err *e)
{
	int rc = may_scan(f, known, e);

	if (rc > 0)
		rc = scan(f, known, mail, e);
	if (rc != 0)
		return rc < 0 ? -1 : SOURCE_MAIL;
	if (f->scanning && f->inotify != NULL)
		inotify_done(f->inotify);
	f->scanning = false;
	return f->inotify != NULL ? SOURCE_WAIT : SOURCE_END;
}

void
files_pollfd(const struct files *f, struct pollfd *p)
{
	*p = (struct pollfd){ .fd = f->inotify != NULL ? inotify_fd(f->inotify) : -1,
		.events = POLLIN };
}

int
files_service(struct files *f, struct err *e)
{
	(void)e;
	if (f->inotify != NULL)
		inotify_service(f->inotify);
	return 0;
}
