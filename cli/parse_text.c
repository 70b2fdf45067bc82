#include "cli/parse_text.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "cli/parse_other.h"
#include "core/text.h"
#include "core/vocabulary.h"

/* A key and a text, or null where there is none. */
static void
text(struct buf *out, const char *key, struct str s)
{
	buf_printf(out, "\"%s\":", key);
	text_json_or_null(out, s);
}

static void
word(struct buf *out, const char *key, const char *value)
{
	text(out, key, str_of(value));
}

static void
address(struct buf *out, const struct address *a)
{
	char room[INET6_ADDRSTRLEN];

	if (a->family != 0 &&
	    inet_ntop(a->family == 4 ? AF_INET : AF_INET6, a->b, room, sizeof(room)) != NULL)
		buf_puts(out, str_of(room));
}

/* A key and an address, or null where there is none. */
static void
json_address(struct buf *out, const char *key, const struct address *a)
{
	const char *quote = a->family != 0 ? "\"" : "";

	buf_printf(out, "\"%s\":%s", key, a->family != 0 ? quote : "null");
	address(out, a);
	buf_puts(out, str_of(quote));
}

static void
json_policy(struct buf *out, const struct policy *p)
{
	buf_puts(out, STR("{"));
	text(out, "domain", p->domain);
	buf_put8(out, ',');
	word(out, "p", action_name(p->p));
	buf_put8(out, ',');
	word(out, "sp", action_name(p->sp));
	buf_put8(out, ',');
	word(out, "np", action_name(p->np));
	buf_put8(out, ',');
	word(out, "adkim", alignment_name(p->adkim));
	buf_put8(out, ',');
	word(out, "aspf", alignment_name(p->aspf));
	buf_put8(out, ',');
	text(out, "pct", p->pct);
	buf_put8(out, ',');
	text(out, "fo", p->fo);
	buf_put8(out, ',');
	text(out, "testing", p->testing);
	buf_put8(out, ',');
	word(out, "discovery_method", discovery_name(p->discovery_method));
	buf_put8(out, '}');
}

static void
json_report(struct buf *out, const struct report *r)
{
	buf_put8(out, '{');
	text(out, "org_name", r->org_name);
	buf_put8(out, ',');
	text(out, "email", r->email);
	buf_put8(out, ',');
	text(out, "extra_contact_info", r->extra_contact_info);
	buf_put8(out, ',');
	text(out, "report_id", r->report_id);
	buf_put8(out, ',');
	text(out, "submitter", r->submitter);
	buf_put8(out, ',');
	text(out, "given_id", r->given_id);
	buf_put8(out, ',');
	text(out, "domain", r->policy.domain);
	buf_printf(out, ",\"begin\":%lld,\"end\":%lld,", (long long)r->begin, (long long)r->end);
	text(out, "version", r->version);
	buf_put8(out, ',');
	text(out, "generator", r->generator);
	buf_put8(out, ',');
	text(out, "xml_namespace", r->xml_namespace);
	buf_put8(out, ',');
	text(out, "error", r->error);
	buf_puts(out, STR(",\"policy\":"));
	json_policy(out, &r->policy);
	buf_printf(out, ",\"record_count\":%llu,\"message_count\":%llu}",
	    (unsigned long long)r->record_count, (unsigned long long)r->message_count);
}

/* What had to be repaired to read the part, whatever it is. */
static const struct quirk *
part_quirks(const struct part *p, size_t *n)
{
	*n = 0;
	if (p->report != NULL) {
		*n = p->report->nquirks;
		return p->report->quirks;
	}
	if (p->tls != NULL) {
		*n = p->tls->nquirks;
		return p->tls->quirks;
	}
	if (p->failure != NULL) {
		*n = p->failure->nquirks;
		return p->failure->quirks;
	}
	return NULL;
}

void
parse_json_part(struct buf *out, const char *file, const struct part *p)
{
	const struct report *r = p->report;
	size_t nquirks;
	const struct quirk *quirks = part_quirks(p, &nquirks);

	buf_put8(out, '{');
	text(out, "file", str_of(file));
	buf_put8(out, ',');
	text(out, "member", p->member);
	buf_put8(out, ',');
	word(out, "kind", kind_name(p->kind));
	buf_put8(out, ',');
	word(out, "outcome", outcome_name(p->outcome));
	buf_put8(out, ',');
	text(out, "reason", p->reason);
	buf_printf(out, ",\"partial\":%s,\"quirks\":[", r != NULL && r->partial ? "true" : "false");
	for (size_t i = 0; i < nquirks; i++) {
		buf_puts(out, i == 0 ? STR("{") : STR(",{"));
		text(out, "rule", quirks[i].rule);
		buf_put8(out, ',');
		text(out, "detail", quirks[i].detail);
		buf_put8(out, '}');
	}
	buf_puts(out, STR("],\"report\":"));
	if (r != NULL)
		json_report(out, r);
	else
		buf_puts(out, STR("null"));
	if (p->tls != NULL) {
		buf_puts(out, STR(",\"tls\":"));
		parse_json_tls(out, p->tls);
	}
	if (p->failure != NULL) {
		buf_puts(out, STR(",\"failure\":"));
		parse_json_failure(out, p->failure);
	}
	buf_puts(out, STR("}\n"));
}

