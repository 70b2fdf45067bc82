#include "parser/alignment.h"

#include "core/limits.h"

/* How far something holds; the best of several counts. */
enum answer { NO, MAYBE, YES };

static enum answer
either(enum answer a, enum answer b)
{
	return a > b ? a : b;
}

/* Whether ${domain} is aligned with ${from}. */
static enum answer
aligned(struct orgdomain *o, enum alignment mode, struct str from, struct str domain)
{
	struct str org;

	if (from.n == 0 || domain.n == 0)
		return MAYBE;
	if (str_eq(from, domain))
		return YES;
	if (!orgdomain_knows(from) || !orgdomain_knows(domain))
		return MAYBE;
	if (mode == ALIGNMENT_STRICT)
		return NO;
	org = orgdomain_of(o, from);
	if (org.n == 0 || !str_eq(org, orgdomain_of(o, domain)))
		return NO;
	return mode == ALIGNMENT_RELAXED ? YES : MAYBE;
}

/* Whether one result is an aligned pass.  One whose word is not known may be a pass. */
static enum answer
counts(struct orgdomain *o, enum alignment mode, struct str from, struct str domain,
    enum auth_result result)
{
	enum answer a;

	if (result != RESULT_PASS && result != RESULT_UNKNOWN)
		return NO;
	a = aligned(o, mode, from, domain);
	return result == RESULT_UNKNOWN && a == YES ? MAYBE : a;
}

static enum verdict
verdict_of(enum answer a)
{
	return a == YES ? VERDICT_PASS : a == NO ? VERDICT_FAIL : VERDICT_UNKNOWN;
}

static enum verdict
dkim_verdict(struct orgdomain *o, enum alignment mode, const struct outcome_set *s)
{
	/* A list that is full may have been longer. */
	enum answer best = s->header_from.n == 0 || s->ndkims == LIMIT_RESULTS ? MAYBE : NO;

	for (size_t i = 0; i < s->ndkims && best != YES; i++)
		best = either(
		    best, counts(o, mode, s->header_from, s->dkims[i].domain, s->dkims[i].result));
	return verdict_of(best);
}

/* SPF checks the HELO name where there is no envelope sender, RFC 7208 section 2.4. */
static bool
helo_is_sender(const struct outcome_set *s)
{
	if (s->envelope_from.n > 0)
		return false;
	for (size_t i = 0; i < s->nspfs; i++)
		if (s->spfs[i].scope != SCOPE_HELO)
			return false;
	return true;
}

static enum verdict
spf_verdict(struct orgdomain *o, enum alignment mode, const struct outcome_set *s)
{
	enum answer best = s->header_from.n == 0 || s->nspfs == LIMIT_RESULTS ? MAYBE : NO;
	bool helo = helo_is_sender(s), any = false;

	for (size_t i = 0; i < s->nspfs && best != YES; i++) {
		if (s->spfs[i].scope == SCOPE_HELO && !helo)
			continue;
		any = true;
		best = either(
		    best, counts(o, mode, s->header_from, s->spfs[i].domain, s->spfs[i].result));
	}
	/* Every message has an SPF result, if only "none"; here it is not told. */
	return any ? verdict_of(best) : VERDICT_UNKNOWN;
}

void
alignment_recompute(
    struct orgdomain *o, enum alignment adkim, enum alignment aspf, struct record *r)
{
	struct outcome_set *s = &r->outcome;

	s->dkim_recomputed = dkim_verdict(o, adkim, s);
	s->spf_recomputed = spf_verdict(o, aspf, s);
}
