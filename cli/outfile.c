#include "cli/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static int
failed(struct err *e, const char *path, const char *what)
{
	enum err_kind kind = errno == ENOSPC || errno == EDQUOT || errno == EIO || errno == EAGAIN
	    ? ERR_DATABASE
	    : ERR_CONFIG;

	return err_set(e, kind, "could not %s \"%s\": %s", what, path, strerror(errno));
}

/* Whether nobody but root can change what is in the directory ${path}; in /tmp not what is root's. */
static bool
is_roots(const char *path)
{
	struct stat st;

	/* In /tmp anybody can have put a link, to where only root can write. */
	if (lstat(path, &st) == 0 && S_ISLNK(st.st_mode) && st.st_uid != 0)
		return false;
	return stat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == 0 &&
	    ((st.st_mode & 022) == 0 || (st.st_mode & S_ISVTX) != 0);
}

/* The same for all above it. */
static int
check_way(const char *path, struct err *e)
{
	char part[PATH_MAX];

	snprintf(part, sizeof(part), "%s", path);
	for (char *slash = part + strlen(part);; *slash = '\0') {
		if (!is_roots(part[0] != '\0' ? part : "/"))
			return err_set(e, ERR_CONFIG,
			    "root does not write to \"%s\", because others can change \"%s\": "
			    "\"ruastat backup - >FILE\" does",
			    path, part);
		slash = strrchr(part, '/');
		if (slash == NULL || part[1] == '\0')
			return 0;
		if (slash == part)
			slash++;
	}
}

/* Open the directory ${given}; as root only one that is reached, as given and really, by root's. */
static int
open_directory(struct outfile *o, const char *given, struct err *e)
{
	char here[PATH_MAX] = "", whole[PATH_MAX], real[PATH_MAX];
	const char *way = given;

	if (geteuid() == 0) {
		if (given[0] != '/' && getcwd(here, sizeof(here)) == NULL)
			return failed(e, given, "open");
		if (snprintf(whole, sizeof(whole), "%s%s%s", here, given[0] != '/' ? "/" : "",
			given) >= (int)sizeof(whole)) {
			errno = ENAMETOOLONG;
			return failed(e, given, "open");
		}
		if (realpath(whole, real) == NULL)
			return failed(e, given, "open");
		if (check_way(whole, e) < 0 || check_way(real, e) < 0)
			return -1;
		way = real;
	}
	o->dir = open(way, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return o->dir < 0 ? failed(e, given, "open") : 0;
}

static int
split(struct outfile *o, struct err *e)
{
	char dir[PATH_MAX];
	const char *slash = strrchr(o->path, '/');
	const char *name = slash != NULL ? slash + 1 : o->path;

	if (name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
		errno = EISDIR;
		return failed(e, o->path, "write");
	}
	if (strlen(o->path) >= sizeof(dir) ||
	    snprintf(o->name, sizeof(o->name), "%s", name) >= (int)sizeof(o->name) ||
	    snprintf(o->part, sizeof(o->part), ".%s.part", name) >= (int)sizeof(o->part)) {
		errno = ENAMETOOLONG;
		return failed(e, o->path, "write");
	}
	snprintf(dir, sizeof(dir), "%.*s", slash != NULL ? (int)(slash - o->path) : 1,
	    slash != NULL ? o->path : ".");
	return open_directory(o, slash == o->path ? "/" : dir, e);
}

/* What is at its place now may be replaced. */
static int
check_place(const struct outfile *o, struct err *e)
{
	struct stat st;

	if (fstatat(o->dir, o->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : failed(e, o->path, "look at");
	if (S_ISREG(st.st_mode))
		return 0;
	if (S_ISDIR(st.st_mode)) {
		errno = EISDIR;
		return failed(e, o->path, "write");
	}
	return err_set(e, ERR_CONFIG,
	    "\"%s\" is no file of its own: name what it leads to, or \"-\" for standard output",
	    o->path);
}

/* 1: it is ours; 0: look again, another process was quicker; -1. */
static int
open_part(struct outfile *o, struct err *e)
{
	struct stat st, there;

	o->fd =
	    openat(o->dir, o->part, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	if (o->fd < 0)
		return failed(e, o->path, "write");
	if (fstat(o->fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
	    st.st_nlink > 1) {
		if (unlinkat(o->dir, o->part, 0) < 0)
			return failed(e, o->path, "write beside");
	} else if (flock(o->fd, LOCK_EX | LOCK_NB) < 0) {
		return err_set(e, ERR_DATABASE, "another process is writing \"%s\"", o->path);
	} else if (fstatat(o->dir, o->part, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
	    there.st_ino == st.st_ino && there.st_dev == st.st_dev) {
		if (ftruncate(o->fd, 0) < 0 || fchmod(o->fd, 0600) < 0)
			return failed(e, o->path, "write");
		return 1;
	}
	close(o->fd);
	o->fd = -1;
	return 0;
}

int
outfile_open(struct outfile *o, const char *path, struct err *e)
{
	int rc;

	*o = (struct outfile){ .path = path, .dir = -1, .fd = -1 };
	rc = split(o, e);
	if (rc == 0)
		rc = check_place(o, e);
	for (int tries = 0; rc == 0 && tries < 100; tries++)
		rc = open_part(o, e);
	if (rc == 1)
		return 0;
	if (rc == 0)
		err_set(e, ERR_DATABASE, "another process is writing \"%s\"", path);
	if (o->fd >= 0)
		close(o->fd);
	if (o->dir >= 0)
		close(o->dir);
	return -1;
}

int
outfile_commit(struct outfile *o, uint64_t *bytes, struct err *e)
{
	struct stat st;

	if (fstat(o->fd, &st) < 0 || fsync(o->fd) < 0 ||
	    renameat(o->dir, o->part, o->dir, o->name) < 0 || fsync(o->dir) < 0) {
		failed(e, o->path, "write");
		outfile_abandon(o);
		return -1;
	}
	*bytes = (uint64_t)st.st_size;
	close(o->fd);
	close(o->dir);
	return 0;
}

void
outfile_abandon(struct outfile *o)
{
	unlinkat(o->dir, o->part, 0);
	close(o->fd);
	close(o->dir);
}
