#include "core/wire.h"

#include "core/frame.h"
#include "core/limits.h"

/* A place in hostile bytes; once ${bad}, every further read gives zeros. */
struct reader {
	struct str in;
	const char *bad; /* what was wrong first */
};

static const char *
take(struct reader *r, size_t n)
{
	const char *p = r->in.p;

	if (r->bad != NULL)
		return NULL;
	if (n > r->in.n) {
		r->bad = "cut short";
		return NULL;
	}
	r->in.p += n;
	r->in.n -= n;
	return p;
}

static uint64_t
get(struct reader *r, size_t n)
{
	const unsigned char *p = (const unsigned char *)take(r, n);
	uint64_t v = 0;

	for (size_t i = 0; p != NULL && i < n; i++)
		v = v << 8 | p[i];
	return v;
}

/* A number that must stay below ${end}. */
static unsigned
get_enum(struct reader *r, unsigned end)
{
	uint64_t v = get(r, 1);

	if (v >= end && r->bad == NULL)
		r->bad = "value out of range";
	return v < end ? (unsigned)v : 0;
}

static struct str
get_bytes(struct reader *r, size_t max)
{
	size_t n = (size_t)get(r, 4);
	const char *p;

	if (n > max && r->bad == NULL)
		r->bad = "text too long";
	p = take(r, n);
	return p != NULL ? (struct str){ p, n } : (struct str){ NULL, 0 };
}

static struct str
get_text(struct reader *r, size_t max)
{
	struct str s = get_bytes(r, max);

	if (str_utf8(s) != s.n) {
		r->bad = "text is not UTF-8";
		s.n = 0;
	}
	return s;
}

/* The number of elements of an array, at most ${max}, and room for them. */
static void *
get_array(struct reader *r, struct arena *a, size_t max, size_t size, uint16_t *n)
{
	uint64_t count = get(r, 2);
	void *p;

	*n = 0;
	if (count > max && r->bad == NULL)
		r->bad = "too many elements";
	if (r->bad != NULL || count == 0)
		return NULL;
	p = arena_alloc(a, (size_t)count * size);
	if (p == NULL) {
		r->bad = "too large";
		return NULL;
	}
	*n = (uint16_t)count;
	return p;
}

static int
finish(struct reader *r, const char *what, struct err *e)
{
	if (r->bad == NULL && r->in.n > 0)
		r->bad = "bytes left over";
	if (r->bad != NULL)
		return err_set(
		    e, ERR_MESSAGE, "the parser sent a %s that is wrong: %s", what, r->bad);
	return 0;
}

static void
put_text(struct buf *b, struct str s)
{
	buf_put32(b, (uint32_t)s.n);
	buf_puts(b, s);
}

void
job_put(struct buf *b, const struct job *j)
{
	size_t at = frame_open(b, FRAME_JOB);

	buf_put64(b, j->ticket);
	buf_put8(b, j->bare);
	put_text(b, j->name);
	frame_close(b, at);
}

int
job_get(struct str in, struct job *j, struct err *e)
{
	struct reader r = { in, NULL };

	j->ticket = get(&r, 8);
	j->bare = get_enum(&r, 2) != 0;
	j->name = get_bytes(&r, LIMIT_NAME_BYTES);
	return finish(&r, "job", e);
}

void
begin_put(struct buf *b, uint64_t ticket)
{
	size_t at = frame_open(b, FRAME_BEGIN);

	buf_put64(b, ticket);
	frame_close(b, at);
}

int
begin_get(struct str in, uint64_t *ticket, struct err *e)
{
	struct reader r = { in, NULL };

	*ticket = get(&r, 8);
	return finish(&r, "beginning", e);
}

static void
outcome_set_put(struct buf *b, const struct outcome_set *o)
{
	buf_put8(b, (uint8_t)o->disposition);
	buf_put8(b, (uint8_t)o->dkim);
	buf_put8(b, (uint8_t)o->spf);
	put_text(b, o->raw_disposition);
	put_text(b, o->raw_dkim);
	put_text(b, o->raw_spf);
	put_text(b, o->header_from);
	put_text(b, o->envelope_from);
	buf_put16(b, o->nreasons);
	for (size_t i = 0; i < o->nreasons; i++) {
		buf_put8(b, (uint8_t)o->reasons[i].type);
		put_text(b, o->reasons[i].raw_type);
		put_text(b, o->reasons[i].comment);
	}
	buf_put16(b, o->ndkims);
	for (size_t i = 0; i < o->ndkims; i++) {
		const struct dkim_result *d = &o->dkims[i];

		put_text(b, d->domain);
		put_text(b, d->selector);
		buf_put8(b, (uint8_t)d->result);
		put_text(b, d->raw_result);
		put_text(b, d->human_result);
	}
	buf_put16(b, o->nspfs);
	for (size_t i = 0; i < o->nspfs; i++) {
		const struct spf_result *s = &o->spfs[i];

		put_text(b, s->domain);
		buf_put8(b, (uint8_t)s->scope);
		buf_put8(b, (uint8_t)s->result);
		put_text(b, s->raw_result);
		put_text(b, s->human_result);
	}
}

