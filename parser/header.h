/*
 * header.h - the header block of a mail read from its bytes (RFC 5322 section 2.2): its fields, and
 * what some of them say.
 */
#ifndef PARSER_HEADER_H
#define PARSER_HEADER_H

#include "core/arena.h"
#include "core/str.h"

/* Before the others, and after them: the library behind them counts who uses it. */
void header_init(void);
void header_fini(void);

/* Length of the block that opens ${mail}, without the empty line that ends it. */
size_t header_length(struct str mail);

/* Borrowed from the block; the value is trimmed and may still be folded. */
struct header_field {
	struct str name; /* empty: the line is no field */
	struct str value;
};

/* Take the next field off ${rest}; false at the end. */
bool header_next(struct str *rest, struct header_field *f);

/* The value of the first field of this ${name}, in any case; or empty. */
struct str header_get(struct str block, struct str name);

/*
 * A value for people: on one line, its encoded words (RFC 2047) decoded, UTF-8, cut at ${max}
 * bytes.  It belongs to the arena.
 */
struct str header_text(struct arena *a, struct str value, size_t max);

/* The domain of the first address in a value, lower case; or empty.  It belongs to the arena. */
struct str header_domain(struct arena *a, struct str value);

/*
 * A date of RFC 5322 section 3.3 or RFC 3339, read leniently: seconds since 1970, UTC.
 * 0, or -1 with ${out} untouched.
 */
int header_date(struct arena *a, struct str value, int64_t *out);

#endif
