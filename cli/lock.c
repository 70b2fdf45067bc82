#include "cli/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "core/digest.h"

struct lock {
	int fd;
};

int
lock_take(struct lock **l, const char *dir, const char *name, struct err *e)
{
	struct digest *d = digest_new();
	struct key k = key_of(digest_of(d, str_of(name)));
	char path[4400];
	int n = snprintf(path, sizeof(path), "%s/", dir), fd;

	digest_free(d);
	*e = (struct err){ 0 };
	for (size_t i = 0; i < sizeof(k.b); i++)
		n += snprintf(path + n, sizeof(path) - (size_t)n, "%02x", k.b[i]);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_set(e, errno == ENOSPC || errno == EDQUOT ? ERR_DATABASE : ERR_CONFIG,
		    "could not open the lock \"%.400s\": %s", path, strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
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

void
lock_release(struct lock *l)
{
	if (l == NULL)
		return;
	close(l->fd);
	free(l);
}
