/*
 * elements.h - the elements that are open in a document that mend.h repairs, and the well-formed
 * document that goes out: whatever is done here, each element that opens is closed in its place.
 */
#ifndef PARSER_ELEMENTS_H
#define PARSER_ELEMENTS_H

#include "core/buf.h"
#include "parser/fields.h"
#include "parser/schema.h"

struct markup_tag;

/* The one processing instruction that goes out: the record around it is not whole. */
#define ELEMENTS_INCOMPLETE "incomplete"

enum elements_place { BEFORE_ROOT, IN_ROOT, AFTER_ROOT };

struct elements {
	void (*write)(void *arg, struct str xml);
	void *arg;
	const struct fields *fields;
	struct quirks *quirks;
	unsigned line; /* of the input, which quirks tell */

	enum elements_place place;
	int8_t open[SCHEMA_ROWS]; /* their rows, the outermost first */
	unsigned depth;
	uint64_t seen;   /* a bit for each row that ended since a record opened */
	struct buf text; /* since the last tag, as it goes out but for ">" */
	size_t searched; /* its first bytes, which hold no end of the innermost element */
	bool lost;       /* a record was given up that something else came behind */
};

/* ${write} is given the document in pieces. */
void elements_init(struct elements *l, void (*write)(void *arg, struct str xml), void *arg);
void elements_fini(struct elements *l);

/* Begin a document with the elements of ${f}; quirks go to ${quirks}. */
void elements_start(struct elements *l, const struct fields *f, struct quirks *quirks);

/* The quirk ${rule}, with where it was met and ${what}. */
void elements_note(struct elements *l, const char *rule, struct str what);

/* The row of the innermost element, or FIELDS_OUTSIDE; whether it holds text. */
int elements_current(const struct elements *l);
bool elements_in_leaf(const struct elements *l);

/* How many elements are open around and with the innermost one of this name; 0 when it is not. */
unsigned elements_depth(const struct elements *l, struct str name);

/* <feedback> opens, with the namespace of ${tag}, which may be NULL. */
void elements_open_root(struct elements *l, const struct markup_tag *tag);

/* An element of row ${row} opens in, or the innermost one is closed. */
void elements_open(struct elements *l, int row);
void elements_close(struct elements *l);

/* Text of an open element, already fit to go out but for its ">". */
void elements_text(struct elements *l, struct str s);

/* Forget the first ${n} bytes of the text. */
void elements_drop_text(struct elements *l, size_t n);

/*
 * A value ends by the end tag of another, ${row}: a wrong name, or two values with what stood between
 * them lost.
 */
void elements_wrong_end(struct elements *l, int row);

/* A tag comes that does not end the innermost element: perhaps that has ended before. */
void elements_settle(struct elements *l);

/* An element of row ${row} comes: end what cannot hold it. */
void elements_make_way(struct elements *l, int row);

/* Close until ${depth} elements are open; a record that lost more than its own end tag is lost. */
void elements_close_around(struct elements *l, unsigned depth);

/* The record that is open, if one is, is not whole. */
void elements_give_up_record(struct elements *l);

#endif
