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
 * The reporter's name as people see it: org_name, else the domain of the contact address, else what
 * the mail around the report tells, else "unknown"; borrowed from ${r}.
 */
struct str identity_reporter(const struct report *r);

/* Its id as people see it: report_id, else the one that the mail around it tells, or empty. */
struct str identity_report_id(const struct report *r);

/*
 * Work out ${out} for ${r}, whose records hash to ${records}.  Both keys follow from the document
 * alone: in another mail it is the same report.  ${now} in Unix seconds: a report
 * that ends more than two days after it, that starts before 2012, ends before it begins, or covers
 * more than 31 days is kept but stays outside the daily numbers.
 */
void identity_of(struct digest *d, const struct report *r, const struct sha256 *records,
    int64_t now, struct identity *out);

/* Whether PostgreSQL can keep begin and end: years 1 to 9999. */
bool identity_datable(const struct report *r);
bool identity_datable_times(int64_t begin, int64_t end);

/*
 * The same for a TLS report: its identity is domain, organization, report_id, begin and end; the
 * report is those and ${content}, the hash of its policies (identity_tls_content).
 */
void identity_of_tls(struct digest *d, const struct tls_report *t, const struct sha256 *content,
    int64_t now, struct identity *out);

/* What a TLS report counts: its policies and failures, in whatever order they stand. */
struct sha256 identity_tls_content(struct digest *d, const struct tls_report *t);

/* A failure report is its fields and the header of the message it shows; its day is that of arrival. */
void identity_of_failure(struct digest *d, const struct failure *f, struct identity *out);

/* Domain and reporter of whichever report ${p} holds, as identity and views use them. */
struct str identity_domain(const struct part *p);
struct str identity_sender(const struct part *p);

#endif
