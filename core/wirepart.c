#include "core/codec.h"
#include "core/frame.h"
#include "core/limits.h"
#include "core/wire.h"

static void
quirks_put(struct buf *b, const struct quirk *q, uint16_t n)
{
	buf_put16(b, n);
	for (size_t i = 0; i < n; i++) {
		codec_put_text(b, q[i].rule);
		codec_put_text(b, q[i].detail);
	}
}

static struct quirk *
quirks_get(struct reader *rd, struct arena *a, uint16_t *n)
{
	struct quirk *q = codec_array(rd, a, LIMIT_QUIRKS, sizeof(*q), n);

	for (size_t i = 0; i < *n; i++) {
		q[i].rule = codec_text(rd, LIMIT_NAME_BYTES);
		q[i].detail = codec_text(rd, LIMIT_COMMENT_BYTES);
	}
	return q;
}

static void
report_put(struct buf *b, const struct report *r)
{
	const struct policy *p = &r->policy;

	buf_put8(b, (uint8_t)r->kind);
	codec_put_text(b, r->org_name);
	codec_put_text(b, r->email);
	codec_put_text(b, r->extra_contact_info);
	codec_put_text(b, r->report_id);
	codec_put_text(b, r->submitter);
	codec_put_text(b, r->given_id);
	codec_put_text(b, r->generator);
	codec_put_text(b, r->version);
	codec_put_text(b, r->xml_namespace);
	codec_put_text(b, r->error);
	buf_put64(b, (uint64_t)r->begin);
	buf_put64(b, (uint64_t)r->end);
	codec_put_text(b, p->domain);
	buf_put8(b, (uint8_t)p->p);
	buf_put8(b, (uint8_t)p->sp);
	buf_put8(b, (uint8_t)p->np);
	buf_put8(b, (uint8_t)p->adkim);
	buf_put8(b, (uint8_t)p->aspf);
	codec_put_text(b, p->pct);
	codec_put_text(b, p->fo);
	codec_put_text(b, p->testing);
	buf_put8(b, (uint8_t)p->discovery_method);
	buf_put8(b, r->partial);
	buf_put64(b, r->record_count);
	buf_put64(b, r->message_count);
	quirks_put(b, r->quirks, r->nquirks);
}

static void
report_get(struct reader *rd, struct arena *a, struct report *r)
{
	struct policy *p = &r->policy;

	r->kind = codec_enum(rd, KIND_TLSRPT + 1);
	r->org_name = codec_text(rd, LIMIT_NAME_BYTES);
	r->email = codec_text(rd, LIMIT_NAME_BYTES);
	r->extra_contact_info = codec_text(rd, LIMIT_NAME_BYTES);
	r->report_id = codec_text(rd, LIMIT_NAME_BYTES);
	r->submitter = codec_text(rd, LIMIT_NAME_BYTES);
	r->given_id = codec_text(rd, LIMIT_NAME_BYTES);
	r->generator = codec_text(rd, LIMIT_NAME_BYTES);
	r->version = codec_text(rd, LIMIT_NAME_BYTES);
	r->xml_namespace = codec_text(rd, LIMIT_NAME_BYTES);
	r->error = codec_text(rd, LIMIT_COMMENT_BYTES);
	r->begin = (int64_t)codec_get(rd, 8);
	r->end = (int64_t)codec_get(rd, 8);
	p->domain = codec_text(rd, LIMIT_DOMAIN_BYTES);
	p->p = codec_enum(rd, ACTION_REJECT + 1);
	p->sp = codec_enum(rd, ACTION_REJECT + 1);
	p->np = codec_enum(rd, ACTION_REJECT + 1);
	p->adkim = codec_enum(rd, ALIGNMENT_STRICT + 1);
	p->aspf = codec_enum(rd, ALIGNMENT_STRICT + 1);
	p->pct = codec_text(rd, LIMIT_NAME_BYTES);
	p->fo = codec_text(rd, LIMIT_NAME_BYTES);
	p->testing = codec_text(rd, LIMIT_NAME_BYTES);
	p->discovery_method = codec_enum(rd, DISCOVERY_TREEWALK + 1);
	r->partial = codec_enum(rd, 2) != 0;
	r->record_count = codec_get(rd, 8);
	r->message_count = codec_get(rd, 8);
	r->quirks = quirks_get(rd, a, &r->nquirks);
}

static void
texts_put(struct buf *b, const struct str *s, uint16_t n)
{
	buf_put16(b, n);
	for (size_t i = 0; i < n; i++)
		codec_put_text(b, s[i]);
}

static struct str *
texts_get(struct reader *rd, struct arena *a, uint16_t *n)
{
	struct str *s = codec_array(rd, a, LIMIT_TLS_STRINGS, sizeof(*s), n);

	for (size_t i = 0; i < *n; i++)
		s[i] = codec_text(rd, LIMIT_NAME_BYTES);
	return s;
}

