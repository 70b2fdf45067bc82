#include "ingest/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ingest/mailname.h"

/* A change in the same tick of the file system's clock as an earlier one leaves mtime as it is. */
#define TICK_NS 20000000ll
#define COARSE_NS 1000000000ll

const char *
folder_box(enum box b)
{
	return b == BOX_NEW ? "new" : "cur";
}

static bool
is_directory(int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

bool
folder_is(int dir, const char *path)
{
	int fd = openat(dir, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	bool yes;

	if (fd < 0)
		return false;
	yes = is_directory(fd, "new") && is_directory(fd, "cur");
	close(fd);
	return yes;
}

static void
begin(struct folder *f, enum box b)
{
	struct stat st;

	f->at = b;
	rewinddir(f->dir[b]);
	clock_gettime(CLOCK_REALTIME, &f->began[b]);
	f->mtime[b] = fstat(dirfd(f->dir[b]), &st) == 0 ? st.st_mtim : f->began[b];
}

int
folder_boxes(int root, const char *path, int fds[2])
{
	int dir = openat(
	    root, path[0] != '\0' ? path : ".", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int errnum;

	if (dir < 0)
		return errno;
	fds[BOX_CUR] = -1;
	fds[BOX_NEW] = openat(dir, "new", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fds[BOX_NEW] >= 0)
		fds[BOX_CUR] = openat(dir, "cur", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	errnum = fds[BOX_CUR] >= 0 ? 0 : errno;
	if (errnum != 0 && fds[BOX_NEW] >= 0)
		close(fds[BOX_NEW]);
	close(dir);
	return errnum;
}

int
folder_open(struct folder *f, int root, const char *path)
{
	int fds[2], errnum = folder_boxes(root, path, fds);

	*f = (struct folder){ .dir = { NULL, NULL } };
	if (errnum != 0)
		return errnum;
	for (int b = BOX_NEW; b <= BOX_CUR; b++) {
		f->dir[b] = fdopendir(fds[b]);
		if (f->dir[b] == NULL) {
			errnum = errno;
			close(fds[b]);
		}
	}
	if (errnum != 0)
		folder_close(f);
	else
		begin(f, BOX_NEW);
	return errnum;
}

void
folder_close(struct folder *f)
{
	for (int b = BOX_NEW; b <= BOX_CUR; b++) {
		if (f->dir[b] != NULL)
			closedir(f->dir[b]);
		f->dir[b] = NULL;
	}
}

int
folder_fd(const struct folder *f, enum box b)
{
	return dirfd(f->dir[b]);
}

static bool
changed(const struct folder *f, enum box b)
{
	const struct timespec *m = &f->mtime[b];
	long long tick = m->tv_nsec == 0 ? COARSE_NS : TICK_NS;
	long long age =
	    (f->began[b].tv_sec - m->tv_sec) * 1000000000ll + f->began[b].tv_nsec - m->tv_nsec;
	struct stat st;

	if (fstat(dirfd(f->dir[b]), &st) != 0)
		return false;
	if (st.st_mtim.tv_sec != m->tv_sec || st.st_mtim.tv_nsec != m->tv_nsec)
		return true;
	return age < tick && age > -tick;
}

/* new comes first: what moves from new to cur meanwhile is then met twice rather than never. */
static bool
turn(struct folder *f)
{
	if (f->at == BOX_NEW) {
		begin(f, BOX_CUR);
		return true;
	}
	f->pass++;
	if (!f->again && !changed(f, BOX_NEW) && !changed(f, BOX_CUR))
		return false;
	if (f->pass >= FOLDER_PASSES)
		return false;
	f->again = false;
	begin(f, BOX_NEW);
	return true;
}

int
folder_next(struct folder *f, enum box *b, struct str *name)
{
	const struct dirent *d;

	do {
		for (;;) {
			errno = 0;
			d = readdir(f->dir[f->at]);
			if (d == NULL)
				break;
			*name = str_of(d->d_name);
			*b = f->at;
			if ((d->d_type == DT_REG || d->d_type == DT_UNKNOWN) &&
			    !mailname_foreign(*name))
				return 1;
		}
		/* a folder deleted meanwhile holds nothing any more */
		if (errno != 0 && errno != ENOENT && errno != ESTALE)
			return -errno;
	} while (turn(f));
	return 0;
}

void
folder_again(struct folder *f)
{
	f->again = true;
}

int
folder_rename(int from, const char *name, int to, const char *as)
{
	if (renameat2(from, name, to, as, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return errno;
	/* NFS and others know no such flag: a link does not replace either */
	if (linkat(from, name, to, as, 0) != 0)
		return errno;
	return unlinkat(from, name, 0) == 0 || errno == ENOENT ? 0 : errno;
}

int
folder_sync(int dir)
{
	/* EINVAL: a file system that has nothing to sync in a directory */
	return fsync(dir) == 0 || errno == EINVAL ? 0 : errno;
}
