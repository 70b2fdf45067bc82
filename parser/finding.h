/* finding.h - what a document was that has been read to its end, and why. */
#ifndef PARSER_FINDING_H
#define PARSER_FINDING_H

#include "core/buf.h"
#include "core/report.h"

struct fields;
struct mended;

struct finding {
	struct fields *fields;       /* that were read */
	const struct mended *mended; /* what had to be mended; NULL: it was read as it came */
	const char *complaint;       /* why that was needed, or empty */
	bool well_formed;            /* what was read at last */
	bool feedback;               /* the root element was seen */
	char why[200];
};

/*
 * Finish ->fields and say what they are, and in ->why what is wrong with them.  ${trouble} and
 * ${outcome} as for aggregate_end.  What is there of a report that is not whole counts: then
 * ->report.partial is set.
 */
enum outcome finding_judge(struct finding *v, enum outcome outcome, const char *trouble);

/*
 * "what was wrong (report "…" of "…" for "…")", written to ${b}: as much of the report's name as was
 * understood.
 */
struct str finding_explain(const struct report *r, const char *what, struct buf *b);

#endif
