/*
 * schema.h - every element of an aggregate report that is read, and how its value is taken:
 * RFC 7489 appendix C, RFC 9990 section 3.1.1 and the drafts before both, in one table.
 */
#ifndef PARSER_SCHEMA_H
#define PARSER_SCHEMA_H

#include "parser/fields.h"

#define SCHEMA_ROWS 64 /* at most; fields.h has a bit for each */

struct schema_row {
	const char *path; /* below <feedback>, which has the path "" */
	/* Take the trimmed and not empty text of a leaf; NULL where the element holds elements. */
	void (*set)(struct fields *f, struct str value, void *to);
	/* A leaf: ${to} points ->at bytes into this.  Else: this begins anew with the element. */
	enum fields_base base;
	size_t at;
};

/* All ${n} rows, each behind the one it stands in. */
const struct schema_row *schema_rows(int *n);

/* What the schema calls an element that some call ${name}; ${name} itself where it is no alias. */
struct str schema_name(struct str name);

#endif
