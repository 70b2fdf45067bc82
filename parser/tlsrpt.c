#include "parser/tlsrpt.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/ceilings.h"
#include "core/limits.h"
#include "core/vocabulary.h"
#include "parser/normal.h"
#include "parser/rfc3339.h"
#include "parser/tlsjson.h"

/* What an element takes in a frame beside its texts, counted as if it were text. */
#define POLICY_BYTES 64
#define FAILURE_BYTES 96
#define STRING_BYTES 8

/* What is said of them below. */
_Static_assert(LIMIT_TLS_BYTES == 2u << 20 && LIMIT_JSON_BYTES == 16u << 20, "2 MB, 16 MB");

struct tlsrpt {
	struct arena *arena;
	struct buf repaired; /* the document where it is no UTF-8 */
	char number[24];     /* where a text is expected */
	struct quirks quirks;
	struct tls_report report;
	size_t bytes; /* of texts, and what elements take */
	enum outcome outcome;
	char why[LIMIT_REASON_BYTES]; /* it is no report, or empty */
};

struct tlsrpt *
tlsrpt_new(void)
{
	struct tlsrpt *t = calloc(1, sizeof(*t));

	if (t == NULL)
		abort();
	/* Else jansson asks the system for it once it is needed, which the jail forbids. */
	json_object_seed(0);
	/* Structures of what LIMIT_TLS_BYTES lets pass take four times as much at most. */
	t->arena = arena_new((size_t)8 * LIMIT_TLS_BYTES);
	buf_init(&t->repaired, LIMIT_JSON_BYTES);
	return t;
}

void
tlsrpt_free(struct tlsrpt *t)
{
	if (t == NULL)
		return;
	arena_free(t->arena);
	buf_fini(&t->repaired);
	free(t);
}

/* Only the first reason counts. */
static void __attribute__((format(printf, 3, 4)))
stop(struct tlsrpt *t, enum outcome outcome, const char *fmt, ...)
{
	va_list ap;

	if (t->why[0] != '\0')
		return;
	t->outcome = outcome;
	va_start(ap, fmt);
	vsnprintf(t->why, sizeof(t->why), fmt, ap);
	va_end(ap);
}

static void
quirk(struct tlsrpt *t, const char *rule, struct str detail)
{
	quirks_add(&t->quirks, rule, detail);
}

/* Count ${n} bytes of what is to be handed on; false when that is too much. */
static bool
charge(struct tlsrpt *t, size_t n)
{
	t->bytes += n;
	if (t->bytes > LIMIT_TLS_BYTES)
		stop(t, OUTCOME_TOO_BIG, "the report holds more than 2 MB of text" CEILING_FIXED);
	return t->why[0] == '\0';
}

/* Zeroed room for ${n} elements, or NULL when there is none. */
static void *
room_for(struct tlsrpt *t, size_t n, size_t size, size_t cost)
{
	void *p = charge(t, n * cost) ? arena_alloc(t->arena, n * size) : NULL;

	if (p == NULL)
		stop(t, OUTCOME_TOO_BIG,
		    "the report holds more than 2 MB of text and elements" CEILING_FIXED);
	return p;
}

/* The member ${key}, NULL also where it is null. */
static json_t *
member(const json_t *object, const char *key)
{
	json_t *v = json_object_get(object, key);

	return json_is_null(v) ? NULL : v;
}

/* A member that holds others, under its name; NULL where it is none of ${type}. */
static json_t *
holder(struct tlsrpt *t, const json_t *object, const char *key, json_type type)
{
	json_t *v = member(object, key);

	if (v == NULL || json_typeof(v) == type)
		return v;
	quirk(t, "tls-value-type", str_of(key));
	return NULL;
}

/* ${v} trimmed, borrowed until the next call; empty with a quirk where it is no text. */
static struct str
string_of(struct tlsrpt *t, const json_t *v, const char *key)
{
	if (json_is_string(v))
		return str_trim((struct str){ json_string_value(v), json_string_length(v) });
	if (v == NULL)
		return (struct str){ NULL, 0 };
	quirk(t, "tls-value-type", str_of(key));
	if (!json_is_integer(v))
		return (struct str){ NULL, 0 };
	snprintf(t->number, sizeof(t->number), "%" JSON_INTEGER_FORMAT, json_integer_value(v));
	return str_of(t->number);
}

/* Copy ${s} for the report, cut at ${max}. */
static struct str
keep(struct tlsrpt *t, struct str s, size_t max, const char *key)
{
	if (s.n > max)
		quirk(t, "text-cut", str_of(key));
	s = normal_cut(s, max);
	return charge(t, s.n) ? arena_str(t->arena, s) : (struct str){ NULL, 0 };
}

