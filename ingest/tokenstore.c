#include "ingest/tokenstore.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "ingest/secret.h"
#include "ingest/syserr.h"
#include "ingest/tokenjson.h"

#define TICK_MS 50

struct tokenstore {
	char directory[PATH_MAX];
	char path[PATH_MAX];
	char fresh[PATH_MAX + 8]; /* what becomes ${path} */
	int lock, file;
};

static enum err_kind
kind_of(int errnum)
{
	return errnum == ENOSPC || errnum == EDQUOT || errnum == EIO ? ERR_SOURCE : ERR_CONFIG;
}

static int
refuse(struct err *e, const char *doing, const char *path)
{
	return syserr_set(e, kind_of(errno), doing, path, STR(""), errno);
}

static int
read_all(int fd, const char *path, struct buf *text, struct err *e)
{
	ssize_t n = 1;

	if (buf_room(text, TOKENSTORE_BYTES) == NULL)
		abort();
	while (n != 0 && text->n < TOKENSTORE_BYTES) {
		n = read(fd, text->p + text->n, TOKENSTORE_BYTES - text->n);
		if (n < 0 && errno != EINTR)
			return refuse(e, "could not read", path);
		buf_grown(text, n > 0 ? (size_t)n : 0);
	}
	return 0;
}

static int
load(int fd, const char *path, struct tokenjson **out, struct err *e)
{
	struct stat st;
	struct buf text;
	int rc;

	if (fstat(fd, &st) < 0)
		return refuse(e, "could not read", path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_CONFIG, "\"%.200s\" is no regular file", path);
	if (!secret_is_private(&st))
		return err_set(e, ERR_CONFIG,
		    "others can read the tokens in \"%.200s\": \"chmod 600\" it", path);
	buf_init(&text, TOKENSTORE_BYTES);
	rc = read_all(fd, path, &text, e);
	if (rc == 0) {
		*out = tokenjson_parse(buf_str(&text));
		if (*out == NULL)
			rc = err_set(e, ERR_CONFIG,
			    "the tokens in \"%.200s\" cannot be read: \"ruastat login\" writes it anew",
			    path);
	}
	secret_wipe(&text);
	return rc;
}

int
tokenstore_load(const char *path, struct tokenjson **out, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW);
	int rc;

	*out = NULL;
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (fd < 0)
		return refuse(e, "could not read", path);
	rc = load(fd, path, out, e);
	close(fd);
	return rc;
}

static int
name_files(struct tokenstore *s, const char *path, struct err *e)
{
	const char *slash = strrchr(path, '/');
	size_t n = strlen(path);

	if (slash == NULL || slash == path || n >= sizeof(s->path))
		return err_set(e, ERR_CONFIG, "tokens cannot be kept in \"%.200s\"", path);
	memcpy(s->path, path, n + 1);
	memcpy(s->directory, path, (size_t)(slash - path));
	snprintf(s->fresh, sizeof(s->fresh), "%s.new", path);
	return 0;
}

/* Wait for the lock; a process that ends lets go of it, however it ends. */
static int
take_lock(struct tokenstore *s, const volatile int *stop, struct err *e)
{
	const struct timespec tick = { .tv_nsec = TICK_MS * 1000000L };
	char name[PATH_MAX + 8];

	snprintf(name, sizeof(name), "%s.lock", s->path);
	s->lock = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (s->lock < 0)
		return refuse(e, "could not open the lock", name);
	for (int i = 0; i < TOKENSTORE_WAIT_SECONDS * 1000 / TICK_MS; i++) {
		if (flock(s->lock, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return refuse(e, "could not lock", name);
		if (stop != NULL && *stop != 0)
			return err_set(e, ERR_SOURCE, "interrupted");
		nanosleep(&tick, NULL);
	}
	return err_set(e, ERR_SOURCE, "another process holds \"%.200s\" for more than %d seconds",
	    name, TOKENSTORE_WAIT_SECONDS);
}

/* What a process that was killed left behind is nobody's: the lock is ours. */
static int
make_room(struct tokenstore *s, struct err *e)
{
	int why;

	unlink(s->fresh);
	s->file = open(s->fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (s->file < 0)
		return refuse(e, "could not write", s->fresh);
	why = posix_fallocate(s->file, 0, (off_t)TOKENSTORE_BYTES);
	errno = why;
	if (why != 0 && why != EOPNOTSUPP && why != EINVAL)
		return refuse(e, "could not write", s->fresh);
	return 0;
}

struct tokenstore *
tokenstore_lock(const char *path, const volatile int *stop, struct err *e)
{
	struct tokenstore *s = calloc(1, sizeof(*s));
	int rc;

	if (s == NULL)
		abort();
	s->lock = s->file = -1;
	rc = name_files(s, path, e);
	if (rc == 0 && mkdir(s->directory, 0700) < 0 && errno != EEXIST)
		rc = refuse(e, "could not make", s->directory);
	if (rc == 0)
		rc = take_lock(s, stop, e);
	if (rc == 0)
		rc = make_room(s, e);
	if (rc == 0)
		return s;
	tokenstore_unlock(s);
	return NULL;
}

static int
write_all(int fd, struct str text)
{
	ssize_t n;

	for (; text.n > 0; text.p += n, text.n -= (size_t)n) {
		n = write(fd, text.p, text.n);
		if (n < 0 && errno != EINTR)
			return -1;
		n = n < 0 ? 0 : n;
	}
	return 0;
}

static int
sync_directory(const struct tokenstore *s)
{
	int fd = open(s->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = fd < 0 ? -1 : fsync(fd);

	if (fd >= 0)
		close(fd);
	return rc;
}

int
tokenstore_save(struct tokenstore *s, const struct tokenjson *tokens, struct err *e)
{
	struct buf text;
	int rc = 0;

	buf_init(&text, TOKENSTORE_BYTES);
	if (buf_room(&text, TOKENSTORE_BYTES) == NULL)
		abort();
	tokenjson_write(tokens, &text);
	if (text.over)
		rc = err_set(e, ERR_SOURCE, "the server's tokens are longer than any real ones");
	else if (write_all(s->file, buf_str(&text)) < 0 || ftruncate(s->file, (off_t)text.n) < 0 ||
	    fsync(s->file) < 0 || rename(s->fresh, s->path) < 0 || sync_directory(s) < 0)
		rc = refuse(e, "could not write", s->path);
	secret_wipe(&text);
	close(s->file);
	s->file = -1;
	return rc;
}

void
tokenstore_unlock(struct tokenstore *s)
{
	if (s == NULL)
		return;
	if (s->file >= 0) {
		close(s->file);
		unlink(s->fresh);
	}
	if (s->lock >= 0) {
		flock(s->lock, LOCK_UN); /* also where a child has the descriptor still */
		close(s->lock);
	}
	free(s);
}
