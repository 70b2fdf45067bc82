#include "parser/fields.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "parser/complete.h"
#include "parser/schema.h"

#define YEAR_2012 INT64_C(1325376000) /* no DMARC before it */

_Static_assert(SCHEMA_ROWS <= FIELDS_ROWS, "a bit of fields.seen for each row");

/* FNV-1a over the folded name and the row it stands in. */
static uint32_t
hash(int parent, struct str name)
{
	uint32_t h = 2166136261u ^ (uint32_t)parent;

	for (size_t i = 0; i < name.n; i++)
		h = (h ^ ((unsigned char)name.p[i] | 0x20u)) * 16777619u;
	return h ^ h >> 15;
}

/* The row whose path is that of ${row} without its last name. */
static int
path_parent(const struct fields *f, int row)
{
	struct str path = str_of(f->rows[row].path);

	path.n = path.n > f->names[row].n ? path.n - f->names[row].n - 1 : 0;
	for (int i = 0; i < row; i++)
		if (str_eq(str_of(f->rows[i].path), path))
			return i;
	return FIELDS_OUTSIDE;
}

static int
row_of(const struct fields *f, const char *path)
{
	int row = 0;

	while (strcmp(f->rows[row].path, path) != 0)
		row++;
	return row;
}

void
fields_init(struct fields *f)
{
	int n;

	f->rows = schema_rows(&n);
	memset(f->slots, -1, sizeof(f->slots));
	for (int i = 0; i < n; i++) {
		const char *slash = strrchr(f->rows[i].path, '/');
		uint32_t at;

		f->names[i] =
		    i == 0 ? STR("feedback") : str_of(slash != NULL ? slash + 1 : f->rows[i].path);
		f->parents[i] = (int8_t)(i == 0 ? FIELDS_OUTSIDE : path_parent(f, i));
		for (int up = f->parents[i]; up >= 0; up = f->parents[up])
			f->below[up] |= (uint64_t)1 << i;
		at = hash(f->parents[i], f->names[i]);
		while (f->slots[at % FIELDS_SLOTS] >= 0)
			at++;
		f->slots[at % FIELDS_SLOTS] = (int8_t)i;
	}
	f->policy[0] = (int8_t)row_of(f, "policy_published/domain");
	f->policy[1] = (int8_t)row_of(f, "policy_published/adkim");
	f->policy[2] = (int8_t)row_of(f, "policy_published/aspf");
	f->text = calloc(1, FIELDS_RECORD_TEXT);
	if (f->text == NULL)
		abort();
}

void
fields_fini(struct fields *f)
{
	free(f->text);
}

static void
start_record(struct fields *f)
{
	memset(&f->record, 0, sizeof(f->record));
	f->record.outcome.reasons = f->reasons;
	f->record.outcome.dkims = f->dkims;
	f->record.outcome.spfs = f->spfs;
	f->bases[IN_REASON] = f->bases[IN_DKIM] = f->bases[IN_SPF] = NULL;
	f->used = 0;
	f->record_ready = f->incomplete = false;
}

void
fields_start(struct fields *f, struct arena *a)
{
	memset(&f->report, 0, sizeof(f->report));
	f->report.kind = KIND_AGGREGATE;
	f->quirks.arena = a;
	f->quirks.n = 0;
	f->bad[0] = '\0';
	f->seen = 0;
	f->hints = NULL;
	f->only_from_n = 0;
	f->any_from = false;
	f->lost = false;
	start_record(f);
	f->modes = (struct modes){ 0 };
	f->bases[IN_REPORT] = f->bases[IN_LIST] = &f->report;
	f->bases[IN_RECORD] = NULL;
}

static int
find(const struct fields *f, int in, struct str name)
{
	for (;; in = f->parents[in]) {
		uint32_t at = hash(in, name);
		int row;

		while ((row = f->slots[at % FIELDS_SLOTS]) >= 0) {
			if (f->parents[row] == in && str_caseeq(f->names[row], name))
				return row;
			at++;
		}
		if (in == FIELDS_OUTSIDE)
			return FIELDS_UNKNOWN;
	}
}

int
fields_find(const struct fields *f, int in, struct str name)
{
	int row = find(f, in, name);
	struct str real;

	if (row != FIELDS_UNKNOWN)
		return row;
	real = schema_name(name);
	return real.p != name.p ? find(f, in, real) : FIELDS_UNKNOWN;
}

void
fields_spelling(const struct fields *f, int row, struct str name, struct quirks *quirks)
{
	if (str_eq(f->names[row], name))
		return;
	quirks_add(
	    quirks, str_caseeq(f->names[row], name) ? "element-case" : "element-alias", name);
}

int
fields_parent(const struct fields *f, int row)
{
	return f->parents[row];
}

bool
fields_is_leaf(const struct fields *f, int row)
{
	return row >= 0 && f->rows[row].set != NULL;
}

