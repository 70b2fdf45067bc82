#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/ask.h"
#include "cli/lock.h"
#include "cli/signals.h"
#include "cli/verbs.h"
#include "store/restore.h"

#define COPY_BYTES (256u << 10)

enum { OPT_REPLACE = 256 };

static const struct option own[] = {
	{ "replace", no_argument, NULL, OPT_REPLACE },
	{ NULL, 0, NULL, 0 },
};

static int
take(void *arg, int val, const char *value, struct err *e)
{
	bool *replace = arg;

	(void)val;
	(void)value;
	(void)e;
	*replace = true;
	return 0;
}

/* The file, while root may still open it. */
static int
open_file(const char *path, int *fd_out, struct err *e)
{
	struct stat st;
	int fd = strcmp(path, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
					: open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) < 0)
		err_set(e, ERR_CONFIG, "could not open \"%s\": %s", path, strerror(errno));
	else if (S_ISDIR(st.st_mode) || isatty(fd))
		err_set(e, ERR_CONFIG, "\"%s\" is no backup but a %s", path,
		    S_ISDIR(st.st_mode) ? "directory" : "terminal");
	else {
		*fd_out = fd;
		return 0;
	}
	if (fd >= 0)
		close(fd);
	return -1;
}

static int
copy(int from, int to, const struct pgtool_stop *stop)
{
	char *p = calloc(1, COPY_BYTES);
	ssize_t n = 0, done;

	if (p == NULL)
		abort();
	while (!*stop->flag && ((n = read(from, p, COPY_BYTES)) > 0 || (n < 0 && errno == EINTR)))
		for (ssize_t at = 0; at < n; at += done) {
			done = write(to, p + at, (size_t)(n - at));
			if (done < 0 && errno == EINTR)
				done = 0;
			if (done < 0) {
				free(p);
				return -1;
			}
		}
	free(p);
	if (*stop->flag)
		errno = EINTR;
	return *stop->flag || n < 0 ? -1 : 0;
}

/* It is read several times: what cannot be goes into a file without a name in the state directory. */
static int
make_seekable(int *fd, const char *state_dir, const struct pgtool_stop *stop, struct err *e)
{
	int file;

	if (lseek(*fd, 0, SEEK_SET) == 0)
		return 0;
	file = open(state_dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (file < 0 || copy(*fd, file, stop) < 0) {
		err_set(e, ERR_DATABASE, "could not copy the backup to \"%s\": %s", state_dir,
		    strerror(errno));
		if (file >= 0)
			close(file);
		return -1;
	}
	close(*fd);
	*fd = file;
	return 0;
}

/* Into the private cluster: made new, but for one in which nothing is. */
static int
restore_here(const struct context *c, struct archive *a, bool replace, struct err *e)
{
	const struct database_conf conf = { c->state_dir, NULL };
	char aside[RESTORE_ASIDE_BYTES] = "";
	struct database *db;
	bool blank = false;
	int rc;

	if (!replace && ask_has_database(c)) {
		db = database_open(&conf, e);
		rc = db != NULL ? database_wait(db, &blank, e) : -1;
		if (rc == 0 && !blank)
			rc = err_set(e, ERR_CONFIG,
			    "%s holds data already: \"ruastat restore --replace FILE\" puts it aside",
			    database_where(db));
		if (rc == 0)
			rc = restore_into(db, a, e);
		database_close(db);
		return rc;
	}
	rc = restore_private(c->state_dir, a, aside, e);
	if (rc == 0 && aside[0] != '\0')
		printf(
		    "what was there before is now \"%s/%s\"; remove it when it is not needed any more\n",
		    c->state_dir, aside);
	return rc;
}

static int
restore_there(const struct context *c, struct archive *a, struct err *e)
{
	const struct database_conf conf = { c->state_dir, c->conninfo };
	struct database *db = database_open(&conf, e);
	bool blank = false;
	int rc = db != NULL ? database_wait(db, &blank, e) : -1;

	if (rc == 0 && !blank)
		rc = err_set(e, ERR_CONFIG,
		    "%s holds data already: restore into an empty one, or drop the schemas ruastat and "
		    "ruastat_data there",
		    database_where(db));
	if (rc == 0)
		rc = restore_into(db, a, e);
	database_close(db);
	return rc;
}

static int
restore(struct context *c, int *fd, bool replace, struct err *e)
{
	const struct pgtool_stop stop = { signals_stop(), signals_fd() };
	struct archive *a = NULL;
	struct lock *lock = NULL;
	int rc;

	if (replace && c->conninfo != NULL)
		return err_set(e, ERR_CONFIG,
		    "--replace is for the private cluster: on a server of yours, drop the schemas "
		    "ruastat and ruastat_data, or make another database");
	if (context_enter(c, e) < 0)
		return -1;
	rc = lock_take(&lock, c->state_dir, "restore", e);
	if (rc == 0)
		return err_set(e, ERR_DATABASE, "another restore is at work");
	rc = rc > 0 ? make_seekable(fd, c->state_dir, &stop, e) : -1;
	if (rc == 0)
		a = archive_open(*fd, &stop, e);
	if (a == NULL)
		rc = -1;
	else if (c->conninfo != NULL)
		rc = restore_there(c, a, e);
	else
		rc = restore_here(c, a, replace, e);
	archive_close(a);
	lock_release(lock);
	return rc;
}

static int
run(const struct verb *v, int argc, char **argv)
{
	bool replace = false;
	struct context c;
	struct err e;
	int rc, fd, status, first = verb_options(v, argc, argv, own, take, &replace, &c, &status);

	if (first < 0)
		return status;
	if (argc - first != 1) {
		rc = err_set(&e, ERR_CONFIG, "\"restore\" wants the name of one file, or -");
	} else {
		signals_listen(false);
		rc = open_file(argv[first], &fd, &e);
		if (rc == 0) {
			rc = restore(&c, &fd, replace, &e);
			close(fd);
		}
	}
	return ask_end(&c, rc, &e);
}

const struct verb verb_restore = {
	.name = "restore",
	.arguments = "[OPTION]... FILE",
	.summary = "bring a backup back into an empty database",
	.help = "  --replace             put what the private cluster has aside, and keep it\n"
		"  FILE                  that \"ruastat backup\" wrote; - for standard input\n",
	.run = run,
};
