#include "ingest/mboxlock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/arena.h"

#include "ingest/syserr.h"

#define DOTLOCK_STALE_SECONDS 600 /* Postfix takes one of 500 for left behind */
#define OPEN_TRIES 3              /* while somebody replaces the file */

/* Programs that tell of new mail go by the time of access. */
int
mboxlock_open(const char *path)
{
	int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
	int fd = open(path, flags | O_NOATIME);

	if (fd < 0 && errno == EPERM)
		fd = open(path, flags);
	return fd;
}

int
mboxlock_init(struct mboxlock *l, struct arena *arena, const char *path)
{
	size_t n = strlen(path) + sizeof(".lock");

	*l = (struct mboxlock){ .path = path, .dotlock = arena_alloc(arena, n), .fd = -1 };
	if (l->dotlock == NULL)
		return -1;
	snprintf(l->dotlock, n, "%s.lock", path);
	return 0;
}

void
mboxlock_fini(struct mboxlock *l)
{
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
}

/* Somebody else's dotlock, unless it was left behind. */
static bool
is_dotlocked(const struct mboxlock *l)
{
	struct timespec now;
	struct stat st;

	if (lstat(l->dotlock, &st) != 0)
		return false;
	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec - st.st_mtim.tv_sec < DOTLOCK_STALE_SECONDS;
}

/*
 * A lock of the open file, not of the process: closing another descriptor of the file does not end it.
 * 1, 0 when somebody writes, or -1.  Where the file system has no locks, what is read half is another
 * mail than the whole one and read again.
 */
static int
lock(const struct mboxlock *l)
{
	struct flock whole = { .l_type = F_RDLCK, .l_whence = SEEK_SET };

	if (is_dotlocked(l))
		return 0;
	if (fcntl(l->fd, F_OFD_SETLK, &whole) == 0)
		return 1;
	if (errno == EAGAIN || errno == EACCES)
		return 0;
	return errno == ENOLCK || errno == ENOSYS || errno == EOPNOTSUPP ? 1 : -1;
}

void
mboxlock_release(const struct mboxlock *l)
{
	struct flock whole = { .l_type = F_UNLCK, .l_whence = SEEK_SET };

	(void)fcntl(l->fd, F_OFD_SETLK, &whole);
}

int
mboxlock_take(struct mboxlock *l, struct stat *st, struct err *e)
{
	struct stat named;

	for (int i = 0; i < OPEN_TRIES; i++) {
		int rc;

		if (l->fd < 0)
			l->fd = mboxlock_open(l->path);
		if (l->fd < 0 && errno == ENOENT)
			return MBOXLOCK_GONE;
		if (l->fd < 0)
			return syserr_set(e, ERR_SOURCE, "could not read", l->path, STR(""), errno);
		rc = lock(l);
		if (rc < 0)
			return syserr_set(e, ERR_SOURCE, "could not lock", l->path, STR(""), errno);
		if (rc == 0)
			return MBOXLOCK_OTHERS;
		if (fstat(l->fd, st) == 0 && stat(l->path, &named) == 0 &&
		    st->st_dev == named.st_dev && st->st_ino == named.st_ino) {
			if (S_ISREG(st->st_mode))
				return MBOXLOCK_OURS;
			mboxlock_fini(l);
			return err_set(e, ERR_SOURCE, "\"%s\" is no file any more", l->path);
		}
		mboxlock_fini(l);
	}
	return MBOXLOCK_OTHERS;
}
