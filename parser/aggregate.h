/*
 * aggregate.h - a DMARC aggregate report read from its XML (RFC 7489 appendix C, RFC 9990).
 *
 * Strict: a document that is not well-formed is no report.  No DTD, no entity but XML's own five,
 * nothing from outside.  LIMIT_XML_DEPTH, LIMIT_XML_TEXT and LIMIT_RECORDS hold.
 */
#ifndef PARSER_AGGREGATE_H
#define PARSER_AGGREGATE_H

#include "core/arena.h"
#include "core/report.h"
#include "parser/out.h"

struct aggregate;

struct aggregate *aggregate_new(struct err *e);
void aggregate_free(struct aggregate *g);

/* Begin a document; its records go to ${out} as they come, texts of its report to ${a}. */
void aggregate_start(struct aggregate *g, struct arena *a, struct out *out);

/*
 * Read on.  0; 1 when nothing further can change what the document is; -1 when frames could not be
 * written.
 */
int aggregate_add(struct aggregate *g, struct str xml, struct err *e);

/*
 * It is over: fill in ->outcome, ->kind, ->reason and ->report of ${part}, good until the next
 * aggregate_start.  Where ${trouble} is not NULL the document was cut short for that reason and has
 * ${outcome}.  Records that were written and do not count are retracted.  OUTCOME_NOT_A_REPORT is a
 * document without <feedback>.  Returns 0, or -1 when frames could not be written.
 */
int aggregate_end(struct aggregate *g, enum outcome outcome, const char *trouble, struct part *part,
    struct err *e);

#endif
