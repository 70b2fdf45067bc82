#include "parser/aggregate.h"

#include <libxml/encoding.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/frame.h"
#include "core/limits.h"
#include "core/text.h"
#include "core/wire.h"
#include "parser/alignment.h"
#include "parser/fields.h"
#include "parser/mend.h"
#include "parser/normal.h"

/* libxml2 looks for the end of each construct in what it was given: bounded pieces keep it linear. */
#define PIECE ((size_t)32 << 10)
#define FLUSH ((size_t)64 << 10)
#define CONVERTERS 32

/* What makes libxml2 slow, quadratic in these: no report comes near them. */
#define MAX_TAG ((size_t)64 << 10)
#define MAX_ATTRIBUTES 64
#define MAX_NAMES 10000

struct aggregate {
	xmlSAXHandler sax;
	xmlParserCtxtPtr ctxt; /* NULL between documents */
	xmlCharEncodingHandlerPtr converters[CONVERTERS];
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
	size_t tag;       /* bytes since a "<" whose ">" has not come */
	struct buf text;  /* of the open leaf */
	bool text_cut;

	bool stopped, write_failed;
	enum outcome outcome; /* of ->why */
	char why[200];
	char message[160]; /* libxml2's first complaint */
	int line;
	struct first_reading first;
	struct buf reason;
};

