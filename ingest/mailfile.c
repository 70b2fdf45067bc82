#include "ingest/mailfile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define PIECE ((size_t)64 << 10)

static bool
one(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

int
mailfile_open(int dir, const char *name, struct stat *st, int *errnum)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);

	if (fd < 0) {
		*errnum = errno == ENXIO ? ELOOP : errno; /* a socket */
		return -1;
	}
	*errnum = fstat(fd, st) != 0 ? errno : S_ISREG(st->st_mode) ? 0 : ELOOP;
	if (*errnum == 0)
		return fd;
	close(fd);
	return -1;
}

static ssize_t
read_piece(int fd, char *out, off_t at)
{
	size_t got = 0;

	while (got < PIECE) {
		ssize_t n = pread(fd, out + got, PIECE - got, at + (off_t)got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		got += (size_t)n;
	}
	return (ssize_t)got;
}

bool
mailfile_same(int dir_a, const char *a, int dir_b, const char *b)
{
	char piece_a[PIECE], piece_b[PIECE];
	struct stat st_a, st_b;
	int errnum, fd_a = mailfile_open(dir_a, a, &st_a, &errnum);
	int fd_b = mailfile_open(dir_b, b, &st_b, &errnum);
	bool same = fd_a >= 0 && fd_b >= 0 && st_a.st_size == st_b.st_size;
	off_t at = 0;

	while (same && at < st_a.st_size && !one(&st_a, &st_b)) {
		ssize_t n = read_piece(fd_a, piece_a, at);

		same = n > 0 && read_piece(fd_b, piece_b, at) == n &&
		    memcmp(piece_a, piece_b, (size_t)n) == 0;
		at += n;
	}
	if (fd_a >= 0)
		close(fd_a);
	if (fd_b >= 0)
		close(fd_b);
	return same;
}

static int
copy_bytes(int from, int to)
{
	char piece[PIECE];
	off_t at = 0;
	ssize_t n;

	while ((n = read_piece(from, piece, at)) > 0) {
		for (ssize_t done = 0; done < n;) {
			ssize_t w = write(to, piece + done, (size_t)(n - done));

			if (w < 0 && errno != EINTR)
				return errno;
			if (w > 0)
				done += w;
		}
		at += n;
	}
	return n < 0 ? errno : 0;
}

int
mailfile_copy(int from, const char *name, int to, const char *as)
{
	struct stat st;
	int errnum = 0, out, in = mailfile_open(from, name, &st, &errnum);

	if (in < 0)
		return errnum;
	out = openat(to, as, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (out < 0) {
		errnum = errno;
		close(in);
		return errnum;
	}
	errnum = copy_bytes(in, out);
	if (errnum == 0) {
		/* mail servers take the time of arrival from the file's */
		const struct timespec times[2] = { st.st_atim, st.st_mtim };
		bool ours = fchown(out, st.st_uid, st.st_gid) != 0;

		(void)fchmod(out, st.st_mode & (ours ? 0700 : 0777));
		(void)futimens(out, times);
		errnum = fsync(out) == 0 ? 0 : errno;
	}
	if (close(out) != 0 && errnum == 0)
		errnum = errno;
	close(in);
	if (errnum != 0)
		unlinkat(to, as, 0);
	return errnum;
}

int
mailfile_drop(int from, const char *name, int to)
{
	struct stat st_from, st_to;

	if (fstat(from, &st_from) != 0 || fstat(to, &st_to) != 0)
		return errno;
	if (one(&st_from, &st_to))
		return 0;
	return unlinkat(from, name, 0) == 0 || errno == ENOENT ? 0 : errno;
}
