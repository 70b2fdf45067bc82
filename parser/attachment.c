#include "parser/attachment.h"

#include <stdlib.h>

#include "core/frame.h"
#include "core/limits.h"
#include "core/text.h"
#include "core/wire.h"
#include "parser/aggregate.h"
#include "core/deflate.h"
#include "parser/failure.h"
#include "parser/normal.h"
#include "parser/promise.h"
#include "parser/tlsrpt.h"
#include "parser/unpack.h"

#define CHUNK ((size_t)256 << 10) /* of an original, in a frame */

/* What is said of them below. */
_Static_assert(LIMIT_JSON_BYTES == 16u << 20 && LIMIT_GATHERED_BYTES == 32u << 20, "16 MB, 32 MB");

/* A document that must be read again. */
struct second {
	unsigned ordinal; /* of the member it is; 0 where it is no member */
	struct first_reading first;
	struct second *next;
};

struct attachment_reader {
	struct unpack *unpack;
	struct aggregate *aggregate;
	struct tlsrpt *tlsrpt;
	struct failure_reader *failure;
	struct deflate *deflate;
	struct arena *arena;
	struct out *out;
	struct buf packed; /* a document gzipped by us */
	struct buf member; /* a path made fit to be shown */
	struct buf mail;
	struct arena *gathered; /* what attachment_gathered gives */
	struct gathered *first, **last;
	unsigned parts;
	struct buf json; /* a TLS report on its way out of an archive */

	const struct attachment *now;
	struct second *seconds, **seconds_end; /* of ->now, in their order */
	bool again;                            /* ->now is walked for the second time */
	unsigned ordinal;
	struct str path; /* of the present document */
	bool as_found;   /* the original is ->now as it came */
	struct buf
	    *gathering; /* what is read as a whole, a member of ->sniff: ->mail, ->json; or NULL */
	bool alone;
	enum sniff sniff;
	bool told;       /* that something in ->now cannot be read */
	bool damaged;    /* so is ->now, and its document tells */
	bool any_report; /* in ->now, or what was meant to be one */
};

struct attachment_reader *
attachment_new(struct err *e)
{
	struct attachment_reader *r = calloc(1, sizeof(*r));

	if (r == NULL)
		abort();
	buf_init(&r->packed, LIMIT_MAIL_BYTES);
	buf_init(&r->member, (size_t)16 * LIMIT_NAME_BYTES);
	buf_init(&r->mail, LIMIT_GATHERED_BYTES);
	r->gathered = arena_new(LIMIT_GATHERED_BYTES);
	buf_init(&r->json, LIMIT_JSON_BYTES);
	r->tlsrpt = tlsrpt_new();
	r->failure = failure_new();
	r->unpack = unpack_new(e);
	r->aggregate = r->unpack != NULL ? aggregate_new(e) : NULL;
	r->deflate = r->aggregate != NULL ? deflate_new(e) : NULL;
	if (r->deflate == NULL) {
		attachment_free(r);
		return NULL;
	}
	return r;
}

void
attachment_free(struct attachment_reader *r)
{
	if (r == NULL)
		return;
	unpack_free(r->unpack);
	aggregate_free(r->aggregate);
	tlsrpt_free(r->tlsrpt);
	failure_free(r->failure);
	deflate_free(r->deflate);
	buf_fini(&r->packed);
	buf_fini(&r->member);
	buf_fini(&r->mail);
	arena_free(r->gathered);
	buf_fini(&r->json);
	free(r);
}

void
attachment_limit(struct attachment_reader *r, const struct ceilings *c)
{
	r->packed.max = c->mail;
	unpack_limit(r->unpack, c);
}

void
attachment_reset(struct attachment_reader *r, struct arena *a, struct out *out)
{
	unpack_reset(r->unpack);
	r->arena = a;
	r->out = out;
	r->now = NULL;
	buf_reset(&r->mail);
	if (r->packed.room > (1u << 20))
		buf_fini(&r->packed);
	if (r->mail.room > (1u << 20))
		buf_fini(&r->mail);
	/* What a reset keeps may be as large as the first mail was. */
	if (arena_size(r->gathered) > (1u << 20)) {
		arena_free(r->gathered);
		r->gathered = arena_new(LIMIT_GATHERED_BYTES);
	}
	arena_reset(r->gathered);
	r->first = NULL;
	r->last = &r->first;
	r->parts = 0;
	if (r->json.room > (1u << 20))
		buf_fini(&r->json);
}