bool
fields_holds_elements(const struct fields *f, struct str name)
{
	int n;

	schema_rows(&n);
	for (int row = 0; row < n; row++)
		if (!fields_is_leaf(f, row) && str_caseeq(f->names[row], name))
			return true;
	return false;
}

/* Note one more of a list and return its place in it; UINT16_MAX when the list is full. */
static uint16_t
another(struct fields *f, uint16_t *n, struct str what)
{
	if (*n == LIMIT_RESULTS) {
		quirks_add(&f->quirks, "too-many-results", what);
		return UINT16_MAX;
	}
	return (*n)++;
}

void
fields_open(struct fields *f, int row)
{
	struct outcome_set *o = &f->record.outcome;
	struct str name = f->names[row];
	uint16_t at;

	switch (f->rows[row].base) {
	case IN_RECORD:
		if (f->bases[IN_RECORD] != NULL) {
			quirks_add(&f->quirks, "record-in-record", name);
			f->lost |= (f->seen & f->below[row]) != 0;
		}
		start_record(f);
		f->bases[IN_RECORD] = &f->record;
		break;
	case IN_REASON:
		at = another(f, &o->nreasons, name);
		f->bases[IN_REASON] = at < LIMIT_RESULTS ? &f->reasons[at] : NULL;
		if (at < LIMIT_RESULTS)
			f->reasons[at] = (struct reason){ 0 };
		break;
	case IN_DKIM:
		at = another(f, &o->ndkims, name);
		f->bases[IN_DKIM] = at < LIMIT_RESULTS ? &f->dkims[at] : NULL;
		if (at < LIMIT_RESULTS)
			f->dkims[at] = (struct dkim_result){ 0 };
		break;
	case IN_SPF:
		at = another(f, &o->nspfs, name);
		f->bases[IN_SPF] = at < LIMIT_RESULTS ? &f->spfs[at] : NULL;
		if (at < LIMIT_RESULTS)
			f->spfs[at] = (struct spf_result){ 0 };
		break;
	default:
		/* Of two policies the first counts: a mixture would be nobody's. */
		if (row == f->parents[f->policy[0]] && (f->seen & f->below[row]) != 0) {
			quirks_add(&f->quirks, "element-twice", name);
			f->bases[IN_REPORT] = NULL;
		}
		return;
	}
	f->seen &= ~f->below[row];
}

static uint64_t
bit_of(const struct fields *f, const char *path)
{
	return (uint64_t)1 << row_of(f, path);
}

bool
fields_has(const struct fields *f, const char *path)
{
	return (f->seen & bit_of(f, path)) != 0;
}

void
fields_mark(struct fields *f, const char *path)
{
	f->seen |= bit_of(f, path);
}

/* Take a result out of the list, noting why. */
static void
drop_dkim(struct fields *f, size_t i, const char *rule, struct str detail)
{
	struct outcome_set *o = &f->record.outcome;

	quirks_add(&f->quirks, rule, detail);
	o->ndkims--;
	memmove(&f->dkims[i], &f->dkims[i + 1], (o->ndkims - i) * sizeof(f->dkims[0]));
}

/* Whether a temperror was said of the same signature as the permerror ${d}. */
static bool
was_temperror(const struct fields *f, const struct dkim_result *d)
{
	for (size_t i = 0; i < f->record.outcome.ndkims; i++) {
		const struct dkim_result *t = &f->dkims[i];

		if (t->result == RESULT_TEMPERROR && str_eq(t->domain, d->domain) &&
		    str_eq(t->selector, d->selector))
			return true;
	}
	return false;
}

/* What stands among the signatures and is none. */
static void
tidy_dkims(struct fields *f)
{
	struct outcome_set *o = &f->record.outcome;
	unsigned named = 0;

	for (size_t i = 0; i < o->ndkims; i++)
		named += f->dkims[i].domain.n > 0;
	for (size_t i = o->ndkims; i-- > 0;) {
		const struct dkim_result *d = &f->dkims[i];
		bool failed = d->result == RESULT_FAIL || d->result == RESULT_NONE ||
		    (d->result == RESULT_UNKNOWN && d->raw_result.n == 0);

		if (d->domain.n == 0 && failed && named > 0)
			drop_dkim(f, i, "dkim-without-domain", d->selector);
		else if (failed && str_eq(d->domain, STR("not.evaluated")))
			drop_dkim(f, i, "dkim-not-evaluated", d->domain);
		else if (d->result == RESULT_PERMERROR && was_temperror(f, d))
			drop_dkim(f, i, "dkim-twice", d->domain);
	}
}

static void
note_from(struct fields *f)
{
	struct str from = f->record.outcome.header_from;

	if (!f->any_from && from.n <= sizeof(f->only_from)) {
		if (from.n > 0)
			memcpy(f->only_from, from.p, from.n);
		f->only_from_n = from.n;
	} else if (!str_eq(from, (struct str){ f->only_from, f->only_from_n })) {
		f->only_from_n = 0;
	}
	f->any_from = true;
}