static struct str
text_of(struct tlsrpt *t, const json_t *object, const char *key, size_t max)
{
	return keep(t, string_of(t, member(object, key), key), max, key);
}

/* As text_of, but what is cut is another name: then there is no report. */
static struct str
identity_of(struct tlsrpt *t, const json_t *object, const char *key, const char *missing)
{
	struct str s = string_of(t, member(object, key), key);
	struct str kept;

	if (s.n == 0)
		quirk(t, missing, (struct str){ NULL, 0 });
	if (s.n > LIMIT_NAME_BYTES)
		stop(t, OUTCOME_CORRUPT, "%s is longer than %d bytes" CEILING_FIXED, key,
		    LIMIT_NAME_BYTES);
	kept = keep(t, s, LIMIT_NAME_BYTES, key);
	return kept.n > 0 ? normal_line(kept, (char *)(uintptr_t)kept.p) : kept;
}

/* Lower case, without a trailing dot; what is too long for a domain is none. */
static struct str
domain_of(struct tlsrpt *t, const json_t *object, const char *key)
{
	struct str s = string_of(t, member(object, key), key);
	struct str kept;

	if (s.n > LIMIT_DOMAIN_BYTES) {
		quirk(t, "tls-domain-too-long", s);
		s.n = 0;
	}
	kept = keep(t, s, LIMIT_DOMAIN_BYTES, key);
	return kept.n > 0 ? normal_domain(kept, (char *)(uintptr_t)kept.p) : kept;
}

/* A number of sessions; false with ${out} at 0 where there is none that can be read. */
static bool
count_of(struct tlsrpt *t, const json_t *object, const char *key, uint64_t *out)
{
	const json_t *v = member(object, key);
	double real;

	*out = 0;
	if (v == NULL) {
		quirk(t, "tls-count-missing", str_of(key));
		return false;
	}
	if (json_is_integer(v) && json_integer_value(v) >= 0 &&
	    (uint64_t)json_integer_value(v) <= LIMIT_COUNT) {
		*out = (uint64_t)json_integer_value(v);
		return true;
	}
	/* 12.0 is the number 12; all whole ones below LIMIT_COUNT are exact. */
	real = json_real_value(v);
	if (json_is_real(v) && real >= 0 && real <= (double)LIMIT_COUNT &&
	    real == (double)(uint64_t)real) {
		*out = (uint64_t)real;
		return true;
	}
	if (json_is_string(v) && normal_count(str_trim(str_of(json_string_value(v))), out) == 0) {
		quirk(t, "tls-count-text", str_of(key));
		return true;
	}
	quirk(t, "tls-count-unreadable", str_of(key));
	return false;
}

static void
address_of(
    struct tlsrpt *t, const json_t *object, const char *key, struct address *a, struct str *raw)
{
	struct str s = string_of(t, member(object, key), key);

	*a = normal_address(s);
	if (s.n == 0 || a->family != 0)
		return;
	quirk(t, "tls-address-unreadable", s);
	*raw = keep(t, s, LIMIT_NAME_BYTES, key);
}

/* An array of texts, or a single one. */
static struct str *
list_of(struct tlsrpt *t, const json_t *object, const char *key, uint16_t *n)
{
	const json_t *v = member(object, key);
	bool single = v != NULL && !json_is_array(v);
	size_t all = single ? 1 : json_array_size(v);
	struct str *list;

	*n = 0;
	if (all == 0)
		return NULL;
	if (single && json_is_string(v))
		quirk(t, "tls-list-as-text", str_of(key));
	if (all > LIMIT_TLS_STRINGS)
		quirk(t, "tls-too-many-strings", str_of(key));
	if (all > LIMIT_TLS_STRINGS)
		all = LIMIT_TLS_STRINGS;
	list = room_for(t, all, sizeof(*list), STRING_BYTES);
	for (size_t i = 0; list != NULL && i < all; i++) {
		struct str s = string_of(t, single ? v : json_array_get(v, i), key);

		if (s.n > 0)
			list[(*n)++] = keep(t, s, LIMIT_NAME_BYTES, key);
	}
	return list;
}

