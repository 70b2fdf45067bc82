#include "parser/failure.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/buf.h"
#include "core/limits.h"
#include "core/text.h"
#include "core/vocabulary.h"
#include "parser/header.h"
#include "parser/labels.h"
#include "parser/normal.h"
#include "parser/quirks.h"
#include "parser/sniff.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* The texts that are kept as written; one of ->many may come several times. */
static const struct row {
	struct str name;
	size_t at;
	bool many;
} rows[] = {
	{ { "User-Agent", 10 }, offsetof(struct failure, user_agent), false },
	{ { "Version", 7 }, offsetof(struct failure, version), false },
	{ { "Auth-Failure", 12 }, offsetof(struct failure, auth_failure), false },
	{ { "Identity-Alignment", 18 }, offsetof(struct failure, identity_alignment), false },
	{ { "Reporting-MTA", 13 }, offsetof(struct failure, reporting_mta), false },
	{ { "Original-Mail-From", 18 }, offsetof(struct failure, original_mail_from), false },
	{ { "Original-Envelope-Id", 20 }, offsetof(struct failure, original_envelope_id), false },
	{ { "DKIM-Domain", 11 }, offsetof(struct failure, dkim_domain), false },
	{ { "DKIM-Identity", 13 }, offsetof(struct failure, dkim_identity), false },
	{ { "DKIM-Selector", 13 }, offsetof(struct failure, dkim_selector), false },
	{ { "Original-Rcpt-To", 16 }, offsetof(struct failure, original_rcpt_to), true },
	{ { "Authentication-Results", 22 }, offsetof(struct failure, authentication_results),
	    true },
	{ { "Reported-URI", 12 }, offsetof(struct failure, reported_uri), true },
	{ { "SPF-DNS", 7 }, offsetof(struct failure, spf_dns), true },
	/* What the plain text says of results: kept with its labels. */
	{ { "SPF Alignment", 13 }, offsetof(struct failure, authentication_results), true },
	{ { "DKIM Alignment", 14 }, offsetof(struct failure, authentication_results), true },
	{ { "DMARC Results", 13 }, offsetof(struct failure, authentication_results), true },
};

/* The values that are more than text, each with the name it has in the plain text, if it has. */
enum special { TYPE, DOMAIN, SOURCE_IP, SOURCE_PORT, INCIDENTS, ARRIVED, RESULT, SPECIALS };

static const struct {
	struct str name;
	enum special what;
} specials[] = {
	{ { "Feedback-Type", 13 }, TYPE },
	{ { "Reported-Domain", 15 }, DOMAIN },
	{ { "Sender Domain", 13 }, DOMAIN },
	{ { "Source-IP", 9 }, SOURCE_IP },
	{ { "Sender IP Address", 17 }, SOURCE_IP },
	{ { "Source-Port", 11 }, SOURCE_PORT },
	{ { "Incidents", 9 }, INCIDENTS },
	{ { "Arrival-Date", 12 }, ARRIVED },
	{ { "Received-Date", 13 }, ARRIVED }, /* before RFC 5965 */
	{ { "Received Date", 13 }, ARRIVED },
	{ { "Delivery-Result", 15 }, RESULT },
};

struct failure_reader {
	struct arena *arena;
	struct buf texts[COUNT(rows)]; /* by the first row of the same place */
	struct str values[SPECIALS];
	struct buf value; /* of the field in hand */
	struct buf header, body;
	struct str sample_header; /* all of it */
	struct quirks quirks;
	struct failure failure;
};

struct failure_reader *
failure_new(void)
{
	struct failure_reader *r = calloc(1, sizeof(*r));

	if (r == NULL)
		abort();
	header_init();
	/* A copy of each special value and of a few fields of the sample, and what GMime is given. */
	r->arena = arena_new((size_t)64 * LIMIT_COMMENT_BYTES);
	for (size_t i = 0; i < COUNT(rows); i++)
		buf_init(&r->texts[i], (size_t)2 * LIMIT_COMMENT_BYTES + 1);
	/* A byte that is no UTF-8 becomes three. */
	buf_init(&r->value, (size_t)3 * LIMIT_COMMENT_BYTES + 3);
	buf_init(&r->header, (size_t)3 * LIMIT_SAMPLE_HEADER);
	buf_init(&r->body, (size_t)3 * LIMIT_SAMPLE_BODY);
	return r;
}

