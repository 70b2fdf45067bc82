#include "cli/tally.h"

#include <stdio.h>

#include "core/log.h"
#include "core/vocabulary.h"

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

bool
tally_is_unreadable(enum outcome o)
{
	return o == OUTCOME_CORRUPT || o == OUTCOME_UNSUPPORTED || o == OUTCOME_TOO_BIG ||
	    o == OUTCOME_REFUSED;
}

uint64_t
tally_unreadable(const struct tally *t)
{
	return t->outcomes[OUTCOME_CORRUPT] + t->outcomes[OUTCOME_UNSUPPORTED] +
	    t->outcomes[OUTCOME_TOO_BIG] + t->outcomes[OUTCOME_REFUSED];
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
	static const enum outcome order[] = { OUTCOME_IMPORTED, OUTCOME_DUPLICATE, OUTCOME_CONFLICT,
		OUTCOME_NULL_REPORT, OUTCOME_NOT_A_REPORT, OUTCOME_CORRUPT, OUTCOME_UNSUPPORTED,
		OUTCOME_TOO_BIG, OUTCOME_REFUSED };

	printf("{\"mails\":%llu", (unsigned long long)t->mails);
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		printf(",\"%s\":%llu", outcome_name(order[i]),
		    (unsigned long long)t->outcomes[order[i]]);
	printf(",\"reports\":%llu,\"records\":%llu,\"messages\":%llu,\"seconds\":%.3f}\n",
	    (unsigned long long)t->reports, (unsigned long long)t->records,
	    (unsigned long long)t->messages, seconds);
}

void
tally_text(const struct tally *t, double seconds)
{
	static const enum outcome others[] = { OUTCOME_DUPLICATE, OUTCOME_CONFLICT,
		OUTCOME_NULL_REPORT, OUTCOME_NOT_A_REPORT, OUTCOME_CORRUPT, OUTCOME_UNSUPPORTED,
		OUTCOME_TOO_BIG, OUTCOME_REFUSED };

	printf("%llu mails: %llu reports with %llu records and %llu messages stored in %.1f s",
	    (unsigned long long)t->mails, (unsigned long long)t->reports,
	    (unsigned long long)t->records, (unsigned long long)t->messages, seconds);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (t->outcomes[others[i]] > 0)
			printf("; %llu %s", (unsigned long long)t->outcomes[others[i]],
			    outcome_name(others[i]));
	printf("\n");
}
