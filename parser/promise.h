/* promise.h - bytes that hold nothing readable, and what their name and mail promised. */
#ifndef PARSER_PROMISE_H
#define PARSER_PROMISE_H

#include <stdbool.h>

#include "core/report.h"
#include "parser/sniff.h"

struct promise {
	struct str name; /* of the file */
	bool expected;   /* the mail around it announces a report */
};

/*
 * Whether bytes that begin with ${head} and are ${sniff} should have been a report: then ${outcome}
 * and why, in ${reason} of ${n} bytes.
 */
bool promise_broken(const struct promise *p, enum sniff sniff, struct str head,
    enum outcome *outcome, char *reason, size_t n);

#endif
