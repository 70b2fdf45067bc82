/* report.c - one aggregate report: its identity, its XML, its sums. */
#include "report.h"

#include <inttypes.h>
#include <string.h>

static void
indent(struct report *r, unsigned depth)
{
	for (; depth > 0; depth--)
		text_str(&r->piece, r->scene.reporter->indent);
}

/* A start tag ("row"), or an end tag ("/row"), on a line of its own. */
static void
tag(struct report *r, unsigned depth, const char *name)
{
	indent(r, depth);
	text_add(&r->piece, "<", 1);
	text_str(&r->piece, name);
	text_add(&r->piece, ">", 1);
	text_str(&r->piece, r->scene.reporter->eol);
}

static void
leaf(struct report *r, unsigned depth, const char *name, const char *value)
{
	if (value == NULL)
		return;
	indent(r, depth);
	text_add(&r->piece, "<", 1);
	text_str(&r->piece, name);
	text_add(&r->piece, ">", 1);
	text_xml(&r->piece, value);
	text_add(&r->piece, "</", 2);
	text_str(&r->piece, name);
	text_add(&r->piece, ">", 1);
	text_str(&r->piece, r->scene.reporter->eol);
}

static void
number(struct report *r, unsigned depth, const char *name, int64_t value)
{
	char digits[24];

	snprintf(digits, sizeof(digits), "%" PRId64, value);
	leaf(r, depth, name, digits);
}

static void
write_policy(struct report *r)
{
	const struct domain *d = r->scene.domain;
	const char adkim[] = { d->adkim, '\0' }, aspf[] = { d->aspf, '\0' };
	unsigned habits = r->scene.reporter->habits;
	const char *o;

	tag(r, 1, "policy_published");
	for (o = r->scene.reporter->policy; *o != '\0'; o++) {
		if (*o == 'd')
			leaf(r, 2, "domain", d->name);
		else if (*o == 'a' || (*o == 'A' && d->adkim == 's'))
			leaf(r, 2, "adkim", adkim);
		else if (*o == 'f' || (*o == 'F' && d->aspf == 's'))
			leaf(r, 2, "aspf", aspf);
		else if (*o == 'p')
			leaf(r, 2, "p", policy_name(d->p));
		else if (*o == 's')
			leaf(r, 2, "sp", policy_name(habits & HABIT_SP_NONE ? POLICY_NONE : d->sp));
		else if (*o == 'c')
			number(r, 2, "pct", d->pct);
		else if (*o == 'o')
			leaf(r, 2, "fo", "0");
		else if (*o == 'n')
			leaf(r, 2, "np", policy_name(d->sp));
		else if (*o == 'v')
			leaf(r, 2, "discovery_method", "psl");
		else if (*o == 't')
			leaf(r, 2, "testing", "n");
	}
	tag(r, 1, "/policy_published");
}

static void
write_head(struct report *r)
{
	const struct reporter *by = r->scene.reporter;

	text_str(&r->piece, by->declaration);
	text_str(&r->piece, by->eol);
	text_str(&r->piece, "<feedback");
	if (by->root != NULL)
		text_str(&r->piece, by->root);
	text_add(&r->piece, ">", 1);
	text_str(&r->piece, by->eol);
	leaf(r, 1, "version", by->version);
	tag(r, 1, "report_metadata");
	leaf(r, 2, "org_name", by->org);
	leaf(r, 2, "email", by->email);
	leaf(r, 2, "extra_contact_info", by->contact);
	leaf(r, 2, "report_id", r->id);
	tag(r, 2, "date_range");
	number(r, 3, "begin", r->begin);
	number(r, 3, "end", r->end);
	tag(r, 2, "/date_range");
	tag(r, 1, "/report_metadata");
	write_policy(r);
}

static void
write_auth(struct report *r, const char *name, const char *order, const struct auth *a)
{
	const char *o;

	tag(r, 3, name);
	for (o = order; *o != '\0'; o++) {
		if (*o == 'd')
			leaf(r, 4, "domain", a->domain);
		else if (*o == 's')
			leaf(r, 4, "selector", a->selector);
		else if (*o == 'r')
			leaf(r, 4, "result", a->result);
		else if (*o == 'c')
			leaf(r, 4, "scope", "mfrom");
		else if (*o == 'h')
			leaf(r, 4, "human_result", a->result);
		else if (*o == 'H') {
			indent(r, 4);
			text_fmt(&r->piece, "<human_result/>%s", r->scene.reporter->eol);
		}
	}
	tag(r, 3, name[0] == 'd' ? "/dkim" : "/spf");
}

