#include "parser/finding.h"

#include <stdio.h>
#include <string.h>

#include "core/text.h"
#include "parser/fields.h"
#include "parser/mend.h"
#include "parser/normal.h"

/* Append ${before}${s}", of at most 50 bytes, unless ${s} is empty. */
static void
put_named(struct buf *b, const char *before, struct str s)
{
	if (s.n == 0)
		return;
	buf_puts(b, str_of(before));
	text_utf8(b, (struct str){ s.p, s.n < 50 ? s.n : 50 });
	buf_put8(b, '"');
}

struct str
finding_explain(const struct report *r, const char *what, struct buf *b)
{
	struct str words = str_of(what);
	char line[200];

	/* libxml2 puts line feeds into some of its complaints. */
	if (words.n > sizeof(line))
		words.n = sizeof(line);
	buf_reset(b);
	text_utf8(b, normal_line(words, line));
	if (r->org_name.n > 0 || r->policy.domain.n > 0) {
		buf_puts(b, STR(" (report"));
		put_named(b, " \"", r->report_id);
		put_named(b, " of \"", r->org_name);
		put_named(b, " for \"", r->policy.domain);
		buf_put8(b, ')');
	}
	return buf_str(b);
}

/* Some of the report is missing, for ${why}: what is there counts. */
static void
mark_partial(struct finding *v, const char *why, const char *detail)
{
	struct report *r = &v->fields->report;

	r->partial = true;
	snprintf(v->why, sizeof(v->why), "%s%s%.100s%s; %llu record%s complete", why,
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
judge_mended(struct finding *v, const char *trouble)
{
	const struct mended *m = v->mended;
	struct fields *f = v->fields;

	fields_finish(f);
	if (f->report.record_count == 0 || !v->well_formed) {
		if (trouble != NULL)
			snprintf(v->why, sizeof(v->why), "%s", trouble);
		else if (v->complaint[0] != '\0')
			snprintf(v->why, sizeof(v->why), "not well-formed at %s", v->complaint);
		else
			snprintf(v->why, sizeof(v->why), "there is no root element");
		return OUTCOME_CORRUPT;
	}
	if (f->bad[0] != '\0') {
		snprintf(v->why, sizeof(v->why), "%s", f->bad);
		return OUTCOME_CORRUPT;
	}
	if ((m->truncated && trouble != NULL) || is_altered(trouble))
		mark_partial(v, "the archive is damaged", trouble);
	else if (m->truncated)
		mark_partial(v, "the document ends early", NULL);
	else if (m->lost || f->lost)
		mark_partial(v, "something is missing in its middle", NULL);
	return OUTCOME_REPORT;
}

enum outcome
finding_judge(struct finding *v, enum outcome outcome, const char *trouble)
{
	struct fields *f = v->fields;

	if (trouble != NULL && (outcome != OUTCOME_CORRUPT || !v->feedback)) {
		snprintf(v->why, sizeof(v->why), "%s", trouble);
		return outcome;
	}
	/* The report itself may be whole. */
	if (trouble != NULL)
		quirks_add(&f->quirks, "archive-damaged", str_of(trouble));
	if (v->mended != NULL)
		return judge_mended(v, trouble);
	fields_finish(f);
	if (f->bad[0] != '\0') {
		snprintf(v->why, sizeof(v->why), "%s", f->bad);
		return OUTCOME_CORRUPT;
	}
	if (f->report.record_count > 0 && is_altered(trouble))
		mark_partial(v, "the archive is damaged", trouble);
	else if (f->report.record_count > 0 && f->lost)
		mark_partial(v, "something is missing in its middle", NULL);
	if (f->report.record_count > 0)
		return OUTCOME_REPORT;
	snprintf(v->why, sizeof(v->why), "the report has no records");
	return OUTCOME_NULL_REPORT;
}
