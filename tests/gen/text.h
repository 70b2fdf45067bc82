/* text.h - a growing run of bytes, and the ways to write into it. */
#ifndef GEN_TEXT_H
#define GEN_TEXT_H
#include <stddef.h>
#include <stdint.h>

struct rng;

/* All zero is empty.  Out of memory ends the program. */
struct text {
	char *p;
	size_t n, cap;
};

void text_fini(struct text *);
void text_clear(struct text *);
void text_add(struct text *, const void *bytes, size_t n);
void text_str(struct text *, const char *);
void text_fmt(struct text *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3), nonnull(2)));

/* ${s} as XML character data, or as the inside of a JSON string. */
void text_xml(struct text *, const char *s);
void text_json(struct text *, const char *s);

/* Base64 in lines of ${width} characters, each ended by LF; 0: one line, no end. */
void text_base64(struct text *, const void *bytes, size_t n, size_t width);

/* ${n} random lower-case hexadecimal digits. */
void text_hex(struct text *, struct rng *, size_t n);

/* RFC 5322 date and time of ${when} (seconds UTC), as in "Date:". */
void text_date(struct text *, int64_t when);

/* Room for ${n} more bytes; returns where they go.  The caller adds to n. */
char *text_room(struct text *, size_t n);
#endif
