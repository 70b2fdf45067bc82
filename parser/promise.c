#include "parser/promise.h"

#include <stdio.h>

bool
promise_broken(const struct promise *p, enum sniff sniff, struct str head, enum outcome *outcome,
    char *reason, size_t n)
{
	struct str name = p->name;
	bool meant = sniff_report_name(name);
	bool likely = meant || p->expected || sniff_report_subject(name);

	if (sniff == SNIFF_EMPTY && (meant || sniff_report_extension(name))) {
		*outcome = OUTCOME_CORRUPT;
		snprintf(reason, n, "it is empty");
	} else if (str_eq(str_trim(head), STR("unused")) &&
	    (likely || sniff_report_extension(name))) {
		*outcome = OUTCOME_NOT_A_REPORT;
		snprintf(reason, n, "the attachment says \"unused\" instead of a report");
	} else if (sniff_unread(sniff) != NULL && (likely || str_find(name, STR(".xml")) != NULL)) {
		*outcome = OUTCOME_UNSUPPORTED;
		snprintf(reason, n, "%s is not read, only gzip and zip", sniff_unread(sniff));
	} else if (meant) {
		*outcome = OUTCOME_CORRUPT;
		snprintf(reason, n, "it is named like a report but is no XML, gzip or zip");
	} else {
		return false;
	}
	return true;
}
