#include "cli/tally.h"

#include <stdio.h>

#include "core/log.h"
#include "core/vocabulary.h"

const enum outcome tally_order[TALLY_OUTCOMES] = { OUTCOME_IMPORTED, OUTCOME_DUPLICATE,
	OUTCOME_CONFLICT, OUTCOME_NULL_REPORT, OUTCOME_NOT_A_REPORT, OUTCOME_CORRUPT,
	OUTCOME_UNSUPPORTED, OUTCOME_TOO_BIG, OUTCOME_REFUSED };

static void
count_part(struct tally *t, const struct intake_part *p)
{
	if (p->part.outcome != OUTCOME_IMPORTED &&
	    (p->part.outcome != OUTCOME_NULL_REPORT || !intake_part_holds(p)))
		return;
	t->reports++;
	t->records += p->records;
	t->messages += p->messages;
}

void
tally_add(struct tally *t, const struct intake *in)
{
	t->mails++;
	t->outcomes[in->outcome]++;
	for (const struct intake_part *p = in->parts; p != NULL; p = p->next)
		count_part(t, p);
}

uint64_t
tally_unreadable(const struct tally *t)
{
	uint64_t n = 0;

	for (enum outcome o = 0; o < OUTCOME_COUNT; o++)
		n += intake_is_failure(o) ? t->outcomes[o] : 0;
	return n;
}

void
tally_warn(const struct tally *t)
{
	bool one = tally_unreadable(t) == 1;

	log_event(LOG_WARN,
	    "%llu new mail%s a report that could not be stored (%llu corrupt, %llu unsupported, "
	    "%llu too_big, %llu refused); \"ruastat intake\" lists them",
	    (unsigned long long)tally_unreadable(t), one ? " holds" : "s hold",
	    (unsigned long long)t->outcomes[OUTCOME_CORRUPT],
	    (unsigned long long)t->outcomes[OUTCOME_UNSUPPORTED],
	    (unsigned long long)t->outcomes[OUTCOME_TOO_BIG],
	    (unsigned long long)t->outcomes[OUTCOME_REFUSED]);
}

void
tally_json(const struct tally *t, double seconds)
{
	printf("{\"mails\":%llu", (unsigned long long)t->mails);
	for (size_t i = 0; i < TALLY_OUTCOMES; i++)
		printf(",\"%s\":%llu", outcome_name(tally_order[i]),
		    (unsigned long long)t->outcomes[tally_order[i]]);
	printf(",\"reports\":%llu,\"records\":%llu,\"messages\":%llu,\"seconds\":%.3f}\n",
	    (unsigned long long)t->reports, (unsigned long long)t->records,
	    (unsigned long long)t->messages, seconds);
}

void
tally_text(const struct tally *t, double seconds)
{
	printf("%llu mails: %llu reports with %llu records and %llu messages stored in %.1f s",
	    (unsigned long long)t->mails, (unsigned long long)t->reports,
	    (unsigned long long)t->records, (unsigned long long)t->messages, seconds);
	for (size_t i = 1; i < TALLY_OUTCOMES; i++)
		if (t->outcomes[tally_order[i]] > 0)
			printf("; %llu %s", (unsigned long long)t->outcomes[tally_order[i]],
			    outcome_name(tally_order[i]));
	printf("\n");
}