/* What a reason's comment tells of an ARC chain, or null. */
static void
json_arc(struct buf *out, const struct arc *a)
{
	if (a->verdict == VERDICT_UNKNOWN) {
		buf_puts(out, STR("\"arc\":null"));
		return;
	}
	buf_puts(out, STR("\"arc\":{"));
	word(out, "verdict", verdict_name(a->verdict));
	if (a->hops > 0)
		buf_printf(out, ",\"hops\":%u,", (unsigned)a->hops);
	else
		buf_puts(out, STR(",\"hops\":null,"));
	text(out, "sealer", a->sealer);
	buf_put8(out, ',');
	json_address(out, "source_ip", &a->source_ip);
	buf_put8(out, '}');
}

static void
json_reasons(struct buf *out, const struct outcome_set *o)
{
	buf_puts(out, STR("\"reasons\":["));
	for (size_t i = 0; i < o->nreasons; i++) {
		buf_puts(out, i == 0 ? STR("{") : STR(",{"));
		word(out, "type", reason_name(o->reasons[i].type));
		buf_put8(out, ',');
		text(out, "raw_type", o->reasons[i].raw_type);
		buf_put8(out, ',');
		text(out, "comment", o->reasons[i].comment);
		buf_put8(out, ',');
		json_arc(out, &o->reasons[i].arc);
		buf_put8(out, '}');
	}
	buf_put8(out, ']');
}

static void
json_dkims(struct buf *out, const struct outcome_set *o)
{
	buf_puts(out, STR("\"dkim\":["));
	for (size_t i = 0; i < o->ndkims; i++) {
		const struct dkim_result *d = &o->dkims[i];

		buf_puts(out, i == 0 ? STR("{") : STR(",{"));
		text(out, "domain", d->domain);
		buf_put8(out, ',');
		text(out, "selector", d->selector);
		buf_put8(out, ',');
		word(out, "result", result_name(d->result));
		buf_put8(out, ',');
		text(out, "raw_result", d->raw_result);
		buf_put8(out, ',');
		text(out, "human_result", d->human_result);
		buf_put8(out, '}');
	}
	buf_put8(out, ']');
}

static void
json_spfs(struct buf *out, const struct outcome_set *o)
{
	buf_puts(out, STR("\"spf\":["));
	for (size_t i = 0; i < o->nspfs; i++) {
		const struct spf_result *s = &o->spfs[i];

		buf_puts(out, i == 0 ? STR("{") : STR(",{"));
		text(out, "domain", s->domain);
		buf_put8(out, ',');
		word(out, "scope", scope_name(s->scope));
		buf_put8(out, ',');
		word(out, "result", result_name(s->result));
		buf_put8(out, ',');
		text(out, "raw_result", s->raw_result);
		buf_put8(out, ',');
		text(out, "human_result", s->human_result);
		buf_put8(out, '}');
	}
	buf_put8(out, ']');
}

void
parse_json_record(struct buf *out, const char *file, const struct record *r)
{
	const struct outcome_set *o = &r->outcome;

	buf_put8(out, '{');
	text(out, "file", str_of(file));
	buf_puts(out, STR(",\"record\":{"));
	json_address(out, "source_ip", &r->source_ip);
	buf_put8(out, ',');
	text(out, "raw_source_ip", r->raw_source_ip);
	if (r->has_count)
		buf_printf(out, ",\"count\":%llu,", (unsigned long long)r->count);
	else
		buf_puts(out, STR(",\"count\":null,"));
	word(out, "disposition", disposition_name(o->disposition));
	buf_put8(out, ',');
	text(out, "raw_disposition", o->raw_disposition);
	buf_put8(out, ',');
	word(out, "dkim_aligned", verdict_name(o->dkim));
	buf_put8(out, ',');
	text(out, "raw_dkim_aligned", o->raw_dkim);
	buf_put8(out, ',');
	word(out, "spf_aligned", verdict_name(o->spf));
	buf_put8(out, ',');
	text(out, "raw_spf_aligned", o->raw_spf);
	buf_put8(out, ',');
	word(out, "dkim_recomputed", verdict_name(o->dkim_recomputed));
	buf_put8(out, ',');
	word(out, "spf_recomputed", verdict_name(o->spf_recomputed));
	buf_put8(out, ',');
	json_reasons(out, o);
	buf_put8(out, ',');
	text(out, "header_from", o->header_from);
	buf_put8(out, ',');
	text(out, "envelope_from", o->envelope_from);
	buf_put8(out, ',');
	text(out, "envelope_to", o->envelope_to);
	buf_put8(out, ',');
	json_dkims(out, o);
	buf_put8(out, ',');
	json_spfs(out, o);
	buf_puts(out, STR("}}\n"));
}

