#include "ingest/held.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/limits.h"

/* What is told of a mail that is refused by its size: nobody reads that far. */
#define SIZE_MOST (1ull << 40)

/* A file on a tmpfs has a seal against seals. */
static bool
is_memory(int fd)
{
	int seals = fcntl(fd, F_GET_SEALS);

	return seals >= 0 && (seals & F_SEAL_SEAL) == 0;
}

int
held_open(const char *tmp_dir, uint64_t size, struct err *e)
{
	bool in_file = size > LIMIT_HELD_MEMORY;
	int fd = in_file ? open(tmp_dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)
			 : memfd_create("mail", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd >= 0)
		return fd;
	return err_set(e, ERR_SOURCE, "could not make room for a mail in \"%s\": %s",
	    in_file ? tmp_dir : "memory", strerror(errno));
}

int
held_write(int fd, const char *tmp_dir, struct str s, struct err *e)
{
	while (s.n > 0) {
		ssize_t n = write(fd, s.p, s.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set(e, ERR_SOURCE, "could not keep a mail in \"%s\": %s",
			    is_memory(fd) ? "memory" : tmp_dir, strerror(errno));
		s = (struct str){ s.p + n, s.n - (size_t)n };
	}
	return 0;
}

int
held_seal(int fd)
{
	char path[64];
	int again;

	if (is_memory(fd)) {
		fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
		return fd;
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, O_RDONLY | O_CLOEXEC);
	if (again < 0)
		return fd;
	close(fd);
	return again;
}

int
held_zeros(uint64_t size, struct err *e)
{
	int fd = memfd_create("mail", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	size = size < SIZE_MOST ? size : SIZE_MOST;
	if (fd >= 0 && ftruncate(fd, (off_t)size) == 0)
		return held_seal(fd);
	err_set(e, ERR_SOURCE, "could not make room for a mail in memory: %s", strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}
