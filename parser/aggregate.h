/*
 * aggregate.h - a DMARC aggregate report read from its XML (RFC 7489 appendix C, RFC 9990).
 *
 * A first reading is strict.  What is not well-formed is read a second time, through mend.h; what
 * breaks a limit (LIMIT_XML_DEPTH, LIMIT_XML_TEXT and LIMIT_RECORDS hold) or has a DOCTYPE is not.
 * No DTD, no entity but XML's own five, nothing from outside.
 */
#ifndef PARSER_AGGREGATE_H
#define PARSER_AGGREGATE_H

#include "core/arena.h"
#include "core/report.h"
#include "parser/fields.h"
#include "parser/hints.h"
#include "parser/out.h"

struct aggregate;

/* ERR_CONFIG where the Public Suffix List is missing. */
struct aggregate *aggregate_new(struct err *e);
void aggregate_free(struct aggregate *g);

/* Begin a document; its records go to ${out} as they come, texts of its report to ${a}. */
void aggregate_start(struct aggregate *g, struct arena *a, struct out *out);

/* What the mail around the document says of it; must last until aggregate_end. */
void aggregate_hint(struct aggregate *g, const struct hints *hints);

/*
 * Read on.  0; 1 when nothing further can change what the document is; -1 when frames could not be
 * written.
 */
int aggregate_add(struct aggregate *g, struct str xml, struct err *e);

/*
 * It is over: fill in ->outcome, ->kind, ->reason and ->report of ${part}, good until the next
 * aggregate_start.  Where ${trouble} is not NULL the document was cut short for that reason and has
 * ${outcome}.  Records that were written and do not count are retracted.  OUTCOME_NOT_A_REPORT is a
 * document without <feedback>.  Returns 0, or -1 when frames could not be written, or 1 with
 * ${part} untouched when it must be read again: see aggregate_first.
 */
int aggregate_end(struct aggregate *g, enum outcome outcome, const char *trouble, struct part *part,
    struct err *e);

/* What a first reading leaves for the second. */
struct first_reading {
	bool mend;           /* it is not well-formed, */
	char complaint[176]; /* as libxml2 said first; or empty */
	struct modes modes;  /* where it was read only because the policy came late */
};

/* Of the document for which aggregate_end returned 1, good until the next aggregate_start. */
const struct first_reading *aggregate_first(const struct aggregate *g);

/* As aggregate_start, for the second and last time. */
void aggregate_start_again(
    struct aggregate *g, struct arena *a, struct out *out, const struct first_reading *first);

#endif