/* The text, or a dash. */
static void
shown(struct buf *out, struct str s)
{
	if (s.n == 0)
		buf_put8(out, '-');
	text_terminal(out, s);
}

void
parse_text_part(struct buf *out, const char *file, const struct part *p)
{
	const struct report *r = p->report;
	size_t nquirks;
	const struct quirk *quirks = part_quirks(p, &nquirks);

	shown(out, str_of(file));
	if (p->member.n > 0) {
		buf_puts(out, STR(" > "));
		shown(out, p->member);
	}
	buf_printf(out, ": %s", outcome_name(p->outcome));
	if (r != NULL) {
		buf_puts(out, STR(" of "));
		shown(out, r->org_name.n > 0 ? r->org_name : r->submitter);
		buf_puts(out, STR(" for "));
		shown(out, r->policy.domain);
		buf_puts(out, STR(", "));
		parse_moment(out, r->begin);
		buf_puts(out, STR(" to "));
		parse_moment(out, r->end);
		buf_puts(out, STR(" UTC, id "));
		shown(out, r->report_id.n > 0 ? r->report_id : r->given_id);
		buf_printf(out, ": %llu record%s, %llu message%s",
		    (unsigned long long)r->record_count, r->record_count == 1 ? "" : "s",
		    (unsigned long long)r->message_count, r->message_count == 1 ? "" : "s");
	}
	if (p->tls != NULL)
		parse_text_tls(out, p->tls);
	if (p->failure != NULL)
		parse_text_failure(out, p->failure);
	if (p->reason.n > 0) {
		buf_puts(out, STR(": "));
		shown(out, p->reason);
	}
	buf_put8(out, '\n');
	for (size_t i = 0; i < nquirks; i++) {
		buf_puts(out, STR("  repaired: "));
		shown(out, quirks[i].rule);
		if (quirks[i].detail.n > 0)
			buf_puts(out, STR(": "));
		text_terminal(out, quirks[i].detail);
		buf_put8(out, '\n');
	}
}

/* The reporter's verdict, and ours where it is another. */
static void
text_verdict(struct buf *out, const char *what, enum verdict claim, enum verdict recomputed)
{
	buf_printf(out, " %s ", what);
	shown(out, str_of(verdict_name(claim)));
	if (recomputed != VERDICT_UNKNOWN && recomputed != claim)
		buf_printf(out, " (recomputed: %s)", verdict_name(recomputed));
}

static void
text_reason(struct buf *out, const struct reason *r)
{
	buf_puts(out, STR("; reason "));
	shown(out, r->type != REASON_UNKNOWN ? str_of(reason_name(r->type)) : r->raw_type);
	if (r->arc.verdict == VERDICT_UNKNOWN)
		return;
	buf_printf(out, " (arc %s", verdict_name(r->arc.verdict));
	if (r->arc.hops > 0) {
		buf_printf(out, ", %u hop%s, sealed by ", (unsigned)r->arc.hops,
		    r->arc.hops == 1 ? "" : "s");
		shown(out, r->arc.sealer);
	}
	if (r->arc.source_ip.family != 0) {
		buf_puts(out, STR(", from "));
		address(out, &r->arc.source_ip);
	}
	buf_put8(out, ')');
}

void
parse_text_record(struct buf *out, const struct record *r)
{
	const struct outcome_set *o = &r->outcome;

	buf_puts(out, STR("  "));
	if (r->source_ip.family == 0)
		shown(out, r->raw_source_ip);
	else
		address(out, &r->source_ip);
	if (r->has_count)
		buf_printf(out, " × %llu", (unsigned long long)r->count);
	else
		buf_puts(out, STR(" × ?"));
	buf_puts(out, STR(" from "));
	shown(out, o->header_from);
	buf_puts(out, STR(": disposition "));
	shown(out, str_of(disposition_name(o->disposition)));
	buf_puts(out, STR(", aligned"));
	text_verdict(out, "dkim", o->dkim, o->dkim_recomputed);
	text_verdict(out, "spf", o->spf, o->spf_recomputed);
	for (size_t i = 0; i < o->nreasons; i++)
		text_reason(out, &o->reasons[i]);
	for (size_t i = 0; i < o->ndkims; i++) {
		buf_puts(out, STR("; dkim "));
		shown(out, o->dkims[i].domain);
		buf_put8(out, '/');
		shown(out, o->dkims[i].selector);
		buf_put8(out, ' ');
		shown(out, str_of(result_name(o->dkims[i].result)));
	}
	for (size_t i = 0; i < o->nspfs; i++) {
		buf_puts(out, STR("; spf "));
		shown(out, o->spfs[i].domain);
		buf_put8(out, ' ');
		shown(out, str_of(result_name(o->spfs[i].result)));
	}
	buf_put8(out, '\n');
}
