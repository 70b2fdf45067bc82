/*
 * fetcher.h - the process that reads one IMAP source.
 *
 * It is the program itself, run anew under FETCHER_NAME with a socket (ingest/post.h) as descriptor 3:
 * it has the mailbox's credentials and nothing else, no database, no other source.  It waits for the
 * server as long as it likes; the source never waits for it.  One command after the other, one
 * thread.
 *
 * Mails are handed out folder by folder.  What the source says is committed is acknowledged on the server
 * and passed by the mark.  A lost connection is made again: a few times, unless mails came meanwhile;
 * for ever, with longer and longer pauses, when watching.
 */
#ifndef INGEST_FETCHER_H
#define INGEST_FETCHER_H

#define FETCHER_NAME "ruastat-fetcher"

/* Until the source hangs up or all is done; the exit status. */
int fetcher_main(void);

#endif
