#include "cli/identify.h"

#include <stdio.h>

#include "cli/domains.h"
#include "cli/flow.h"
#include "core/limits.h"
#include "store/identity.h"
#include "store/intake.h"

/* The period of a report of any kind. */
static void
period_of(const struct part *p, int64_t *begin, int64_t *end)
{
	*begin = p->report != NULL ? p->report->begin
	    : p->tls != NULL       ? p->tls->begin
				   : p->failure->arrived;
	*end = p->report != NULL ? p->report->end
	    : p->tls != NULL     ? p->tls->end
				 : p->failure->arrived;
}

static enum outcome
refuse(struct str domain, char *reason, size_t n)
{
	snprintf(reason, n, "\"%.*s\" is none of the own domains", STR_ARG(domain));
	return OUTCOME_REFUSED;
}

/* Why a report is not stored, in ${reason}; or its identity. */
static enum outcome
identify_part(const struct flow_conf *conf, struct digest *digest, const struct intake *in,
    struct intake_part *p, char *reason, size_t n)
{
	const struct part *part = &p->part;
	struct str domain = identity_domain(part);
	bool own = domains_has(conf->own, domain);
	int64_t begin, end;

	period_of(part, &begin, &end);
	if (part->report == NULL && domain.n == 0) {
		snprintf(reason, n, "nothing says which domain it is about");
		return OUTCOME_CORRUPT;
	}
	if (!own && in->nstored == 0)
		return refuse(domain, reason, n);
	if (!identity_datable_times(begin, end)) {
		snprintf(reason, n, "its dates (%lld to %lld) are in no year a database can keep",
		    (long long)begin, (long long)end);
		return OUTCOME_REFUSED;
	}
	if (part->report != NULL) {
		identity_of(digest, part->report, &p->records_hash, in->read_at, &p->identity);
	} else if (part->tls != NULL) {
		p->records_hash = identity_tls_content(digest, part->tls);
		identity_of_tls(digest, part->tls, &p->records_hash, in->read_at, &p->identity);
	} else {
		identity_of_failure(digest, part->failure, &p->identity);
	}
	/* What is stored stays, whatever the own domains are now. */
	if (!own && !intake_was_stored(in, &p->identity.report_key))
		return refuse(domain, reason, n);
	return OUTCOME_REPORT;
}

void
identify_parts(const struct flow_conf *conf, struct digest *digest, struct intake *in)
{
	char reason[LIMIT_REASON_BYTES];
	enum outcome outcome;

	for (struct intake_part *p = in->parts; p != NULL; p = p->next) {
		if (p->part.failure != NULL && conf->failures == FAILURES_OFF)
			intake_pass_over(
			    in, p, "failure reports are not kept (failure_reports = off)");
		if (!intake_part_holds(p))
			continue;
		outcome = identify_part(conf, digest, in, p, reason, sizeof(reason));
		if (outcome == OUTCOME_REPORT)
			continue;
		p->part.report = NULL;
		p->part.tls = NULL;
		p->part.failure = NULL;
		intake_judge(in, p, outcome, reason);
	}
}
