#include "core/wire.h"

#include "core/codec.h"
#include "core/frame.h"
#include "core/limits.h"

void
job_put(struct buf *b, const struct job *j)
{
	size_t at = frame_open(b, FRAME_JOB);

	buf_put64(b, j->ticket);
	buf_put8(b, j->bare);
	buf_put32(b, j->header);
	buf_put64(b, j->ceilings.mail);
	buf_put64(b, j->ceilings.unpacked);
	buf_put32(b, j->ceilings.parts);
	buf_put32(b, j->ceilings.members);
	codec_put_text(b, j->name);
	frame_close(b, at);
}

int
job_get(struct str in, struct job *j, struct err *e)
{
	struct reader r = { in, NULL };

	j->ticket = codec_get(&r, 8);
	j->bare = codec_enum(&r, 2) != 0;
	j->header = (uint32_t)codec_get(&r, 4);
	if (j->header > LIMIT_HEADER_BYTES)
		return err_set(e, ERR_MESSAGE, "a job has a header that is too long");
	j->ceilings = ceilings_default;
	j->ceilings.mail = codec_get(&r, 8);
	j->ceilings.unpacked = codec_get(&r, 8);
	j->ceilings.parts = (uint32_t)codec_get(&r, 4);
	j->ceilings.members = (uint32_t)codec_get(&r, 4);
	j->name = codec_bytes(&r, LIMIT_NAME_BYTES);
	return codec_finish(&r, "job", e);
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

	*ticket = codec_get(&r, 8);
	return codec_finish(&r, "beginning", e);
}

static void
reasons_put(struct buf *b, const struct outcome_set *o, bool with_arc)
{
	buf_put16(b, o->nreasons);
	for (size_t i = 0; i < o->nreasons; i++) {
		buf_put8(b, (uint8_t)o->reasons[i].type);
		codec_put_text(b, o->reasons[i].raw_type);
		codec_put_text(b, o->reasons[i].comment);
		if (!with_arc)
			continue;
		buf_put8(b, (uint8_t)o->reasons[i].arc.verdict);
		buf_put8(b, o->reasons[i].arc.hops);
		codec_put_text(b, o->reasons[i].arc.sealer);
		codec_put_address(b, &o->reasons[i].arc.source_ip);
	}
}

static void
set_put(struct buf *b, const struct outcome_set *o, bool with_arc)
{
	buf_put8(b, (uint8_t)o->disposition);
	buf_put8(b, (uint8_t)o->dkim);
	buf_put8(b, (uint8_t)o->spf);
	codec_put_text(b, o->raw_disposition);
	codec_put_text(b, o->raw_dkim);
	codec_put_text(b, o->raw_spf);
	codec_put_text(b, o->header_from);
	codec_put_text(b, o->envelope_from);
	reasons_put(b, o, with_arc);
	buf_put16(b, o->ndkims);
	for (size_t i = 0; i < o->ndkims; i++) {
		const struct dkim_result *d = &o->dkims[i];

		codec_put_text(b, d->domain);
		codec_put_text(b, d->selector);
		buf_put8(b, (uint8_t)d->result);
		codec_put_text(b, d->raw_result);
		codec_put_text(b, d->human_result);
	}
	buf_put16(b, o->nspfs);
	for (size_t i = 0; i < o->nspfs; i++) {
		const struct spf_result *s = &o->spfs[i];

		codec_put_text(b, s->domain);
		buf_put8(b, (uint8_t)s->scope);
		buf_put8(b, (uint8_t)s->result);
		codec_put_text(b, s->raw_result);
		codec_put_text(b, s->human_result);
	}
}

void
outcome_set_said(struct buf *b, const struct outcome_set *o)
{
	set_put(b, o, false);
}