static void
read_failure(struct tlsrpt *t, const json_t *v, struct tls_failure *f)
{
	const char *information = "additional-information";
	struct str type;

	type = text_of(t, v, "result-type", LIMIT_NAME_BYTES);
	if (type.n == 0)
		quirk(t, "tls-result-type-missing", (struct str){ NULL, 0 });
	f->result_type = type.n > 0 ? normal_domain(type, (char *)(uintptr_t)type.p) : type;
	address_of(t, v, "sending-mta-ip", &f->sending_mta_ip, &f->raw_sending_mta_ip);
	address_of(t, v, "receiving-ip", &f->receiving_ip, &f->raw_receiving_ip);
	f->receiving_mx_hostname = domain_of(t, v, "receiving-mx-hostname");
	f->receiving_mx_helo = text_of(t, v, "receiving-mx-helo", LIMIT_NAME_BYTES);
	f->has_sessions = count_of(t, v, "failed-session-count", &f->sessions);
	if (member(v, information) == NULL && member(v, "additional-info-uri") != NULL) {
		information = "additional-info-uri";
		quirk(t, "tls-old-key", str_of(information));
	}
	f->additional_information = text_of(t, v, information, LIMIT_COMMENT_BYTES);
	f->failure_reason_code = text_of(t, v, "failure-reason-code", LIMIT_COMMENT_BYTES);
}

static void
read_failures(struct tlsrpt *t, const json_t *v, struct tls_policy *p)
{
	const json_t *all = holder(t, v, "failure-details", JSON_ARRAY);
	size_t n = json_array_size(all);

	if (n > LIMIT_TLS_FAILURES)
		stop(t, OUTCOME_TOO_BIG, "a policy has more than %d failure-details" CEILING_FIXED,
		    LIMIT_TLS_FAILURES);
	if (n == 0 || t->why[0] != '\0')
		return;
	p->failures = room_for(t, n, sizeof(*p->failures), FAILURE_BYTES);
	for (size_t i = 0; i < n && t->why[0] == '\0'; i++) {
		const json_t *one = json_array_get(all, i);

		if (json_is_object(one))
			read_failure(t, one, &p->failures[p->nfailures++]);
		else
			quirk(t, "tls-value-type", STR("failure-details"));
	}
}

static void
read_policy(struct tlsrpt *t, const json_t *v, struct tls_policy *p)
{
	const json_t *policy = holder(t, v, "policy", JSON_OBJECT);
	const json_t *summary = holder(t, v, "summary", JSON_OBJECT);
	const char *hosts = "mx-host";
	struct str type = string_of(t, member(policy, "policy-type"), "policy-type");

	p->type = tls_policy_find(type);
	if (p->type == TLS_POLICY_UNKNOWN) {
		quirk(t, "tls-unknown-policy-type", type);
		p->raw_type = keep(t, type, LIMIT_NAME_BYTES, "policy-type");
	}
	p->domain = domain_of(t, policy, "policy-domain");
	if (p->domain.n == 0)
		quirk(t, "tls-domain-missing", (struct str){ NULL, 0 });
	p->strings = list_of(t, policy, "policy-string", &p->nstrings);
	if (member(policy, hosts) == NULL && member(policy, "mx-host-pattern") != NULL) {
		hosts = "mx-host-pattern";
		quirk(t, "tls-old-key", str_of(hosts));
	}
	p->mx_hosts = list_of(t, policy, hosts, &p->nmx_hosts);
	p->has_successful = count_of(t, summary, "total-successful-session-count", &p->successful);
	p->has_failed = count_of(t, summary, "total-failure-session-count", &p->failed);
	read_failures(t, v, p);
}

static void
read_policies(struct tlsrpt *t, const json_t *root)
{
	const json_t *all = holder(t, root, "policies", JSON_ARRAY);
	size_t n = json_array_size(all);

	if (n > LIMIT_TLS_POLICIES)
		stop(t, OUTCOME_TOO_BIG, "the report has more than %d policies" CEILING_FIXED,
		    LIMIT_TLS_POLICIES);
	if (n == 0 || t->why[0] != '\0')
		return;
	t->report.policies = room_for(t, n, sizeof(*t->report.policies), POLICY_BYTES);
	for (size_t i = 0; i < n && t->why[0] == '\0'; i++) {
		const json_t *one = json_array_get(all, i);

		if (json_is_object(one))
			read_policy(t, one, &t->report.policies[t->report.npolicies++]);
		else
			quirk(t, "tls-value-type", STR("policies"));
	}
}

static int64_t
read_time(struct tlsrpt *t, const json_t *range, const char *key)
{
	struct str s = string_of(t, member(range, key), key);
	int64_t at = 0;
	int bits;

	if (s.n == 0) {
		stop(t, OUTCOME_CORRUPT, "%s is missing", key);
		return 0;
	}
	bits = rfc3339_parse(s, &at);
	if (bits < 0)
		stop(t, OUTCOME_CORRUPT, "%s \"%.*s\" is no time", key, (int)(s.n < 60 ? s.n : 60),
		    s.p);
	else if ((bits & RFC3339_NO_ZONE) != 0)
		quirk(t, "tls-time-zone-missing", s);
	if (bits > 0 && (bits & RFC3339_FRACTION) != 0)
		quirk(t, "tls-time-fraction", s);
	return at;
}

