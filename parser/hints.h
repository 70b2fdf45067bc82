/*
 * hints.h - what the mail around a document says of it: its Subject (RFC 7489 section 7.2.1.1,
 * RFC 9990 section 3.5.2, RFC 8460 section 5.3), its sender, and the name of the file.
 *
 * Anybody may write anything there: it counts only for what the document itself does not say.
 */
#ifndef PARSER_HINTS_H
#define PARSER_HINTS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/str.h"

/* All texts may be empty; all but ->name are UTF-8 of at most LIMIT_NAME_BYTES. */
struct hints {
	struct str subject;                   /* decoded (RFC 2047), on one line */
	struct str from_domain;               /* lower case */
	struct str tls_domain, tls_submitter; /* TLS-Report-Domain, TLS-Report-Submitter */
	struct str name;                      /* of the file: bytes */
};

/* The values behind "Domain:", "Submitter:" and "Report-ID:", without <> and {} around them. */
struct hints_subject {
	struct str domain, submitter, report_id;
};

/*
 * Look for the three labels anywhere in ${subject}, in any order and case; a value ends where the
 * next label begins.  Borrowed from ${subject}; empty where there is none.
 */
struct hints_subject hints_subject(struct str subject);

/* The parts of receiver!domain!begin!end[!id][.xml][.gz]; ->receiver and ->id may be empty. */
struct hints_name {
	struct str receiver, domain, id;
	int64_t begin, end;
};

/* Whether ${name}, behind its last path separator, is of that form. */
bool hints_name(struct str name, struct hints_name *out);

/*
 * A domain of a hint made comparable (lower case, A-labels, no trailing dot), written to ${to},
 * which has room for LIMIT_DOMAIN_BYTES; empty when it can be no domain name.
 */
struct str hints_domain(struct str s, char *to);

/*
 * The domain a TLS report was sent to, by its mail (${h} may be NULL) and its file name; as
 * hints_domain.
 */
struct str hints_tls_domain(const struct hints *h, struct str name, char *to);

#endif