static void
tls_failure_put(struct buf *b, const struct tls_failure *f)
{
	codec_put_text(b, f->result_type);
	codec_put_address(b, &f->sending_mta_ip);
	codec_put_text(b, f->raw_sending_mta_ip);
	codec_put_address(b, &f->receiving_ip);
	codec_put_text(b, f->raw_receiving_ip);
	codec_put_text(b, f->receiving_mx_hostname);
	codec_put_text(b, f->receiving_mx_helo);
	codec_put_count(b, f->has_sessions, f->sessions);
	codec_put_text(b, f->additional_information);
	codec_put_text(b, f->failure_reason_code);
}

static void
tls_failure_get(struct reader *rd, struct tls_failure *f)
{
	f->result_type = codec_text(rd, LIMIT_NAME_BYTES);
	f->sending_mta_ip = codec_address(rd);
	f->raw_sending_mta_ip = codec_text(rd, LIMIT_NAME_BYTES);
	f->receiving_ip = codec_address(rd);
	f->raw_receiving_ip = codec_text(rd, LIMIT_NAME_BYTES);
	f->receiving_mx_hostname = codec_text(rd, LIMIT_NAME_BYTES);
	f->receiving_mx_helo = codec_text(rd, LIMIT_NAME_BYTES);
	f->has_sessions = codec_count(rd, &f->sessions);
	f->additional_information = codec_text(rd, LIMIT_COMMENT_BYTES);
	f->failure_reason_code = codec_text(rd, LIMIT_COMMENT_BYTES);
}

static void
tls_policy_put(struct buf *b, const struct tls_policy *p)
{
	buf_put8(b, (uint8_t)p->type);
	codec_put_text(b, p->raw_type);
	codec_put_text(b, p->domain);
	texts_put(b, p->strings, p->nstrings);
	texts_put(b, p->mx_hosts, p->nmx_hosts);
	codec_put_count(b, p->has_successful, p->successful);
	codec_put_count(b, p->has_failed, p->failed);
	buf_put16(b, p->nfailures);
	for (size_t i = 0; i < p->nfailures; i++)
		tls_failure_put(b, &p->failures[i]);
}

static void
tls_policy_get(struct reader *rd, struct arena *a, struct tls_policy *p)
{
	p->type = codec_enum(rd, TLS_POLICY_NO_POLICY_FOUND + 1);
	p->raw_type = codec_text(rd, LIMIT_NAME_BYTES);
	p->domain = codec_text(rd, LIMIT_DOMAIN_BYTES);
	p->strings = texts_get(rd, a, &p->nstrings);
	p->mx_hosts = texts_get(rd, a, &p->nmx_hosts);
	p->has_successful = codec_count(rd, &p->successful);
	p->has_failed = codec_count(rd, &p->failed);
	p->failures = codec_array(rd, a, LIMIT_TLS_FAILURES, sizeof(*p->failures), &p->nfailures);
	for (size_t i = 0; i < p->nfailures; i++)
		tls_failure_get(rd, &p->failures[i]);
}

static void
tls_report_put(struct buf *b, const struct tls_report *t)
{
	codec_put_text(b, t->domain);
	codec_put_text(b, t->organization_name);
	codec_put_text(b, t->contact_info);
	codec_put_text(b, t->report_id);
	buf_put64(b, (uint64_t)t->begin);
	buf_put64(b, (uint64_t)t->end);
	buf_put16(b, t->npolicies);
	for (size_t i = 0; i < t->npolicies; i++)
		tls_policy_put(b, &t->policies[i]);
	quirks_put(b, t->quirks, t->nquirks);
}

static void
tls_report_get(struct reader *rd, struct arena *a, struct tls_report *t)
{
	t->domain = codec_text(rd, LIMIT_DOMAIN_BYTES);
	t->organization_name = codec_text(rd, LIMIT_NAME_BYTES);
	t->contact_info = codec_text(rd, LIMIT_NAME_BYTES);
	t->report_id = codec_text(rd, LIMIT_NAME_BYTES);
	t->begin = (int64_t)codec_get(rd, 8);
	t->end = (int64_t)codec_get(rd, 8);
	t->policies = codec_array(rd, a, LIMIT_TLS_POLICIES, sizeof(*t->policies), &t->npolicies);
	for (size_t i = 0; i < t->npolicies; i++)
		tls_policy_get(rd, a, &t->policies[i]);
	t->quirks = quirks_get(rd, a, &t->nquirks);
}

/* The texts of a failure report that are kept up to LIMIT_COMMENT_BYTES, in the order they travel. */
static const size_t failure_texts[] = {
	offsetof(struct failure, user_agent),
	offsetof(struct failure, version),
	offsetof(struct failure, auth_failure),
	offsetof(struct failure, identity_alignment),
	offsetof(struct failure, reporting_mta),
	offsetof(struct failure, original_mail_from),
	offsetof(struct failure, original_envelope_id),
	offsetof(struct failure, original_rcpt_to),
	offsetof(struct failure, authentication_results),
	offsetof(struct failure, reported_uri),
	offsetof(struct failure, spf_dns),
	offsetof(struct failure, dkim_domain),
	offsetof(struct failure, dkim_identity),
	offsetof(struct failure, dkim_selector),
	offsetof(struct failure, raw_delivery_result),
	offsetof(struct failure, raw_source_ip),
	offsetof(struct failure, from_field),
	offsetof(struct failure, subject),
	offsetof(struct failure, message_id),
};