/* Of the mail; else of the first policy, and rather of one whose domain is no MX host's. */
static struct str
report_domain(struct tlsrpt *t, struct str domain)
{
	const struct tls_report *r = &t->report;
	struct str any = { NULL, 0 };

	if (domain.n > 0 && domain.n <= LIMIT_DOMAIN_BYTES && str_utf8(domain) == domain.n) {
		any = keep(t, domain, LIMIT_DOMAIN_BYTES, "");
		return any.n > 0 ? normal_domain(any, (char *)(uintptr_t)any.p) : any;
	}
	for (size_t i = r->npolicies; i-- > 0;)
		if (r->policies[i].domain.n > 0)
			any = r->policies[i].domain;
	for (size_t i = 0; i < r->npolicies; i++)
		if (r->policies[i].domain.n > 0 && r->policies[i].type != TLS_POLICY_TLSA)
			return r->policies[i].domain;
	return any;
}

static void
read_report(struct tlsrpt *t, const json_t *root, struct str domain)
{
	const json_t *range = holder(t, root, "date-range", JSON_OBJECT);
	struct tls_report *r = &t->report;

	/* "policies" alone stands in many a document. */
	if (member(root, "organization-name") == NULL && member(root, "report-id") == NULL &&
	    member(root, "date-range") == NULL) {
		stop(t, OUTCOME_NOT_A_REPORT, "the JSON is no TLS report");
		return;
	}
	r->organization_name =
	    identity_of(t, root, "organization-name", "tls-organization-missing");
	r->report_id = identity_of(t, root, "report-id", "tls-report-id-missing");
	r->contact_info = text_of(t, root, "contact-info", LIMIT_NAME_BYTES);
	if (r->contact_info.n == 0)
		quirk(t, "tls-contact-missing", (struct str){ NULL, 0 });
	r->begin = read_time(t, range, "start-datetime");
	r->end = read_time(t, range, "end-datetime");
	read_policies(t, root);
	r->domain = report_domain(t, domain);
	if (r->npolicies == 0)
		quirk(t, "tls-policies-missing", (struct str){ NULL, 0 });
}

/* What is wrong with ${json} before it is looked into. */
static void
judge_bytes(struct tlsrpt *t, struct str json)
{
	if (json.n > LIMIT_JSON_BYTES)
		stop(t, OUTCOME_TOO_BIG, "the report has %zu bytes, more than 16 MB" CEILING_FIXED,
		    json.n);
	else if (json.n >= 2 &&
	    (json.p[0] == '\0' || json.p[1] == '\0' || (unsigned char)json.p[0] >= 0xFE))
		stop(t, OUTCOME_UNSUPPORTED, "the report is in UTF-16; JSON is UTF-8");
	else if (tlsjson_values(json) > LIMIT_JSON_VALUES)
		stop(t, OUTCOME_TOO_BIG, "the report has more than %d values" CEILING_FIXED,
		    LIMIT_JSON_VALUES);
}

void
tlsrpt_parse(struct tlsrpt *t, struct str json, struct str domain, struct part *part)
{
	json_t *root = NULL;
	json_error_t why;

	arena_reset(t->arena);
	if (t->repaired.room > (1u << 20))
		buf_fini(&t->repaired);
	buf_reset(&t->repaired);
	t->report = (struct tls_report){ 0 };
	t->quirks.arena = t->arena;
	t->quirks.n = 0;
	t->bytes = 0;
	t->why[0] = '\0';
	if (json.n >= 3 && memcmp(json.p, "\xEF\xBB\xBF", 3) == 0)
		json = (struct str){ json.p + 3, json.n - 3 };
	judge_bytes(t, json);
	if (t->why[0] == '\0') {
		root = tlsjson_load(json, &t->repaired, &t->quirks, &why);
		if (root == NULL)
			stop(t, OUTCOME_CORRUPT, "not well-formed at line %d: %s", why.line,
			    why.text);
	}
	if (root != NULL)
		read_report(t, root, domain);
	json_decref(root);
	t->report.quirks = t->quirks.list;
	t->report.nquirks = t->quirks.n;
	part->kind = KIND_TLSRPT;
	part->tls = NULL;
	part->outcome = t->outcome;
	if (t->why[0] == '\0') {
		part->outcome = t->report.npolicies > 0 ? OUTCOME_REPORT : OUTCOME_NULL_REPORT;
		part->tls = &t->report;
		if (t->report.npolicies == 0)
			stop(t, OUTCOME_NULL_REPORT, "the report has no policies");
	}
	part->reason = str_of(t->why);
	part->reason.n = str_utf8(part->reason);
}
