#include "parser/aggregate.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/frame.h"
#include "core/ceilings.h"
#include "core/limits.h"
#include "core/wire.h"
#include "parser/alignment.h"
#include "parser/elements.h"
#include "parser/fields.h"
#include "parser/finding.h"
#include "parser/mend.h"
#include "parser/normal.h"
#include "parser/xml.h"

#define FLUSH ((size_t)64 << 10)

_Static_assert(LIMIT_RECORDS == 4000000, "what is said of it below");

struct aggregate {
	struct xml *xml;
	const struct xml_state *state; /* of ->xml */
	struct fields fields;
	struct mend *mend;
	struct buf mended; /* what it wrote and was not read yet */
	struct orgdomain *orgdomains;
	struct out *out;
	struct err *e;

	int8_t rows[LIMIT_XML_DEPTH]; /* the row of each open element */
	unsigned depth;
	unsigned skip;    /* elements open inside one that is unknown, itself included */
	bool feedback;    /* it has been seen */
	bool fragment;    /* what belongs in it was seen outside */
	bool second;      /* reading */
	bool policy_late; /* a record came before the policy */
	struct buf text;  /* of the open leaf */
	bool text_cut;

	bool write_failed;
	enum outcome outcome; /* of a document that is read no further */
	struct finding finding;
	struct first_reading first;
	struct buf reason;
};

/* Read no further, for a reason that is ours. */
static void
stop(struct aggregate *g, enum outcome outcome, const char *why)
{
	if (g->state->stopped == NULL)
		g->outcome = outcome;
	xml_stop(g->xml, why);
}

static int
current(const struct aggregate *g)
{
	return g->depth > 0 ? g->rows[g->depth - 1] : FIELDS_OUTSIDE;
}

static void
send_record(struct aggregate *g)
{
	struct fields *f = &g->fields;
	const struct modes modes = fields_modes(f);

	f->record_ready = false;
	if (f->report.record_count == LIMIT_RECORDS) {
		stop(g, OUTCOME_TOO_BIG, "it has more than 4000000 records" CEILING_FIXED);
		return;
	}
	f->report.record_count++;
	f->report.message_count += f->record.count;
	if (modes.known)
		alignment_recompute(g->orgdomains, modes.adkim, modes.aspf, &f->record);
	record_put(&g->out->frames, &f->record);
	if (out_flush(g->out, FLUSH, g->e) != 0) {
		g->write_failed = true;
		stop(g, OUTCOME_CORRUPT, "");
	}
}

static void
end_text(struct aggregate *g, int row)
{
	if (g->text_cut)
		quirks_add(&g->fields.quirks, "text-cut", buf_str(&g->text));
	fields_value(&g->fields, row, str_trim(buf_str(&g->text)));
	buf_reset(&g->text);
	g->text_cut = false;
}

static void
note_namespace(struct aggregate *g, struct str s)
{
	s.n = s.n < LIMIT_NAME_BYTES ? s.n : LIMIT_NAME_BYTES;
	s.n = str_utf8(s);
	g->fields.report.xml_namespace = arena_str(g->fields.quirks.arena, s);
}

/* An element opens outside of <feedback>, or is not known where it opens. */
static bool
is_fragment(const struct aggregate *g, int in, struct str name)
{
	return in == FIELDS_OUTSIDE && !g->feedback &&
	    (str_caseeq(name, STR("report_metadata")) || str_caseeq(name, STR("record")));
}

static void
on_start(void *arg, struct str local, struct str uri)
{
	struct aggregate *g = arg;
	const char *colon;
	int in = current(g), row;

	if (g->skip > 0) {
		g->skip++;
		return;
	}
	/* A prefix that was never declared stays with the name. */
	colon = memrchr(local.p, ':', local.n);
	if (colon != NULL)
		local = str_of(colon + 1);
	row = fields_find(&g->fields, in, local);
	if (row == FIELDS_UNKNOWN && in != FIELDS_OUTSIDE) {
		g->skip = 1;
		return;
	}
	g->fragment |= is_fragment(g, in, local);
	if (row == FIELDS_UNKNOWN)
		row = FIELDS_OUTSIDE;
	else if (fields_parent(&g->fields, row) != in)
		quirks_add(&g->fields.quirks, "misplaced-element", local);
	if (row >= 0)
		fields_spelling(&g->fields, row, local, &g->fields.quirks);
	if (fields_is_leaf(&g->fields, in))
		end_text(g, in);
	g->rows[g->depth++] = (int8_t)row;
	if (row == 0 && !g->feedback)
		note_namespace(g, uri);
	g->feedback |= row == 0;
	if (fields_is_leaf(&g->fields, row))
		buf_reset(&g->text);
	else if (row >= 0)
		fields_open(&g->fields, row);
	g->policy_late |= g->fields.report.record_count > 0 && row >= 0 &&
	    str_eq(g->fields.names[row], STR("policy_published"));
}