#define FAILURE_TEXTS (sizeof(failure_texts) / sizeof(failure_texts[0]))

static void
failure_put(struct buf *b, const struct failure *f)
{
	codec_put_text(b, f->domain);
	codec_put_text(b, f->reporter);
	for (size_t i = 0; i < FAILURE_TEXTS; i++)
		codec_put_text(
		    b, *(const struct str *)(const void *)((const char *)f + failure_texts[i]));
	buf_put8(b, (uint8_t)f->delivery_result);
	codec_put_address(b, &f->source_ip);
	buf_put8(b, f->has_source_port);
	buf_put16(b, f->source_port);
	codec_put_count(b, f->has_incidents, f->incidents);
	buf_put64(b, (uint64_t)f->arrived);
	codec_put_text(b, f->header);
	codec_put_text(b, f->body);
	quirks_put(b, f->quirks, f->nquirks);
}

static void
failure_get(struct reader *rd, struct arena *a, struct failure *f)
{
	f->domain = codec_text(rd, LIMIT_DOMAIN_BYTES);
	f->reporter = codec_text(rd, LIMIT_DOMAIN_BYTES);
	for (size_t i = 0; i < FAILURE_TEXTS; i++)
		*(struct str *)(void *)((char *)f + failure_texts[i]) =
		    codec_text(rd, LIMIT_COMMENT_BYTES);
	f->delivery_result = codec_enum(rd, DELIVERY_OTHER + 1);
	f->source_ip = codec_address(rd);
	f->has_source_port = codec_enum(rd, 2) != 0;
	f->source_port = (uint16_t)codec_get(rd, 2);
	f->has_incidents = codec_count(rd, &f->incidents);
	f->arrived = (int64_t)codec_get(rd, 8);
	f->header = codec_text(rd, LIMIT_SAMPLE_HEADER);
	f->body = codec_text(rd, LIMIT_SAMPLE_BODY);
	f->quirks = quirks_get(rd, a, &f->nquirks);
}

/* What stands behind a part, if anything does. */
enum content { CONTENT_NONE, CONTENT_REPORT, CONTENT_TLS, CONTENT_FAILURE };

void
part_put(struct buf *b, const struct part *p)
{
	size_t at = frame_open(b, FRAME_PART);
	enum content content = p->report != NULL ? CONTENT_REPORT
	    : p->tls != NULL                     ? CONTENT_TLS
	    : p->failure != NULL                 ? CONTENT_FAILURE
						 : CONTENT_NONE;

	buf_put8(b, (uint8_t)p->outcome);
	buf_put8(b, (uint8_t)p->kind);
	codec_put_text(b, p->member);
	codec_put_text(b, p->reason);
	buf_put8(b, p->has_original);
	buf_put8(b, (uint8_t)content);
	if (content == CONTENT_REPORT)
		report_put(b, p->report);
	else if (content == CONTENT_TLS)
		tls_report_put(b, p->tls);
	else if (content == CONTENT_FAILURE)
		failure_put(b, p->failure);
	frame_close(b, at);
}

static void
content_get(struct reader *rd, struct arena *a, enum content content, struct part *p)
{
	struct tls_report *t = NULL;
	struct failure *f = NULL;
	struct report *r = NULL;

	if (content == CONTENT_REPORT && (r = arena_alloc(a, sizeof(*r))) != NULL)
		report_get(rd, a, r);
	else if (content == CONTENT_TLS && (t = arena_alloc(a, sizeof(*t))) != NULL)
		tls_report_get(rd, a, t);
	else if (content == CONTENT_FAILURE && (f = arena_alloc(a, sizeof(*f))) != NULL)
		failure_get(rd, a, f);
	else if (rd->bad == NULL)
		rd->bad = "too large";
	p->report = r;
	p->tls = t;
	p->failure = f;
}

int
part_get(struct arena *a, struct str in, struct part *p, struct err *e)
{
	static const enum report_kind kinds[] = { KIND_UNKNOWN, KIND_AGGREGATE, KIND_TLSRPT,
		KIND_FAILURE };
	struct reader rd = { in, NULL };
	enum content content;

	*p = (struct part){ .outcome = codec_enum(&rd, OUTCOME_TOO_BIG + 1) };
	p->kind = codec_enum(&rd, KIND_TLSRPT + 1);
	p->member = codec_text(&rd, LIMIT_NAME_BYTES);
	p->reason = codec_text(&rd, LIMIT_REASON_BYTES);
	p->has_original = codec_enum(&rd, 2) != 0;
	content = codec_enum(&rd, CONTENT_FAILURE + 1);
	if (rd.bad == NULL &&
	    ((content != CONTENT_NONE) != (p->outcome <= OUTCOME_NULL_REPORT) ||
		(content != CONTENT_NONE && kinds[content] != p->kind)))
		rd.bad = "outcome and content disagree";
	if (rd.bad == NULL && content != CONTENT_NONE)
		content_get(&rd, a, content, p);
	return codec_finish(&rd, "part", e);
}
