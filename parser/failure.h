/*
 * failure.h - a failure report read from the parts of its mail: RFC 6591, RFC 9991, in the format
 * of RFC 5965; and the plain text that some MTAs send in its stead.
 */
#ifndef PARSER_FAILURE_H
#define PARSER_FAILURE_H

#include "core/buf.h"
#include "core/report.h"

struct failure_reader;

struct failure_reader *failure_new(void);
void failure_free(struct failure_reader *r);

/* What is at hand of a mail. */
struct failure_source {
	struct str header; /* of the mail itself */
	struct str fields; /* message/feedback-report; or the plain text, all of it */
	struct str sample; /* the message that failed, or its header; or empty */
	bool plain;        /* see labels.h */
	bool encoded;      /* some part has a transfer encoding that its type may not have */
	bool odd_type;     /* the sample is not of the type it should be */
	bool odd_outer;    /* the mail is no multipart/report */
	bool blank_lines;  /* of the mail were undone: they held one blank */
};

/*
 * Fill in ->outcome, ->kind, ->reason and ->failure of ${part}, good until the next call.  A
 * feedback report about anything but authentication is OUTCOME_NOT_A_REPORT, with the reason; one
 * without any date is corrupt.  LIMIT_SAMPLE_HEADER, LIMIT_SAMPLE_BODY and LIMIT_COMMENT_BYTES
 * cut what is longer.
 */
void failure_parse(struct failure_reader *r, const struct failure_source *s, struct part *part);

#endif