static void
on_end(void *arg)
{
	struct aggregate *g = arg;
	int row;

	if (g->skip > 0) {
		g->skip--;
		return;
	}
	if (g->depth == 0)
		return;
	row = g->rows[--g->depth];
	if (fields_is_leaf(&g->fields, row))
		end_text(g, row);
	else if (row >= 0)
		fields_close(&g->fields, row);
	if (g->fields.record_ready)
		send_record(g);
}

static void
on_instruction(void *arg, struct str target)
{
	struct aggregate *g = arg;

	/* A stranger's are dropped in the second reading. */
	if (g->first.mend)
		g->fields.incomplete = str_eq(target, STR(ELEMENTS_INCOMPLETE));
}

static void
on_text(void *arg, struct str s)
{
	struct aggregate *g = arg;
	size_t room = g->text.max - g->text.n;

	if (g->skip > 0 || !fields_is_leaf(&g->fields, current(g)))
		return;
	g->text_cut |= s.n > room;
	buf_put(&g->text, s.p, s.n < room ? s.n : room);
}

static void on_mended(void *arg, struct str xml);

struct aggregate *
aggregate_new(struct err *e)
{
	struct aggregate *g = calloc(1, sizeof(*g));
	const struct xml_sink sink = { g, on_start, on_end, on_text, on_instruction };

	if (g == NULL)
		abort();
	g->orgdomains = orgdomain_new(NULL, e);
	if (g->orgdomains == NULL) {
		free(g);
		return NULL;
	}
	g->xml = xml_new(&sink);
	g->state = xml_state(g->xml);
	fields_init(&g->fields);
	g->mend = mend_new(on_mended, g);
	buf_init(&g->mended, (size_t)2 * LIMIT_XML_TEXT + 2 * XML_PIECE);
	buf_init(&g->text, LIMIT_XML_TEXT);
	buf_init(&g->reason, 4u << 10);
	return g;
}

void
aggregate_free(struct aggregate *g)
{
	if (g == NULL)
		return;
	xml_free(g->xml);
	fields_fini(&g->fields);
	mend_free(g->mend);
	buf_fini(&g->mended);
	orgdomain_free(g->orgdomains);
	buf_fini(&g->text);
	buf_fini(&g->reason);
	free(g);
}

void
aggregate_start(struct aggregate *g, struct arena *a, struct out *out)
{
	xml_start(g->xml);
	fields_start(&g->fields, a);
	g->out = out;
	g->depth = g->skip = 0;
	g->outcome = OUTCOME_CORRUPT;
	g->feedback = g->write_failed = g->text_cut = false;
	g->fragment = g->second = g->policy_late = false;
	g->first = (struct first_reading){ 0 };
	buf_reset(&g->text);
}

const struct first_reading *
aggregate_first(const struct aggregate *g)
{
	return &g->first;
}

void
aggregate_start_again(
    struct aggregate *g, struct arena *a, struct out *out, const struct first_reading *first)
{
	const struct first_reading copy = *first;

	aggregate_start(g, a, out);
	g->first = copy;
	g->second = true;
	g->fields.modes = copy.modes;
	if (!copy.mend)
		return;
	buf_reset(&g->mended);
	mend_start(g->mend, &g->fields, &g->fields.quirks);
	if (copy.complaint[0] != '\0')
		quirks_add(&g->fields.quirks, "not-well-formed", str_of(copy.complaint));
}

void
aggregate_hint(struct aggregate *g, const struct hints *hints)
{
	g->fields.hints = hints;
}

static bool
is_done(const struct aggregate *g)
{
	return g->state->stopped != NULL || g->state->complaint[0] != '\0';
}

