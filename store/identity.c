#include "store/identity.h"

#define DAY INT64_C(86400)
#define YEAR_1 INT64_C(-62135596800)
#define YEAR_2012 INT64_C(1325376000)
#define YEAR_10000 INT64_C(253402300800)

int64_t
identity_id(struct digest *d, struct str kind, struct str name)
{
	digest_start(d);
	digest_field(d, kind);
	digest_field(d, name);
	return id_of(digest_end(d));
}

/* Who says so in the document itself; empty when nobody does. */
static struct str
stated_reporter(const struct report *r)
{
	const char *at;

	if (r->org_name.n > 0)
		return r->org_name;
	at = r->email.n > 0 ? memrchr(r->email.p, '@', r->email.n) : NULL;
	if (at != NULL && at + 1 < r->email.p + r->email.n)
		return (struct str){ at + 1, (size_t)(r->email.p + r->email.n - at - 1) };
	return (struct str){ NULL, 0 };
}

struct str
identity_reporter(const struct report *r)
{
	struct str stated = stated_reporter(r);

	if (stated.n > 0)
		return stated;
	return r->submitter.n > 0 ? r->submitter : STR("unknown");
}

struct str
identity_report_id(const struct report *r)
{
	return r->report_id.n > 0 ? r->report_id : r->given_id;
}

bool
identity_datable_times(int64_t begin, int64_t end)
{
	return begin >= YEAR_1 && begin < YEAR_10000 && end >= YEAR_1 && end < YEAR_10000;
}

bool
identity_datable(const struct report *r)
{
	return identity_datable_times(r->begin, r->end);
}

struct str
identity_domain(const struct part *p)
{
	return p->report != NULL ? p->report->policy.domain
	    : p->tls != NULL     ? p->tls->domain
				 : p->failure->domain;
}

struct str
identity_sender(const struct part *p)
{
	struct str name;

	if (p->report != NULL)
		return identity_reporter(p->report);
	name = p->tls != NULL ? p->tls->organization_name : p->failure->reporter;
	return name.n > 0 ? name : STR("unknown");
}

/* Floor of a division by a day, for times before 1970 too. */
static int64_t
day_of(int64_t t)
{
	return t >= 0 ? t / DAY : -((-t + DAY - 1) / DAY);
}

static int16_t
days_of(int64_t begin, int64_t end, int64_t now)
{
	int64_t length = end - begin;

	if (length < 0 || length > 31 * DAY || begin < YEAR_2012 || end > now + 2 * DAY)
		return 0;
	if (length <= 25 * 3600)
		return 1;
	return (int16_t)(day_of(end - 1) - day_of(begin) + 1);
}

void
identity_of(struct digest *d, const struct report *r, const struct sha256 *records, int64_t now,
    struct identity *out)
{
	struct str reporter = stated_reporter(r);
	struct sha256 identity;

	digest_start(d);
	digest_field(d, r->policy.domain);
	digest_field(d, reporter.n > 0 ? reporter : STR("unknown"));
	digest_field(d, r->report_id);
	digest_number(d, (uint64_t)r->begin);
	digest_number(d, (uint64_t)r->end);
	identity = digest_end(d);
	out->identity_key = key_of(identity);

	digest_start(d);
	digest_add(d, (struct str){ (const char *)identity.b, sizeof(identity.b) });
	digest_add(d, (struct str){ (const char *)records->b, sizeof(records->b) });
	out->report_key = key_of(digest_end(d));

	out->domain_id = identity_id(d, STR("domain"), r->policy.domain);
	out->reporter_id = identity_id(d, STR("reporter"), identity_reporter(r));
	out->day = (int32_t)day_of(r->begin + (r->end - r->begin) / 2);
	out->days = days_of(r->begin, r->end, now);
}

static void
add_address(struct digest *d, const struct address *a, struct str raw)
{
	digest_field(d,
	    (struct str){ (const char *)a->b,
		a->family == 4       ? 4
		    : a->family == 6 ? sizeof(a->b)
				     : 0 });
	digest_field(d, raw);
}

static void
add_count(struct digest *d, bool has, uint64_t count)
{
	digest_number(d, has ? count : UINT64_MAX);
}

