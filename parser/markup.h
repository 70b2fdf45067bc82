/* markup.h - tags and references among text that is not well-formed: what is one, and what only looks so. */
#ifndef PARSER_MARKUP_H
#define PARSER_MARKUP_H

#include "core/str.h"

/* A tag that goes on for longer is none. */
#define MARKUP_BYTES ((size_t)64 << 10)

struct markup_tag {
	struct str prefix, name; /* "x" and "feedback" of <x:feedback> */
	struct str attributes;
	bool end, empty; /* </name>, <name/> */
	bool broken;     /* its ">" is missing */
	size_t n;        /* bytes, from "<" on */
};

/*
 * 1 with the tag ${s} opens with, 0 when its end may be in bytes to come, -1 when it is no tag.  An
 * end tag without ">" ends before the next "<".
 */
int markup_tag(struct str s, struct markup_tag *tag);

/*
 * Bytes of the reference ${s} opens with (XML 1.0 section 4.1: a character that XML allows, or one of
 * its five entities); 0 when its end may be in bytes to come, which is never so for the ${last} ones, -1
 * when it is none.
 */
int markup_reference(struct str s, bool last);

/* The value of attribute xmlns:PREFIX, or xmlns, where it is a plain text; or empty. */
struct str markup_namespace(const struct markup_tag *tag);

#endif