/* Read what has gathered, if that is more than ${least} bytes. */
static void
parse_mended(struct aggregate *g, size_t least)
{
	struct str s = buf_str(&g->mended);

	if (s.n <= least)
		return;
	while (s.n > 0 && !is_done(g)) {
		size_t n = s.n < XML_PIECE ? s.n : XML_PIECE;

		xml_add(g->xml, (struct str){ s.p, n });
		s = (struct str){ s.p + n, s.n - n };
	}
	buf_reset(&g->mended);
}

static void
on_mended(void *arg, struct str xml)
{
	struct aggregate *g = arg;

	buf_puts(&g->mended, xml);
	parse_mended(g, XML_PIECE);
}

int
aggregate_add(struct aggregate *g, struct str xml, struct err *e)
{
	g->e = e;
	while (xml.n > 0) {
		size_t n = xml.n < XML_PIECE ? xml.n : XML_PIECE;

		if (is_done(g))
			return g->write_failed ? -1 : 1;
		if (g->first.mend)
			mend_add(g->mend, (struct str){ xml.p, n });
		else
			xml_add(g->xml, (struct str){ xml.p, n });
		xml = (struct str){ xml.p + n, xml.n - n };
	}
	return g->write_failed ? -1 : 0;
}

/* The outcome, and why in ->finding.why. */
static enum outcome
judge(struct aggregate *g, enum outcome outcome, const char *trouble)
{
	struct finding *v = &g->finding;

	*v = (struct finding){
		.fields = &g->fields,
		.mended = g->first.mend ? mend_result(g->mend) : NULL,
		.complaint = g->first.complaint,
		.well_formed = g->state->well_formed,
		.feedback = g->feedback,
	};
	if (g->state->stopped == NULL)
		return finding_judge(v, outcome, trouble);
	snprintf(v->why, sizeof(v->why), "%s", g->state->stopped);
	return g->outcome;
}

static void
retract(struct aggregate *g)
{
	size_t at;

	if (g->fields.report.record_count == 0 || g->write_failed)
		return;
	at = frame_open(&g->out->frames, FRAME_RETRACT);
	frame_close(&g->out->frames, at);
}

/* Whether a second reading may tell more; then ->first is what it needs. */
static bool
again(struct aggregate *g, enum outcome outcome, const char *trouble)
{
	char line[sizeof(g->state->complaint)];
	struct str said;

	if (g->second || g->state->stopped != NULL ||
	    (trouble != NULL && outcome != OUTCOME_CORRUPT))
		return false;
	g->first.mend = !g->state->well_formed || (g->fragment && !g->feedback);
	if (!g->first.mend && !g->policy_late)
		return false;
	/* libxml2 puts line feeds into some of its complaints. */
	said = normal_line(str_of(g->state->complaint), line);
	if (!g->state->well_formed)
		snprintf(g->first.complaint, sizeof(g->first.complaint), "line %d: %.*s",
		    g->state->line, (int)said.n, said.p);
	if (!g->first.mend)
		g->first.modes = fields_modes(&g->fields);
	retract(g);
	return true;
}

/* The last of the input. */
static void
finish(struct aggregate *g)
{
	if (g->first.mend) {
		mend_end(g->mend);
		parse_mended(g, 0);
		if (mend_result(g->mend)->refused != NULL)
			stop(g, OUTCOME_CORRUPT, mend_result(g->mend)->refused);
	}
	xml_end(g->xml);
}

int
aggregate_end(struct aggregate *g, enum outcome outcome, const char *trouble, struct part *part,
    struct err *e)
{
	struct fields *f = &g->fields;
	bool is_report;

	g->e = e;
	finish(g);
	if (again(g, outcome, trouble))
		return g->write_failed ? -1 : 1;
	part->outcome = judge(g, outcome, trouble);
	part->kind = KIND_AGGREGATE;
	part->report = NULL;
	part->reason = (struct str){ NULL, 0 };
	is_report = part->outcome == OUTCOME_REPORT || part->outcome == OUTCOME_NULL_REPORT;
	if (is_report)
		part->report = &f->report;
	if (f->report.partial)
		part->reason = str_of(g->finding.why);
	else if (part->outcome != OUTCOME_REPORT)
		part->reason = finding_explain(&f->report, g->finding.why, &g->reason);
	if (!g->feedback && trouble == NULL && g->state->stopped == NULL && g->state->well_formed) {
		part->outcome = OUTCOME_NOT_A_REPORT;
		part->kind = KIND_UNKNOWN;
	}
	if (!is_report)
		retract(g);
	return g->write_failed ? -1 : 0;
}
