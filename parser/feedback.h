/*
 * feedback.h - which multipart is a failure report, and what of it failure.h reads: RFC 5965 section
 * 2, RFC 6591 section 3, and what is sent in their stead.
 */
#ifndef PARSER_FEEDBACK_H
#define PARSER_FEEDBACK_H

#include <gmime/gmime.h>

#include "core/buf.h"
#include "core/limits.h"
#include "core/str.h"

struct failure_source;
struct mime_leaf;

/* What of a message that failed can be of interest. */
#define FEEDBACK_SAMPLE_BYTES ((size_t)2 * (LIMIT_SAMPLE_HEADER + LIMIT_SAMPLE_BODY))

/* The mail GMime was given, and room for what is decoded of it. */
struct feedback {
	struct str mail;
	struct buf *decoded, *sample;
};

/*
 * The part of ${multipart} that makes it a failure report; the number of parts where only its own
 * type says so; or -1.  Uses ->decoded.
 */
int feedback_part(const struct feedback *f, GMimeMultipart *multipart);

/*
 * Fill in name, type, bytes and sniff of ${leaf} and what ${s} has of the parts; ${i} is what
 * feedback_part gave.  All is borrowed from ${f}.
 */
void feedback_read(const struct feedback *f, GMimeMultipart *multipart, int i,
    struct mime_leaf *leaf, struct failure_source *s);

/*
 * Whether ${mail} is a feedback report whose empty lines hold a blank each, so that it is all one
 * header; then ${to} is the mail with empty ones.
 */
bool feedback_undo_blank_lines(struct str mail, struct buf *to);

#endif
