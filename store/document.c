#include "store/document.h"

#include <arpa/inet.h>

#include "core/text.h"
#include "core/vocabulary.h"

/* The name of a member; the first one opens its object. */
static void
name(struct buf *out, char before, const char *key)
{
	buf_printf(out, "%c\"%s\":", before, key);
}

static void
put_text(struct buf *out, const char *key, struct str s)
{
	if (s.n == 0)
		return; /* NULL is what is left out */
	name(out, ',', key);
	text_json(out, s);
}

static void
put_word(struct buf *out, const char *key, const char *word)
{
	if (word != NULL)
		put_text(out, key, str_of(word));
}

static void
put_number(struct buf *out, const char *key, int64_t v)
{
	name(out, ',', key);
	buf_printf(out, "%lld", (long long)v);
}

static void
put_count(struct buf *out, const char *key, bool has, uint64_t count)
{
	if (has)
		put_number(out, key, (int64_t)count);
}

static void
put_address(struct buf *out, const char *key, const struct address *a)
{
	char text[INET6_ADDRSTRLEN];

	if (a->family != 0 &&
	    inet_ntop(a->family == 4 ? AF_INET : AF_INET6, a->b, text, sizeof(text)) != NULL)
		put_text(out, key, str_of(text));
}

static void
put_hex(struct buf *out, const char *key, const unsigned char *b, size_t n)
{
	name(out, ',', key);
	buf_put8(out, '"');
	for (size_t i = 0; i < n; i++)
		buf_printf(out, "%02x", b[i]);
	buf_put8(out, '"');
}

static void
put_texts(struct buf *out, const char *key, const struct str *s, uint16_t n)
{
	name(out, ',', key);
	buf_put8(out, '[');
	for (uint16_t i = 0; i < n; i++) {
		buf_puts(out, i > 0 ? STR(",") : STR(""));
		text_json(out, s[i]);
	}
	buf_put8(out, ']');
}

static void
put_quirks(struct buf *out, const struct quirk *q, uint16_t n)
{
	name(out, ',', "quirks");
	buf_put8(out, '[');
	for (uint16_t i = 0; i < n; i++) {
		buf_puts(out, i > 0 ? STR(",{\"rule\":") : STR("{\"rule\":"));
		text_json(out, q[i].rule);
		put_text(out, "detail", q[i].detail);
		buf_put8(out, '}');
	}
	buf_put8(out, ']');
}

/* Open the object with what both kinds have: keys, and where the report came from. */
static void
put_head(struct buf *out, const struct claim *c)
{
	const struct identity *id = &c->p->identity;

	name(out, '{', "domain_id");
	buf_printf(out, "%lld", (long long)id->domain_id);
	put_number(out, "day", id->day);
	put_hex(out, "report_key", id->report_key.b, sizeof(id->report_key.b));
	put_number(out, "reporter_id", id->reporter_id);
	put_number(out, "intake_id", c->in->intake_id);
	put_number(out, "imported_at", c->in->read_at);
}

static void
put_tls_failures(struct buf *out, const struct tls_policy *p)
{
	uint64_t sum = 0; /* at most LIMIT_TLS_FAILURES times LIMIT_COUNT */

	name(out, ',', "failures");
	buf_put8(out, '[');
	for (uint16_t i = 0; i < p->nfailures; i++) {
		const struct tls_failure *f = &p->failures[i];

		buf_puts(out, i > 0 ? STR(",") : STR(""));
		name(out, '{', "n");
		buf_printf(out, "%d", i + 1);
		put_text(out, "result_type", f->result_type);
		put_address(out, "sending_mta_ip", &f->sending_mta_ip);
		put_text(out, "raw_sending_mta_ip", f->raw_sending_mta_ip);
		put_address(out, "receiving_ip", &f->receiving_ip);
		put_text(out, "raw_receiving_ip", f->raw_receiving_ip);
		put_text(out, "receiving_mx_hostname", f->receiving_mx_hostname);
		put_text(out, "receiving_mx_helo", f->receiving_mx_helo);
		put_count(out, "failed_sessions", f->has_sessions, f->sessions);
		put_text(out, "additional_information", f->additional_information);
		put_text(out, "failure_reason_code", f->failure_reason_code);
		buf_put8(out, '}');
		sum += f->sessions;
	}
	buf_put8(out, ']');
	put_number(out, "detailed_sessions", (int64_t)sum);
}

