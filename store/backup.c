#include "store/backup.h"

#include <limits.h>

#include "store/connection.h"
#include "store/pgbin.h"

/* A pg_dump of an older version refuses the server; one of a newer version makes a newer format. */
static int
find_program(const struct database *db, char path[PATH_MAX], struct err *e)
{
	PGconn *c = connection_new(db, e);
	unsigned major;

	if (c == NULL)
		return -1;
	major = (unsigned)PQserverVersion(c) / 10000;
	PQfinish(c);
	return pgbin_client("pg_dump", major, path, e);
}

int
backup_write(const struct database *db, int fd, const struct pgtool_stop *stop, struct err *e)
{
	char path[PATH_MAX], nothing[1];
	char *argv[] = { path, NULL, "--no-password", "--format=custom", "--compress=3",
		"--encoding=UTF8", "--schema=ruastat", "--schema=ruastat_data",
		"--exclude-table-data=ruastat_data.dashboard_session",
		"--exclude-table-data=ruastat_data.dashboard_link", "--lock-wait-timeout=60s",
		NULL };
	struct pgtool tool;
	int rc;

	if (find_program(db, path, e) < 0)
		return -1;
	rc = pgtool_start(&tool, "pg_dump", argv, -1, fd, db, stop, e);
	if (rc == 0)
		rc = pgtool_read(&tool, nothing, sizeof(nothing), e) < 0 ? -1 : 0;
	if (rc < 0) {
		(void)pgtool_end(&tool, true, e);
		return -1;
	}
	return pgtool_end(&tool, false, e);
}