struct gathered *
attachment_gathered(struct attachment_reader *r)
{
	struct gathered *all = r->first;

	r->first = NULL;
	r->last = &r->first;
	return all;
}

unsigned
attachment_parts(const struct attachment_reader *r)
{
	return r->parts;
}

/* ${path} as it may be shown; good until the next call. */
static struct str
shown(struct attachment_reader *r, struct str path)
{
	buf_reset(&r->member);
	text_utf8(&r->member, normal_cut(path, (size_t)4 * LIMIT_NAME_BYTES));
	return normal_cut(buf_str(&r->member), LIMIT_NAME_BYTES);
}

static int
put_part(struct attachment_reader *r, const struct part *part, struct err *e)
{
	r->parts++;
	part_put(&r->out->frames, part);
	return out_flush(r->out, CHUNK, e);
}

int
attachment_say(struct attachment_reader *r, struct str path, enum outcome outcome,
    enum report_kind kind, const char *reason, struct err *e)
{
	struct part part = { .outcome = outcome, .kind = kind, .member = shown(r, path) };

	part.reason = normal_cut(str_of(reason), LIMIT_REASON_BYTES);
	part.reason.n = str_utf8(part.reason);
	return put_part(r, &part, e);
}

static int
send_original(struct attachment_reader *r, struct str bytes, struct err *e)
{
	while (bytes.n > 0) {
		size_t n = bytes.n < CHUNK ? bytes.n : CHUNK;
		size_t at = frame_open(&r->out->frames, FRAME_ORIGINAL);

		buf_put(&r->out->frames, bytes.p, n);
		frame_close(&r->out->frames, at);
		if (out_flush(r->out, CHUNK, e) != 0)
			return -1;
		bytes = (struct str){ bytes.p + n, bytes.n - n };
	}
	return 0;
}

static void
start_document(struct attachment_reader *r, unsigned ordinal, bool as_found)
{
	r->as_found = as_found;
	r->any_report = true;
	r->ordinal = ordinal;
	if (r->again)
		aggregate_start_again(r->aggregate, r->arena, r->out, &r->seconds->first);
	else
		aggregate_start(r->aggregate, r->arena, r->out);
	if (!as_found)
		deflate_start(r->deflate, &r->packed);
}

static int
add_document(struct attachment_reader *r, struct str bytes, struct err *e)
{
	if (!r->as_found)
		deflate_add(r->deflate, bytes);
	return aggregate_add(r->aggregate, bytes, e);
}

/* Remember that the document must be read again; 1. */
static int
keep_second(struct attachment_reader *r)
{
	struct second *s = arena_alloc(r->arena, sizeof(*s));

	if (s == NULL)
		abort();
	s->ordinal = r->ordinal;
	s->first = *aggregate_first(r->aggregate);
	*r->seconds_end = s;
	r->seconds_end = &s->next;
	return 1;
}

/* 0, -1, or 1 when the document must be read again. */
static int
end_document(struct attachment_reader *r, struct str path, enum outcome outcome,
    const char *trouble, struct err *e)
{
	struct part part = { .member = shown(r, path) };
	struct str original = { NULL, 0 };
	struct hints hints = r->now->hints != NULL ? *r->now->hints : (struct hints){ 0 };
	int rc;

	hints.name = sniff_report_name(path) ? path : r->now->name;
	aggregate_hint(r->aggregate, &hints);
	rc = aggregate_end(r->aggregate, outcome, trouble, &part, e);
	if (rc != 0)
		return rc < 0 ? -1 : keep_second(r);
	if (part.outcome == OUTCOME_NOT_A_REPORT)
		return 0;
	if (part.report != NULL && r->as_found) {
		original = r->now->bytes;
	} else if (part.report != NULL) {
		deflate_end(r->deflate);
		if (!r->packed.over)
			original = buf_str(&r->packed);
	}
	if (send_original(r, original, e) != 0)
		return -1;
	part.has_original = original.n > 0;
	part.reason = normal_cut(part.reason, LIMIT_REASON_BYTES);
	return put_part(r, &part, e);
}

