#include "ingest/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ingest/command.h"
#include "ingest/syserr.h"

bool
secret_is_named(const struct secret_conf *c)
{
	return c->file != NULL || c->command != NULL || c->credential != NULL;
}

bool
secret_is_private(const struct stat *st)
{
	mode_t others = st->st_uid == 0 && geteuid() != 0 ? S_IRWXO : S_IRWXG | S_IRWXO;

	return (st->st_mode & others) == 0;
}

/* Keep the first line of ${out} and wipe the rest. */
static int
keep_line(struct buf *out, struct err *e)
{
	char *end = out->n > 0 ? memchr(out->p, '\n', out->n) : NULL;
	size_t n = end != NULL ? (size_t)(end - out->p) : out->n;

	if (end == NULL && n > SECRET_BYTES - 1)
		return err_set(
		    e, ERR_CONFIG, "its first line is longer than %d bytes", SECRET_BYTES - 1);
	if (end != NULL && n > 0 && out->p[n - 1] == '\r')
		n--;
	if (n == 0)
		return err_set(e, ERR_CONFIG, "its first line is empty");
	if (memchr(out->p, '\0', n) != NULL)
		return err_set(e, ERR_CONFIG, "its first line has a NUL in it");
	explicit_bzero(out->p + n, out->room + 1 - n); /* one more than told: core/buf.h */
	out->n = n;
	return 0;
}

static int
read_all(int fd, const char *path, struct buf *out, struct err *e)
{
	ssize_t n = 1;

	while (n != 0 && out->n < SECRET_BYTES) {
		n = read(fd, out->p + out->n, SECRET_BYTES - out->n);
		if (n < 0 && errno != EINTR)
			return syserr_set(e, ERR_CONFIG, "could not read", path, STR(""), errno);
		out->n += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* ${ours}: who may read it is our business; systemd cares for its own. */
static int
read_file(const char *path, bool ours, struct buf *out, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;
	int rc;

	if (fd < 0)
		return syserr_set(e, ERR_CONFIG, "could not read", path, STR(""), errno);
	if (fstat(fd, &st) < 0)
		rc = syserr_set(e, ERR_CONFIG, "could not read", path, STR(""), errno);
	else if (!S_ISREG(st.st_mode))
		rc = err_set(e, ERR_CONFIG, "\"%.200s\" is no regular file", path);
	else if (ours && !secret_is_private(&st))
		rc = err_set(e, ERR_CONFIG, "others can read \"%.200s\": \"chmod 600\" it", path);
	else
		rc = read_all(fd, path, out, e);
	close(fd);
	return rc;
}

static int
read_credential(const char *name, struct buf *out, struct err *e)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	char path[PATH_MAX];

	if (name[0] == '\0' || name[0] == '.' || strchr(name, '/') != NULL)
		return err_set(e, ERR_CONFIG, "\"%.200s\" is no name of a credential", name);
	if (dir == NULL || dir[0] != '/')
		return err_set(e, ERR_CONFIG,
		    "its credential \"%.200s\" is there only for a service of systemd that has "
		    "LoadCredential= or the like: CREDENTIALS_DIRECTORY is not set",
		    name);
	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path))
		return err_set(e, ERR_CONFIG, "the path of its credential is too long");
	return read_file(path, false, out, e);
}

int
secret_read(const struct secret_conf *c, const char *what, struct buf *out, struct err *e)
{
	int rc;

	secret_wipe(out);
	/* All of it at once: what grows leaves copies behind. */
	if (buf_room(out, SECRET_BYTES) == NULL)
		abort();
	if (c->file != NULL)
		rc = read_file(c->file, true, out, e);
	else if (c->command != NULL)
		rc = command_read(c->command, SECRET_COMMAND_SECONDS, out, e);
	else if (c->credential != NULL)
		rc = read_credential(c->credential, out, e);
	else
		rc = err_set(e, ERR_CONFIG, "nothing says where it is kept");
	if (rc == 0)
		rc = keep_line(out, e);
	if (rc == 0)
		return 0;
	secret_wipe(out);
	return err_wrap(e, "%s", what);
}

void
secret_wipe(struct buf *b)
{
	if (b->p != NULL)
		explicit_bzero(b->p, b->room);
	buf_fini(b);
}
