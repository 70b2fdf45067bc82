#include "parser/fields.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "parser/schema.h"

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
	f->record_ready = false;
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
	start_record(f);
	f->bases[IN_REPORT] = f->bases[IN_LIST] = &f->report;
	f->bases[IN_RECORD] = NULL;
}

int
fields_find(const struct fields *f, int in, struct str name)
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
fields_parent(const struct fields *f, int row)
{
	return f->parents[row];
}

bool
fields_is_leaf(const struct fields *f, int row)
{
	return row >= 0 && f->rows[row].set != NULL;
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
		if (f->bases[IN_RECORD] != NULL)
			quirks_add(&f->quirks, "record-in-record", name);
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
		return;
	}
	f->seen &= ~f->below[row];
}

void
fields_close(struct fields *f, int row)
{
	struct outcome_set *o = &f->record.outcome;
	enum fields_base base = f->rows[row].base;
	bool empty = (f->seen & f->below[row]) == 0;

	if (base == IN_REPORT || f->bases[base] == NULL)
		return;
	f->bases[base] = NULL;
	if (base == IN_RECORD) {
		/* A reporter that saw no mail may say so by a record about nobody's 0 messages. */
		f->record_ready = f->record.source_ip.family != 0 ||
		    f->record.raw_source_ip.n > 0 || f->record.count > 0;
		return;
	}
	if (!empty)
		return;
	quirks_add(&f->quirks, "empty-result", f->names[row]);
	o->nreasons = (uint16_t)(o->nreasons - (base == IN_REASON));
	o->ndkims = (uint16_t)(o->ndkims - (base == IN_DKIM));
	o->nspfs = (uint16_t)(o->nspfs - (base == IN_SPF));
}

void
fields_value(struct fields *f, int row, struct str value)
{
	const struct schema_row *r = &f->rows[row];
	uint64_t bit = (uint64_t)1 << row;

	if (value.n == 0 || f->bases[r->base] == NULL)
		return;
	if ((f->seen & bit) != 0 && r->base != IN_LIST) {
		quirks_add(&f->quirks, "element-twice", f->names[row]);
		return;
	}
	f->seen |= bit;
	r->set(f, value, (char *)f->bases[r->base] + r->at);
}

static bool
has(const struct fields *f, const char *path)
{
	int row = 0;

	while (strcmp(f->rows[row].path, path) != 0)
		row++;
	return (f->seen >> row & 1) != 0;
}

void
fields_finish(struct fields *f)
{
	static const char *const needed[] = { "policy_published/domain",
		"report_metadata/date_range/begin", "report_metadata/date_range/end" };

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]) && f->bad[0] == '\0'; i++)
		if (!has(f, needed[i]))
			snprintf(f->bad, sizeof(f->bad), "%s is missing", needed[i]);
	if (!has(f, "report_metadata/report_id"))
		quirks_add(&f->quirks, "report-id-missing", STR(""));
	if (!has(f, "report_metadata/org_name"))
		quirks_add(&f->quirks, "org-name-missing", STR(""));
	f->report.quirks = f->quirks.list;
	f->report.nquirks = f->quirks.n;
}
