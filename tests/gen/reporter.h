/* reporter.h - who reports, and the form in which each of them does it. */
#ifndef GEN_REPORTER_H
#define GEN_REPORTER_H
#include <stddef.h>
#include <stdint.h>

#include "pack.h"

enum habit {
	HABIT_SPF_FIRST = 1 << 0, /* in auth_results */
	HABIT_TENANTS = 1 << 1,   /* a row for each recipient domain */
	HABIT_ARC = 1 << 2,       /* spares lists by ARC */
	HABIT_LIST = 1 << 3,      /* … as mailing lists */
	HABIT_FORWARDED = 1 << 4, /* … and what looks forwarded */
	HABIT_ARC_FAIL = 1 << 5,  /* says arc=fail in every record */
	HABIT_9990 = 1 << 6,      /* RFC 9990 */
	HABIT_SP_NONE = 1 << 7,   /* sp is none whatever was published */
	HABIT_FILE_ID = 1 << 8,   /* the file's name ends in the report's id */
};

enum id_form {
	ID_NUMBER, /* 19 digits */
	ID_SHORT,  /* 9 digits */
	ID_MICRO,  /* seconds and microseconds */
	ID_HEX32,
	ID_HEX64,
	ID_UUID,
	ID_ESA,
	ID_MAILRU,
	ID_V2,    /* v2-TIME-DOMAIN */
	ID_DOT,   /* DOMAIN.BEGIN.END */
	ID_COLON, /* DOMAIN:TIME */
	ID_DASH,  /* DOMAIN-TIME */
};

enum span {
	SPAN_DAY,     /* 00:00:00 to 23:59:59 */
	SPAN_NEXT,    /* to the next midnight */
	SPAN_SHIFTED, /* 24 hours from the last run on */
	SPAN_MOMENT,  /* begins and ends when it was written */
};

enum mail_form {
	MAIL_SINGLE_ZIP, /* Google */
	MAIL_MICROSOFT,
	MAIL_SINGLE_GZIP, /* Mimecast */
	MAIL_MAILRU,
	MAIL_SES,
	MAIL_COMCAST,
	MAIL_FASTMAIL,
	MAIL_RSPAMD,
	MAIL_OPENDMARC,
	MAIL_PLAIN,      /* mixed: a line of text, the file */
	MAIL_PLAIN_NULL, /* the same, from the null address */
};

/*
 * Strings of letters give an order of elements.
 * policy: d domain, a adkim, f aspf (A, F only where strict), p, s sp, c pct, o fo,
 *         n np, v discovery_method, t testing
 * ident:  t envelope_to, f envelope_from, h header_from
 * auth:   d domain, s selector, r result, c scope, h human_result (H: empty)
 */
struct reporter {
	const char *org, *email;
	const char *contact;   /* NULL: no such element */
	const char *submitter; /* the domain in file names and Subjects */
	const char *from;      /* NULL: the email above */
	const char *subject;   /* up to the policy domain; NULL: "Report Domain: " */
	const char *declaration, *root, *version;
	const char *indent, *eol, *tail; /* the tail ends the document */
	const char *policy, *ident, *dkim, *spf;
	unsigned habits;
	enum id_form id;
	enum span span;
	enum mail_form mail;
	enum pack_form pack;
	uint32_t weight; /* share of the reports, in the benchmark */
	uint32_t share;  /* of all recipients, per mille, in the demo */
	uint32_t max;    /* records that a report of theirs reaches */
	uint32_t v6;     /* percent of classic senders that reach it over IPv6 */
};

extern const struct reporter reporters[];
extern const size_t nreporters;

/* The one that writes the report of --big: 660 bytes of XML for a record, gzip. */
extern const struct reporter *const reporter_big;
#endif