static void
write_row(struct report *r, const struct record *rec)
{
	tag(r, 2, "row");
	leaf(r, 3, "source_ip", rec->ip);
	number(r, 3, "count", (int64_t)rec->count);
	tag(r, 3, "policy_evaluated");
	leaf(r, 4, "disposition", disposition_name(rec->disposition));
	leaf(r, 4, "dkim", rec->dkim ? "pass" : "fail");
	leaf(r, 4, "spf", rec->spf ? "pass" : "fail");
	if (rec->reason != NULL) {
		tag(r, 4, "reason");
		leaf(r, 5, "type", rec->reason);
		leaf(r, 5, "comment", rec->comment);
		tag(r, 4, "/reason");
	}
	tag(r, 3, "/policy_evaluated");
	tag(r, 2, "/row");
}

static void
write_record(struct report *r, const struct record *rec)
{
	const struct reporter *by = r->scene.reporter;
	const char *o;
	size_t i;

	tag(r, 1, "record");
	write_row(r, rec);
	tag(r, 2, "identifiers");
	for (o = by->ident; *o != '\0'; o++) {
		if (*o == 't')
			leaf(r, 3, "envelope_to", rec->envelope_to);
		else if (*o == 'f')
			leaf(r, 3, "envelope_from", rec->envelope_from);
		else
			leaf(r, 3, "header_from", rec->header_from);
	}
	tag(r, 2, "/identifiers");
	tag(r, 2, "auth_results");
	if (by->habits & HABIT_SPF_FIRST)
		write_auth(r, "spf", by->spf, &rec->spf_result);
	for (i = 0; i < rec->ndkim; i++)
		write_auth(r, "dkim", by->dkim, &rec->dkims[i]);
	if (!(by->habits & HABIT_SPF_FIRST))
		write_auth(r, "spf", by->spf, &rec->spf_result);
	tag(r, 2, "/auth_results");
	tag(r, 1, "/record");
}

static void
set_span(struct report *r, uint32_t slot)
{
	int64_t midnight = r->scene.day * DAY;

	r->begin = midnight;
	switch (r->scene.reporter->span) {
	case SPAN_DAY:
		r->end = midnight + DAY - 1;
		break;
	case SPAN_NEXT:
		r->end = midnight + DAY;
		break;
	case SPAN_SHIFTED:
		r->begin = midnight + slot;
		r->end = r->begin + DAY + slot % 20;
		break;
	case SPAN_MOMENT:
		r->begin = r->end = midnight + DAY / 2 + slot;
		break;
	}
}

/* Digits without a leading zero. */
static void
digits(struct text *t, struct rng *rng, size_t n)
{
	text_fmt(t, "%u", rng_range(rng, 1, 9));
	for (; n > 1; n--)
		text_fmt(t, "%u", rng_below(rng, 10));
}

static void
write_uuid(struct text *t, struct rng *rng)
{
	static const size_t groups[] = { 8, 4, 4, 4, 12 };
	size_t i;

	for (i = 0; i < 5; i++) {
		text_str(t, i > 0 ? "-" : "");
		text_hex(t, rng, groups[i]);
	}
}

static void
set_id(struct report *r, uint32_t slot, struct rng *rng)
{
	const char *domain = r->scene.domain->name;
	int64_t now = (r->scene.day + 1) * DAY + slot;
	struct text *t = &r->piece;

	switch (r->scene.reporter->id) {
	case ID_NUMBER:
		digits(t, rng, 19);
		break;
	case ID_SHORT:
		digits(t, rng, 9);
		break;
	case ID_MICRO:
		text_fmt(t, "%" PRId64 ".%06u", r->sent, rng_below(rng, 1000000));
		break;
	case ID_HEX32:
		text_hex(t, rng, 32);
		break;
	case ID_HEX64:
		text_hex(t, rng, 64);
		break;
	case ID_UUID:
		write_uuid(t, rng);
		break;
	case ID_ESA:
		text_hex(t, rng, 6);
		text_str(t, "$");
		text_hex(t, rng, 7);
		text_str(t, "=");
		text_hex(t, rng, 16);
		text_fmt(t, "@%s", r->scene.reporter->org);
		break;
	case ID_MAILRU:
		digits(t, rng, 19);
		text_fmt(t, "%" PRId64, r->begin);
		break;
	case ID_V2:
		text_fmt(t, "v2-%" PRId64 "-%s", now, domain);
		break;
	case ID_DOT:
		text_fmt(t, "%s.%" PRId64 ".%" PRId64, domain, r->begin, r->end);
		break;
	case ID_COLON:
		text_fmt(t, "%s:%" PRId64, domain, now);
		break;
	case ID_DASH:
		text_fmt(t, "%s-%" PRId64, domain, r->end);
		break;
	}
	snprintf(r->id, sizeof(r->id), "%.*s", (int)t->n, t->p);
	text_clear(t);
}

