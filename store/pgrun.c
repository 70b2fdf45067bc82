#include "store/pgrun.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/account.h"

/*
 * What the server and initdb see: no PG* of the user's, English messages (postmaster.c reads
 * them), and a home that is the user's own also after a change of user.
 */
static void
make_environment(struct buf *text, char *env[6])
{
	struct account user;
	const char *path = getenv("PATH");
	size_t i, at[4];

	account_find(geteuid(), &user);
	at[0] = text->n;
	buf_printf(text, "HOME=%s", user.home);
	buf_put8(text, 0);
	at[1] = text->n;
	buf_printf(text, "PATH=%s", path != NULL ? path : "/usr/bin:/bin");
	buf_put8(text, 0);
	at[2] = text->n;
	buf_printf(text, "LC_ALL=C.UTF-8");
	buf_put8(text, 0);
	at[3] = text->n;
	buf_printf(text, "TZ=UTC");
	buf_put8(text, 0);
	for (i = 0; i < 4; i++)
		env[i] = text->p + at[i];
	env[4] = NULL;
}

static int
set_attributes(posix_spawnattr_t *attr)
{
	sigset_t set;
	int rc;

	sigfillset(&set);
	rc = posix_spawnattr_setsigdefault(attr, &set);
	sigemptyset(&set);
	if (rc == 0)
		rc = posix_spawnattr_setsigmask(attr, &set);
	/* A session of its own: a terminal's Ctrl-C is not for the server. */
	if (rc == 0)
		rc = posix_spawnattr_setflags(
		    attr, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	return rc;
}

static int
set_actions(posix_spawn_file_actions_t *fa, int out, int keep)
{
	int rc;

	rc = posix_spawn_file_actions_addopen(fa, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(fa, out, STDOUT_FILENO);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(fa, STDOUT_FILENO, STDERR_FILENO);
	if (rc == 0 && keep != -1)
		rc = posix_spawn_file_actions_adddup2(fa, keep, 3);
	if (rc == 0)
		rc = posix_spawn_file_actions_addclosefrom_np(fa, keep != -1 ? 4 : 3);
	if (rc == 0)
		rc = posix_spawn_file_actions_addchdir_np(fa, "/");
	return rc;
}

int
pgrun_spawn(char *const argv[], int out, int keep, pid_t *pid_out, struct err *e)
{
	posix_spawn_file_actions_t fa;
	posix_spawnattr_t attr;
	struct buf text;
	char *env[6];
	int rc;

	buf_init(&text, SIZE_MAX / 4);
	make_environment(&text, env);
	posix_spawn_file_actions_init(&fa);
	posix_spawnattr_init(&attr);
	rc = set_attributes(&attr);
	if (rc == 0)
		rc = set_actions(&fa, out, keep);
	if (rc == 0)
		rc = posix_spawn(pid_out, argv[0], &fa, &attr, argv, env);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&fa);
	buf_fini(&text);
	if (rc != 0)
		return err_set(e, ERR_DATABASE, "could not run \"%s\": %s", argv[0], strerror(rc));
	return 0;
}

static void
read_all(int fd, struct buf *text)
{
	char chunk[4096];
	ssize_t n;

	while ((n = read(fd, chunk, sizeof(chunk))) > 0 || (n < 0 && errno == EINTR)) {
		if (n > 0)
			buf_put(text, chunk, (size_t)n);
	}
}

int
pgrun_capture(char *const argv[], int keep, struct buf *text, int *status, struct err *e)
{
	int ends[2], rc;
	pid_t pid, done;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return err_set(e, ERR_DATABASE, "could not make a pipe: %s", strerror(errno));
	rc = pgrun_spawn(argv, ends[1], keep, &pid, e);
	close(ends[1]);
	if (rc == 0) {
		read_all(ends[0], text);
		do
			done = waitpid(pid, status, 0);
		while (done < 0 && errno == EINTR);
		if (done < 0)
			rc = err_set(e, ERR_DATABASE, "could not learn how \"%s\" ended: %s",
			    argv[0], strerror(errno));
	}
	close(ends[0]);
	return rc;
}

static struct str
take_line(struct str *text)
{
	const char *end = memchr(text->p, '\n', text->n);
	struct str line = { text->p, end != NULL ? (size_t)(end - text->p) : text->n };

	text->p += line.n + (end != NULL);
	text->n -= line.n + (end != NULL);
	return line;
}

/* Where the story of a failure begins: with what failed, or the server's remark just before it. */
static struct str
from_fatal(struct str all)
{
	static const char *const marks[] = { "PANIC:", "FATAL:", "error:", "could not " };
	struct str rest = all, line, before = { NULL, 0 };
	const char *at;
	size_t i;

	while (rest.n > 0) {
		line = take_line(&rest);
		for (i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
			at = str_find(line, str_of(marks[i]));
			if (at == NULL)
				continue;
			if (i < 2 && str_find(before, STR("LOG: ")) != NULL)
				at = before.p;
			return (struct str){ at, all.n - (size_t)(at - all.p) };
		}
		before = line;
	}
	return all;
}

void
pgrun_reason(struct str text, char *out, size_t size)
{
	const char *stamp;
	struct str line;
	size_t n = 0;

	text = from_fatal(text);
	out[0] = '\0';
	while (text.n > 0 && n < size - 1) {
		line = take_line(&text);
		/* "2026-11-21 09:00:00.123 UTC [1234] " */
		stamp = str_find((struct str){ line.p, line.n < 50 ? line.n : 50 }, STR("] "));
		if (stamp != NULL)
			line = (struct str){ stamp + 2, line.n - (size_t)(stamp + 2 - line.p) };
		line = str_trim(line);
		if (line.n > 0)
			n += (size_t)snprintf(out + n, size - n, "%s%.*s", n > 0 ? "; " : "",
			    (int)(line.n < size ? line.n : size), line.p);
	}
}
