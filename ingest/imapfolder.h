/* imapfolder.h - what a fetcher knows of one folder. */
#ifndef INGEST_IMAPFOLDER_H
#define INGEST_IMAPFOLDER_H

#include "core/keyset.h"

#include "ingest/imapsettle.h"
#include "ingest/plan.h"

struct imap_folder {
	struct imap_folder *next;
	const char *name; /* UTF-8, '/' between the levels; owned by the fetcher's arena */
	struct str wire;  /* as the server has it; likewise */
	int64_t id;
	bool begun;   /* uidvalidity and plan hold */
	bool anew;    /* its UIDs were given again: what is known of them is of other mails */
	bool listed;  /* it was there when last asked */
	bool told;    /* its trouble was told */
	bool stopped; /* the server refused to do what is to be done: it is tried again later */
	int64_t stopped_at;
	uint32_t uidvalidity;
	uint32_t marked;  /* the mark the source was told */
	uint32_t uidnext; /* of the last SELECT; 0: not known */
	struct plan plan;
	struct imapsettle settle;
};

#endif
