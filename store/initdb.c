#include "store/initdb.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/buf.h"
#include "store/pgbin.h"
#include "store/pgrun.h"
#include "store/tree.h"

#define OUTPUT_BYTES (64u << 10) /* what initdb may print; it prints 1 kB */

/* One user of the operating system, by the socket, and nobody else by any way. */
static const char access_rules[] = "local all ruastat,ruastat_dashboard peer map=ruastat\n"
				   "local all all reject\n";

/*
 * The socket's directory is relative to the data directory: it holds wherever the state directory
 * is moved to, however long its path.  jit: short queries, and it cannot be had without writable
 * code.  mmap: logind removes the shared memory of users who log out.  Errors are not logged with
 * their statements: those hold what strangers wrote.
 * They are written once, for the owner may change them (ALTER SYSTEM): what a later version cannot
 * do without it gives the server at its start (postmaster.c).
 */
static const char settings[] = "cluster_name = 'ruastat'\n"
			       "listen_addresses = ''\n"
			       "unix_socket_directories = '..'\n"
			       "unix_socket_permissions = 0700\n"
			       "max_connections = 100\n"
			       "max_locks_per_transaction = 256\n"
			       "shared_buffers = 64MB\n"
			       "dynamic_shared_memory_type = mmap\n"
			       "jit = off\n"
			       "wal_level = minimal\n"
			       "max_wal_senders = 0\n"
			       "max_logical_replication_workers = 0\n"
			       "max_wal_size = 512MB\n"
			       "checkpoint_timeout = 15min\n"
			       "wal_compression = on\n"
			       "full_page_writes = on\n"
			       "fsync = on\n"
			       "autovacuum = on\n"
			       "logging_collector = off\n"
			       "log_min_messages = warning\n"
			       "log_min_error_statement = fatal\n"
			       /* a refused row's DETAIL could be of a failure report */
			       "log_error_verbosity = terse\n"
			       "log_checkpoints = off\n"
			       "timezone = 'UTC'\n"
			       "log_timezone = 'UTC'\n";

static int
run(const char *path, int lock, struct err *e)
{
	char program[PATH_MAX + 16], at[PATH_MAX + 16], why[300];
	char *argv[16] = { program, "-D", at, "-U", "ruastat", "-E", "UTF8", "--no-locale",
		"--data-checksums", "--wal-segsize=4", "--auth-local=peer", "--auth-host=reject",
		"--no-instructions", NULL };
	struct pgbin bin;
	struct buf text;
	int rc, status;

	if (pgbin_find(0, &bin, e) != 0)
		return -1;
	snprintf(program, sizeof(program), "%s/initdb", bin.dir);
	snprintf(at, sizeof(at), "%s", path);
	/* For tests only: they make many clusters, and none must outlive a power cut. */
	if (getenv("RUASTAT_TEST_NOSYNC") != NULL)
		argv[13] = "--no-sync";
	buf_init(&text, OUTPUT_BYTES);
	rc = pgrun_capture(argv, lock, &text, &status, e);
	if (rc == 0 && status != 0) {
		pgrun_reason(buf_str(&text), why, sizeof(why));
		rc = err_set(e, ERR_DATABASE, "could not make a database in \"%s\": %s", path,
		    why[0] != '\0' ? why : strsignal(WTERMSIG(status)));
	}
	buf_fini(&text);
	return rc;
}

static int
write_file(int dir, const char *name, struct str text, struct err *e)
{
	int fd, rc = 0;
	ssize_t n;

	fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_set(
		    e, ERR_DATABASE, "could not write \"%s\": %s", name, strerror(errno));
	errno = ENOSPC; /* what a short write means, which does not set it */
	n = write(fd, text.p, text.n);
	if (n < 0 || (size_t)n != text.n || fsync(fd) != 0)
		rc = err_set(e, ERR_DATABASE, "could not write \"%s\": %s", name, strerror(errno));
	close(fd);
	return rc;
}

/* Whether the file holds ${text} already. */
static bool
holds(int dir, const char *name, struct str text)
{
	char had[4096];
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, had, sizeof(had));
	close(fd);
	return n >= 0 && str_eq(text, (struct str){ had, (size_t)n });
}

static int
settle_file(int dir, const char *data, const char *name, struct str text, struct err *e)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/%s", data, name);
	return holds(dir, path, text) ? 0 : write_file(dir, path, text, e);
}

/* Who may come in: this changes from version to version, the rest the owner may have changed. */
static int
configure_access(int dir, const char *data, const char *user, struct err *e)
{
	struct buf map;
	int rc;

	buf_init(&map, 4096);
	buf_printf(&map, "ruastat \"%s\" ruastat\nruastat \"%s\" ruastat_dashboard\n", user, user);
	rc = settle_file(dir, data, "pg_hba.conf", str_of(access_rules), e);
	if (rc == 0)
		rc = settle_file(dir, data, "pg_ident.conf", buf_str(&map), e);
	buf_fini(&map);
	return rc;
}

int
initdb_renew_access(int dir, const char *path, const char *user, struct err *e)
{
	return configure_access(dir, "data", user, e) == 0 ? 0 : err_wrap(e, "in \"%s\"", path);
}

int
initdb_run(int dir, const char *path, const char *user, int lock, struct err *e)
{
	char unfinished[PATH_MAX];

	if (snprintf(unfinished, sizeof(unfinished), "%s/data.new", path) >=
	    (int)sizeof(unfinished))
		return err_set(e, ERR_CONFIG, "the state directory's path is too long");
	if (tree_remove(unfinished, e) != 0 || run(unfinished, lock, e) != 0)
		return -1;
	if (configure_access(dir, "data.new", user, e) != 0 ||
	    write_file(dir, "data.new/postgresql.auto.conf", str_of(settings), e) != 0)
		return err_wrap(e, "in \"%s\"", path);
	if (renameat(dir, "data.new", dir, "data") != 0 || fsync(dir) != 0)
		return err_set(
		    e, ERR_DATABASE, "could not rename \"%s\": %s", unfinished, strerror(errno));
	return 0;
}
