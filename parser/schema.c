#include "parser/schema.h"

#include <stdio.h>

#include "parser/arc.h"
#include "parser/idn.h"
#include "parser/normal.h"
#include "parser/words.h"

/* A copy of ${s} for as long as the record lives, cut at ${max}. */
static struct str
keep(struct fields *f, struct str s, size_t max)
{
	char *to = f->text + f->used;

	if (s.n > max) {
		quirks_add(&f->quirks, "text-cut", s);
		s = normal_cut(s, max);
	}
	if (s.n > FIELDS_RECORD_TEXT - f->used) {
		quirks_add(&f->quirks, "record-too-large", s);
		s.n = 0;
	}
	if (s.n > 0)
		memcpy(to, s.p, s.n);
	f->used += s.n;
	return (struct str){ to, s.n };
}

/* The same for as long as the report lives. */
static struct str
hold(struct fields *f, struct str s, size_t max)
{
	if (s.n > max) {
		quirks_add(&f->quirks, "text-cut", s);
		s = normal_cut(s, max);
	}
	return arena_str(f->quirks.arena, s);
}

/* A text of the report's identity: cutting it could make two reports one. */
static struct str
hold_identity(struct fields *f, const char *what, struct str s, size_t max)
{
	if (s.n > max && f->bad[0] == '\0')
		snprintf(f->bad, sizeof(f->bad), "%s is %zu bytes long", what, s.n);
	return arena_str(f->quirks.arena, normal_cut(s, max));
}

/* The value of a word; what was written, where that is no word of the RFCs, is kept in ${raw}. */
static unsigned
word(struct fields *f, enum words which, struct str s, struct str *raw)
{
	enum word_is is;
	unsigned v = words_find(which, s, &is);

	if (is == WORD_OF_OTHER_CASE)
		quirks_add(&f->quirks, "value-case", s);
	if (is == WORD_SYNONYM)
		quirks_add(&f->quirks, "value-synonym", s);
	if (raw != NULL && (is == WORD_SYNONYM || is == WORD_UNKNOWN))
		*raw = keep(f, s, LIMIT_NAME_BYTES);
	return v;
}

/* What DNS has for ${s}, in ${room} where that is something else. */
static struct str
ascii(struct fields *f, struct str s, char room[LIMIT_DOMAIN_BYTES])
{
	struct str a;

	if (!idn_needed(s))
		return s;
	a = idn_ascii(s, room);
	quirks_add(&f->quirks, a.n > 0 ? "domain-u-label" : "domain-unreadable", s);
	return a.n > 0 ? a : s;
}

/* The domain of what may be an address: "<user@example.com>". */
static struct str
behind_at(struct fields *f, struct str s)
{
	const char *at = memrchr(s.p, '@', s.n);
	struct str d = s;

	if (at == NULL && s.p[0] != '<')
		return s;
	quirks_add(&f->quirks, "domain-from-address", s);
	if (d.p[0] == '<')
		d = (struct str){ d.p + 1, d.n - 1 };
	if (at != NULL)
		d = (struct str){ at + 1, (size_t)(s.p + s.n - at - 1) };
	if (d.n > 0 && d.p[d.n - 1] == '>')
		d.n--;
	return str_trim(d);
}

static void
set_text(struct fields *f, struct str s, void *to)
{
	*(struct str *)to = hold(f, s, LIMIT_NAME_BYTES);
}

static void
set_record_text(struct fields *f, struct str s, void *to)
{
	*(struct str *)to = keep(f, s, LIMIT_NAME_BYTES);
}

static void
set_record_comment(struct fields *f, struct str s, void *to)
{
	*(struct str *)to = keep(f, s, LIMIT_COMMENT_BYTES);
}

static void
set_record_domain(struct fields *f, struct str s, void *to)
{
	char room[LIMIT_DOMAIN_BYTES];
	struct str kept = keep(f, ascii(f, behind_at(f, s), room), LIMIT_NAME_BYTES);

	*(struct str *)to = normal_domain(kept, f->text + f->used - kept.n);
}

static void
set_org_name(struct fields *f, struct str s, void *to)
{
	struct str copy = arena_str(f->quirks.arena, s);

	if (copy.p != NULL)
		copy = normal_line(copy, (char *)(uintptr_t)copy.p);
	*(struct str *)to = hold_identity(f, "org_name", copy, LIMIT_NAME_BYTES);
}

static void
set_report_id(struct fields *f, struct str s, void *to)
{
	*(struct str *)to = hold_identity(f, "report_id", normal_report_id(s), LIMIT_NAME_BYTES);
}

static void
set_policy_domain(struct fields *f, struct str s, void *to)
{
	char room[LIMIT_DOMAIN_BYTES];
	struct str d =
	    hold_identity(f, "policy_published/domain", ascii(f, s, room), LIMIT_DOMAIN_BYTES);

	if (d.p != NULL)
		*(struct str *)to = normal_domain(d, (char *)(uintptr_t)d.p);
}

