#include "cli/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "core/digest.h"

struct lock {
	int fd;
};

void
lock_name(const char *name, char out[LOCK_NAME_BYTES])
{
	struct digest *d = digest_new();
	struct key k = key_of(digest_of(d, str_of(name)));

	digest_free(d);
	for (size_t i = 0; i < sizeof(k.b); i++)
		snprintf(out + 2 * i, 3, "%02x", k.b[i]);
}

/* Whoever only looks (lock_is_held) has it for a moment. */
static int
try_lock(int fd)
{
	const struct timespec moment = { 0, 5000000 };

	for (unsigned i = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; i++) {
		if (errno != EWOULDBLOCK || i == 3)
			return -1;
		nanosleep(&moment, NULL);
	}
	return 0;
}

int
lock_take(struct lock **l, const char *dir, const char *name, struct err *e)
{
	char path[4400], file[LOCK_NAME_BYTES];
	int fd;

	*e = (struct err){ 0 };
	lock_name(name, file);
	snprintf(path, sizeof(path), "%s/%s", dir, file);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_set(e, errno == ENOSPC || errno == EDQUOT ? ERR_DATABASE : ERR_CONFIG,
		    "could not open the lock \"%.400s\": %s", path, strerror(errno));
	if (try_lock(fd) < 0) {
		int why = errno;

		close(fd);
		if (why == EWOULDBLOCK)
			return 0;
		return err_set(e, ERR_CONFIG, "could not lock \"%.400s\": %s", path, strerror(why));
	}
	*l = calloc(1, sizeof(**l));
	if (*l == NULL)
		abort();
	(*l)->fd = fd;
	return 1;
}

bool
lock_is_held(const char *dir, const char *file)
{
	char path[4400];
	bool held;
	int fd;

	if (strlen(file) != LOCK_NAME_BYTES - 1 ||
	    strspn(file, "0123456789abcdef") != LOCK_NAME_BYTES - 1)
		return false;
	snprintf(path, sizeof(path), "%s/%s", dir, file);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return false;
	held = flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
	close(fd);
	return held;
}

void
lock_release(struct lock *l)
{
	if (l == NULL)
		return;
	close(l->fd);
	free(l);
}