int
outcome_set_get(struct arena *a, struct str in, struct outcome_set *o, struct err *e)
{
	struct reader r = { in, NULL };

	o->disposition = get_enum(&r, DISPOSITION_REJECT + 1);
	o->dkim = get_enum(&r, VERDICT_FAIL + 1);
	o->spf = get_enum(&r, VERDICT_FAIL + 1);
	o->raw_disposition = get_text(&r, LIMIT_NAME_BYTES);
	o->raw_dkim = get_text(&r, LIMIT_NAME_BYTES);
	o->raw_spf = get_text(&r, LIMIT_NAME_BYTES);
	o->header_from = get_text(&r, LIMIT_NAME_BYTES);
	o->envelope_from = get_text(&r, LIMIT_NAME_BYTES);
	o->reasons = get_array(&r, a, LIMIT_RESULTS, sizeof(*o->reasons), &o->nreasons);
	for (size_t i = 0; i < o->nreasons; i++) {
		o->reasons[i].type = get_enum(&r, REASON_POLICY_TEST_MODE + 1);
		o->reasons[i].raw_type = get_text(&r, LIMIT_NAME_BYTES);
		o->reasons[i].comment = get_text(&r, LIMIT_COMMENT_BYTES);
	}
	o->dkims = get_array(&r, a, LIMIT_RESULTS, sizeof(*o->dkims), &o->ndkims);
	for (size_t i = 0; i < o->ndkims; i++) {
		o->dkims[i].domain = get_text(&r, LIMIT_NAME_BYTES);
		o->dkims[i].selector = get_text(&r, LIMIT_NAME_BYTES);
		o->dkims[i].result = get_enum(&r, RESULT_PERMERROR + 1);
		o->dkims[i].raw_result = get_text(&r, LIMIT_NAME_BYTES);
		o->dkims[i].human_result = get_text(&r, LIMIT_COMMENT_BYTES);
	}
	o->spfs = get_array(&r, a, LIMIT_RESULTS, sizeof(*o->spfs), &o->nspfs);
	for (size_t i = 0; i < o->nspfs; i++) {
		o->spfs[i].domain = get_text(&r, LIMIT_NAME_BYTES);
		o->spfs[i].scope = get_enum(&r, SCOPE_HELO + 1);
		o->spfs[i].result = get_enum(&r, RESULT_PERMERROR + 1);
		o->spfs[i].raw_result = get_text(&r, LIMIT_NAME_BYTES);
		o->spfs[i].human_result = get_text(&r, LIMIT_COMMENT_BYTES);
	}
	return finish(&r, "record", e);
}

void
record_put(struct buf *b, const struct record *r)
{
	size_t at = frame_open(b, FRAME_RECORD);

	buf_put8(b, r->source_ip.family);
	if (r->source_ip.family == 0)
		put_text(b, r->raw_source_ip);
	else
		buf_put(b, r->source_ip.b, r->source_ip.family == 4 ? 4 : 16);
	buf_put8(b, r->has_count);
	if (r->has_count)
		buf_put64(b, r->count);
	put_text(b, r->outcome.envelope_to);
	outcome_set_put(b, &r->outcome);
	frame_close(b, at);
}

int
record_get(struct str in, struct record *r, struct str *set, struct err *e)
{
	struct reader rd = { in, NULL };
	const char *p;

	*r = (struct record){ .source_ip.family = (uint8_t)get(&rd, 1) };
	switch (r->source_ip.family) {
	case 0:
		r->raw_source_ip = get_text(&rd, LIMIT_NAME_BYTES);
		break;
	case 4:
	case 6:
		p = take(&rd, r->source_ip.family == 4 ? 4 : 16);
		if (p != NULL)
			memcpy(r->source_ip.b, p, r->source_ip.family == 4 ? 4 : 16);
		break;
	default:
		rd.bad = "unknown address family";
	}
	r->has_count = get_enum(&rd, 2) != 0;
	if (r->has_count)
		r->count = get(&rd, 8);
	if (r->count > LIMIT_COUNT)
		rd.bad = "count out of range";
	r->outcome.envelope_to = get_text(&rd, LIMIT_NAME_BYTES);
	*set = rd.in;
	rd.in.n = 0;
	return finish(&rd, "record", e);
}

static void
report_put(struct buf *b, const struct report *r)
{
	const struct policy *p = &r->policy;

	buf_put8(b, (uint8_t)r->kind);
	put_text(b, r->org_name);
	put_text(b, r->email);
	put_text(b, r->extra_contact_info);
	put_text(b, r->report_id);
	put_text(b, r->generator);
	put_text(b, r->version);
	put_text(b, r->xml_namespace);
	put_text(b, r->error);
	buf_put64(b, (uint64_t)r->begin);
	buf_put64(b, (uint64_t)r->end);
	put_text(b, p->domain);
	buf_put8(b, (uint8_t)p->p);
	buf_put8(b, (uint8_t)p->sp);
	buf_put8(b, (uint8_t)p->np);
	buf_put8(b, (uint8_t)p->adkim);
	buf_put8(b, (uint8_t)p->aspf);
	put_text(b, p->pct);
	put_text(b, p->fo);
	put_text(b, p->testing);
	buf_put8(b, (uint8_t)p->discovery_method);
	buf_put8(b, r->partial);
	buf_put64(b, r->record_count);
	buf_put64(b, r->message_count);
	buf_put16(b, r->nquirks);
	for (size_t i = 0; i < r->nquirks; i++) {
		put_text(b, r->quirks[i].rule);
		put_text(b, r->quirks[i].detail);
	}
}

