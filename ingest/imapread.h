/*
 * imapread.h - reads the folders of one IMAP source: what a fetcher does while its session holds.
 *
 * Each folder in turn is opened, what an earlier run left to be acknowledged is acknowledged, what is new
 * is handed to the source, what the source commits is passed by the mark.  A folder that the server
 * refuses is told of once and left out; -1 is always the connection, or a configuration that is wrong.
 */
#ifndef INGEST_IMAPREAD_H
#define INGEST_IMAPREAD_H

#include "core/arena.h"

#include "ingest/fetch.h"
#include "ingest/fetchconf.h"

#define IMAPREAD_FOLDERS 10000  /* of one source: each is opened in each run */
#define IMAPREAD_ALIVE_MS 60000 /* a silent connection is given a NOOP */
#define IMAPREAD_QUEUE_MS 20    /* until a full socket is tried again */

struct imapread {
	struct arena *arena; /* the configuration, and the names of folders */
	struct fetch_conf conf;
	struct post *post;
	struct keyset *known; /* mails beyond the marks */
	struct buf pending;   /* struct pending: stored by an earlier run, not acknowledged */
	struct buf marks;     /* struct mark */
	struct session *session;
	struct imap_folder *folders, **last;
	size_t nfolders;
	struct imap_folder *recent; /* what was committed last was in it */
	struct imap_folder *open;   /* in the session */
	struct fetch fetch;
	bool finish;   /* the source wants no more mails */
	bool gone;     /* the source hung up */
	bool too_many; /* folders */
	bool progress; /* since the session began, mails were handed out or acknowledged */
};

/* ${post} is owned from here on. */
void imapread_init(struct imapread *r, struct post *post);
void imapread_fini(struct imapread *r);

/* Take in what the source says before it begins, waiting for it; -1 when that cannot be. */
int imapread_listen(struct imapread *r);

/* Take in what the source says since, without waiting, and tell it of marks that moved. */
void imapread_hear(struct imapread *r);

/* In the new session ->session: which folders there are. */
int imapread_find(struct imapread *r, struct err *e);

/* Read them all once. */
int imapread_all(struct imapread *r, struct err *e);

/* Find and read them anew. */
int imapread_look(struct imapread *r, struct err *e);

/* Have the first folder open, reading what came into it meanwhile; another one if that cannot be. */
int imapread_open(struct imapread *r, struct err *e);

/* The server told of new mails in the open folder: read them. */
int imapread_news(struct imapread *r, struct err *e);

/* Acknowledge on the server what waits for it; and how many mails wait that can be acknowledged. */
int imapread_settle(struct imapread *r, struct err *e);
uint64_t imapread_unsettled(const struct imapread *r);

/* A word to the server, so that it does not hang up. */
int imapread_alive(struct imapread *r, struct err *e);

/* The session is over; ${well}: with a logout, else what it did and did not say is in doubt. */
void imapread_part(struct imapread *r, bool well);

#endif