void
failure_free(struct failure_reader *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < COUNT(rows); i++)
		buf_fini(&r->texts[i]);
	buf_fini(&r->value);
	buf_fini(&r->header);
	buf_fini(&r->body);
	arena_free(r->arena);
	header_fini();
	free(r);
}

static void
quirk(struct failure_reader *r, const char *rule, struct str detail)
{
	quirks_add(&r->quirks, rule, detail);
}

/* ${value} on one line, UTF-8, at most LIMIT_COMMENT_BYTES; good until the next call. */
static struct str
clean(struct failure_reader *r, struct str value, struct str name)
{
	struct str line;

	if (value.n > LIMIT_COMMENT_BYTES)
		quirk(r, "text-cut", name);
	buf_reset(&r->value);
	text_utf8(&r->value, normal_cut(value, LIMIT_COMMENT_BYTES));
	line = normal_line(buf_str(&r->value), r->value.p);
	return normal_cut(line, LIMIT_COMMENT_BYTES);
}

static void
take_text(struct failure_reader *r, const struct row *row, struct str value, bool plain)
{
	struct buf *b = NULL;

	for (size_t i = 0; b == NULL; i++)
		if (rows[i].at == row->at)
			b = &r->texts[i];
	if (value.n == 0)
		return;
	if (b->n > 0 && !row->many) {
		quirk(r, "failure-field-twice", row->name);
		return;
	}
	value = clean(r, value, row->name);
	if (b->n + row->name.n + value.n + 3 > LIMIT_COMMENT_BYTES && b->n > 0) {
		quirk(r, "text-cut", row->name);
		return;
	}
	if (b->n > 0)
		buf_put8(b, '\n');
	if (plain)
		buf_printf(b, "%s: ", row->name.p);
	buf_puts(b, value);
}

static void
take_special(struct failure_reader *r, enum special what, struct str name, struct str value)
{
	if (value.n == 0)
		return;
	if (r->values[what].n > 0) {
		/* There may be several domains; the first is the one that stands for the report. */
		quirk(r, "failure-field-twice", name);
		return;
	}
	r->values[what] = arena_str(r->arena, clean(r, value, name));
}

static void
take_field(struct failure_reader *r, struct str name, struct str value, bool plain)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		if (str_caseeq(rows[i].name, name))
			take_text(r, &rows[i], value, plain);
	for (size_t i = 0; i < COUNT(specials); i++)
		if (str_caseeq(specials[i].name, name))
			take_special(r, specials[i].what, specials[i].name, value);
}

static void
read_fields(struct failure_reader *r, struct str fields)
{
	struct header_field f;

	while (header_next(&fields, &f)) {
		if (f.name.n > 0)
			take_field(r, f.name, f.value, false);
		else if (f.value.n > 0)
			quirk(r, "failure-line-unreadable", clean(r, f.value, STR("line")));
	}
}

/* The labels above the dashed line; the header of the message below it, which may be wrapped. */
static struct str
read_plain(struct failure_reader *r, struct str text)
{
	struct str label, value, below;

	while (labels_next(&text, &label, &value) && !labels_end(label))
		take_field(r, label, value, true);
	below = text;
	while (labels_next(&text, &label, &value) && value.p == NULL)
		below = text;
	return below;
}

/* Keep ${s}, cut, as UTF-8. */
static struct str
keep_sample(struct buf *b, struct str s, size_t max)
{
	buf_reset(b);
	text_utf8(b, (struct str){ s.p, s.n < max ? s.n : max });
	return normal_cut(buf_str(b), max);
}

static struct str
sample_field(struct failure_reader *r, struct str name)
{
	return header_text(r->arena, header_get(r->sample_header, name), LIMIT_COMMENT_BYTES);
}

