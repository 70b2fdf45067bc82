#include "ingest/target.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/arena.h"
#include "core/buf.h"

#include "ingest/folder.h"
#include "ingest/mailfile.h"
#include "ingest/mailname.h"
#include "ingest/syserr.h"

#define SUFFIXES 1000 /* as many mails of one unique name are no accident */

struct target {
	const char *path;
	const char *root; /* the maildir whose mode and owner it gets */
	bool plusplus;    /* a Maildir++ folder, marked by a file "maildirfolder" */
	bool changed;
	int tmp, cur; /* -1 until the first mail */
};

/* ${root} without its last component when it is a Maildir++ folder itself. */
static struct str
base_maildir(struct arena *arena, const char *root)
{
	const char *slash = strrchr(root, '/');
	struct str parent;

	if (slash == NULL || slash == root || slash[1] != '.')
		return str_of(root);
	parent = arena_str(arena, (struct str){ root, (size_t)(slash - root) });
	return folder_is(AT_FDCWD, parent.p) ? parent : str_of(root);
}

/* Append the Maildir++ directory name that ${name} means; false when it means none. */
static bool
plusplus_name(struct buf *out, struct str name)
{
	char last = '.';

	if (str_casestarts(name, STR("INBOX.")) || str_casestarts(name, STR("INBOX/")))
		name = (struct str){ name.p + 6, name.n - 6 };
	else if (name.n > 0 && name.p[0] == '.')
		name = (struct str){ name.p + 1, name.n - 1 };
	if (str_caseeq(name, STR("INBOX")))
		return false;
	buf_put8(out, '.');
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i] == '/' ? '.' : name.p[i];

		if (c == '.' && last == '.')
			return false;
		buf_put(out, &c, 1);
		last = c;
	}
	return last != '.';
}

static struct str
place(struct arena *arena, const char *root, const char *name)
{
	struct str path = { NULL, 0 };
	struct buf b;

	if (name[0] == '/')
		return arena_str(arena, str_of(name));
	buf_init(&b, PATH_MAX);
	buf_puts(&b, base_maildir(arena, root));
	buf_put8(&b, '/');
	if (plusplus_name(&b, str_of(name)) && !b.over)
		path = arena_str(arena, buf_str(&b));
	buf_fini(&b);
	return path;
}

/* Whether ${path} holds nothing but what an interrupted creation leaves. */
static bool
unfinished(const char *path)
{
	DIR *dir = opendir(path);
	const struct dirent *d;
	bool yes = dir != NULL;

	while (yes && (d = readdir(dir)) != NULL)
		yes = strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0 ||
		    strcmp(d->d_name, "tmp") == 0 || strcmp(d->d_name, "new") == 0 ||
		    strcmp(d->d_name, "cur") == 0 || strcmp(d->d_name, "maildirfolder") == 0;
	if (dir != NULL)
		closedir(dir);
	return yes;
}

static int
check(struct arena *arena, const struct target *t, struct err *e)
{
	struct stat st, root;
	const char *slash = strrchr(t->path, '/');
	struct str last = str_of(slash + 1);

	if (str_eq(last, STR("cur")) || str_eq(last, STR("new")) || str_eq(last, STR("tmp")))
		return err_set(e, ERR_CONFIG,
		    "cannot move mails to \"%s\": name the maildir, not what is in it", t->path);
	if (stat(t->path, &st) == 0) {
		if (stat(t->root, &root) == 0 && target_is(t, &root))
			return err_set(e, ERR_CONFIG,
			    "cannot move mails to \"%s\": it is the source itself", t->path);
		if (!S_ISDIR(st.st_mode) || !(folder_is(AT_FDCWD, t->path) || unfinished(t->path)))
			return err_set(e, ERR_CONFIG,
			    "cannot move mails to \"%s\": it is there and no maildir", t->path);
		return 0;
	}
	/* What no time will change. */
	if (errno == ENAMETOOLONG || errno == ENOTDIR || errno == ELOOP)
		return syserr_set(e, ERR_CONFIG, "cannot move mails to", t->path, STR(""), errno);
	if (errno != ENOENT)
		return syserr_set(e, ERR_SOURCE, "could not look at", t->path, STR(""), errno);
	if (slash != t->path) {
		struct str parent =
		    arena_str(arena, (struct str){ t->path, (size_t)(slash - t->path) });

		if (stat(parent.p, &st) != 0 || !S_ISDIR(st.st_mode))
			return err_set(e, ERR_CONFIG,
			    "cannot move mails to \"%s\": its parent does not exist", t->path);
	}
	return 0;
}

struct target *
target_new(struct arena *arena, const char *root, const char *name, struct err *e)
{
	struct target *t = arena_alloc(arena, sizeof(*t));
	struct str path = place(arena, root, name);

	if (t == NULL || path.p == NULL) {
		err_set(e, ERR_CONFIG,
		    "cannot move mails to \"%s\": neither a folder's name nor an absolute path",
		    name);
		return NULL;
	}
	*t = (struct target){
		.path = path.p, .root = root, .plusplus = name[0] != '/', .tmp = -1, .cur = -1
	};
	while (path.n > 1 && path.p[path.n - 1] == '/')
		path.n--;
	t->path = arena_str(arena, path).p;
	return check(arena, t, e) == 0 ? t : NULL;
}