static void
set_time(struct fields *f, struct str s, void *to)
{
	switch (normal_time(s, to)) {
	case TIME_PLAIN:
		return;
	case TIME_FRACTION:
		quirks_add(&f->quirks, "time-fraction", s);
		return;
	case TIME_FINER:
		quirks_add(&f->quirks, "time-finer", s);
		return;
	case TIME_CALENDAR:
		quirks_add(&f->quirks, "time-calendar", s);
		return;
	default:
		break;
	}
	if (f->bad[0] == '\0')
		snprintf(f->bad, sizeof(f->bad), "date_range is no time: \"%.*s\"",
		    (int)normal_cut(s, 100).n, s.p);
}

/* There may be several: joined by line feeds. */
static void
set_error(struct fields *f, struct str s, void *to)
{
	struct str *error = to;
	char *p;

	if (error->n == 0) {
		*error = hold(f, s, LIMIT_COMMENT_BYTES);
		return;
	}
	p = error->n < LIMIT_COMMENT_BYTES ? arena_alloc(f->quirks.arena, error->n + 1 + s.n)
					   : NULL;
	if (p == NULL)
		return;
	memcpy(p, error->p, error->n);
	p[error->n] = '\n';
	memcpy(p + error->n + 1, s.p, s.n);
	*error = normal_cut((struct str){ p, error->n + 1 + s.n }, LIMIT_COMMENT_BYTES);
}

/* A value as it stands in DNS, with what ends it there. */
static struct str
keyword(struct fields *f, struct str s)
{
	struct str k = normal_keyword(s);

	if (k.n != s.n)
		quirks_add(&f->quirks, "value-semicolon", s);
	return k;
}

static void
set_action(struct fields *f, struct str s, void *to)
{
	enum policy_action v = word(f, WORDS_ACTION, keyword(f, s), NULL);

	*(enum policy_action *)to = v;
	if (v == ACTION_UNKNOWN)
		quirks_add(&f->quirks, "unknown-policy", s);
}

static void
set_alignment(struct fields *f, struct str s, void *to)
{
	enum alignment v = word(f, WORDS_ALIGNMENT, keyword(f, s), NULL);

	*(enum alignment *)to = v;
	if (v == ALIGNMENT_UNKNOWN)
		quirks_add(&f->quirks, "unknown-alignment", s);
}

static void
set_discovery(struct fields *f, struct str s, void *to)
{
	enum discovery v = word(f, WORDS_DISCOVERY, s, NULL);

	*(enum discovery *)to = v;
	if (v == DISCOVERY_UNKNOWN)
		quirks_add(&f->quirks, "unknown-discovery-method", s);
}

static void
set_source_ip(struct fields *f, struct str s, void *to)
{
	struct record *r = to;
	bool plain;

	r->source_ip = normal_client(s, &plain);
	if (plain)
		return;
	r->raw_source_ip = keep(f, s, LIMIT_NAME_BYTES);
	quirks_add(&f->quirks,
	    r->source_ip.family != 0 ? "source-ip-repaired" : "source-ip-unreadable", s);
}

static void
set_count(struct fields *f, struct str s, void *to)
{
	struct record *r = to;
	int rc = normal_count(s, &r->count);

	r->has_count = rc >= 0;
	if (rc != 0)
		quirks_add(&f->quirks, rc > 0 ? "count-fraction" : "count-unreadable", s);
}

static void
set_disposition(struct fields *f, struct str s, void *to)
{
	struct outcome_set *o = &((struct record *)to)->outcome;

	o->disposition = word(f, WORDS_DISPOSITION, s, &o->raw_disposition);
}

static void
set_dkim_verdict(struct fields *f, struct str s, void *to)
{
	struct outcome_set *o = &((struct record *)to)->outcome;

	o->dkim = word(f, WORDS_VERDICT, s, &o->raw_dkim);
}

static void
set_spf_verdict(struct fields *f, struct str s, void *to)
{
	struct outcome_set *o = &((struct record *)to)->outcome;

	o->spf = word(f, WORDS_VERDICT, s, &o->raw_spf);
}

static void
set_reason_type(struct fields *f, struct str s, void *to)
{
	struct reason *r = to;

	r->type = word(f, WORDS_REASON, s, &r->raw_type);
}

static void
set_reason_comment(struct fields *f, struct str s, void *to)
{
	struct reason *r = to;
	char sealer[LIMIT_DOMAIN_BYTES];

	set_record_comment(f, s, &r->comment);
	r->arc = arc_parse(r->comment, sealer);
	r->arc.sealer = keep(f, r->arc.sealer, LIMIT_DOMAIN_BYTES);
}

static void
set_dkim_result(struct fields *f, struct str s, void *to)
{
	struct dkim_result *d = to;

	d->result = word(f, WORDS_DKIM, s, &d->raw_result);
}

static void
set_scope(struct fields *f, struct str s, void *to)
{
	enum spf_scope v = word(f, WORDS_SCOPE, s, NULL);

	*(enum spf_scope *)to = v;
	if (v == SCOPE_UNKNOWN)
		quirks_add(&f->quirks, "unknown-scope", s);
}

static void
set_spf_result(struct fields *f, struct str s, void *to)
{
	struct spf_result *r = to;

	r->result = word(f, WORDS_SPF, s, &r->raw_result);
}

