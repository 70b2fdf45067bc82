#include "store/cluster.h"

#include <libpq-fe.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/account.h"
#include "core/buf.h"
#include "core/limits.h"
#include "store/deadline.h"
#include "store/initdb.h"
#include "store/postmaster.h"
#include "store/sockdir.h"
#include "store/tree.h"

#define POLL_MS 2   /* for what takes a tenth of a second */
#define RETRY_MS 30 /* for what costs the server a process each time */

/*
 * start.lock is held, alone, while anybody makes, starts or stops the server; users.lock is held,
 * shared, by everybody who uses it.  The kernel lets go of both when a process dies.
 */
struct cluster {
	struct postmaster server;
	char path[PATH_MAX]; /* of the state directory, absolute */
	struct account user;
	int dir, start_lock, users_lock;
	struct buf conninfo;
};

static struct cluster *
cluster_new(void)
{
	struct cluster *c = calloc(1, sizeof(*c));

	if (c == NULL)
		abort();
	c->dir = c->start_lock = c->users_lock = -1;
	buf_init(&c->conninfo, 2 * PATH_MAX);
	return c;
}

static void
cluster_free(struct cluster *c)
{
	if (c->users_lock >= 0)
		close(c->users_lock);
	if (c->start_lock >= 0)
		close(c->start_lock);
	if (c->dir >= 0)
		close(c->dir);
	buf_fini(&c->conninfo);
	free(c);
}

/* initdb and peer authentication need a name for our user id; PostgreSQL refuses root. */
static int
find_user(struct cluster *c, struct err *e)
{
	if (geteuid() == 0)
		return err_set(e, ERR_CONFIG,
		    "the private database cannot run as root: use "
		    "another user, or name a server of yours with \"database\"");
	if (!account_find(geteuid(), &c->user))
		return err_set(e, ERR_CONFIG,
		    "user id %u has no entry in the passwd database, "
		    "which PostgreSQL needs: add one, or name a server of yours with "
		    "\"database\"",
		    (unsigned)geteuid());
	return 0;
}

