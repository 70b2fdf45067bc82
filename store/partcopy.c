#include "store/partcopy.h"

/* A copy under way; ->full once something found no room. */
struct copy {
	struct arena *a;
	bool full;
};

static void *
take(struct copy *c, size_t n, size_t size)
{
	void *p = n > 0 ? arena_alloc(c->a, n * size) : NULL;

	c->full |= n > 0 && p == NULL;
	return p;
}

/* Make the borrowed ${s} our own. */
static void
own(struct copy *c, struct str *s)
{
	if (s->n == 0) {
		*s = (struct str){ NULL, 0 };
		return;
	}
	*s = arena_str(c->a, *s);
	c->full |= s->p == NULL;
}

static struct str *
own_texts(struct copy *c, const struct str *from, uint16_t n)
{
	struct str *s = take(c, n, sizeof(*s));

	for (uint16_t i = 0; s != NULL && i < n; i++) {
		s[i] = from[i];
		own(c, &s[i]);
	}
	return s;
}

static struct quirk *
own_quirks(struct copy *c, const struct quirk *from, uint16_t n)
{
	struct quirk *q = take(c, n, sizeof(*q));

	for (uint16_t i = 0; q != NULL && i < n; i++) {
		q[i] = from[i];
		own(c, &q[i].rule);
		own(c, &q[i].detail);
	}
	return q;
}

static void
own_tls_failure(struct copy *c, struct tls_failure *f)
{
	own(c, &f->result_type);
	own(c, &f->raw_sending_mta_ip);
	own(c, &f->raw_receiving_ip);
	own(c, &f->receiving_mx_hostname);
	own(c, &f->receiving_mx_helo);
	own(c, &f->additional_information);
	own(c, &f->failure_reason_code);
}

static void
own_tls_policy(struct copy *c, struct tls_policy *p)
{
	const struct tls_failure *from = p->failures;

	own(c, &p->raw_type);
	own(c, &p->domain);
	p->strings = own_texts(c, p->strings, p->nstrings);
	p->mx_hosts = own_texts(c, p->mx_hosts, p->nmx_hosts);
	p->failures = take(c, p->nfailures, sizeof(*p->failures));
	for (uint16_t i = 0; p->failures != NULL && i < p->nfailures && !c->full; i++) {
		p->failures[i] = from[i];
		own_tls_failure(c, &p->failures[i]);
	}
}

const struct tls_report *
partcopy_tls(struct arena *a, const struct tls_report *from)
{
	struct copy c = { a, false };
	struct tls_report *t = take(&c, 1, sizeof(*t));

	if (t == NULL)
		return NULL;
	*t = *from;
	own(&c, &t->domain);
	own(&c, &t->organization_name);
	own(&c, &t->contact_info);
	own(&c, &t->report_id);
	t->quirks = own_quirks(&c, from->quirks, from->nquirks);
	t->policies = take(&c, from->npolicies, sizeof(*t->policies));
	for (uint16_t i = 0; t->policies != NULL && i < from->npolicies && !c.full; i++) {
		t->policies[i] = from->policies[i];
		own_tls_policy(&c, &t->policies[i]);
	}
	return c.full ? NULL : t;
}

const struct failure *
partcopy_failure(struct arena *a, const struct failure *from, bool body)
{
	struct copy c = { a, false };
	struct failure *f = take(&c, 1, sizeof(*f));

	if (f == NULL)
		return NULL;
	*f = *from;
	if (!body)
		f->body = (struct str){ NULL, 0 };
	struct str *const texts[] = { &f->domain, &f->reporter, &f->user_agent, &f->version,
		&f->auth_failure, &f->identity_alignment, &f->reporting_mta, &f->original_mail_from,
		&f->original_envelope_id, &f->original_rcpt_to, &f->authentication_results,
		&f->reported_uri, &f->spf_dns, &f->dkim_domain, &f->dkim_identity,
		&f->dkim_selector, &f->raw_delivery_result, &f->raw_source_ip, &f->from_field,
		&f->subject, &f->message_id, &f->header, &f->body };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		own(&c, texts[i]);
	f->quirks = own_quirks(&c, from->quirks, from->nquirks);
	return c.full ? NULL : f;
}
