/* frames.h - what a parser wrote, as one line per frame that a test can compare. */
#ifndef TESTS_UNIT_PARSER_FRAMES_H
#define TESTS_UNIT_PARSER_FRAMES_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "core/frame.h"
#include "core/limits.h"
#include "core/vocabulary.h"
#include "core/wire.h"
#include "parser/out.h"

struct frames {
	struct arena *arena;
	struct buf text;     /* the lines */
	struct buf original; /* of the last part that has one */
	bool has_original;   /* some of it came, but not yet its part */
	struct message end;
	unsigned ends;
	size_t bytes; /* of all frames */
};

static inline const char *
frames_word(const char *name, struct str raw)
{
	return name != NULL ? name : raw.n > 0 ? "?" : "-";
}

/* "R address count disposition dkim spf header_from [type:comment] {domain/selector=result} …" */
static inline void
frames_record(struct frames *f, struct str payload)
{
	struct buf *b = &f->text;
	struct outcome_set *o;
	char address[INET6_ADDRSTRLEN] = "";
	struct record r;
	struct str set;
	struct err e;

	assert_int_equal(record_get(payload, &r, &set, &e), 0);
	o = &r.outcome;
	assert_int_equal(outcome_set_get(f->arena, set, o, &e), 0);
	if (r.source_ip.family != 0)
		inet_ntop(r.source_ip.family == 4 ? AF_INET : AF_INET6, r.source_ip.b, address,
		    sizeof(address));
	buf_printf(b, "R %s%.*s ", address, STR_ARG(r.raw_source_ip));
	buf_printf(b, r.has_count ? "%llu" : "-", (unsigned long long)r.count);
	buf_printf(b, " %s", frames_word(disposition_name(o->disposition), o->raw_disposition));
	buf_printf(b, " %s", frames_word(verdict_name(o->dkim), o->raw_dkim));
	buf_printf(
	    b, " %s %.*s", frames_word(verdict_name(o->spf), o->raw_spf), STR_ARG(o->header_from));
	if (o->envelope_from.n > 0 || o->envelope_to.n > 0)
		buf_printf(b, " <%.*s> <%.*s>", STR_ARG(o->envelope_from), STR_ARG(o->envelope_to));
	for (size_t i = 0; i < o->nreasons; i++)
		buf_printf(b, " [%s:%.*s]",
		    frames_word(reason_name(o->reasons[i].type), o->reasons[i].raw_type),
		    STR_ARG(o->reasons[i].comment));
	for (size_t i = 0; i < o->ndkims; i++)
		buf_printf(b, " {%.*s/%.*s=%s%.*s}", STR_ARG(o->dkims[i].domain),
		    STR_ARG(o->dkims[i].selector),
		    frames_word(result_name(o->dkims[i].result), o->dkims[i].raw_result),
		    STR_ARG(o->dkims[i].human_result));
	for (size_t i = 0; i < o->nspfs; i++)
		buf_printf(b, " (%.*s/%s=%s%.*s)", STR_ARG(o->spfs[i].domain),
		    frames_word(scope_name(o->spfs[i].scope), (struct str){ NULL, 0 }),
		    frames_word(result_name(o->spfs[i].result), o->spfs[i].raw_result),
		    STR_ARG(o->spfs[i].human_result));
	buf_puts(b, STR("\n"));
}

/* " org/id/domain begin-end domain=n/m … quirk …", where n and m are sessions of a policy. */
static inline void
frames_tls(struct buf *b, const struct tls_report *t)
{
	buf_printf(b, " %.*s/%.*s/%.*s %lld-%lld", STR_ARG(t->organization_name),
	    STR_ARG(t->report_id), STR_ARG(t->domain), (long long)t->begin, (long long)t->end);
	for (size_t i = 0; i < t->npolicies; i++)
		buf_printf(b, " %.*s=%llu/%llu", STR_ARG(t->policies[i].domain),
		    (unsigned long long)t->policies[i].successful,
		    (unsigned long long)t->policies[i].failed);
	for (size_t i = 0; i < t->nquirks; i++)
		buf_printf(b, " %.*s", STR_ARG(t->quirks[i].rule));
}

