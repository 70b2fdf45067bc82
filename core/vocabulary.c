#include "core/vocabulary.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const char *const kinds[] = { NULL, "aggregate", "failure", "tlsrpt" };
static const char *const outcomes[] = { "report", "null_report", "not_a_report", "corrupt",
	"unsupported", "too_big", "imported", "duplicate", "conflict", "refused" };
static const char *const actions[] = { NULL, "none", "quarantine", "reject" };
static const char *const alignments[] = { NULL, "r", "s" };
static const char *const discoveries[] = { NULL, "psl", "treewalk" };
static const char *const dispositions[] = { NULL, "none", "pass", "quarantine", "reject" };
static const char *const verdicts[] = { NULL, "pass", "fail" };
static const char *const results[] = { NULL, "none", "pass", "fail", "softfail", "policy",
	"neutral", "temperror", "permerror" };
static const char *const scopes[] = { NULL, "mfrom", "helo" };
static const char *const reasons[] = { NULL, "forwarded", "sampled_out", "trusted_forwarder",
	"mailing_list", "local_policy", "other", "policy_test_mode" };
static const char *const tls_policies[] = { NULL, "tlsa", "sts", "no-policy-found" };
static const char *const deliveries[] = { NULL, "delivered", "spam", "policy", "reject", "other" };

static const char *
name(const char *const *words, size_t n, unsigned v)
{
	return v < n ? words[v] : NULL;
}

static unsigned
find(const char *const *words, size_t n, struct str s)
{
	for (unsigned i = 1; i < n; i++)
		if (str_caseeq(s, str_of(words[i])))
			return i;
	return 0;
}

const char *
kind_name(enum report_kind v)
{
	return name(kinds, COUNT(kinds), v);
}

const char *
outcome_name(enum outcome v)
{
	return name(outcomes, COUNT(outcomes), v);
}

const char *
action_name(enum policy_action v)
{
	return name(actions, COUNT(actions), v);
}

const char *
alignment_name(enum alignment v)
{
	return name(alignments, COUNT(alignments), v);
}

const char *
discovery_name(enum discovery v)
{
	return name(discoveries, COUNT(discoveries), v);
}

const char *
disposition_name(enum disposition v)
{
	return name(dispositions, COUNT(dispositions), v);
}

const char *
verdict_name(enum verdict v)
{
	return name(verdicts, COUNT(verdicts), v);
}

const char *
result_name(enum auth_result v)
{
	return name(results, COUNT(results), v);
}

const char *
scope_name(enum spf_scope v)
{
	return name(scopes, COUNT(scopes), v);
}

const char *
reason_name(enum reason_type v)
{
	return name(reasons, COUNT(reasons), v);
}

const char *
tls_policy_name(enum tls_policy_type v)
{
	return name(tls_policies, COUNT(tls_policies), v);
}

const char *
delivery_name(enum delivery_result v)
{
	return name(deliveries, COUNT(deliveries), v);
}

enum policy_action
action_find(struct str s)
{
	return find(actions, COUNT(actions), s);
}

enum alignment
alignment_find(struct str s)
{
	return find(alignments, COUNT(alignments), s);
}

enum discovery
discovery_find(struct str s)
{
	return find(discoveries, COUNT(discoveries), s);
}

enum disposition
disposition_find(struct str s)
{
	return find(dispositions, COUNT(dispositions), s);
}

enum verdict
verdict_find(struct str s)
{
	return find(verdicts, COUNT(verdicts), s);
}

enum auth_result
result_find(struct str s)
{
	return find(results, COUNT(results), s);
}

enum spf_scope
scope_find(struct str s)
{
	return find(scopes, COUNT(scopes), s);
}

enum reason_type
reason_find(struct str s)
{
	return find(reasons, COUNT(reasons), s);
}

enum tls_policy_type
tls_policy_find(struct str s)
{
	return find(tls_policies, COUNT(tls_policies), s);
}

enum delivery_result
delivery_find(struct str s)
{
	return find(deliveries, COUNT(deliveries), s);
}