static void
read_sample(struct failure_reader *r, struct str sample)
{
	struct failure *f = &r->failure;
	size_t from_line, n;

	if (sample.n == 0)
		return;
	while (sample.n > 0 && (sample.p[0] == '\n' || sample.p[0] == '\r'))
		sample = (struct str){ sample.p + 1, sample.n - 1 };
	from_line = sniff_from_line(sample);
	sample = (struct str){ sample.p + from_line, sample.n - from_line };
	n = header_length(sample);
	if (n > LIMIT_SAMPLE_HEADER)
		quirk(r, "text-cut", STR("header"));
	r->sample_header = (struct str){ sample.p, n };
	f->header = keep_sample(&r->header, r->sample_header, LIMIT_SAMPLE_HEADER);
	sample = (struct str){ sample.p + n, sample.n - n };
	n = sample.n > 0 && sample.p[0] == '\r';
	n += sample.n > n && sample.p[n] == '\n';
	sample = (struct str){ sample.p + n, sample.n - n };
	f->body = keep_sample(&r->body, sample, LIMIT_SAMPLE_BODY);
	f->from_field = sample_field(r, STR("from"));
	f->subject = sample_field(r, STR("subject"));
	f->message_id = sample_field(r, STR("message-id"));
}

/* The first word of ${s}: what follows is a name, a comment, a remark. */
static struct str
first_word(struct str s)
{
	size_t n = 0;

	while (n < s.n && s.p[n] != ' ' && s.p[n] != '(' && s.p[n] != ';' && s.p[n] != ',')
		n++;
	return (struct str){ s.p, n };
}

/* Also as RFC 5321 has it, "[192.0.2.1]" and "[IPv6:2001:db8::1]". */
static void
finish_source(struct failure_reader *r)
{
	struct failure *f = &r->failure;
	struct str all = r->values[SOURCE_IP];
	struct str s = first_word(all);

	if (s.n > 1 && s.p[0] == '[' && s.p[s.n - 1] == ']')
		s = (struct str){ s.p + 1, s.n - 2 };
	if (str_casestarts(s, STR("ipv6:")))
		s = (struct str){ s.p + 5, s.n - 5 };
	f->source_ip = normal_address(s);
	if (all.n == 0 || (f->source_ip.family != 0 && s.n == all.n))
		return;
	f->raw_source_ip = all;
	quirk(r,
	    f->source_ip.family != 0 ? "failure-source-ip-text" : "failure-source-ip-unreadable",
	    all);
}

static void
finish_numbers(struct failure_reader *r)
{
	struct failure *f = &r->failure;
	struct str port = r->values[SOURCE_PORT];
	struct str incidents = r->values[INCIDENTS];
	uint64_t v;

	f->has_source_port = str_u64(port, UINT16_MAX, &v) == 0;
	if (f->has_source_port)
		f->source_port = (uint16_t)v;
	else if (port.n > 0)
		quirk(r, "failure-source-port-unreadable", port);
	f->has_incidents = normal_count(incidents, &f->incidents) == 0;
	if (!f->has_incidents && incidents.n > 0)
		quirk(r, "failure-incidents-unreadable", incidents);
}

static void
finish_result(struct failure_reader *r)
{
	struct failure *f = &r->failure;
	struct str s = r->values[RESULT];

	f->delivery_result = delivery_find(s);
	if (f->delivery_result != DELIVERY_UNKNOWN || s.n == 0)
		return;
	f->delivery_result = DELIVERY_OTHER;
	f->raw_delivery_result = s;
	quirk(r, "failure-unknown-delivery-result", s);
}

/* Reported, or else that of the From field which is what DMARC is about, or else the signer's. */
static void
finish_domain(struct failure_reader *r)
{
	struct failure *f = &r->failure;
	struct str s = r->values[DOMAIN];

	if (s.n == 0 || s.n > LIMIT_DOMAIN_BYTES) {
		s = header_domain(r->arena, header_get(r->sample_header, STR("from")));
		if (s.n == 0)
			s = f->dkim_domain;
		quirk(r, "failure-domain-missing", s);
	}
	s = arena_str(r->arena, normal_cut(s, LIMIT_DOMAIN_BYTES));
	f->domain = s.n > 0 ? normal_domain(s, (char *)(uintptr_t)s.p) : s;
}

/* When it arrived; false when there is no date at all. */
static bool
finish_date(struct failure_reader *r, struct str header)
{
	struct str s = r->values[ARRIVED];

	if (s.n > 0 && header_date(r->arena, s, &r->failure.arrived) == 0)
		return true;
	quirk(r, s.n > 0 ? "failure-date-unreadable" : "failure-date-missing", s);
	return header_date(r->arena, header_get(header, STR("date")), &r->failure.arrived) == 0;
}

