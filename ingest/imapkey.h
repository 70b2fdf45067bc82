/* imapkey.h - what names a mail of an IMAP server for good; see struct mark in core/keyset.h. */
#ifndef INGEST_IMAPKEY_H
#define INGEST_IMAPKEY_H

#include "core/keyset.h"
#include "core/str.h"

/* The id of the folder ${name} (UTF-8, '/' between the levels). */
int64_t imapkey_folder(struct str name);

struct imapkey {
	int64_t folder_id;
	uint32_t uidvalidity;
	uint32_t uid;
};

struct key imapkey_put(struct imapkey k);
struct imapkey imapkey_get(struct key k);

#endif