static void
close_record(struct fields *f)
{
	struct record *r = &f->record;

	if (f->incomplete)
		return;
	/* A reporter that saw no mail may say so by a record about nobody's 0 messages. */
	f->record_ready = r->source_ip.family != 0 || r->raw_source_ip.n > 0 || r->count > 0;
	if (!f->record_ready) {
		quirks_add(&f->quirks, "null-record", r->outcome.header_from);
		return;
	}
	if (r->source_ip.family == 0 && r->raw_source_ip.n == 0)
		quirks_add(&f->quirks, "source-ip-missing", r->outcome.header_from);
	if (!r->has_count && !fields_has(f, "record/row/count"))
		quirks_add(&f->quirks, "count-missing", r->outcome.header_from);
	if (r->outcome.ndkims > 0)
		tidy_dkims(f);
	note_from(f);
}

void
fields_close(struct fields *f, int row)
{
	struct outcome_set *o = &f->record.outcome;
	enum fields_base base = f->rows[row].base;
	bool empty = (f->seen & f->below[row]) == 0;

	if (row == f->parents[f->policy[0]])
		f->bases[IN_REPORT] = &f->report;
	if (base == IN_REPORT || f->bases[base] == NULL)
		return;
	f->bases[base] = NULL;
	if (base == IN_RECORD) {
		close_record(f);
		return;
	}
	if (!empty)
		return;
	quirks_add(&f->quirks, "empty-result", f->names[row]);
	o->nreasons = (uint16_t)(o->nreasons - (base == IN_REASON));
	o->ndkims = (uint16_t)(o->ndkims - (base == IN_DKIM));
	o->nspfs = (uint16_t)(o->nspfs - (base == IN_SPF));
}

/* How Perl prints what is no text: some of its reporters did so by mistake. */
static bool
is_perl_reference(struct str s)
{
	return (str_casestarts(s, STR("HASH(0x")) || str_casestarts(s, STR("ARRAY(0x"))) &&
	    s.p[s.n - 1] == ')';
}

void
fields_value(struct fields *f, int row, struct str value)
{
	const struct schema_row *r = &f->rows[row];
	uint64_t bit = (uint64_t)1 << row;

	if (value.n > 0 && r->base == IN_RECORD && f->bases[IN_RECORD] == NULL)
		f->lost = true;
	if (value.n == 0 || f->bases[r->base] == NULL)
		return;
	if ((f->seen & bit) != 0 && r->base != IN_LIST) {
		quirks_add(&f->quirks, "element-twice", f->names[row]);
		return;
	}
	if (value.p[value.n - 1] == ')' && is_perl_reference(value)) {
		quirks_add(&f->quirks, "perl-reference", f->names[row]);
		return;
	}
	f->seen |= bit;
	r->set(f, value, (char *)f->bases[r->base] + r->at);
}

static void
note_range(struct fields *f, const char *rule)
{
	char text[64];

	snprintf(text, sizeof(text), "%lld to %lld", (long long)f->report.begin,
	    (long long)f->report.end);
	quirks_add(&f->quirks, rule, str_of(text));
}

struct modes
fields_modes(const struct fields *f)
{
	const struct policy *p = &f->report.policy;

	if (f->modes.known)
		return f->modes;
	return (struct modes){ .known = (f->seen >> f->policy[0] & 1) != 0,
		.adkim = (f->seen >> f->policy[1] & 1) != 0 ? p->adkim : ALIGNMENT_RELAXED,
		.aspf = (f->seen >> f->policy[2] & 1) != 0 ? p->aspf : ALIGNMENT_RELAXED };
}

void
fields_finish(struct fields *f)
{
	const struct report *r = &f->report;
	bool ranged = fields_has(f, FIELDS_BEGIN) && fields_has(f, FIELDS_END);

	if (f->bad[0] == '\0' &&
	    (!ranged || r->policy.domain.n == 0 || r->org_name.n == 0 || r->report_id.n == 0))
		complete_report(f);
	if (f->bad[0] == '\0' && r->policy.domain.n == 0)
		snprintf(f->bad, sizeof(f->bad), "policy_published/domain is missing");
	if (f->bad[0] == '\0' && (!fields_has(f, FIELDS_BEGIN) || !fields_has(f, FIELDS_END)))
		snprintf(f->bad, sizeof(f->bad), "%s is missing",
		    fields_has(f, FIELDS_BEGIN) ? FIELDS_END : FIELDS_BEGIN);
	if (r->end < r->begin)
		note_range(f, "date-range-reversed");
	if (r->begin < YEAR_2012)
		note_range(f, "date-range-ancient");
	f->report.quirks = f->quirks.list;
	f->report.nquirks = f->quirks.n;
}
