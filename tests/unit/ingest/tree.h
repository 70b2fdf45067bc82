/* tree.h - temporary directories with files in them, and what a source says of them. */
#ifndef TESTS_UNIT_INGEST_TREE_H
#define TESTS_UNIT_INGEST_TREE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/keyset.h"

#include "ingest/source.h"

struct tree {
	char path[64];
};

/* ${rel} below the tree; good until the fourth call from now. */
static inline const char *
tree_at(const struct tree *t, const char *rel)
{
	static char paths[4][2 * PATH_MAX];
	static unsigned turn;
	char *path = paths[turn++ % 4];

	snprintf(path, sizeof(paths[0]), "%s%s%s", t->path, rel[0] != '\0' ? "/" : "", rel);
	return path;
}

/* A new empty directory below ${where}, open to all. */
static inline struct tree
tree_new(const char *where)
{
	struct tree t;

	snprintf(t.path, sizeof(t.path), "%s/ruastat-test-XXXXXX", where);
	assert_non_null(mkdtemp(t.path));
	assert_int_equal(chmod(t.path, 0755), 0);
	return t;
}

static inline int
tree_unlink(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline void
tree_remove(const struct tree *t)
{
	assert_int_equal(nftw(t->path, tree_unlink, 16, FTW_DEPTH | FTW_PHYS), 0);
}

static inline void
tree_mkdir(const struct tree *t, const char *rel)
{
	assert_int_equal(mkdir(tree_at(t, rel), 0755), 0);
}

static inline void
tree_maildir(const struct tree *t, const char *rel)
{
	static const char *const boxes[] = { "tmp", "new", "cur" };
	char sub[PATH_MAX];

	if (rel[0] != '\0')
		tree_mkdir(t, rel);
	for (size_t i = 0; i < 3; i++) {
		snprintf(sub, sizeof(sub), "%s%s%s", rel, rel[0] != '\0' ? "/" : "", boxes[i]);
		tree_mkdir(t, sub);
	}
}

static inline void
tree_file(const struct tree *t, const char *rel, const char *text)
{
	int fd = open(tree_at(t, rel), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static inline bool
tree_has(const struct tree *t, const char *rel)
{
	struct stat st;

	return lstat(tree_at(t, rel), &st) == 0;
}

/* Whether ${rel} holds exactly ${text}. */
static inline bool
tree_holds(const struct tree *t, const char *rel, const char *text)
{
	char got[256];
	int fd = open(tree_at(t, rel), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, got, sizeof(got));
	close(fd);
	return n == (ssize_t)strlen(text) && memcmp(got, text, strlen(text)) == 0;
}

/* Append every path below ${rel} with mode, size, time of change and text, in order. */
static inline void
tree_listing(const struct tree *t, const char *rel, struct buf *out)
{
	struct dirent **list;
	int n = scandir(tree_at(t, rel), &list, NULL, alphasort);

	assert_true(n >= 0);
	for (int i = 0; i < n; i++) {
		char sub[PATH_MAX], text[256];
		struct stat st;
		int fd;

		snprintf(
		    sub, sizeof(sub), "%s%s%s", rel, rel[0] != '\0' ? "/" : "", list[i]->d_name);
		if (strcmp(list[i]->d_name, ".") != 0 && strcmp(list[i]->d_name, "..") != 0) {
			assert_int_equal(lstat(tree_at(t, sub), &st), 0);
			buf_printf(out, "%s %o %lld %lld.%ld ", sub, (unsigned)st.st_mode,
			    (long long)st.st_size, (long long)st.st_mtim.tv_sec,
			    st.st_mtim.tv_nsec);
			fd = S_ISREG(st.st_mode) ? open(tree_at(t, sub), O_RDONLY | O_CLOEXEC) : -1;
			if (fd >= 0) {
				ssize_t got = read(fd, text, sizeof(text));

				buf_put(out, text, got > 0 ? (size_t)got : 0);
				close(fd);
			}
			buf_put8(out, '\n');
			if (S_ISDIR(st.st_mode))
				tree_listing(t, sub, out);
		}
		free(list[i]);
	}
	free(list);
}

/* How many entries the directory ${rel} has. */
static inline size_t
tree_count(const struct tree *t, const char *rel)
{
	DIR *dir = opendir(tree_at(t, rel));
	const struct dirent *d;
	size_t n = 0;

	assert_non_null(dir);
	while ((d = readdir(dir)) != NULL)
		n += strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0;
	closedir(dir);
	return n;
}

/*
 * Take everything the source has: names, a line each between line ends, to ${names}; errors of
 * single mails likewise to ${errors} (may be NULL: there must be none).  When ${store}, every key
 * becomes known with it.  Returns how many mails came.
 */
static inline size_t
tree_scan(
    struct source *s, struct keyset *known, enum known store, struct buf *names, struct buf *errors)
{
	struct mail m;
	struct err e = { .kind = ERR_NONE };
	size_t n = 0;
	int rc;

	buf_puts(names, STR("\n"));
	while ((rc = source_next(s, known, &m, &e)) != 0) {
		if (rc < 0 && errors == NULL)
			fail_msg("%s", e.text);
		if (rc < 0) {
			buf_printf(errors, "%d %s\n", (int)e.kind, e.text);
			continue;
		}
		buf_printf(names, "%s\n", m.name);
		if (m.fd >= 0)
			close(m.fd);
		for (unsigned i = 0; store != KNOWN_NOT && i < m.nkeys; i++)
			keyset_put(known, m.keys[i], store);
		n++;
	}
	return n;
}

static inline bool
tree_named(const struct buf *names, const char *name)
{
	char line[PATH_MAX];

	snprintf(line, sizeof(line), "\n%s\n", name);
	return str_find(buf_str(names), str_of(line)) != NULL;
}

/* In a function for tree_as_nobody: go on only if ${cond}. */
#define TREE_CHECK(cond)                           \
	do {                                       \
		if (!(cond))                       \
			return __LINE__ % 251 + 1; \
	} while (0)

/*
 * Run ${fn} in a child that has no rights of root; it returns 0, or the line that went wrong.
 * (Assertions of cmocka jump, which a child must not.)
 */
static inline int
tree_as_nobody(int (*fn)(const struct tree *), const struct tree *t)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		if (geteuid() == 0 &&
		    (setgroups(0, NULL) != 0 || setresgid(65534, 65534, 65534) != 0 ||
			setresuid(65534, 65534, 65534) != 0))
			_exit(255);
		_exit(fn(t));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 256;
}

#endif