/* Read no further, for a reason that is ours. */
static void
stop(struct aggregate *g, enum outcome outcome, const char *why)
{
	if (!g->stopped)
		snprintf(g->why, sizeof(g->why), "%s", why);
	if (!g->stopped)
		g->outcome = outcome;
	g->stopped = true;
	xmlStopParser(g->ctxt);
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
		stop(g, OUTCOME_TOO_BIG, "it has too many records");
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
note_namespace(struct aggregate *g, const xmlChar *uri)
{
	struct str s = str_of((const char *)uri);

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
on_start(void *arg, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri, int nnamespaces,
    const xmlChar **namespaces, int nattributes, int ndefaulted, const xmlChar **attributes)
{
	struct aggregate *g = arg;
	struct str local = str_of((const char *)name);
	const char *colon;
	int in = current(g), row;

	(void)prefix, (void)namespaces, (void)ndefaulted;
	(void)attributes;
	if (g->depth + g->skip >= LIMIT_XML_DEPTH) {
		stop(g, OUTCOME_CORRUPT, "elements are nested too deep");
		return;
	}
	if (nattributes > MAX_ATTRIBUTES || nnamespaces > MAX_ATTRIBUTES) {
		stop(g, OUTCOME_CORRUPT, "an element has too many attributes");
		return;
	}
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
on_end(void *arg, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
	struct aggregate *g = arg;
	int row;

	(void)name, (void)prefix, (void)uri;
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
on_instruction(void *arg, const xmlChar *target, const xmlChar *data)
{
	struct aggregate *g = arg;

	(void)data;
	/* A stranger's are dropped in the second reading. */
	if (g->first.mend)
		g->fields.incomplete = str_eq(str_of((const char *)target), STR(MEND_INCOMPLETE));
}

static void
on_text(void *arg, const xmlChar *p, int n)
{
	struct aggregate *g = arg;
	size_t room = g->text.max - g->text.n;

	if (g->skip > 0 || !fields_is_leaf(&g->fields, current(g)))
		return;
	g->text_cut |= (size_t)n > room;
	buf_put(&g->text, p, (size_t)n < room ? (size_t)n : room);
}

static void
on_doctype(void *arg, const xmlChar *name, const xmlChar *external, const xmlChar *system)
{
	(void)name, (void)external, (void)system;
	stop(arg, OUTCOME_CORRUPT, "it has a DOCTYPE");
}

static xmlEntityPtr
on_entity(void *arg, const xmlChar *name)
{
	(void)arg;
	return xmlGetPredefinedEntity(name);
}

static void
on_error(void *arg, xmlErrorPtr error)
{
	struct aggregate *g = arg;
	struct str s = str_trim(str_of(error->message));

	if (error->level < XML_ERR_FATAL || g->message[0] != '\0' || g->stopped)
		return;
	/* What libxml2 says at the end of the input, whether there is too much or too little. */
	if (error->code == XML_ERR_DOCUMENT_END && g->depth + g->skip > 0)
		s = STR("the document ends early");
	snprintf(g->message, sizeof(g->message), "%.*s", STR_ARG(s));
	g->line = error->line;
}

static void
silence(void *arg, const char *fmt, ...)
{
	(void)arg, (void)fmt;
}

/*
 * In the jail iconv can load no converter; those of a set that is held open stay loaded.  libxml2
 * itself knows UTF-8, UTF-16, ISO-8859-1 and US-ASCII.
 */
static void
open_converters(struct aggregate *g)
{
	static const char *const names[CONVERTERS] = { "WINDOWS-1250", "WINDOWS-1251",
		"WINDOWS-1252", "WINDOWS-1253", "WINDOWS-1254", "WINDOWS-1255", "WINDOWS-1256",
		"WINDOWS-1257", "WINDOWS-1258", "ISO-8859-2", "ISO-8859-3", "ISO-8859-4",
		"ISO-8859-5", "ISO-8859-6", "ISO-8859-7", "ISO-8859-8", "ISO-8859-9", "ISO-8859-10",
		"ISO-8859-13", "ISO-8859-14", "ISO-8859-15", "ISO-8859-16", "KOI8-R", "KOI8-U",
		"SHIFT_JIS", "EUC-JP", "ISO-2022-JP", "GB2312", "GBK", "GB18030", "BIG5",
		"EUC-KR" };

	for (size_t i = 0; i < CONVERTERS; i++)
		g->converters[i] = xmlFindCharEncodingHandler(names[i]);
}

static void on_mended(void *arg, struct str xml);

struct aggregate *
aggregate_new(struct err *e)
{
	struct aggregate *g = calloc(1, sizeof(*g));

	if (g == NULL)
		abort();
	g->orgdomains = orgdomain_new(NULL, e);
	if (g->orgdomains == NULL) {
		free(g);
		return NULL;
	}
	xmlInitParser();
	xmlSetGenericErrorFunc(NULL, silence);
	open_converters(g);
	g->sax = (xmlSAXHandler){
		.initialized = XML_SAX2_MAGIC,
		.startElementNs = on_start,
		.endElementNs = on_end,
		.characters = on_text,
		.ignorableWhitespace = on_text,
		.cdataBlock = on_text,
		.processingInstruction = on_instruction,
		.internalSubset = on_doctype,
		.getEntity = on_entity,
		.serror = on_error,
	};
	fields_init(&g->fields);
	g->mend = mend_new(on_mended, g);
	buf_init(&g->mended, (size_t)2 * LIMIT_XML_TEXT + 2 * PIECE);
	buf_init(&g->text, LIMIT_XML_TEXT);
	buf_init(&g->reason, 4u << 10);
	return g;
}

void
aggregate_free(struct aggregate *g)
{
	if (g == NULL)
		return;
	xmlFreeParserCtxt(g->ctxt);
	for (size_t i = 0; i < CONVERTERS; i++)
		if (g->converters[i] != NULL)
			xmlCharEncCloseFunc(g->converters[i]);
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
	xmlFreeParserCtxt(g->ctxt);
	g->ctxt = xmlCreatePushParserCtxt(&g->sax, g, NULL, 0, NULL);
	if (g->ctxt == NULL)
		abort();
	xmlCtxtUseOptions(g->ctxt, XML_PARSE_NONET);
	fields_start(&g->fields, a);
	g->out = out;
	g->depth = g->skip = 0;
	g->tag = 0;
	g->feedback = g->stopped = g->write_failed = g->text_cut = false;
	g->fragment = g->second = g->policy_late = false;
	g->first = (struct first_reading){ 0 };
	g->why[0] = g->message[0] = '\0';
	g->line = 0;
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

/* Whether a tag goes on and on: libxml2 would look at it again with each piece. */
static bool
endless_tag(struct aggregate *g, struct str piece)
{
	const char *close = memrchr(piece.p, '>', piece.n);
	const char *from = close != NULL ? close + 1 : piece.p;
	size_t n = (size_t)(piece.p + piece.n - from);
	const char *open;

	if (close != NULL)
		g->tag = 0;
	open = g->tag == 0 ? memchr(from, '<', n) : from;
	if (open != NULL)
		g->tag += (size_t)(piece.p + piece.n - open);
	return g->tag > MAX_TAG;
}

/* A piece of at most PIECE bytes. */
static void
parse(struct aggregate *g, struct str piece)
{
	if (endless_tag(g, piece))
		stop(g, OUTCOME_CORRUPT, "a tag is too long");
	else if (xmlDictSize(g->ctxt->dict) > MAX_NAMES)
		stop(g, OUTCOME_CORRUPT, "it has too many different names");
	else
		xmlParseChunk(g->ctxt, piece.p, (int)piece.n, 0);
}

static bool
is_done(const struct aggregate *g)
{
	return g->stopped || g->message[0] != '\0';
}

/* Read what has gathered, if that is more than ${least} bytes. */
static void
parse_mended(struct aggregate *g, size_t least)
{
	struct str s = buf_str(&g->mended);

	if (s.n <= least)
		return;
	while (s.n > 0 && !is_done(g)) {
		size_t n = s.n < PIECE ? s.n : PIECE;

		parse(g, (struct str){ s.p, n });
		s = (struct str){ s.p + n, s.n - n };
	}
	buf_reset(&g->mended);
}

static void
on_mended(void *arg, struct str xml)
{
	struct aggregate *g = arg;

	buf_puts(&g->mended, xml);
	parse_mended(g, PIECE);
}

int
aggregate_add(struct aggregate *g, struct str xml, struct err *e)
{
	g->e = e;
	while (xml.n > 0) {
		size_t n = xml.n < PIECE ? xml.n : PIECE;

		if (is_done(g))
			return g->write_failed ? -1 : 1;
		if (g->first.mend)
			mend_add(g->mend, (struct str){ xml.p, n });
		else
			parse(g, (struct str){ xml.p, n });
		xml = (struct str){ xml.p + n, xml.n - n };
	}
	return g->write_failed ? -1 : 0;
}

/* "what was wrong (report "…" of "…" for "…")": as much of the report's name as was understood. */
static struct str
explain(struct aggregate *g, const char *what)
{
	const struct report *r = &g->fields.report;
	struct buf *b = &g->reason;
	char tail[200], line[200];
	struct str words = str_of(what);
	int n = 0;

	if (r->org_name.n > 0 || r->policy.domain.n > 0)
		n = snprintf(tail, sizeof(tail), " (report \"%.*s\" of \"%.*s\" for \"%.*s\")",
		    (int)(r->report_id.n < 50 ? r->report_id.n : 50), r->report_id.p,
		    (int)(r->org_name.n < 50 ? r->org_name.n : 50), r->org_name.p,
		    (int)(r->policy.domain.n < 50 ? r->policy.domain.n : 50), r->policy.domain.p);
	/* libxml2 puts line feeds into some of its complaints. */
	if (words.n > sizeof(line))
		words.n = sizeof(line);
	buf_reset(b);
	text_utf8(b, normal_line(words, line));
	if (n > 0)
		text_utf8(b, str_of(tail));
	return buf_str(b);
}

/* Some of the report is missing, for ${why}: what is there counts. */
static void
mark_partial(struct aggregate *g, const char *why, const char *detail)
{
	struct report *r = &g->fields.report;

	r->partial = true;
	snprintf(g->why, sizeof(g->why), "%s%s%.100s%s; %llu record%s complete", why,
	    detail != NULL ? " (" : "", detail != NULL ? detail : "", detail != NULL ? ")" : "",
	    (unsigned long long)r->record_count, r->record_count == 1 ? " was" : "s were");
}

/* Whether an archive is not damaged behind the document but, as its checksum tells, in it. */
static bool
is_altered(const char *trouble)
{
	return trouble != NULL && strstr(trouble, "CRC") != NULL;
}

/* A document that was mended: the outcome, and why in ->why. */
static enum outcome
judge_mended(struct aggregate *g, const char *trouble)
{
	const struct mended *m = mend_result(g->mend);
	struct fields *f = &g->fields;

	fields_finish(f);
	if (f->report.record_count == 0 || !g->ctxt->wellFormed) {
		if (trouble != NULL)
			snprintf(g->why, sizeof(g->why), "%s", trouble);
		else if (g->first.complaint[0] != '\0')
			snprintf(
			    g->why, sizeof(g->why), "not well-formed at %s", g->first.complaint);
		else
			snprintf(g->why, sizeof(g->why), "there is no root element");
		return OUTCOME_CORRUPT;
	}
	if (f->bad[0] != '\0') {
		snprintf(g->why, sizeof(g->why), "%s", f->bad);
		return OUTCOME_CORRUPT;
	}
	if ((m->truncated && trouble != NULL) || is_altered(trouble))
		mark_partial(g, "the archive is damaged", trouble);
	else if (m->truncated)
		mark_partial(g, "the document ends early", NULL);
	else if (m->lost)
		mark_partial(g, "something is missing in its middle", NULL);
	return OUTCOME_REPORT;
}

/* The outcome, and why in ->why. */
static enum outcome
judge(struct aggregate *g, enum outcome outcome, const char *trouble)
{
	struct fields *f = &g->fields;

	if (g->stopped)
		return g->outcome;
	if (trouble != NULL && (outcome != OUTCOME_CORRUPT || !g->feedback)) {
		snprintf(g->why, sizeof(g->why), "%s", trouble);
		return outcome;
	}
	/* The report itself may be whole. */
	if (trouble != NULL)
		quirks_add(&f->quirks, "archive-damaged", str_of(trouble));
	if (g->first.mend)
		return judge_mended(g, trouble);
	fields_finish(f);
	if (f->bad[0] != '\0') {
		snprintf(g->why, sizeof(g->why), "%s", f->bad);
		return OUTCOME_CORRUPT;
	}
	if (f->report.record_count > 0 && is_altered(trouble))
		mark_partial(g, "the archive is damaged", trouble);
	if (f->report.record_count > 0)
		return OUTCOME_REPORT;
	snprintf(g->why, sizeof(g->why), "the report has no records");
	return OUTCOME_NULL_REPORT;
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
	char line[sizeof(g->message)];
	struct str said;

	if (g->second || g->stopped || (trouble != NULL && outcome != OUTCOME_CORRUPT))
		return false;
	g->first.mend = !g->ctxt->wellFormed || (g->fragment && !g->feedback);
	if (!g->first.mend && !g->policy_late)
		return false;
	/* libxml2 puts line feeds into some of its complaints. */
	said = normal_line(str_of(g->message), line);
	if (!g->ctxt->wellFormed)
		snprintf(g->first.complaint, sizeof(g->first.complaint), "line %d: %.*s", g->line,
		    (int)said.n, said.p);
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
	if (!g->stopped)
		xmlParseChunk(g->ctxt, NULL, 0, 1);
}

int
aggregate_end(struct aggregate *g, enum outcome outcome, const char *trouble, struct part *part,
    struct err *e)
{
	struct fields *f = &g->fields;
	bool is_report, twice;

	g->e = e;
	finish(g);
	twice = again(g, outcome, trouble);
	if (twice)
		goto out;
	part->outcome = judge(g, outcome, trouble);
	part->kind = KIND_AGGREGATE;
	part->report = NULL;
	part->reason = (struct str){ NULL, 0 };
	is_report = part->outcome == OUTCOME_REPORT || part->outcome == OUTCOME_NULL_REPORT;
	if (is_report)
		part->report = &f->report;
	if (f->report.partial)
		part->reason = str_of(g->why);
	else if (part->outcome != OUTCOME_REPORT)
		part->reason = explain(g, g->why);
	if (!g->feedback && trouble == NULL && !g->stopped && g->ctxt->wellFormed) {
		part->outcome = OUTCOME_NOT_A_REPORT;
		part->kind = KIND_UNKNOWN;
	}
	if (!is_report)
		retract(g);
out:
	xmlFreeParserCtxt(g->ctxt);
	g->ctxt = NULL;
	return g->write_failed ? -1 : twice;
}