/* What kind of feedback it is (RFC 5965 section 7.3), or NULL: a failure of authentication. */
static const char *
other_feedback(struct failure_reader *r)
{
	static const struct {
		struct str type;
		const char *reason;
	} known[] = {
		{ { "abuse", 5 }, "an abuse report (ARF)" },
		{ { "fraud", 5 }, "a fraud report (ARF)" },
		{ { "not-spam", 8 }, "a not-spam report (ARF)" },
		{ { "virus", 5 }, "a virus report (ARF)" },
	};
	const struct failure *f = &r->failure;
	struct str type = first_word(r->values[TYPE]);

	if (str_caseeq(type, STR("auth-failure")))
		return NULL;
	for (size_t i = 0; i < COUNT(known); i++)
		if (str_caseeq(type, known[i].type))
			return known[i].reason;
	if (type.n > 0 ||
	    f->auth_failure.n + f->authentication_results.n + f->identity_alignment.n == 0)
		return "a feedback report (ARF) about something else";
	quirk(r, "failure-type-missing", (struct str){ NULL, 0 });
	return NULL;
}

/* What was forgiven about the mail as a whole. */
static void
note_shape(struct failure_reader *r, const struct failure_source *s, struct str sample)
{
	const struct str none = { NULL, 0 };

	if (s->plain)
		quirk(r, "failure-plain-text", none);
	if (s->blank_lines)
		quirk(r, "failure-blank-lines", none);
	if (s->encoded)
		quirk(r, "failure-encoded", none);
	if (s->odd_outer && !s->plain)
		quirk(r, "failure-outer-type", none);
	if (s->odd_type)
		quirk(r, "failure-sample-type", none);
	if (sample.n == 0)
		quirk(r, "failure-sample-missing", none);
	if (r->failure.version.n == 0 && !s->plain)
		quirk(r, "failure-version-missing", none);
	if (r->failure.auth_failure.n == 0 && !s->plain)
		quirk(r, "failure-auth-failure-missing", none);
}

static void
start(struct failure_reader *r)
{
	arena_reset(r->arena);
	for (size_t i = 0; i < COUNT(rows); i++)
		buf_reset(&r->texts[i]);
	memset(r->values, 0, sizeof(r->values));
	r->failure = (struct failure){ 0 };
	r->sample_header = (struct str){ NULL, 0 };
	r->quirks.arena = r->arena;
	r->quirks.n = 0;
}

static void
place_texts(struct failure_reader *r)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		if (r->texts[i].n > 0)
			*(struct str *)(void *)((char *)&r->failure + rows[i].at) =
			    buf_str(&r->texts[i]);
}

void
failure_parse(struct failure_reader *r, const struct failure_source *s, struct part *part)
{
	struct failure *f = &r->failure;
	struct str sample = s->sample;
	struct str below;
	const char *other;

	start(r);
	part->failure = NULL;
	part->kind = KIND_FAILURE;
	if (s->fields.n == 0) {
		part->outcome = OUTCOME_CORRUPT;
		part->reason = STR("the failure report lacks its message/feedback-report");
		return;
	}
	if (s->plain) {
		below = read_plain(r, s->fields);
		sample = sample.n > 0 ? sample : below;
	} else {
		read_fields(r, s->fields);
	}
	place_texts(r);
	other = s->plain ? NULL : other_feedback(r);
	if (other != NULL) {
		part->kind = KIND_UNKNOWN;
		part->outcome = OUTCOME_NOT_A_REPORT;
		part->reason = str_of(other);
		return;
	}
	note_shape(r, s, sample);
	read_sample(r, sample);
	finish_source(r);
	finish_numbers(r);
	finish_result(r);
	finish_domain(r);
	f->reporter = header_domain(r->arena, header_get(s->header, STR("from")));
	if (!finish_date(r, s->header)) {
		part->outcome = OUTCOME_CORRUPT;
		part->reason = STR("neither the failure report nor its mail has a date");
		return;
	}
	f->quirks = r->quirks.list;
	f->nquirks = r->quirks.n;
	part->outcome = OUTCOME_REPORT;
	part->reason = (struct str){ NULL, 0 };
	part->failure = f;
}