/* A TLS report, all of it in ${json}. */
static int
read_tls(
    struct attachment_reader *r, struct str path, struct str json, bool as_found, struct err *e)
{
	struct part part = { .member = shown(r, path) };
	struct str original = r->now->bytes;
	char domain[LIMIT_DOMAIN_BYTES];

	tlsrpt_parse(r->tlsrpt, json,
	    hints_tls_domain(r->now->hints, sniff_report_name(path) ? path : r->now->name, domain),
	    &part);
	if (part.outcome == OUTCOME_NOT_A_REPORT)
		return 0;
	r->any_report = true;
	if (!as_found) {
		deflate_start(r->deflate, &r->packed);
		deflate_add(r->deflate, json);
		deflate_end(r->deflate);
		original = buf_str(&r->packed);
	}
	if (part.tls == NULL)
		original.n = 0;
	if (send_original(r, original, e) != 0)
		return -1;
	part.has_original = original.n > 0;
	return put_part(r, &part, e);
}

int
attachment_failure(
    struct attachment_reader *r, struct str path, const struct failure_source *s, struct err *e)
{
	struct part part = { .member = shown(r, path) };

	failure_parse(r->failure, s, &part);
	return put_part(r, &part, e);
}

/* What is told of bytes that hold nothing readable, by what their name promised. */
static int
nothing_in(
    struct attachment_reader *r, const struct unpack_member *m, struct str name, struct err *e)
{
	const struct promise p = { name, r->now->expected };
	enum outcome outcome;
	char reason[80];

	if (!promise_broken(&p, m->sniff, m->head, &outcome, reason, sizeof(reason)))
		return 0;
	return attachment_say(r, m->path, outcome, KIND_UNKNOWN, reason, e);
}

static int
on_open(void *arg, const struct unpack_member *m, struct err *e)
{
	struct attachment_reader *r = arg;

	r->path = m->path;
	r->alone = r->as_found = m->alone;
	r->sniff = m->sniff;
	r->gathering = NULL;
	if (r->again) {
		if (r->seconds == NULL || r->seconds->ordinal != m->ordinal)
			return 0;
		start_document(r, m->ordinal, m->alone);
		return 1;
	}
	if (r->now->is_mail && !(m->sniff == SNIFF_MAIL && m->alone))
		return 0;
	if (m->sniff == SNIFF_MAIL || m->sniff == SNIFF_TNEF)
		r->gathering = &r->mail;
	else if (m->sniff == SNIFF_TLSRPT)
		r->gathering = &r->json;
	if (r->gathering != NULL) {
		buf_reset(r->gathering);
		return 1;
	}
	if (m->sniff != SNIFF_XML)
		return nothing_in(r, m, m->path.n > 0 ? m->path : r->now->name, e);
	start_document(r, m->ordinal, m->alone);
	return 1;
}

static int
on_data(void *arg, struct str bytes, struct err *e)
{
	struct attachment_reader *r = arg;

	if (r->gathering == NULL)
		return add_document(r, bytes, e);
	buf_puts(r->gathering, bytes);
	return r->gathering->over;
}

static bool
keep_gathered(struct attachment_reader *r)
{
	struct gathered *g = r->mail.over ? NULL : arena_alloc(r->gathered, sizeof(*g));
	struct str bytes =
	    g != NULL ? arena_str(r->gathered, buf_str(&r->mail)) : (struct str){ 0 };

	if (bytes.p == NULL)
		return false;
	g->path = arena_str(r->arena, r->path);
	g->bytes = bytes;
	g->sniff = r->sniff;
	g->alone = r->alone;
	*r->last = g;
	r->last = &g->next;
	return true;
}

