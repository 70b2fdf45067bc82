/*
 * normal.h - what a report's values become before they are kept; the one place for it.
 *
 * Whatever is not a plain value is told apart by its return value: the caller names the quirk
 * (QUIRKS.md).  Results borrow from the input unless a place to write is given.
 */
#ifndef PARSER_NORMAL_H
#define PARSER_NORMAL_H

#include "core/report.h"

/*
 * A domain: lower case (ASCII), one trailing dot gone; ${s} is trimmed.  Written to ${to}, which
 * has room for ${s}.
 */
struct str normal_domain(struct str s, char *to);

/* Free text on one line: runs of white space become one blank.  Written to ${to}, as above. */
struct str normal_line(struct str s, char *to);

/* A word of a policy as some copy it from DNS: without the ';' and blanks behind it. */
struct str normal_keyword(struct str s);

/* A report id without one pair of angle brackets around it. */
struct str normal_report_id(struct str s);

/* The longest prefix of at most ${max} bytes that does not cut a UTF-8 sequence. */
struct str normal_cut(struct str s, size_t max);

/*
 * Messages: decimal, at most LIMIT_COUNT.  0; 1 when a fraction of nothing but zeros was dropped;
 * -1, ${out} untouched, when it is nothing of the kind.
 */
int normal_count(struct str s, uint64_t *out);

/* How a time was written. */
enum normal_time {
	TIME_PLAIN,
	TIME_FRACTION, /* with a decimal fraction, which was dropped */
	TIME_FINER,    /* 12 digits and more are milli-, 15 micro-, 18 nanoseconds */
	TIME_CALENDAR  /* ISO 8601, UTC where it names no zone */
};

/*
 * Seconds since 1970: decimal, or a date with or without a time of day.  How it was written, or -1
 * with ${out} untouched.
 */
int normal_time(struct str s, int64_t *out);

/* An IPv4 or IPv6 address; family 0 when ${s} is neither. */
struct address normal_address(struct str s);

/*
 * The same where ${s} may stand in brackets, behind "IPv6:", before a port or a zone; an IPv4
 * address in IPv6 (RFC 4291 section 2.5.5.2) is that IPv4 address.  ${plain}: it is none of these.
 */
struct address normal_client(struct str s, bool *plain);

#endif
