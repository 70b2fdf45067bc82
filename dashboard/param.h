/* param.h - what a path of the API may be asked with, and whether it was. */
#ifndef DASHBOARD_PARAM_H
#define DASHBOARD_PARAM_H

#include "core/err.h"
#include "dashboard/request.h"

enum param_kind {
	PARAM_TEXT, /* any, up to LIMIT_PARAMETER_BYTES of UTF-8 */
	PARAM_DAY,  /* 2026-11-21 */
	PARAM_FROM, /* the same, and at most LIMIT_PERIOD_DAYS before the PARAM_DAY that follows it */
	PARAM_WORD,              /* one of a list */
	PARAM_NETWORK,           /* an address, or one with /bits behind it */
	PARAM_NETWORK_OF_DOMAIN, /* the same, and only with a domain, the first parameter */
	PARAM_KEY,               /* a UUID */
	PARAM_LIMIT,             /* rows of a page */
};

struct param {
	const char *name; /* NULL ends a list */
	enum param_kind kind;
	bool required;
	const char *words; /* of PARAM_WORD, blanks between them */
};

#define PARAMS_MOST 12

/*
 * Read the query of ${q} by ${params} into ${values}, in their order; NULL for what is absent or
 * empty, the page's default for PARAM_LIMIT.  ERR_MESSAGE with the story, and the culprit's name in
 * ${culprit}.
 */
int params_read(const struct request *q, const struct param *params, const char **values,
    const char **culprit, struct err *e);

#endif
