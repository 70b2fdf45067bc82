#include "cli/parse_other.h"

#include <arpa/inet.h>
#include <time.h>

#include "core/text.h"
#include "core/vocabulary.h"

/* A key and a text, or null where there is none; a comma in front of all but the first. */
static void
text(struct buf *out, const char *key, struct str s)
{
	if (out->n > 0 && out->p[out->n - 1] != '{')
		buf_put8(out, ',');
	buf_printf(out, "\"%s\":", key);
	text_json_or_null(out, s);
}

static void
count(struct buf *out, const char *key, bool has, uint64_t n)
{
	if (has)
		buf_printf(out, ",\"%s\":%llu", key, (unsigned long long)n);
	else
		buf_printf(out, ",\"%s\":null", key);
}

static void
address(struct buf *out, const char *key, const struct address *a)
{
	char room[INET6_ADDRSTRLEN];
	const char *s = NULL;

	if (a->family != 0)
		s = inet_ntop(a->family == 4 ? AF_INET : AF_INET6, a->b, room, sizeof(room));
	text(out, key, str_of(s));
}

static void
texts(struct buf *out, const char *key, const struct str *s, size_t n)
{
	buf_printf(out, ",\"%s\":[", key);
	for (size_t i = 0; i < n; i++) {
		buf_puts(out, i > 0 ? STR(",") : STR(""));
		text_json(out, s[i]);
	}
	buf_put8(out, ']');
}

static void
json_tls_failure(struct buf *out, const struct tls_failure *f)
{
	buf_put8(out, '{');
	text(out, "result_type", f->result_type);
	address(out, "sending_mta_ip", &f->sending_mta_ip);
	text(out, "raw_sending_mta_ip", f->raw_sending_mta_ip);
	address(out, "receiving_ip", &f->receiving_ip);
	text(out, "raw_receiving_ip", f->raw_receiving_ip);
	text(out, "receiving_mx_hostname", f->receiving_mx_hostname);
	text(out, "receiving_mx_helo", f->receiving_mx_helo);
	count(out, "sessions", f->has_sessions, f->sessions);
	text(out, "additional_information", f->additional_information);
	text(out, "failure_reason_code", f->failure_reason_code);
	buf_put8(out, '}');
}

static void
json_tls_policy(struct buf *out, const struct tls_policy *p)
{
	buf_put8(out, '{');
	text(out, "type", str_of(tls_policy_name(p->type)));
	text(out, "raw_type", p->raw_type);
	text(out, "domain", p->domain);
	texts(out, "strings", p->strings, p->nstrings);
	texts(out, "mx_hosts", p->mx_hosts, p->nmx_hosts);
	count(out, "successful", p->has_successful, p->successful);
	count(out, "failed", p->has_failed, p->failed);
	buf_puts(out, STR(",\"failures\":["));
	for (size_t i = 0; i < p->nfailures; i++) {
		buf_puts(out, i > 0 ? STR(",") : STR(""));
		json_tls_failure(out, &p->failures[i]);
	}
	buf_puts(out, STR("]}"));
}

void
parse_json_tls(struct buf *out, const struct tls_report *t)
{
	buf_put8(out, '{');
	text(out, "organization_name", t->organization_name);
	text(out, "contact_info", t->contact_info);
	text(out, "report_id", t->report_id);
	text(out, "domain", t->domain);
	buf_printf(out, ",\"begin\":%lld,\"end\":%lld,\"policies\":[", (long long)t->begin,
	    (long long)t->end);
	for (size_t i = 0; i < t->npolicies; i++) {
		buf_puts(out, i > 0 ? STR(",") : STR(""));
		json_tls_policy(out, &t->policies[i]);
	}
	buf_puts(out, STR("]}"));
}

void
parse_json_failure(struct buf *out, const struct failure *f)
{
	buf_put8(out, '{');
	text(out, "domain", f->domain);
	text(out, "reporter", f->reporter);
	buf_printf(out, ",\"arrived\":%lld", (long long)f->arrived);
	text(out, "user_agent", f->user_agent);
	text(out, "version", f->version);
	text(out, "auth_failure", f->auth_failure);
	text(out, "authentication_results", f->authentication_results);
	text(out, "identity_alignment", f->identity_alignment);
	text(out, "delivery_result", str_of(delivery_name(f->delivery_result)));
	text(out, "raw_delivery_result", f->raw_delivery_result);
	address(out, "source_ip", &f->source_ip);
	text(out, "raw_source_ip", f->raw_source_ip);
	count(out, "source_port", f->has_source_port, f->source_port);
	count(out, "incidents", f->has_incidents, f->incidents);
	text(out, "reporting_mta", f->reporting_mta);
	text(out, "original_mail_from", f->original_mail_from);
	text(out, "original_rcpt_to", f->original_rcpt_to);
	text(out, "original_envelope_id", f->original_envelope_id);
	text(out, "reported_uri", f->reported_uri);
	text(out, "dkim_domain", f->dkim_domain);
	text(out, "dkim_identity", f->dkim_identity);
	text(out, "dkim_selector", f->dkim_selector);
	text(out, "spf_dns", f->spf_dns);
	text(out, "from_field", f->from_field);
	text(out, "subject", f->subject);
	text(out, "message_id", f->message_id);
	buf_put8(out, '}');
}

void
parse_moment(struct buf *out, int64_t t)
{
	time_t when = (time_t)t;
	struct tm tm;
	char room[40];

	if (gmtime_r(&when, &tm) != NULL &&
	    strftime(room, sizeof(room), "%Y-%m-%d %H:%M:%S", &tm) > 0)
		buf_puts(out, str_of(room));
	else
		buf_printf(out, "%lld", (long long)t);
}

/* ${before} and the text, or a dash. */
static void
shown(struct buf *out, const char *before, struct str s)
{
	buf_puts(out, str_of(before));
	if (s.n == 0)
		buf_put8(out, '-');
	text_terminal(out, s);
}

void
parse_text_tls(struct buf *out, const struct tls_report *t)
{
	uint64_t successful = 0, failed = 0;

	for (size_t i = 0; i < t->npolicies; i++) {
		successful += t->policies[i].successful;
		failed += t->policies[i].failed;
	}
	shown(out, " of ", t->organization_name);
	shown(out, " about TLS for ", t->domain);
	buf_puts(out, STR(", "));
	parse_moment(out, t->begin);
	buf_puts(out, STR(" to "));
	parse_moment(out, t->end);
	shown(out, " UTC, id ", t->report_id);
	buf_printf(out, ": %u policies, %llu sessions, %llu failed", t->npolicies,
	    (unsigned long long)(successful + failed), (unsigned long long)failed);
}

void
parse_text_failure(struct buf *out, const struct failure *f)
{
	char room[INET6_ADDRSTRLEN];
	const struct address *a = &f->source_ip;
	const char *ip = NULL;

	if (a->family != 0)
		ip = inet_ntop(a->family == 4 ? AF_INET : AF_INET6, a->b, room, sizeof(room));
	shown(out, " of ", f->reporter);
	shown(out, " about a message that failed for ", f->domain);
	buf_puts(out, STR(", "));
	parse_moment(out, f->arrived);
	shown(out, " UTC, from ", ip != NULL ? str_of(ip) : f->raw_source_ip);
	shown(out, ": ", f->from_field);
	shown(out, ", ", f->subject);
}
