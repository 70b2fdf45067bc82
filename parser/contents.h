/*
 * contents.h - all that is in a message: mails in mails, mailboxes, winmail.dat, signed structures,
 * archives, down to the attachments that attachment.h reads.
 */
#ifndef PARSER_CONTENTS_H
#define PARSER_CONTENTS_H

#include "core/arena.h"
#include "core/buf.h"
#include "core/ceilings.h"
#include "core/report.h"
#include "parser/out.h"

struct attachment;
struct attachment_reader;
struct mime;
struct mime_header;

struct contents {
	struct mime *mime;
	struct attachment_reader *attachments;
	struct arena *arena; /* of what lasts as long as the message */
	struct arena *owned; /* bytes that were signed or quoted */
	struct buf text;     /* a path or a reason in work */

	/* Of the message in work. */
	const struct ceilings *ceilings;
	struct str whole; /* all of it, where it is at hand: the caller's */
	bool told_limit;
	unsigned mails;
	unsigned nested; /* containers around the present leaf */
	bool within;     /* a mail */
};

/* -1 where a library cannot be set up: contents_fini is due all the same. */
int contents_init(struct contents *c, struct err *e);
void contents_fini(struct contents *c);

/* Begin a message: it goes by ${ceilings}, which must outlive that; its parts go to ${out}. */
void contents_reset(struct contents *c, const struct ceilings *ceilings, struct out *out);

/* Write a part that is no report, of the message as a whole. */
int contents_say(struct contents *c, enum outcome outcome, const char *reason, struct err *e);

/*
 * Write what is in ${mail}, at most LIMIT_MAILS with all that are in it, in containers at most
 * LIMIT_MIME_DEPTH deep; where there is nothing of ours in it, why that is so if it tells.  Fills in
 * ${h}.
 */
int contents_mail(struct contents *c, struct str mail, struct mime_header *h, struct err *e);

/* The same for a file; ${h} is filled in where it is a single mail, or holds one alone. */
int contents_file(
    struct contents *c, const struct attachment *t, struct mime_header *h, struct err *e);

#endif
