/* str.h - borrowed bytes: a pointer and a length, never a promise of a NUL. */
#ifndef CORE_STR_H
#define CORE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
	const char *p;
	size_t n;
};

#define STR(literal) ((struct str){ (literal), sizeof(literal) - 1 })
/* For printf's "%.*s"; cuts at 200 bytes so that a stranger cannot flood a message. */
#define STR_ARG(s) ((int)((s).n < 200 ? (s).n : 200)), ((s).p != NULL ? (s).p : "")

/* The bytes of the C string ${s}, which must outlive the answer; NULL gives the empty str. */
struct str str_of(const char *s);

bool str_eq(struct str a, struct str b);

/* Equal when ASCII letters are folded; bytes above 127 must be the same. */
bool str_caseeq(struct str a, struct str b);

/* Whether ${s} opens with ${prefix}. */
bool str_starts(struct str s, struct str prefix);

/* Likewise, ASCII case folded. */
bool str_casestarts(struct str s, struct str prefix);

/* ${s} without the XML white space (blank, TAB, CR, LF) at either end. */
struct str str_trim(struct str s);

/* First place of ${needle} in ${hay}, or NULL. */
const char *str_find(struct str hay, struct str needle);

/*
 * Read all of ${s} as a decimal number of at most ${max}; no sign, no blank.
 * Returns 0, or -1 with ${out} untouched.
 */
int str_u64(struct str s, uint64_t max, uint64_t *out);

/* Length of the longest prefix of ${s} that is well-formed UTF-8 without a NUL (RFC 3629). */
size_t str_utf8(struct str s);

#endif
