/*
 * The rows alone: take every row out of a database into memory, empty it, and put them back the
 * shortest way there is.
 *
 *   copy CONNINFO ROWS.sql EMPTY.sql
 *
 * Two connections, one process and one transaction each, one COPY for each table.  ROWS.sql lists
 * what to copy: lane (0 or 1), the COPY that reads, the COPY that writes.  EMPTY.sql empties all of
 * these tables.  Prints the seconds from the first BEGIN to the last COMMIT, and the bytes.
 */
#include <libpq-fe.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/str.h"

#define LANES 2
#define TABLES 64
#define SLICE (64u << 10)

struct table {
	int lane;
	const char *write; /* the statement */
	struct buf rows;
};

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
give_up(const char *what, const char *why)
{
	fprintf(stderr, "copy: %s: %s\n", what, why);
	exit(2);
}

static PGconn *
dial(const char *conninfo)
{
	PGconn *c = PQconnectdb(conninfo);

	if (PQstatus(c) != CONNECTION_OK)
		give_up("cannot connect", PQerrorMessage(c));
	return c;
}

static PGresult *
expect(PGconn *c, const char *sql, ExecStatusType status)
{
	PGresult *r = PQexec(c, sql);

	if (PQresultStatus(r) != status)
		give_up(sql, PQerrorMessage(c));
	return r;
}

static void
run(PGconn *c, const char *sql)
{
	PQclear(expect(c, sql, PGRES_COMMAND_OK));
}

/* The end of a COPY. */
static void
finish(PGconn *c, const char *sql)
{
	PGresult *r = PQgetResult(c);

	if (PQresultStatus(r) != PGRES_COMMAND_OK)
		give_up(sql, PQerrorMessage(c));
	PQclear(r);
	while ((r = PQgetResult(c)) != NULL)
		PQclear(r);
}

static void
take(PGconn *c, const char *sql, struct buf *rows)
{
	char *piece;
	int n;

	PQclear(expect(c, sql, PGRES_COPY_OUT));
	while ((n = PQgetCopyData(c, &piece, 0)) > 0) {
		buf_put(rows, piece, (size_t)n);
		PQfreemem(piece);
	}
	finish(c, sql);
}

static void
put(PGconn *c, const struct table *t)
{
	PQclear(expect(c, t->write, PGRES_COPY_IN));
	for (size_t at = 0; at < t->rows.n; at += SLICE) {
		size_t left = t->rows.n - at;

		if (PQputCopyData(c, t->rows.p + at, (int)(left < SLICE ? left : SLICE)) != 1)
			give_up(t->write, PQerrorMessage(c));
	}
	if (PQputCopyEnd(c, NULL) != 1)
		give_up(t->write, PQerrorMessage(c));
	finish(c, t->write);
}

/* One lane: connect, say so on ${ready}, wait for ${go} to be closed, write. */
static void
lane_main(int lane, const char *conninfo, const struct table *tables, size_t n, int ready, int go)
{
	PGconn *c = dial(conninfo);
	char byte = 0;

	if (write(ready, &byte, 1) != 1 || read(go, &byte, 1) != 0)
		give_up("cannot start together", "the other side is gone");
	run(c, "BEGIN");
	for (size_t i = 0; i < n; i++)
		if (tables[i].lane == lane)
			put(c, &tables[i]);
	run(c, "COMMIT");
	/* Its end is no part of the measure: nobody waits for a disconnect. */
	if (write(ready, &byte, 1) != 1)
		give_up("cannot tell", "the other side is gone");
	PQfinish(c);
	_exit(0);
}

static void
await(int fd, int times)
{
	char byte;

	while (times-- > 0)
		if (read(fd, &byte, 1) != 1)
			give_up("a lane ended early", "see above");
}

static double
load(const char *conninfo, const struct table *tables, size_t n)
{
	int ready[2], go[2], status, bad = 0;
	double start, seconds;

	if (pipe(ready) < 0 || pipe(go) < 0)
		give_up("cannot make pipes", "no descriptors");
	for (int lane = 0; lane < LANES; lane++) {
		pid_t pid = fork();

		if (pid < 0)
			give_up("cannot fork", "no processes");
		if (pid == 0) {
			close(go[1]);
			close(ready[0]);
			lane_main(lane, conninfo, tables, n, ready[1], go[0]);
		}
	}
	close(ready[1]);
	await(ready[0], LANES);
	start = now();
	close(go[1]);
	await(ready[0], LANES);
	seconds = now() - start;
	for (int lane = 0; lane < LANES; lane++)
		bad |= wait(&status) < 0 || status != 0;
	if (bad)
		give_up("a lane failed", "see above");
	return seconds;
}

static void
read_file(const char *path, struct buf *out)
{
	char piece[4096];
	size_t n;
	FILE *f = fopen(path, "re");

	buf_init(out, 1 << 20);
	if (f == NULL)
		give_up(path, "cannot be read");
	while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
		buf_put(out, piece, n);
	buf_put8(out, '\0');
	fclose(f);
}

int
main(int argc, char **argv)
{
	static struct table tables[TABLES];
	struct buf rows_sql, empty_sql;
	size_t n, bytes = 0;
	PGresult *list;
	PGconn *c;

	if (argc != 4)
		give_up("usage", "copy CONNINFO ROWS.sql EMPTY.sql");
	read_file(argv[2], &rows_sql);
	read_file(argv[3], &empty_sql);
	c = dial(argv[1]);
	list = expect(c, rows_sql.p, PGRES_TUPLES_OK);
	n = (size_t)PQntuples(list);
	if (n > TABLES)
		give_up(argv[2], "too many tables");
	for (size_t i = 0; i < n; i++) {
		tables[i].lane = PQgetvalue(list, (int)i, 0)[0] - '0';
		tables[i].write = PQgetvalue(list, (int)i, 2);
		buf_init(&tables[i].rows, SIZE_MAX / 2);
		take(c, PQgetvalue(list, (int)i, 1), &tables[i].rows);
		bytes += tables[i].rows.n;
	}
	run(c, empty_sql.p);
	run(c, "CHECKPOINT");
	PQfinish(c);
	printf("%.6f %zu\n", load(argv[1], tables, n), bytes);
	PQclear(list);
	buf_fini(&rows_sql);
	buf_fini(&empty_sql);
	return 0;
}
