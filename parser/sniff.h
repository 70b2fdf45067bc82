/* sniff.h - what kind of bytes these are, by their beginning; what a name promises. */
#ifndef PARSER_SNIFF_H
#define PARSER_SNIFF_H

#include "core/str.h"

/* How much of the beginning a decision needs at most. */
#define SNIFF_BYTES ((size_t)64 << 10)

enum sniff {
	SNIFF_OTHER,
	SNIFF_EMPTY,
	SNIFF_XML,    /* may be an aggregate report: there is a <feedback>, or what stands in it */
	SNIFF_TLSRPT, /* the JSON of RFC 8460 */
	SNIFF_GZIP,
	SNIFF_ZIP,
	SNIFF_BZIP2,
	SNIFF_XZ,
	SNIFF_ZSTD,
	SNIFF_7ZIP,
	SNIFF_RAR,
	SNIFF_OLE,  /* Outlook's .msg, and old Office files */
	SNIFF_MAIL, /* opens with header fields, perhaps after mbox's "From " line */
	SNIFF_TNEF, /* winmail.dat */
	SNIFF_CMS   /* S/MIME: signed, encrypted, or a signature alone; DER, BER or PEM */
};

/* ${head} is the beginning, or all, of the bytes. */
enum sniff sniff_bytes(struct str head);

/* Whether ${head}, which is SNIFF_XML, opens with it: no words of somebody's stand before. */
bool sniff_opens_xml(struct str head);

/* The name of a format that is known but not read ("bzip2"), or NULL. */
const char *sniff_unread(enum sniff v);

/*
 * Whether a file of this ${name} was meant to be an aggregate report: receiver!domain!begin!end,
 * RFC 9990 section 3.5.2, in front of any further "!id" and extension.
 */
bool sniff_report_name(struct str name);

/*
 * Whether a Subject, or a file name made of one, announces a report: "Report Domain: … Submitter: …"
 * (RFC 9990 section 3.5.2) in any case, behind any prefix, with or without the colons.
 */
bool sniff_report_subject(struct str subject);

/* Whether ${name} has an extension that reports have: .xml, .gz, .zip. */
bool sniff_report_extension(struct str name);

/* Length of the "From " line that opens ${mail}, or 0. */
size_t sniff_from_line(struct str mail);

#endif