int
outcome_set_get(struct arena *a, struct str in, struct outcome_set *o, struct err *e)
{
	struct reader r = { in, NULL };

	o->disposition = codec_enum(&r, DISPOSITION_REJECT + 1);
	o->dkim = codec_enum(&r, VERDICT_FAIL + 1);
	o->spf = codec_enum(&r, VERDICT_FAIL + 1);
	o->raw_disposition = codec_text(&r, LIMIT_NAME_BYTES);
	o->raw_dkim = codec_text(&r, LIMIT_NAME_BYTES);
	o->raw_spf = codec_text(&r, LIMIT_NAME_BYTES);
	o->header_from = codec_text(&r, LIMIT_NAME_BYTES);
	o->envelope_from = codec_text(&r, LIMIT_NAME_BYTES);
	o->reasons = codec_array(&r, a, LIMIT_RESULTS, sizeof(*o->reasons), &o->nreasons);
	for (size_t i = 0; i < o->nreasons; i++) {
		o->reasons[i].type = codec_enum(&r, REASON_POLICY_TEST_MODE + 1);
		o->reasons[i].raw_type = codec_text(&r, LIMIT_NAME_BYTES);
		o->reasons[i].comment = codec_text(&r, LIMIT_COMMENT_BYTES);
		o->reasons[i].arc.verdict = codec_enum(&r, VERDICT_FAIL + 1);
		o->reasons[i].arc.hops = (uint8_t)codec_get(&r, 1);
		o->reasons[i].arc.sealer = codec_text(&r, LIMIT_DOMAIN_BYTES);
		o->reasons[i].arc.source_ip = codec_address(&r);
	}
	o->dkims = codec_array(&r, a, LIMIT_RESULTS, sizeof(*o->dkims), &o->ndkims);
	for (size_t i = 0; i < o->ndkims; i++) {
		o->dkims[i].domain = codec_text(&r, LIMIT_NAME_BYTES);
		o->dkims[i].selector = codec_text(&r, LIMIT_NAME_BYTES);
		o->dkims[i].result = codec_enum(&r, RESULT_PERMERROR + 1);
		o->dkims[i].raw_result = codec_text(&r, LIMIT_NAME_BYTES);
		o->dkims[i].human_result = codec_text(&r, LIMIT_COMMENT_BYTES);
	}
	o->spfs = codec_array(&r, a, LIMIT_RESULTS, sizeof(*o->spfs), &o->nspfs);
	for (size_t i = 0; i < o->nspfs; i++) {
		o->spfs[i].domain = codec_text(&r, LIMIT_NAME_BYTES);
		o->spfs[i].scope = codec_enum(&r, SCOPE_HELO + 1);
		o->spfs[i].result = codec_enum(&r, RESULT_PERMERROR + 1);
		o->spfs[i].raw_result = codec_text(&r, LIMIT_NAME_BYTES);
		o->spfs[i].human_result = codec_text(&r, LIMIT_COMMENT_BYTES);
	}
	return codec_finish(&r, "record", e);
}

void
record_put(struct buf *b, const struct record *r)
{
	size_t at = frame_open(b, FRAME_RECORD);

	codec_put_address(b, &r->source_ip);
	codec_put_text(b, r->raw_source_ip);
	codec_put_count(b, r->has_count, r->count);
	codec_put_text(b, r->outcome.envelope_to);
	buf_put8(b, (uint8_t)r->outcome.dkim_recomputed);
	buf_put8(b, (uint8_t)r->outcome.spf_recomputed);
	set_put(b, &r->outcome, true);
	frame_close(b, at);
}

int
record_get(struct str in, struct record *r, struct str *set, struct err *e)
{
	struct reader rd = { in, NULL };

	*r = (struct record){ .source_ip = codec_address(&rd) };
	r->raw_source_ip = codec_text(&rd, LIMIT_NAME_BYTES);
	r->has_count = codec_count(&rd, &r->count);
	r->outcome.envelope_to = codec_text(&rd, LIMIT_NAME_BYTES);
	r->outcome.dkim_recomputed = codec_enum(&rd, VERDICT_FAIL + 1);
	r->outcome.spf_recomputed = codec_enum(&rd, VERDICT_FAIL + 1);
	*set = rd.in;
	rd.in.n = 0;
	return codec_finish(&rd, "record", e);
}

void
message_put(struct buf *b, const struct message *m)
{
	size_t at = frame_open(b, FRAME_END);

	codec_put_text(b, m->message_id);
	codec_put_text(b, m->from_domain);
	codec_put_text(b, m->header);
	buf_put(b, m->sha256, sizeof(m->sha256));
	buf_put64(b, m->size);
	frame_close(b, at);
}

int
message_get(struct str in, struct message *m, struct err *e)
{
	struct reader r = { in, NULL };
	const char *p;

	m->message_id = codec_text(&r, LIMIT_NAME_BYTES);
	m->from_domain = codec_text(&r, LIMIT_DOMAIN_BYTES);
	m->header = codec_bytes(&r, LIMIT_HEADER_BYTES);
	p = codec_take(&r, sizeof(m->sha256));
	if (p != NULL)
		memcpy(m->sha256, p, sizeof(m->sha256));
	m->size = codec_get(&r, 8);
	return codec_finish(&r, "message", e);
}
