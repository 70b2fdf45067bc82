/*
 * teller.c - ruastat whose workers do not read mails: what a mail holds is said in it, as JSON.
 *
 * All but the parser is the real program, so that what is done with reports can be tried whatever a
 * worker says of them.  The mail is { "message_id", "from_domain", "header", "parts": [ … ] }; a part
 * is { "tls": … } or { "failure": … } with the names of core/report.h, "original" (text) in front of it;
 * { "raw": "hex" } is a part's frame as a worker that was taken over might send it.
 */
#include <jansson.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/digest.h"
#include "core/frame.h"
#include "core/limits.h"
#include "core/vocabulary.h"
#include "core/wire.h"
#include "parser/message.h"

struct message_parser {
	struct arena *arena;
	struct digest *digest;
	char room[1 << 20];
};

struct message_parser *
message_parser_new(struct err *e)
{
	struct message_parser *p = calloc(1, sizeof(*p));

	(void)e;
	if (p == NULL)
		abort();
	json_object_seed(1);
	p->arena = arena_new(LIMIT_WORKER_ARENA);
	p->digest = digest_new();
	return p;
}

void
message_parser_free(struct message_parser *p)
{
	if (p == NULL)
		return;
	digest_free(p->digest);
	arena_free(p->arena);
	free(p);
}

static struct str
text(const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);

	return (struct str){ json_string_value(v), json_string_length(v) };
}

