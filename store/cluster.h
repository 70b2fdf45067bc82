/*
 * cluster.h - the private PostgreSQL of a state directory: made, started and stopped as needed.
 *
 * Unix socket only, peer authentication, one operating system user.  The first process that needs
 * it starts it, the last one out stops it; whoever finds it gone starts it again.  One thread at a
 * time may call these with the same cluster.
 */
#ifndef STORE_CLUSTER_H
#define STORE_CLUSTER_H

#include <stddef.h>

#include "core/err.h"

struct cluster;

/*
 * Begin to bring the cluster of ${state_dir} up, making it first where there is none (half a second
 * to some seconds), and become one of its users.  Does not wait for a server it starts: other work
 * may be done before cluster_wait.  A state directory that is missing is made, with its parents,
 * for its owner alone; one that is there is closed to others.
 * The variables PG* of the environment are unset: one thread, the first time.
 * ERR_CONFIG: no PostgreSQL, or only other versions; the directory is somebody else's; root, or a
 * user without a name.  ERR_DATABASE: else; it may be tried again.
 */
struct cluster *cluster_open(const char *state_dir, struct err *e);

/*
 * Wait until it takes connections, at most LIMIT_DATABASE_SECONDS; start it again if it is gone.
 * ERR_DATABASE has the end of the server's log where it does not start; else as cluster_open.
 */
int cluster_wait(struct cluster *c, struct err *e);

/* libpq connection string; belongs to ${c}, and another one may take its place in cluster_revive. */
const char *cluster_conninfo(const struct cluster *c);

/* After a lost connection: as cluster_wait, and the way to the socket is made anew if it is gone. */
int cluster_revive(struct cluster *c, struct err *e);

/*
 * Leave; stops the cluster when nobody else uses it, and waits until it is down, at most
 * LIMIT_DATABASE_SECONDS.  A server still recovering from a crash is left to finish that: the next
 * last one out stops it.
 */
void cluster_close(struct cluster *c);

/* Keep the server's log short while it runs: to be called once an hour. */
void cluster_trim_log(struct cluster *c);

/*
 * Take the cluster of ${state_dir} for oneself alone, its server down, until cluster_close: whoever else
 * wants it is told to try again.  Neither its data nor PostgreSQL's programs need be there.  As
 * cluster_open; ERR_DATABASE where others use it.
 */
struct cluster *cluster_seize(const char *state_dir, struct err *e);

/*
 * Put the data directory of the state directory ${from}, on the same file system and with its server
 * down, into the place of that of ${c}, which was seized.  What was there becomes data.DATE, and its name
 * is written to ${aside} (${size} bytes; empty where nothing was).  At no moment is there none.  ERR_DATABASE.
 */
int cluster_replace(struct cluster *c, const char *from, char *aside, size_t size, struct err *e);

/* Remove the state directory ${state_dir} with its cluster, if it is there.  As cluster_seize. */
int cluster_remove(const char *state_dir, struct err *e);

#endif
