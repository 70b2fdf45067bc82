#include "store/sockdir.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINK "/state" /* the link's name in the directory that is recorded */

/* A comma would make two hosts of it for libpq. */
static bool
fits(const char *path)
{
	return strlen(path) < SOCKDIR_BYTES && strchr(path, ',') == NULL;
}

/* Whether the directory ${at} is ours alone and its link leads to ${path}. */
static bool
usable(const char *at, const char *path)
{
	char link[SOCKDIR_BYTES], target[PATH_MAX];
	struct stat st;
	ssize_t n;

	if (lstat(at, &st) != 0 || !S_ISDIR(st.st_mode) || st.st_uid != geteuid() ||
	    (st.st_mode & 07777) != 0700)
		return false;
	if (snprintf(link, sizeof(link), "%s%s", at, LINK) >= (int)sizeof(link))
		return false;
	n = readlink(link, target, sizeof(target));
	return n > 0 && (size_t)n == strlen(path) && memcmp(target, path, (size_t)n) == 0;
}

static bool
read_record(int dir, char at[SOCKDIR_BYTES])
{
	int fd = openat(dir, "socket", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, at, SOCKDIR_BYTES - 1);
	close(fd);
	if (n <= 0 || at[0] != '/')
		return false;
	at[n] = '\0';
	at[strcspn(at, "\n")] = '\0';
	return true;
}

static int
write_record(int dir, const char *at)
{
	int fd =
	    openat(dir, "socket.new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	bool ok;

	if (fd < 0)
		return -1;
	ok = dprintf(fd, "%s\n", at) == (int)strlen(at) + 1;
	close(fd);
	return ok ? renameat(dir, "socket.new", dir, "socket") : -1;
}

static bool
make_below(const char *base, const char *path, char at[SOCKDIR_BYTES])
{
	char link[SOCKDIR_BYTES];

	if (base == NULL || base[0] != '/')
		return false;
	if (snprintf(at, SOCKDIR_BYTES, "%s/ruastat-XXXXXX", base) >= (int)SOCKDIR_BYTES)
		return false;
	if (snprintf(link, sizeof(link), "%s%s", at, LINK) >= (int)sizeof(link) || !fits(link))
		return false;
	if (mkdtemp(at) == NULL)
		return false;
	snprintf(link, sizeof(link), "%s%s", at, LINK);
	if (symlink(path, link) == 0)
		return true;
	rmdir(at);
	return false;
}

int
sockdir_get(int dir, const char *path, char *out, struct err *e)
{
	char at[SOCKDIR_BYTES], user[64];

	if (fits(path)) {
		snprintf(out, SOCKDIR_BYTES, "%s", path);
		return 0;
	}
	if (!read_record(dir, at) || !usable(at, path)) {
		snprintf(user, sizeof(user), "/run/user/%u", (unsigned)geteuid());
		if (!make_below(getenv("XDG_RUNTIME_DIR"), path, at) &&
		    !make_below(user, path, at) && !make_below("/tmp", path, at))
			return err_set(e, ERR_DATABASE,
			    "could not make a directory for the database's socket in /tmp: %s",
			    strerror(errno));
		if (write_record(dir, at) != 0)
			return err_set(e, ERR_DATABASE, "could not write \"%s/socket\": %s", path,
			    strerror(errno));
	}
	snprintf(out, SOCKDIR_BYTES, "%s%s", at, LINK);
	return 0;
}

void
sockdir_forget(int dir, const char *path)
{
	char at[SOCKDIR_BYTES], link[SOCKDIR_BYTES];

	if (!read_record(dir, at) || !usable(at, path))
		return;
	if (snprintf(link, sizeof(link), "%s%s", at, LINK) < (int)sizeof(link) && unlink(link) == 0)
		rmdir(at);
}