static int64_t
number(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

static bool
count(const json_t *o, const char *key, uint64_t *n)
{
	*n = (uint64_t)number(o, key);
	return json_object_get(o, key) != NULL;
}

static struct address
address(const json_t *o, const char *key)
{
	const char *p = json_string_value(json_object_get(o, key));
	struct address a = { .family = p != NULL ? 4 : 0 };
	unsigned b[4];

	if (p == NULL || sscanf(p, "%u.%u.%u.%u", &b[0], &b[1], &b[2], &b[3]) != 4)
		return (struct address){ 0 };
	for (size_t i = 0; i < 4; i++)
		a.b[i] = (unsigned char)b[i];
	return a;
}

static void *
room(struct message_parser *p, const json_t *list, size_t size, uint16_t *n)
{
	*n = (uint16_t)json_array_size(list);
	return arena_alloc(p->arena, *n * size);
}

static struct str *
texts(struct message_parser *p, const json_t *list, uint16_t *n)
{
	struct str *s = room(p, list, sizeof(*s), n);

	for (size_t i = 0; i < *n; i++)
		s[i] = str_of(json_string_value(json_array_get(list, i)));
	return s;
}

static struct quirk *
quirks(struct message_parser *p, const json_t *list, uint16_t *n)
{
	struct quirk *q = room(p, list, sizeof(*q), n);

	for (size_t i = 0; i < *n; i++) {
		q[i].rule = text(json_array_get(list, i), "rule");
		q[i].detail = text(json_array_get(list, i), "detail");
	}
	return q;
}

static void
tls_policy(struct message_parser *p, const json_t *o, struct tls_policy *t)
{
	const json_t *list = json_object_get(o, "failures");

	t->type = tls_policy_find(text(o, "type"));
	t->raw_type = text(o, "raw_type");
	t->domain = text(o, "domain");
	t->strings = texts(p, json_object_get(o, "strings"), &t->nstrings);
	t->mx_hosts = texts(p, json_object_get(o, "mx_hosts"), &t->nmx_hosts);
	t->has_successful = count(o, "successful", &t->successful);
	t->has_failed = count(o, "failed", &t->failed);
	t->failures = room(p, list, sizeof(*t->failures), &t->nfailures);
	for (size_t i = 0; i < t->nfailures; i++) {
		const json_t *f = json_array_get(list, i);

		t->failures[i] = (struct tls_failure){ .result_type = text(f, "result_type"),
			.sending_mta_ip = address(f, "sending_mta_ip"),
			.receiving_ip = address(f, "receiving_ip"),
			.raw_receiving_ip = text(f, "raw_receiving_ip"),
			.receiving_mx_hostname = text(f, "receiving_mx_hostname"),
			.additional_information = text(f, "additional_information") };
		t->failures[i].has_sessions = count(f, "sessions", &t->failures[i].sessions);
	}
}

static const struct tls_report *
tls(struct message_parser *p, const json_t *o)
{
	struct tls_report *t = arena_alloc(p->arena, sizeof(*t));
	const json_t *list = json_object_get(o, "policies");

	t->domain = text(o, "domain");
	t->organization_name = text(o, "organization_name");
	t->contact_info = text(o, "contact_info");
	t->report_id = text(o, "report_id");
	t->begin = number(o, "begin");
	t->end = number(o, "end");
	t->quirks = quirks(p, json_object_get(o, "quirks"), &t->nquirks);
	t->policies = room(p, list, sizeof(*t->policies), &t->npolicies);
	for (size_t i = 0; i < t->npolicies; i++)
		tls_policy(p, json_array_get(list, i), &t->policies[i]);
	return t;
}

static const struct failure *
failure(struct message_parser *p, const json_t *o)
{
	struct failure *f = arena_alloc(p->arena, sizeof(*f));

	*f = (struct failure){ .domain = text(o, "domain"),
		.reporter = text(o, "reporter"),
		.auth_failure = text(o, "auth_failure"),
		.original_rcpt_to = text(o, "original_rcpt_to"),
		.delivery_result = delivery_find(text(o, "delivery_result")),
		.raw_delivery_result = text(o, "raw_delivery_result"),
		.source_ip = address(o, "source_ip"),
		.raw_source_ip = text(o, "raw_source_ip"),
		.arrived = number(o, "arrived"),
		.from_field = text(o, "from_field"),
		.subject = text(o, "subject"),
		.message_id = text(o, "message_id"),
		.header = text(o, "header"),
		.body = text(o, "body") };
	f->has_incidents = count(o, "incidents", &f->incidents);
	f->quirks = quirks(p, json_object_get(o, "quirks"), &f->nquirks);
	return f;
}

static void
put_original(struct out *out, struct str document)
{
	size_t at;

	if (document.n == 0)
		return;
	at = frame_open(&out->frames, FRAME_ORIGINAL);
	buf_puts(&out->frames, document);
	frame_close(&out->frames, at);
}

static void
put_raw(struct out *out, struct str hex)
{
	size_t at = frame_open(&out->frames, FRAME_PART);

	for (size_t i = 0; i + 1 < hex.n; i += 2) {
		const char digits[3] = { hex.p[i], hex.p[i + 1], '\0' };

		buf_put8(&out->frames, (uint8_t)strtoul(digits, NULL, 16));
	}
	frame_close(&out->frames, at);
}

static void
put_part(struct message_parser *p, const json_t *o, struct out *out)
{
	const json_t *t = json_object_get(o, "tls"), *f = json_object_get(o, "failure");
	struct part part = { .outcome = OUTCOME_REPORT, .has_original = text(o, "original").n > 0 };

	put_original(out, text(o, "original"));
	if (json_object_get(o, "raw") != NULL) {
		put_raw(out, text(o, "raw"));
		return;
	}
	if (t != NULL) {
		part.kind = KIND_TLSRPT;
		part.tls = tls(p, t);
		if (part.tls->npolicies == 0)
			part.outcome = OUTCOME_NULL_REPORT;
	} else if (f != NULL) {
		part.kind = KIND_FAILURE;
		part.failure = failure(p, f);
	} else {
		part.kind = KIND_FAILURE;
		part.outcome = OUTCOME_CORRUPT;
		part.reason = STR("it says so");
	}
	part_put(&out->frames, &part);
}

int
message_parse(
    struct message_parser *p, int fd, const struct job *job, struct out *out, struct err *e)
{
	ssize_t n = pread(fd, p->room, sizeof(p->room), 0);
	json_t *mail = n > 0 ? json_loadb(p->room, (size_t)n, 0, NULL) : NULL;
	const json_t *parts = json_object_get(mail, "parts");
	struct message m = { .message_id = text(mail, "message_id"),
		.from_domain = text(mail, "from_domain"),
		.header = text(mail, "header"),
		.size = (uint64_t)n };
	struct sha256 hash = digest_of(p->digest, (struct str){ p->room, (size_t)n });
	int rc;

	(void)job;
	memcpy(m.sha256, hash.b, sizeof(m.sha256));
	for (size_t i = 0; i < json_array_size(parts); i++)
		put_part(p, json_array_get(parts, i), out);
	message_put(&out->frames, &m);
	rc = out_flush(out, 0, e);
	json_decref(mail);
	arena_reset(p->arena);
	return rc;
}