/* " reporter/domain arrived <from> subject|bytes of body| quirk …" */
static inline void
frames_failure(struct buf *b, const struct failure *f)
{
	buf_printf(b, " %.*s/%.*s %lld <%.*s> %.*s|%zu|", STR_ARG(f->reporter), STR_ARG(f->domain),
	    (long long)f->arrived, STR_ARG(f->from_field), STR_ARG(f->subject), f->body.n);
	for (size_t i = 0; i < f->nquirks; i++)
		buf_printf(b, " %.*s", STR_ARG(f->quirks[i].rule));
}

/* "P outcome kind member: reason" or "P outcome kind member org/id/domain begin-end n/m quirk …" */
static inline void
frames_part(struct frames *f, struct str payload)
{
	struct buf *b = &f->text;
	struct part p;
	struct err e;

	assert_int_equal(part_get(f->arena, payload, &p, &e), 0);
	buf_printf(b, "P %s %s %.*s", outcome_name(p.outcome),
	    frames_word(kind_name(p.kind), (struct str){ NULL, 0 }), STR_ARG(p.member));
	if (p.reason.n > 0)
		buf_printf(b, ": %.*s", STR_ARG(p.reason));
	if (p.report != NULL) {
		const struct report *r = p.report;

		buf_printf(b, " %.*s/%.*s/%.*s", STR_ARG(r->org_name), STR_ARG(r->report_id),
		    STR_ARG(r->policy.domain));
		buf_printf(b, " %lld-%lld %llu/%llu", (long long)r->begin, (long long)r->end,
		    (unsigned long long)r->record_count, (unsigned long long)r->message_count);
		for (size_t i = 0; i < r->nquirks; i++)
			buf_printf(b, " %.*s", STR_ARG(r->quirks[i].rule));
	}
	if (p.tls != NULL)
		frames_tls(b, p.tls);
	if (p.failure != NULL)
		frames_failure(b, p.failure);
	buf_puts(b, STR("\n"));
	assert_int_equal(p.has_original, f->has_original);
	f->has_original = false;
}

/* For struct out. */
static inline int
frames_write(void *arg, struct str bytes)
{
	struct frames *f = arg;
	enum frame_type type;
	struct str payload;
	struct err e;
	size_t used;

	f->bytes += bytes.n;
	for (; bytes.n > 0; bytes = (struct str){ bytes.p + used, bytes.n - used }) {
		assert_int_equal(frame_next(bytes, &type, &payload, &used), 1);
		switch (type) {
		case FRAME_RECORD:
			frames_record(f, payload);
			break;
		case FRAME_RETRACT:
			buf_puts(&f->text, STR("X\n"));
			break;
		case FRAME_ORIGINAL:
			if (!f->has_original)
				buf_reset(&f->original);
			f->has_original = true;
			buf_puts(&f->original, payload);
			break;
		case FRAME_PART:
			frames_part(f, payload);
			break;
		case FRAME_END:
			assert_int_equal(message_get(payload, &f->end, &e), 0);
			f->ends++;
			break;
		default:
			fail();
		}
	}
	return 0;
}

static inline void
frames_init(struct frames *f, struct out *out)
{
	*f = (struct frames){ .arena = arena_new(LIMIT_WORKER_ARENA) };
	buf_init(&f->text, 64u << 20);
	buf_init(&f->original, 64u << 20);
	out_init(out, frames_write, f);
}

static inline void
frames_reset(struct frames *f)
{
	arena_reset(f->arena);
	buf_reset(&f->text);
	buf_reset(&f->original);
	f->has_original = false;
	f->ends = 0;
	f->bytes = 0;
}

static inline const char *
frames_str(struct frames *f)
{
	buf_put8(&f->text, 0);
	f->text.n--;
	return f->text.p;
}

static inline void
frames_fini(struct frames *f, struct out *out)
{
	arena_free(f->arena);
	buf_fini(&f->text);
	buf_fini(&f->original);
	out_fini(out);
}

#endif
