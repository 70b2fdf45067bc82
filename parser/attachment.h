/* attachment.h - from the bytes of one attachment, or of one file, to the parts they hold. */
#ifndef PARSER_ATTACHMENT_H
#define PARSER_ATTACHMENT_H

#include "core/arena.h"
#include "core/report.h"
#include "parser/out.h"
#include "parser/sniff.h"

struct attachment_reader;

struct attachment_reader *attachment_new(struct err *e);
void attachment_free(struct attachment_reader *r);

/* Begin a message: its parts go to ${out}, what they need until its end to ${a}. */
void attachment_reset(struct attachment_reader *r, struct arena *a, struct out *out);

struct attachment {
	struct str path; /* how its parts are called; may be empty */
	struct str name; /* its file name: what it was meant to be */
	struct str bytes;
	enum sniff sniff; /* of ->bytes */
	bool is_message;  /* all of the message: a mail in it is to be kept for attachment_mail */
	bool is_mail;     /* nothing but a mail may be in it: a mailbox that is stored compressed */
};

/*
 * Write what is in ${t}: for each report, and for what was meant to be one, its records, its
 * original and FRAME_PART.  Nothing for anything else.
 */
int attachment_read(struct attachment_reader *r, const struct attachment *t, struct err *e);

/* The mail that was in the message attachment_read saw last, or empty. */
struct str attachment_mail(const struct attachment_reader *r);

/*
 * A document that comes in pieces, plain XML too large to hold: attachment_start, any number of
 * attachment_add (which returns 1 when the rest is of no interest), attachment_end.
 */
void attachment_start(struct attachment_reader *r, const struct attachment *t);
int attachment_add(struct attachment_reader *r, struct str bytes, struct err *e);
int attachment_end(struct attachment_reader *r, struct err *e);

/* Write a part that is no report. */
int attachment_say(struct attachment_reader *r, struct str path, enum outcome outcome,
    enum report_kind kind, const char *reason, struct err *e);

#endif
