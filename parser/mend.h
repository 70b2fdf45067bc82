/*
 * mend.h - a report that is no well-formed XML, made into one that is.
 *
 * Only what a reader of the schema could tell is repaired, and each repair is a quirk; nothing is
 * invented but tags.  What goes out holds no declaration, comment, attribute or unknown element: it
 * is for aggregate.c, not for people.  The source is what reporters really send, not an RFC.
 */
#ifndef PARSER_MEND_H
#define PARSER_MEND_H

#include "core/err.h"
#include "parser/fields.h"

struct mend;

/* ${write} is given the document in pieces. */
struct mend *mend_new(void (*write)(void *arg, struct str xml), void *arg);
void mend_free(struct mend *m);

/* Begin a document with the elements of ${f}; quirks go to ${quirks}. */
void mend_start(struct mend *m, const struct fields *f, struct quirks *quirks);

/* Linear in ${bytes}; holds at most MARKUP_BYTES of them and LIMIT_XML_TEXT of an element's text. */
void mend_add(struct mend *m, struct str bytes);

/* It is over: what is open is closed. */
void mend_end(struct mend *m);

struct mended {
	bool truncated;    /* the document ended early */
	bool lost;         /* something is missing in its middle, or a second document behind it */
	bool root_missing; /* there was no <feedback> */
	const char *refused; /* why the rest was not looked at, or NULL: no damage, but a limit */
};

const struct mended *mend_result(const struct mend *m);

#endif