static struct sha256
tls_failure_hash(struct digest *d, const struct tls_failure *f)
{
	digest_start(d);
	digest_field(d, f->result_type);
	add_address(d, &f->sending_mta_ip, f->raw_sending_mta_ip);
	add_address(d, &f->receiving_ip, f->raw_receiving_ip);
	digest_field(d, f->receiving_mx_hostname);
	digest_field(d, f->receiving_mx_helo);
	add_count(d, f->has_sessions, f->sessions);
	digest_field(d, f->additional_information);
	digest_field(d, f->failure_reason_code);
	return digest_end(d);
}

static void
add_texts(struct digest *d, const struct str *s, uint16_t n)
{
	digest_number(d, n);
	for (uint16_t i = 0; i < n; i++)
		digest_field(d, s[i]);
}

static struct sha256
tls_policy_hash(struct digest *d, const struct tls_policy *p)
{
	struct sha256 failures = { { 0 } }, one;

	for (uint16_t i = 0; i < p->nfailures; i++) {
		one = tls_failure_hash(d, &p->failures[i]);
		sha256_sum(&failures, &one);
	}
	digest_start(d);
	digest_number(d, p->type);
	digest_field(d, p->raw_type);
	digest_field(d, p->domain);
	add_texts(d, p->strings, p->nstrings);
	add_texts(d, p->mx_hosts, p->nmx_hosts);
	add_count(d, p->has_successful, p->successful);
	add_count(d, p->has_failed, p->failed);
	digest_add(d, (struct str){ (const char *)failures.b, sizeof(failures.b) });
	return digest_end(d);
}

struct sha256
identity_tls_content(struct digest *d, const struct tls_report *t)
{
	struct sha256 sum = { { 0 } }, one;

	for (uint16_t i = 0; i < t->npolicies; i++) {
		one = tls_policy_hash(d, &t->policies[i]);
		sha256_sum(&sum, &one);
	}
	return sum;
}

void
identity_of_tls(struct digest *d, const struct tls_report *t, const struct sha256 *content,
    int64_t now, struct identity *out)
{
	struct part part = { .tls = t };
	struct str reporter = identity_sender(&part);
	struct sha256 identity;

	digest_start(d);
	digest_field(d, STR("tlsrpt"));
	digest_field(d, t->domain);
	digest_field(d, reporter);
	digest_field(d, t->report_id);
	digest_number(d, (uint64_t)t->begin);
	digest_number(d, (uint64_t)t->end);
	identity = digest_end(d);
	out->identity_key = key_of(identity);

	digest_start(d);
	digest_add(d, (struct str){ (const char *)identity.b, sizeof(identity.b) });
	digest_add(d, (struct str){ (const char *)content->b, sizeof(content->b) });
	out->report_key = key_of(digest_end(d));

	out->domain_id = identity_id(d, STR("domain"), t->domain);
	out->reporter_id = identity_id(d, STR("reporter"), reporter);
	out->day = (int32_t)day_of(t->begin + (t->end - t->begin) / 2);
	out->days = days_of(t->begin, t->end, now);
}

void
identity_of_failure(struct digest *d, const struct failure *f, struct identity *out)
{
	const struct str fields[] = { f->domain, f->reporter, f->user_agent, f->version,
		f->auth_failure, f->identity_alignment, f->reporting_mta, f->original_mail_from,
		f->original_envelope_id, f->original_rcpt_to, f->authentication_results,
		f->reported_uri, f->spf_dns, f->dkim_domain, f->dkim_identity, f->dkim_selector,
		f->raw_delivery_result, f->from_field, f->subject, f->message_id, f->header };
	struct part part = { .failure = f };

	digest_start(d);
	digest_field(d, STR("failure"));
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		digest_field(d, fields[i]);
	add_address(d, &f->source_ip, f->raw_source_ip);
	digest_number(d, f->delivery_result);
	add_count(d, f->has_source_port, f->source_port);
	add_count(d, f->has_incidents, f->incidents);
	digest_number(d, (uint64_t)f->arrived);
	out->report_key = key_of(digest_end(d));
	out->identity_key = out->report_key;
	out->domain_id = identity_id(d, STR("domain"), f->domain);
	out->reporter_id = identity_id(d, STR("reporter"), identity_sender(&part));
	out->day = (int32_t)day_of(f->arrived);
	out->days = 1;
}