static int
make_directories(const char *path)
{
	char part[PATH_MAX];
	size_t i;
	int why;

	if (snprintf(part, sizeof(part), "%s/", path) >= (int)sizeof(part)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	for (i = 1; part[i] != '\0'; i++) {
		if (part[i] != '/')
			continue;
		part[i] = '\0';
		if (mkdir(part, 0700) != 0 && errno != EEXIST) {
			why = errno; /* a parent of somebody else's that is there will do */
			if (access(part, F_OK) != 0) {
				errno = why;
				return -1;
			}
		}
		part[i] = '/';
	}
	return 0;
}

static int
open_directory(struct cluster *c, const char *path, struct err *e)
{
	struct account owner;
	struct stat st;

	if (make_directories(path) != 0 || realpath(path, c->path) == NULL)
		return err_set(e, errno == ENOSPC ? ERR_DATABASE : ERR_CONFIG,
		    "could not make the state directory \"%s\": %s", path, strerror(errno));
	if (stat(c->path, &st) == 0 && st.st_uid != geteuid()) {
		account_name(st.st_uid, &owner);
		return err_set(e, ERR_CONFIG,
		    "the state directory \"%s\" belongs to user \"%s\" "
		    "(id %u), but this is user \"%s\"",
		    path, owner.name, (unsigned)st.st_uid, c->user.name);
	}
	c->dir = open(c->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* One that was there before us may be open to others: what comes into it is not for them. */
	if (c->dir < 0 || ((st.st_mode & 077) != 0 && fchmod(c->dir, 0700) != 0))
		return err_set(e, ERR_CONFIG, "could not open the state directory \"%s\": %s", path,
		    strerror(errno));
	c->server.dir = c->dir;
	c->server.path = c->path;
	return 0;
}

static int
open_lock(struct cluster *c, const char *name, int *fd_out, struct err *e)
{
	*fd_out = openat(c->dir, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (*fd_out < 0)
		return err_set(e, ERR_DATABASE, "could not open \"%s/%s\": %s", c->path, name,
		    strerror(errno));
	return 0;
}

static int
lock_start(struct cluster *c, const struct deadline *d, struct err *e)
{
	do {
		if (flock(c->start_lock, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_set(e, ERR_DATABASE, "could not lock \"%s/start.lock\": %s",
			    c->path, strerror(errno));
	} while (deadline_pause(d, POLL_MS));
	return err_set(e, ERR_DATABASE,
	    "another process is starting or stopping the database in "
	    "\"%s\" and does not come to an end",
	    c->path);
}

static void
unlock_start(struct cluster *c)
{
	flock(c->start_lock, LOCK_UN);
}

static void
put_quoted(struct buf *b, const char *s)
{
	buf_put8(b, '\'');
	for (; *s != '\0'; s++) {
		if (*s == '\'' || *s == '\\')
			buf_put8(b, '\\');
		buf_put(b, s, 1);
	}
	buf_put8(b, '\'');
}

/*
 * libpq's variables are about other servers, and not all of them yield to a connection string: a service,
 * an address, what the other side has to prove.
 */
static void
forget_other_servers(void)
{
	char name[256];

	for (char **v = environ; *v != NULL;) {
		size_t n = strcspn(*v, "=");

		if (strncmp(*v, "PG", 2) != 0 || n >= sizeof(name)) {
			v++;
			continue;
		}
		memcpy(name, *v, n);
		name[n] = '\0';
		unsetenv(name); /* which moves the next one here */
	}
}

/* Where the socket is. */
static int
find_socket(struct cluster *c, struct err *e)
{
	if (sockdir_get(c->dir, c->path, c->server.socket, e) != 0)
		return -1;
	buf_reset(&c->conninfo);
	buf_printf(&c->conninfo, "host=");
	put_quoted(&c->conninfo, c->server.socket);
	buf_printf(&c->conninfo, " port=5432 user=ruastat dbname=postgres connect_timeout=10");
	buf_put8(&c->conninfo, 0);
	return 0;
}

/* A copy made by root, say.  PostgreSQL would only say that its files cannot be read. */
static int
check_owner(const struct cluster *c, struct err *e)
{
	struct account owner;
	struct stat st;

	if (fstatat(c->dir, "data", &st, 0) != 0 || st.st_uid == geteuid())
		return 0;
	account_name(st.st_uid, &owner);
	return err_set(e, ERR_CONFIG,
	    "the database \"%s/data\" belongs to user \"%s\" (id %u): \"chown -R %s %s\" gives it to "
	    "this one",
	    c->path, owner.name, (unsigned)st.st_uid, c->user.name, c->path);
}

/* With start.lock held. */
static int
start_if_down(struct cluster *c, const struct deadline *d, struct err *e)
{
	if (check_owner(c, e) != 0)
		return -1;
	if (faccessat(c->dir, "data", F_OK, AT_SYMLINK_NOFOLLOW) != 0 &&
	    initdb_run(c->dir, c->path, c->user.name, c->start_lock, e) != 0)
		return -1;
	if (postmaster_look(&c->server) != POSTMASTER_DOWN)
		return 0;
	if (initdb_renew_access(c->dir, c->path, c->user.name, e) != 0)
		return -1;
	return postmaster_start(&c->server, d, e);
}

static int
join(struct cluster *c, struct err *e)
{
	struct deadline d = deadline_in(LIMIT_DATABASE_SECONDS);
	int rc;

	if (lock_start(c, &d, e) != 0)
		return -1;
	/* Who stops it holds start.lock too: only who seized it can be in the way. */
	if (flock(c->users_lock, LOCK_SH | LOCK_NB) != 0)
		rc = err_set(e, ERR_DATABASE, "could not lock \"%s/users.lock\": %s", c->path,
		    errno == EWOULDBLOCK ? "a restore is under way" : strerror(errno));
	else
		rc = find_socket(c, e);
	if (rc == 0)
		rc = start_if_down(c, &d, e);
	if (rc == 0)
		postmaster_trim_log(&c->server);
	unlock_start(c);
	return rc;
}

struct cluster *
cluster_open(const char *state_dir, struct err *e)
{
	struct cluster *c = cluster_new();

	forget_other_servers();
	if (find_user(c, e) == 0 && open_directory(c, state_dir, e) == 0 &&
	    open_lock(c, "start.lock", &c->start_lock, e) == 0 &&
	    open_lock(c, "users.lock", &c->users_lock, e) == 0 && join(c, e) == 0)
		return c;
	cluster_free(c);
	return NULL;
}

/* Whoever was killed may have left a server without users. */
static int
stop_for_us(struct cluster *c, struct err *e)
{
	struct deadline d = deadline_in(LIMIT_DATABASE_SECONDS);
	int rc = 0;

	if (lock_start(c, &d, e) != 0)
		return -1;
	if (flock(c->users_lock, LOCK_EX | LOCK_NB) == 0) {
		postmaster_stop(&c->server, &d);
		if (postmaster_look(&c->server) != POSTMASTER_DOWN)
			rc = err_set(e, ERR_DATABASE,
			    "the database in \"%s\" does not come to an end", c->path);
	} else if (errno == EWOULDBLOCK) {
		rc = err_set(e, ERR_DATABASE,
		    "the private cluster in \"%s\" is in use: stop what uses it (\"ruastat "
		    "serve\", \"ruastat ingest --watch\", \"ruastat psql\") first",
		    c->path);
	} else {
		rc = err_set(e, ERR_DATABASE, "could not lock \"%s/users.lock\": %s", c->path,
		    strerror(errno));
	}
	unlock_start(c);
	return rc;
}

struct cluster *
cluster_seize(const char *state_dir, struct err *e)
{
	struct cluster *c = cluster_new();

	if (find_user(c, e) == 0 && open_directory(c, state_dir, e) == 0 &&
	    open_lock(c, "start.lock", &c->start_lock, e) == 0 &&
	    open_lock(c, "users.lock", &c->users_lock, e) == 0 && stop_for_us(c, e) == 0)
		return c;
	cluster_free(c);
	return NULL;
}

/* A name that nothing has: of the day, and of the second where that is taken. */
static int
name_aside(const struct cluster *c, char *aside, size_t size, struct err *e)
{
	static const char *const forms[] = { "data.%Y-%m-%d", "data.%Y-%m-%dT%H%M%SZ" };
	time_t now = time(NULL);
	struct tm tm;

	for (size_t i = 0; i < 2; i++) {
		if (gmtime_r(&now, &tm) != NULL && strftime(aside, size, forms[i], &tm) > 0 &&
		    faccessat(c->dir, aside, F_OK, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT)
			return 0;
	}
	return err_set(
	    e, ERR_DATABASE, "could not put \"%s/data\" aside as \"%s\"", c->path, aside);
}

/* The new one goes under the old one's future name first, and then the two change places. */
static int
change_places(struct cluster *c, int from, const char *aside)
{
	if (renameat2(from, "data", c->dir, aside, RENAME_NOREPLACE) != 0)
		return -1;
	if (renameat2(c->dir, aside, c->dir, "data", RENAME_EXCHANGE) == 0)
		return 0;
	/* A file system without it: between the two steps nobody else can look. */
	if (errno != EINVAL || renameat(c->dir, aside, from, "data") != 0 ||
	    renameat2(c->dir, "data", c->dir, aside, RENAME_NOREPLACE) != 0)
		return -1;
	return renameat2(from, "data", c->dir, "data", RENAME_NOREPLACE);
}

int
cluster_replace(struct cluster *c, const char *from, char *aside, size_t size, struct err *e)
{
	bool first = faccessat(c->dir, "data", F_OK, AT_SYMLINK_NOFOLLOW) != 0;
	int dir = open(from, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;

	aside[0] = '\0';
	if (dir < 0)
		return err_set(e, ERR_DATABASE, "could not open \"%s\": %s", from, strerror(errno));
	if (faccessat(dir, "data/postmaster.pid", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		rc = err_set(
		    e, ERR_DATABASE, "the database in \"%s\" does not come to an end", from);
	else if (!first)
		rc = name_aside(c, aside, size, e);
	if (rc == 0 &&
	    (first ? renameat2(dir, "data", c->dir, "data", RENAME_NOREPLACE)
		   : change_places(c, dir, aside)) != 0)
		rc = err_set(e, ERR_DATABASE, "could not put \"%s/data\" into its place: %s", from,
		    strerror(errno));
	if (rc == 0 && fsync(c->dir) != 0)
		rc = err_set(
		    e, ERR_DATABASE, "could not write \"%s\": %s", c->path, strerror(errno));
	close(dir);
	return rc;
}

int
cluster_remove(const char *state_dir, struct err *e)
{
	struct cluster *c;
	struct stat st;
	int rc;

	if (lstat(state_dir, &st) != 0 || !S_ISDIR(st.st_mode))
		return tree_remove(state_dir, e);
	c = cluster_seize(state_dir, e);
	if (c == NULL)
		return -1;
	sockdir_forget(c->dir, c->path);
	rc = tree_remove(state_dir, e);
	cluster_free(c);
	return rc;
}

/* It was found down: start it, unless somebody just did or the last attempt says not to. */
static int
start_again(struct cluster *c, const struct deadline *d, struct err *e)
{
	bool again = false;
	int rc;

	while (postmaster_failed(&c->server, &again, e)) {
		if (!again || !deadline_pause(d, RETRY_MS))
			return -1;
	}
	if (lock_start(c, d, e) != 0)
		return -1;
	rc = start_if_down(c, d, e);
	unlock_start(c);
	return rc;
}

int
cluster_wait(struct cluster *c, struct err *e)
{
	struct deadline d = deadline_in(LIMIT_DATABASE_SECONDS);
	unsigned pause;

	do {
		pause = POLL_MS;
		switch (postmaster_look(&c->server)) {
		case POSTMASTER_READY:
			if (PQping(c->conninfo.p) == PQPING_OK) {
				c->server.unproven = false;
				return 0;
			}
			pause = RETRY_MS;
			break;
		case POSTMASTER_DOWN:
			if (start_again(c, &d, e) != 0)
				return -1;
			break;
		case POSTMASTER_STARTING:
		case POSTMASTER_STOPPING:
			break;
		}
	} while (deadline_pause(&d, pause));
	return err_set(e, ERR_DATABASE,
	    "the database in \"%s\" took no connection for %d s "
	    "(log/postgresql.log may say why)",
	    c->path, LIMIT_DATABASE_SECONDS);
}

const char *
cluster_conninfo(const struct cluster *c)
{
	return c->conninfo.p;
}

int
cluster_revive(struct cluster *c, struct err *e)
{
	struct deadline d = deadline_in(LIMIT_DATABASE_SECONDS);
	int rc;

	/* The socket's directory may have gone with a temporary one. */
	if (lock_start(c, &d, e) != 0)
		return -1;
	rc = find_socket(c, e);
	unlock_start(c);
	return rc == 0 ? cluster_wait(c, e) : -1;
}

void
cluster_close(struct cluster *c)
{
	struct deadline d = deadline_in(LIMIT_DATABASE_SECONDS);
	struct err ignored;

	/* Turning a shared lock into ours alone lets go of it first: the last of two gets it. */
	if (lock_start(c, &d, &ignored) == 0 && flock(c->users_lock, LOCK_EX | LOCK_NB) == 0)
		postmaster_stop(&c->server, &d);
	cluster_free(c);
}

void
cluster_trim_log(struct cluster *c)
{
	/* Somebody who starts or stops it looks too. */
	if (flock(c->start_lock, LOCK_EX | LOCK_NB) != 0)
		return;
	postmaster_trim_log(&c->server);
	unlock_start(c);
}