void
target_close(struct target *t)
{
	if (t == NULL)
		return;
	if (t->tmp >= 0)
		close(t->tmp);
	if (t->cur >= 0)
		close(t->cur);
	t->tmp = t->cur = -1;
}

bool
target_is(const struct target *t, const struct stat *st)
{
	struct stat own;

	return stat(t->path, &own) == 0 && own.st_dev == st->st_dev && own.st_ino == st->st_ino;
}

/*
 * Only root may give things away; where we may not, the mode alone has to do.  And where a service
 * manager forbids the bit that lends a group, the mode without it.
 */
static void
inherit(int fd, const struct stat *from, mode_t mask)
{
	if (fchown(fd, from->st_uid, from->st_gid) != 0 && fchown(fd, (uid_t)-1, from->st_gid) != 0)
		mask &= 0700;
	if (fchmod(fd, from->st_mode & mask) != 0)
		(void)fchmod(fd, from->st_mode & mask & 0777);
}

/* Open the directory ${name} in ${dir}, making it like ${like} where it is missing; -1: errno. */
static int
open_made(int dir, const char *name, const struct stat *like)
{
	bool made = mkdirat(dir, name, 0700) == 0;
	int fd;

	if (!made && errno != EEXIST)
		return -1;
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0 && made)
		inherit(fd, like, 07777);
	return fd;
}

static int
open_target(struct target *t)
{
	struct stat like;
	int dir = -1, new = -1, mark = -1, errnum = 0;

	if (stat(t->root, &like) != 0)
		return errno;
	dir = open_made(AT_FDCWD, t->path, &like);
	if (dir < 0)
		return errno;
	t->tmp = open_made(dir, "tmp", &like);
	if (t->tmp >= 0)
		new = open_made(dir, "new", &like);
	if (new >= 0)
		t->cur = open_made(dir, "cur", &like);
	if (t->cur < 0)
		errnum = errno;
	if (errnum == 0 && t->plusplus)
		mark = openat(dir, "maildirfolder", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (mark >= 0) {
		inherit(mark, &like, 0666);
		close(mark);
	}
	if (new >= 0)
		close(new);
	close(dir);
	if (errnum != 0)
		target_close(t);
	return errnum;
}

/* Put ${name} into cur as ${as} or a suffixed ${as}; 0 or the error's number. */
static int
put(const struct target *t, int from, const char *name, const char *as)
{
	struct buf other;
	int errnum = folder_rename(from, name, t->cur, as);

	buf_init(&other, PATH_MAX);
	for (unsigned n = 1; errnum == EEXIST && n <= SUFFIXES; n++) {
		if (mailfile_same(from, name, t->cur, n == 1 ? as : other.p)) {
			errnum = mailfile_drop(from, name, t->cur);
			break;
		}
		buf_reset(&other);
		mailname_other(&other, str_of(as), n);
		buf_put8(&other, '\0');
		errnum = folder_rename(from, name, t->cur, other.p);
	}
	buf_fini(&other);
	return errnum;
}

static int
put_copy(const struct target *t, int from, const char *name, const char *as)
{
	char copy[64];
	int errnum;

	snprintf(copy, sizeof(copy), "%lld.P%ld.ruastat", (long long)time(NULL), (long)getpid());
	errnum = mailfile_copy(from, name, t->tmp, copy);
	if (errnum != 0)
		return errnum;
	errnum = put(t, t->tmp, copy, as);
	if (errnum == 0)
		errnum = folder_sync(t->cur);
	if (errnum != 0) {
		unlinkat(t->tmp, copy, 0);
		return errnum;
	}
	return unlinkat(from, name, 0) == 0 || errno == ENOENT ? 0 : errno;
}

int
target_take(struct target *t, int from, const char *name, const char *as, struct err *e)
{
	int errnum = t->cur < 0 ? open_target(t) : 0;

	if (errnum != 0)
		return syserr_set(
		    e, ERR_SOURCE, "could not make the mail folder", t->path, STR(""), errnum);
	errnum = put(t, from, name, as);
	if (errnum == EXDEV)
		errnum = put_copy(t, from, name, as);
	if (errnum == 0)
		t->changed = true;
	if (errnum == 0 ||
	    (errnum == ENOENT && faccessat(from, name, F_OK, AT_SYMLINK_NOFOLLOW) != 0))
		return errnum == 0 ? 0 : 1;
	if (errnum == EEXIST || errnum == ENAMETOOLONG)
		return syserr_set(
		    e, ERR_MESSAGE, "could not move a mail to", t->path, str_of(as), errnum);
	return syserr_set(e, ERR_SOURCE, "could not move mails to", t->path, STR("cur"), errnum);
}

int
target_sync(struct target *t, struct err *e)
{
	int errnum;

	if (t == NULL || !t->changed)
		return 0;
	errnum = folder_sync(t->cur);
	if (errnum != 0)
		return syserr_set(e, ERR_SOURCE, "could not sync", t->path, STR("cur"), errnum);
	t->changed = false;
	return 0;
}