static void
put_policies(struct buf *out, const struct tls_report *t)
{
	name(out, ',', "policies");
	buf_put8(out, '[');
	for (uint16_t i = 0; i < t->npolicies; i++) {
		const struct tls_policy *p = &t->policies[i];

		buf_puts(out, i > 0 ? STR(",") : STR(""));
		name(out, '{', "n");
		buf_printf(out, "%d", i + 1);
		put_word(out, "policy_type", tls_policy_name(p->type));
		put_text(out, "raw_policy_type", p->raw_type);
		put_text(out, "policy_domain", p->domain);
		put_texts(out, "policy_strings", p->strings, p->nstrings);
		put_texts(out, "mx_hosts", p->mx_hosts, p->nmx_hosts);
		put_count(out, "successful_sessions", p->has_successful, p->successful);
		put_count(out, "failed_sessions", p->has_failed, p->failed);
		put_tls_failures(out, p);
		buf_put8(out, '}');
	}
	buf_put8(out, ']');
}

void
document_tls(struct buf *out, const struct claim *c)
{
	const struct tls_report *t = c->p->part.tls;
	const struct identity *id = &c->p->identity;
	uint64_t successful = 0, failed = 0;

	/* At most LIMIT_TLS_POLICIES times LIMIT_COUNT. */
	for (uint16_t i = 0; i < t->npolicies; i++) {
		successful += t->policies[i].successful;
		failed += t->policies[i].failed;
	}
	put_head(out, c);
	put_hex(out, "identity_key", id->identity_key.b, sizeof(id->identity_key.b));
	put_number(out, "days", id->days);
	name(out, ',', "counted");
	buf_puts(out, c->fate == FATE_NEW ? STR("true") : STR("false"));
	put_number(out, "begin_at", t->begin);
	put_number(out, "end_at", t->end);
	put_number(out, "successful_sessions", (int64_t)successful);
	put_number(out, "failed_sessions", (int64_t)failed);
	put_hex(out, "content_hash", c->p->records_hash.b, sizeof(c->p->records_hash.b));
	put_text(out, "report_id", t->report_id);
	put_text(out, "contact_info", t->contact_info);
	put_quirks(out, t->quirks, t->nquirks);
	put_policies(out, t);
	buf_put8(out, '}');
}

void
document_failure(struct buf *out, const struct claim *c)
{
	const struct failure *f = c->p->part.failure;

	put_head(out, c);
	put_number(out, "arrived_at", f->arrived);
	put_text(out, "auth_failure", f->auth_failure);
	put_text(out, "identity_alignment", f->identity_alignment);
	put_word(out, "delivery_result", delivery_name(f->delivery_result));
	put_text(out, "raw_delivery_result", f->raw_delivery_result);
	put_address(out, "source_ip", &f->source_ip);
	put_text(out, "raw_source_ip", f->raw_source_ip);
	put_count(out, "source_port", f->has_source_port, f->source_port);
	put_count(out, "incidents", f->has_incidents, f->incidents);
	put_text(out, "from_field", f->from_field);
	put_text(out, "subject", f->subject);
	put_text(out, "message_id", f->message_id);
	put_text(out, "original_mail_from", f->original_mail_from);
	put_text(out, "original_rcpt_to", f->original_rcpt_to);
	put_text(out, "original_envelope_id", f->original_envelope_id);
	put_text(out, "authentication_results", f->authentication_results);
	put_text(out, "dkim_domain", f->dkim_domain);
	put_text(out, "dkim_identity", f->dkim_identity);
	put_text(out, "dkim_selector", f->dkim_selector);
	put_text(out, "spf_dns", f->spf_dns);
	put_text(out, "reported_uri", f->reported_uri);
	put_text(out, "reporting_mta", f->reporting_mta);
	put_text(out, "user_agent", f->user_agent);
	put_text(out, "version", f->version);
	put_text(out, "header", f->header);
	put_text(out, "body", f->body);
	put_quirks(out, f->quirks, f->nquirks);
	buf_put8(out, '}');
}
