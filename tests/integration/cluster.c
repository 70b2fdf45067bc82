/*
 * Driver of 10-cluster.t.
 *
 *   cluster run DIR       use the cluster of DIR, print milliseconds, leave it
 *   cluster hold DIR      the same, but stay connected until standard input ends
 *   cluster revive DIR    the same, but when the connection is lost bring the cluster up again
 *   cluster begin DIR     leave it again without waiting for it
 *   cluster connect INFO  connect to a libpq connection string
 */
#include <libpq-fe.h>

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/err.h"
#include "store/cluster.h"

static double
milliseconds(void)
{
	static struct timespec before;
	struct timespec now;
	double ms;

	clock_gettime(CLOCK_MONOTONIC, &now);
	ms = (double)(now.tv_sec - before.tv_sec) * 1e3 +
	    (double)(now.tv_nsec - before.tv_nsec) / 1e6;
	before = now;
	return ms;
}

static void
say(const char *what)
{
	printf("%s %.1f\n", what, milliseconds());
	fflush(stdout);
}

static PGconn *
dial(const char *conninfo)
{
	PGconn *c = PQconnectdb(conninfo);

	if (PQstatus(c) == CONNECTION_OK)
		return c;
	printf("refused %s", PQerrorMessage(c));
	PQfinish(c);
	return NULL;
}

/* Until standard input ends (0) or the connection does (1). */
static int
hold(PGconn *c)
{
	struct pollfd fds[2] = { { STDIN_FILENO, POLLIN, 0 }, { PQsocket(c), POLLIN, 0 } };

	while (poll(fds, 2, -1) >= 0) {
		if (fds[0].revents != 0)
			return 0;
		if (fds[1].revents != 0 && (PQconsumeInput(c) == 0 || PQstatus(c) != CONNECTION_OK))
			return 1;
	}
	return 1;
}

static int
use(struct cluster *cluster, const char *mode, struct err *e)
{
	PGconn *c;
	int rc = 0;

	if (strcmp(mode, "begin") == 0)
		return 0;
	if (cluster_wait(cluster, e) != 0)
		return -1;
	say("wait");
	c = dial(cluster_conninfo(cluster));
	if (c == NULL)
		return err_set(e, ERR_DATABASE, "no connection");
	say("connect");
	if (strcmp(mode, "run") != 0 && hold(c) == 1 && strcmp(mode, "revive") == 0) {
		PQfinish(c);
		milliseconds();
		rc = cluster_revive(cluster, e);
		say("revive");
		c = rc == 0 ? dial(cluster_conninfo(cluster)) : NULL;
		if (c == NULL)
			return rc != 0 ? rc : err_set(e, ERR_DATABASE, "no connection");
		say("again");
		hold(c);
	}
	PQfinish(c);
	return rc;
}

int
main(int argc, char **argv)
{
	struct cluster *cluster;
	struct err e = { 0 };
	PGconn *c;
	int rc;

	if (argc != 3)
		return 2;
	milliseconds();
	if (strcmp(argv[1], "connect") == 0) {
		c = dial(argv[2]);
		PQfinish(c);
		return c == NULL;
	}
	cluster = cluster_open(argv[2], &e);
	rc = cluster != NULL ? 0 : -1;
	if (rc == 0) {
		say("open");
		rc = use(cluster, argv[1], &e);
		milliseconds();
		cluster_close(cluster);
		say("close");
	}
	if (rc != 0)
		printf("error %d %s\n", (int)e.kind, e.text);
	return rc != 0;
}