void
report_start(struct report *r, const struct scene *scene, uint32_t slot, struct rng *rng)
{
	const struct reporter *by = scene->reporter;
	char stem[240], member[256];

	r->scene = *scene;
	memset(&r->sums, 0, sizeof(r->sums));
	text_clear(&r->piece);
	set_span(r, slot);
	r->sent = (scene->day + 1) * DAY + 2 * 60 * 60 + rng_below(rng, 8 * 60 * 60);
	set_id(r, slot, rng);
	snprintf(stem, sizeof(stem), "%s!%s!%" PRId64 "!%" PRId64 "%s%s", by->submitter,
	    scene->domain->name, r->begin, r->end, by->habits & HABIT_FILE_ID ? "!" : "",
	    by->habits & HABIT_FILE_ID ? r->id : "");
	snprintf(r->file, sizeof(r->file), "%s%s", stem, by->pack == PACK_ZIP ? ".zip" : ".xml.gz");
	snprintf(member, sizeof(member), "%s.xml", stem);
	pack_start(&r->pack, by->pack, member, r->sent);
	write_head(r);
}

void
report_add(struct report *r, const struct record *rec)
{
	enum { ENOUGH = 32768 };
	struct sums *s = &r->sums;

	s->records++;
	s->messages += rec->count;
	s->dmarc_pass += rec->dkim || rec->spf ? rec->count : 0;
	s->dkim += rec->dkim ? rec->count : 0;
	s->spf += rec->spf ? rec->count : 0;
	s->disposition[rec->disposition] += rec->count;
	write_record(r, rec);
	if (r->piece.n >= ENOUGH) {
		pack_feed(&r->pack, r->piece.p, r->piece.n);
		text_clear(&r->piece);
	}
}

void
report_end(struct report *r)
{
	text_str(&r->piece, "</feedback>");
	text_str(&r->piece, r->scene.reporter->tail);
	pack_feed(&r->pack, r->piece.p, r->piece.n);
	text_clear(&r->piece);
	pack_end(&r->pack);
}

void
report_fini(struct report *r)
{
	text_fini(&r->piece);
	pack_fini(&r->pack);
}

void
report_facts(const struct report *r, FILE *to)
{
	const struct sums *s = &r->sums;
	struct text t = { 0 };

	text_str(&t, "{\"org_name\":\"");
	text_json(&t, r->scene.reporter->org);
	text_str(&t, "\",\"report_id\":\"");
	text_json(&t, r->id);
	text_fmt(&t, "\",\"domain\":\"%s\",\"begin\":%" PRId64 ",\"end\":%" PRId64,
	    r->scene.domain->name, r->begin, r->end);
	text_fmt(&t, ",\"records\":%" PRIu64 ",\"messages\":%" PRIu64, s->records, s->messages);
	text_fmt(&t,
	    ",\"messages_dmarc_pass\":%" PRIu64 ",\"messages_dkim_aligned\":%" PRIu64
	    ",\"messages_spf_aligned\":%" PRIu64,
	    s->dmarc_pass, s->dkim, s->spf);
	text_fmt(&t,
	    ",\"messages_none\":%" PRIu64 ",\"messages_quarantine\":%" PRIu64
	    ",\"messages_reject\":%" PRIu64 ",\"messages_pass\":%" PRIu64 "}\n",
	    s->disposition[DISP_NONE], s->disposition[DISP_QUARANTINE], s->disposition[DISP_REJECT],
	    s->disposition[DISP_PASS]);
	fwrite(t.p, 1, t.n, to);
	text_fini(&t);
}