static int
on_close(void *arg, enum outcome outcome, const char *reason, struct err *e)
{
	struct attachment_reader *r = arg;

	bool json = r->gathering == &r->json;

	if (r->again)
		r->seconds = r->seconds->next;
	r->damaged |= reason != NULL && outcome == OUTCOME_CORRUPT;
	if (r->gathering == NULL)
		return end_document(r, r->path, outcome, reason, e) < 0 ? -1 : 0;
	if (reason == NULL && json && !r->json.over)
		return read_tls(r, r->path, buf_str(&r->json), r->as_found, e);
	if (reason == NULL && !json && keep_gathered(r))
		return 0;
	if (reason == NULL) {
		outcome = OUTCOME_TOO_BIG;
		reason = json ? "the TLS report in it is longer than 16 MB" CEILING_FIXED
			      : "the mails in it are longer than 32 MB together" CEILING_FIXED;
	}
	r->told |= json;
	return attachment_say(r, r->path, outcome, json ? KIND_TLSRPT : KIND_UNKNOWN, reason, e);
}

/* Of an archive that is damaged we tell; of its members only where they may have been reports. */
static int
on_failed(void *arg, struct str path, enum outcome outcome, const char *reason, struct err *e)
{
	struct attachment_reader *r = arg;
	struct str name = r->now->name;
	bool itself = path.n == r->now->path.n;
	bool meant =
	    sniff_report_name(path) || sniff_report_extension(path) || sniff_report_name(name);

	if (r->again || (itself && r->damaged))
		return 0;
	if (outcome == OUTCOME_NOT_A_REPORT) {
		if (!sniff_report_name(name) && str_find(name, STR(".xml")) == NULL)
			return 0;
		outcome = OUTCOME_CORRUPT;
	} else if (outcome == OUTCOME_TOO_BIG && !r->any_report && !meant) {
		return 0;
	} else if (r->told || (!itself && !meant)) {
		return 0;
	}
	r->told = true;
	return attachment_say(r, path, outcome, KIND_UNKNOWN, reason, e);
}

static void
reset_seconds(struct attachment_reader *r)
{
	r->seconds = NULL;
	r->seconds_end = &r->seconds;
	r->again = false;
}

void
attachment_start(struct attachment_reader *r, const struct attachment *t)
{
	reset_seconds(r);
	r->now = t;
	start_document(r, 0, false);
}

int
attachment_add(struct attachment_reader *r, struct str bytes, struct err *e)
{
	return add_document(r, bytes, e);
}

int
attachment_end(struct attachment_reader *r, struct err *e)
{
	int rc = end_document(r, r->now->path, OUTCOME_CORRUPT, NULL, e);

	if (rc <= 0)
		return rc;
	r->again = true;
	start_document(r, 0, false);
	return 1;
}

static int
read_archive(struct attachment_reader *r, const struct attachment *t, struct err *e)
{
	const struct unpack_sink sink = { r, on_open, on_data, on_close, on_failed };
	int rc = unpack_each(r->unpack, t->bytes, t->path, &sink, e);

	if (rc != 0 || r->seconds == NULL)
		return rc;
	r->again = true;
	return unpack_again(r->unpack, t->bytes, t->path, &sink, e);
}

static int
read_document(struct attachment_reader *r, const struct attachment *t, struct err *e)
{
	int rc = 1;

	attachment_start(r, t);
	while (rc > 0) {
		if (attachment_add(r, t->bytes, e) < 0)
			return -1;
		rc = attachment_end(r, e);
	}
	return rc;
}

int
attachment_read(struct attachment_reader *r, const struct attachment *t, struct err *e)
{
	const struct unpack_member whole = { .path = t->path, .head = t->bytes, .sniff = t->sniff };

	reset_seconds(r);
	r->now = t;
	r->told = r->damaged = r->any_report = false;
	r->gathering = NULL;
	switch (t->sniff) {
	case SNIFF_GZIP:
	case SNIFF_ZIP:
		return read_archive(r, t, e);
	case SNIFF_XML:
		return read_document(r, t, e);
	case SNIFF_TLSRPT:
		return read_tls(r, t->path, t->bytes, false, e);
	default:
		return nothing_in(r, &whole, t->name, e);
	}
}
