/* attachment.h - from the bytes of one attachment, or of one file, to the parts they hold. */
#ifndef PARSER_ATTACHMENT_H
#define PARSER_ATTACHMENT_H

#include "core/arena.h"
#include "core/ceilings.h"
#include "core/report.h"
#include "parser/hints.h"
#include "parser/out.h"
#include "parser/sniff.h"

struct attachment_reader;

struct attachment_reader *attachment_new(struct err *e);
void attachment_free(struct attachment_reader *r);

/* Go by ${c}, which must outlive that, instead of ceilings_default: from attachment_reset on. */
void attachment_limit(struct attachment_reader *r, const struct ceilings *c);

/* Begin a message: its parts go to ${out}, what they need until its end to ${a}. */
void attachment_reset(struct attachment_reader *r, struct arena *a, struct out *out);

struct attachment {
	struct str path; /* how its parts are called; may be empty */
	struct str name; /* its file name: what it was meant to be */
	struct str bytes;
	const struct hints *hints; /* of the mail it came in, or NULL; their ->name is not used */
	enum sniff sniff;          /* of ->bytes */
	bool is_message;           /* all of the message */
	bool is_mail;  /* nothing but a mail may be in it: a mailbox that is stored compressed */
	bool expected; /* the mail around it announces a report in its Subject */
};

/*
 * Write what is in ${t}: for each report, and for what was meant to be one, its records, its
 * original and FRAME_PART.  Nothing for anything else.
 */
int attachment_read(struct attachment_reader *r, const struct attachment *t, struct err *e);

/* A member of an archive that holds further ones: a mail, an mbox, a winmail.dat. */
struct gathered {
	struct str path, bytes;
	enum sniff sniff;
	bool alone; /* nothing else was in the archive */
	struct gathered *next;
};

/*
 * Those that were in the attachment attachment_read saw last, in order, at most LIMIT_GATHERED_BYTES in
 * all of a message.  Theirs until attachment_reset; a second call gives NULL.
 */
struct gathered *attachment_gathered(struct attachment_reader *r);

/* How many parts of this message were written. */
unsigned attachment_parts(const struct attachment_reader *r);

/*
 * A document that comes in pieces, plain XML too large to hold: attachment_start, any number of
 * attachment_add (which returns 1 when the rest is of no interest), attachment_end.  Where that returns
 * 1 the same bytes are to be added from the first on, and ended, once more.
 */
void attachment_start(struct attachment_reader *r, const struct attachment *t);
int attachment_add(struct attachment_reader *r, struct str bytes, struct err *e);
int attachment_end(struct attachment_reader *r, struct err *e);

struct failure_source;

/* Write the part that a failure report is; ${path} is how it is called. */
int attachment_failure(
    struct attachment_reader *r, struct str path, const struct failure_source *s, struct err *e);

/* Write a part that is no report. */
int attachment_say(struct attachment_reader *r, struct str path, enum outcome outcome,
    enum report_kind kind, const char *reason, struct err *e);

#endif