static void
report_get(struct reader *rd, struct arena *a, struct report *r)
{
	struct policy *p = &r->policy;

	r->kind = get_enum(rd, KIND_TLSRPT + 1);
	r->org_name = get_text(rd, LIMIT_NAME_BYTES);
	r->email = get_text(rd, LIMIT_NAME_BYTES);
	r->extra_contact_info = get_text(rd, LIMIT_NAME_BYTES);
	r->report_id = get_text(rd, LIMIT_NAME_BYTES);
	r->generator = get_text(rd, LIMIT_NAME_BYTES);
	r->version = get_text(rd, LIMIT_NAME_BYTES);
	r->xml_namespace = get_text(rd, LIMIT_NAME_BYTES);
	r->error = get_text(rd, LIMIT_COMMENT_BYTES);
	r->begin = (int64_t)get(rd, 8);
	r->end = (int64_t)get(rd, 8);
	p->domain = get_text(rd, LIMIT_DOMAIN_BYTES);
	p->p = get_enum(rd, ACTION_REJECT + 1);
	p->sp = get_enum(rd, ACTION_REJECT + 1);
	p->np = get_enum(rd, ACTION_REJECT + 1);
	p->adkim = get_enum(rd, ALIGNMENT_STRICT + 1);
	p->aspf = get_enum(rd, ALIGNMENT_STRICT + 1);
	p->pct = get_text(rd, LIMIT_NAME_BYTES);
	p->fo = get_text(rd, LIMIT_NAME_BYTES);
	p->testing = get_text(rd, LIMIT_NAME_BYTES);
	p->discovery_method = get_enum(rd, DISCOVERY_TREEWALK + 1);
	r->partial = get_enum(rd, 2) != 0;
	r->record_count = get(rd, 8);
	r->message_count = get(rd, 8);
	r->quirks = get_array(rd, a, LIMIT_QUIRKS, sizeof(*r->quirks), &r->nquirks);
	for (size_t i = 0; i < r->nquirks; i++) {
		r->quirks[i].rule = get_text(rd, LIMIT_NAME_BYTES);
		r->quirks[i].detail = get_text(rd, LIMIT_COMMENT_BYTES);
	}
}

void
part_put(struct buf *b, const struct part *p)
{
	size_t at = frame_open(b, FRAME_PART);

	buf_put8(b, (uint8_t)p->outcome);
	buf_put8(b, (uint8_t)p->kind);
	put_text(b, p->member);
	put_text(b, p->reason);
	buf_put8(b, p->has_original);
	buf_put8(b, p->report != NULL);
	if (p->report != NULL)
		report_put(b, p->report);
	frame_close(b, at);
}

int
part_get(struct arena *a, struct str in, struct part *p, struct err *e)
{
	struct reader rd = { in, NULL };
	bool is_report;

	*p = (struct part){ .outcome = get_enum(&rd, OUTCOME_TOO_BIG + 1) };
	p->kind = get_enum(&rd, KIND_TLSRPT + 1);
	p->member = get_text(&rd, LIMIT_NAME_BYTES);
	p->reason = get_text(&rd, LIMIT_REASON_BYTES);
	p->has_original = get_enum(&rd, 2) != 0;
	is_report = get_enum(&rd, 2) != 0;
	if (rd.bad == NULL && is_report != (p->outcome <= OUTCOME_NULL_REPORT))
		rd.bad = "outcome and content disagree";
	if (rd.bad == NULL && is_report) {
		struct report *r = arena_alloc(a, sizeof(*r));

		if (r == NULL)
			rd.bad = "too large";
		else
			report_get(&rd, a, r);
		p->report = r;
	}
	return finish(&rd, "part", e);
}

void
message_put(struct buf *b, const struct message *m)
{
	size_t at = frame_open(b, FRAME_END);

	put_text(b, m->message_id);
	put_text(b, m->from_domain);
	put_text(b, m->header);
	buf_put(b, m->sha256, sizeof(m->sha256));
	buf_put64(b, m->size);
	frame_close(b, at);
}

int
message_get(struct str in, struct message *m, struct err *e)
{
	struct reader r = { in, NULL };
	const char *p;

	m->message_id = get_text(&r, LIMIT_NAME_BYTES);
	m->from_domain = get_text(&r, LIMIT_DOMAIN_BYTES);
	m->header = get_bytes(&r, LIMIT_HEADER_BYTES);
	p = take(&r, sizeof(m->sha256));
	if (p != NULL)
		memcpy(m->sha256, p, sizeof(m->sha256));
	m->size = get(&r, 8);
	return finish(&r, "message", e);
}
