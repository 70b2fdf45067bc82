/* maildir.c - where the mails go: a real maildir, or plain files. */
#include "maildir.h"

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rng.h"
#include "text.h"

#define HOST "mx.postamt.example"

static int
open_dir(int at, const char *name)
{
	int fd;

	if (mkdirat(at, name, 0777) == -1 && errno != EEXIST)
		err(1, "could not make \"%s\"", name);
	fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		err(1, "could not open \"%s\"", name);
	return fd;
}

static void
refuse_full(int at, const char *name, const char *path)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd == -1 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (dir == NULL)
		err(1, "could not read \"%s\"", path);
	/* cppcheck-suppress readdirCalled ; one thread */
	while ((e = readdir(dir)) != NULL)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			errx(1, "\"%s\" is not empty (--add adds to it)", path);
	closedir(dir);
}

void
maildir_open(struct maildir *m, const char *path, bool plain, bool add, uint64_t seed)
{
	memset(m, 0, sizeof(*m));
	m->plain = plain;
	m->seed = seed;
	m->tmp = m->new = m->cur = -1;
	m->root = open_dir(AT_FDCWD, path);
	if (!plain) {
		m->tmp = open_dir(m->root, "tmp");
		m->new = open_dir(m->root, "new");
		m->cur = open_dir(m->root, "cur");
	}
	if (add)
		return;
	if (plain) {
		refuse_full(m->root, ".", path);
	} else {
		refuse_full(m->new, ".", path);
		refuse_full(m->cur, ".", path);
	}
}

void
maildir_close(struct maildir *m)
{
	close(m->root);
	if (!m->plain) {
		close(m->tmp);
		close(m->new);
		close(m->cur);
	}
}

static void
write_whole(int at, const char *name, const char *p, size_t n)
{
	int fd = openat(at, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	ssize_t w;

	if (fd == -1)
		err(1, "could not make \"%s\"", name);
	for (; n > 0; p += w, n -= (size_t)w) {
		w = write(fd, p, n);
		if (w == -1)
			err(1, "could not write \"%s\"", name);
	}
	if (close(fd) == -1)
		err(1, "could not write \"%s\"", name);
}

/* The styles of Dovecot, Postfix and Exim: one mailbox that saw three servers. */
static void
unique_name(const struct maildir *m, int64_t when, const struct text *mail, char *to, size_t size)
{
	struct rng r = rng_make(m->seed, m->serial, (uint64_t)when, 'n');
	uint32_t micro = rng_below(&r, 1000000), style = rng_below(&r, 10);
	uint64_t pid = 1000 + m->serial;
	size_t lines = 0;
	const char *p = mail->p, *end = mail->p + mail->n;

	while ((p = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		lines++;
		p++;
	}
	if (style < 6)
		snprintf(to, size, "%" PRId64 ".M%06uP%" PRIu64 "." HOST ",S=%zu,W=%zu", when,
		    micro, pid, mail->n, mail->n + lines);
	else if (style < 8)
		snprintf(to, size, "%" PRId64 ".Vfe01I%" PRIx64 "M%06u." HOST, when, pid, micro);
	else
		snprintf(to, size, "%" PRId64 ".M%06uP%" PRIu64 "." HOST "%s", when, micro, pid,
		    style == 8 ? ",S=" : "");
	if (style == 8)
		snprintf(to + strlen(to), size - strlen(to), "%zu", mail->n);
}

void
maildir_mail(struct maildir *m, int64_t when, const struct text *mail)
{
	char name[128], final[128];
	bool seen = rng_mix(m->seed * 3 + m->serial) % 3 == 0;
	int to = seen ? m->cur : m->new;

	if (m->plain) {
		maildir_file(m, "mail.eml", mail->p, mail->n);
		return;
	}
	unique_name(m, when, mail, name, sizeof(name));
	snprintf(final, sizeof(final), "%s%s", name, seen ? ":2,S" : "");
	write_whole(m->tmp, name, mail->p, mail->n);
	/* Never over another mail; the same seed twice ends here. */
	if (renameat2(m->tmp, name, to, final, RENAME_NOREPLACE) == -1) {
		unlinkat(m->tmp, name, 0);
		err(1, "could not deliver \"%s\"", final);
	}
	m->serial++;
	m->bytes += mail->n;
}

void
maildir_file(struct maildir *m, const char *name, const void *bytes, size_t n)
{
	char full[320];

	snprintf(full, sizeof(full), "%" PRIu64 "-%06" PRIu64 "-%s", m->seed, m->serial, name);
	write_whole(m->root, full, bytes, n);
	m->serial++;
	m->bytes += n;
}
