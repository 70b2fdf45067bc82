/* identity.h - which report this is, and which days it belongs to: pure functions of its content. */
#ifndef STORE_IDENTITY_H
#define STORE_IDENTITY_H

#include "core/digest.h"
#include "core/report.h"

struct identity {
	struct key identity_key; /* policy domain, reporter, report_id, begin, end */
	struct key report_key;   /* the same and the records */
	int64_t domain_id, reporter_id;
	int32_t day;  /* days since 1970: the UTC day of the midpoint of begin and end */
	int16_t days; /* UTC days it covers; 1 up to 25 hours; 0: outside the daily numbers */
};

/* The dictionary id of a policy domain, of a reporter, of a source: a digest of its name. */
int64_t identity_id(struct digest *d, struct str kind, struct str name);

/*
 * The reporter's name as identity and views use it: org_name, else the domain of the contact
 * address, else "unknown"; borrowed from ${r}.
 */
struct str identity_reporter(const struct report *r);

/*
 * Work out ${out} for ${r}, whose records hash to ${records}.  ${now} in Unix seconds: a report
 * that ends more than two days after it, that starts before 2012, ends before it begins, or covers
 * more than 31 days is kept but stays outside the daily numbers.
 */
void identity_of(struct digest *d, const struct report *r, const struct sha256 *records,
    int64_t now, struct identity *out);

/* Whether PostgreSQL can keep begin and end: years 1 to 9999. */
bool identity_datable(const struct report *r);

#endif