#define REPORT(field) IN_REPORT, offsetof(struct report, field)
#define RECORD(field) IN_RECORD, offsetof(struct record, field)
#define REASON(field) IN_REASON, offsetof(struct reason, field)
#define DKIM(field) IN_DKIM, offsetof(struct dkim_result, field)
#define SPF(field) IN_SPF, offsetof(struct spf_result, field)

static const struct schema_row rows[] = {
	{ "", NULL, IN_REPORT, 0 },
	{ "version", set_text, REPORT(version) },

	{ "report_metadata", NULL, IN_REPORT, 0 },
	{ "report_metadata/org_name", set_org_name, REPORT(org_name) },
	{ "report_metadata/email", set_text, REPORT(email) },
	{ "report_metadata/extra_contact_info", set_text, REPORT(extra_contact_info) },
	{ "report_metadata/report_id", set_report_id, REPORT(report_id) },
	{ "report_metadata/date_range", NULL, IN_REPORT, 0 },
	{ "report_metadata/date_range/begin", set_time, REPORT(begin) },
	{ "report_metadata/date_range/end", set_time, REPORT(end) },
	{ "report_metadata/error", set_error, IN_LIST, offsetof(struct report, error) },
	{ "report_metadata/generator", set_text, REPORT(generator) }, /* 9990 */

	{ "policy_published", NULL, IN_REPORT, 0 },
	{ "policy_published/domain", set_policy_domain, REPORT(policy.domain) },
	{ "policy_published/p", set_action, REPORT(policy.p) },
	{ "policy_published/sp", set_action, REPORT(policy.sp) },
	{ "policy_published/np", set_action, REPORT(policy.np) }, /* 9990 */
	{ "policy_published/adkim", set_alignment, REPORT(policy.adkim) },
	{ "policy_published/aspf", set_alignment, REPORT(policy.aspf) },
	{ "policy_published/pct", set_text, REPORT(policy.pct) }, /* 7489 */
	{ "policy_published/fo", set_text, REPORT(policy.fo) },
	{ "policy_published/testing", set_text, REPORT(policy.testing) }, /* 9990 */
	{ "policy_published/discovery_method", set_discovery, REPORT(policy.discovery_method) },

	{ "record", NULL, IN_RECORD, 0 },
	{ "record/row", NULL, IN_REPORT, 0 },
	{ "record/row/source_ip", set_source_ip, IN_RECORD, 0 },
	{ "record/row/count", set_count, IN_RECORD, 0 },
	{ "record/row/policy_evaluated", NULL, IN_REPORT, 0 },
	{ "record/row/policy_evaluated/disposition", set_disposition, IN_RECORD, 0 },
	{ "record/row/policy_evaluated/dkim", set_dkim_verdict, IN_RECORD, 0 },
	{ "record/row/policy_evaluated/spf", set_spf_verdict, IN_RECORD, 0 },
	{ "record/row/policy_evaluated/reason", NULL, IN_REASON, 0 },
	{ "record/row/policy_evaluated/reason/type", set_reason_type, IN_REASON, 0 },
	{ "record/row/policy_evaluated/reason/comment", set_reason_comment, IN_REASON, 0 },

	{ "record/identifiers", NULL, IN_REPORT, 0 },
	{ "record/identifiers/header_from", set_record_domain, RECORD(outcome.header_from) },
	{ "record/identifiers/envelope_from", set_record_domain, RECORD(outcome.envelope_from) },
	{ "record/identifiers/envelope_to", set_record_domain, RECORD(outcome.envelope_to) },

	{ "record/auth_results", NULL, IN_REPORT, 0 },
	{ "record/auth_results/dkim", NULL, IN_DKIM, 0 },
	{ "record/auth_results/dkim/domain", set_record_domain, DKIM(domain) },
	{ "record/auth_results/dkim/selector", set_record_text, DKIM(selector) },
	{ "record/auth_results/dkim/result", set_dkim_result, IN_DKIM, 0 },
	{ "record/auth_results/dkim/human_result", set_record_comment, DKIM(human_result) },
	{ "record/auth_results/spf", NULL, IN_SPF, 0 },
	{ "record/auth_results/spf/domain", set_record_domain, SPF(domain) },
	{ "record/auth_results/spf/scope", set_scope, SPF(scope) },
	{ "record/auth_results/spf/result", set_spf_result, IN_SPF, 0 },
	{ "record/auth_results/spf/human_result", set_record_comment, SPF(human_result) },
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))
_Static_assert(ROWS <= SCHEMA_ROWS, "SCHEMA_ROWS is what others reserve");

const struct schema_row *
schema_rows(int *n)
{
	*n = (int)ROWS;
	return rows;
}

struct str
schema_name(struct str name)
{
	static const struct {
		struct str alias, name;
	} aliases[] = {
		{ { "identities", 10 }, { "identifiers", 11 } }, /* junc.org */
		{ { "data_range", 10 }, { "date_range", 10 } },  /* kddi.com */
	};

	for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
		if (str_caseeq(name, aliases[i].alias))
			return aliases[i].name;
	return name;
}
