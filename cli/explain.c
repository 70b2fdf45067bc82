#include <stdio.h>
#include <string.h>

#include "cli/ask.h"
#include "cli/table.h"
#include "cli/verbs.h"
#include "core/text.h"

/* All that is known of one mail. */
struct explanation {
	struct answer *intake, *parts, *quirks;
};

static int
ask(const struct database *db, const char *id, struct explanation *x, struct err *e)
{
	x->intake = query_run(db, QUERY_EXPLAIN_INTAKE, &id, 1, e);
	if (x->intake == NULL)
		return -1;
	if (answer_rows(x->intake) == 0)
		return err_set(e, ERR_CONFIG,
		    "there is no mail %s in %s; \"ruastat intake\" lists them", id,
		    database_where(db));
	x->parts = query_run(db, QUERY_EXPLAIN_PARTS, &id, 1, e);
	if (x->parts == NULL)
		return -1;
	x->quirks = query_run(db, QUERY_EXPLAIN_QUIRKS, &id, 1, e);
	return x->quirks != NULL ? 0 : -1;
}

/* Whether row ${q} of the quirks belongs to row ${part} of the parts: both open with n. */
static bool
is_of(const struct explanation *x, size_t q, size_t part)
{
	return strcmp(answer_value(x->quirks, q, 0), answer_value(x->parts, part, 0)) == 0;
}

static void
json_quirks(struct buf *out, const struct explanation *x, size_t part)
{
	const char *separator = "";

	buf_puts(out, STR(",\"quirks\":["));
	for (size_t q = 0; q < answer_rows(x->quirks); q++) {
		if (!is_of(x, q, part))
			continue;
		buf_printf(out, "%s{\"rule\":", separator);
		table_json(out, COLUMN_TEXT, answer_value(x->quirks, q, 1));
		buf_puts(out, STR(",\"detail\":"));
		table_json(out, COLUMN_TEXT, answer_value(x->quirks, q, 2));
		buf_put8(out, '}');
		separator = ",";
	}
	buf_put8(out, ']');
}

static void
print_json(struct buf *out, const struct explanation *x)
{
	buf_put8(out, '{');
	table_members(out, x->intake, 0, answer_columns(x->intake));
	buf_puts(out, STR(",\"parts\":["));
	for (size_t part = 0; part < answer_rows(x->parts); part++) {
		buf_puts(out, part == 0 ? STR("{") : STR(",{"));
		table_members(out, x->parts, part, answer_columns(x->parts));
		json_quirks(out, x, part);
		buf_put8(out, '}');
	}
	buf_puts(out, STR("]}\n"));
}

static void
line(struct buf *out, const char *indent, const char *name, const char *value)
{
	if (value == NULL)
		return;
	buf_printf(out, "%s%-*s", indent, (int)(14 - strlen(indent)), name);
	text_terminal(out, str_of(value));
	buf_put8(out, '\n');
}

/* A row as lines of name and value, without what is not said. */
static void
lines(struct buf *out, const char *indent, const struct answer *a, size_t row, size_t from)
{
	for (size_t i = from; i < answer_columns(a); i++) {
		const char *value = answer_value(a, row, i);

		if (value != NULL && answer_type(a, i) == COLUMN_BOOLEAN)
			value = strcmp(value, "true") == 0 ? "yes" : "no";
		line(out, indent, answer_name(a, i), value);
	}
}

static void
print_text(struct buf *out, const struct explanation *x)
{
	lines(out, "", x->intake, 0, 0);
	if (answer_rows(x->parts) == 0)
		buf_puts(out, STR("\nno report in it\n"));
	for (size_t part = 0; part < answer_rows(x->parts); part++) {
		buf_printf(out, "\npart %s\n", answer_value(x->parts, part, 0));
		lines(out, "  ", x->parts, part, 1);
		for (size_t q = 0; q < answer_rows(x->quirks); q++) {
			struct str detail = str_of(answer_value(x->quirks, q, 2));

			if (!is_of(x, q, part))
				continue;
			buf_puts(out, STR("  repaired    "));
			text_terminal(out, str_of(answer_value(x->quirks, q, 1)));
			if (detail.n > 0)
				buf_puts(out, STR(": "));
			text_terminal(out, detail);
			buf_put8(out, '\n');
		}
	}
}

static int
explain(struct context *c, const char *id, struct err *e)
{
	struct database *db = ask_open(c, e);
	struct explanation x = { 0 };
	struct buf out;
	int rc;

	if (db == NULL)
		return -1;
	rc = ask(db, id, &x, e);
	database_close(db);
	if (rc == 0) {
		buf_init(&out, SIZE_MAX / 2); /* what it holds was in memory before */
		if (c->output == OUTPUT_JSON)
			print_json(&out, &x);
		else
			print_text(&out, &x);
		fwrite(out.p, 1, out.n, stdout);
		buf_fini(&out);
	}
	answer_free(x.quirks);
	answer_free(x.parts);
	answer_free(x.intake);
	return rc;
}

static int
run(const struct verb *v, int argc, char **argv)
{
	struct context c;
	struct err e;
	uint64_t id;
	int rc, status, first = verb_options(v, argc, argv, NULL, NULL, NULL, &c, &status);

	if (first < 0)
		return status;
	if (argc - first != 1 || str_u64(str_of(argv[first]), INT64_MAX, &id) < 0)
		rc = err_set(&e, ERR_CONFIG,
		    "\"explain\" wants the number of one mail; \"ruastat intake\" lists them");
	else if (c.output == OUTPUT_CSV)
		rc = err_set(&e, ERR_CONFIG, "\"explain\" prints text or JSON");
	else
		rc = explain(&c, argv[first], &e);
	return ask_end(&c, rc, &e);
}

const struct verb verb_explain = {
	.name = "explain",
	.arguments = "[OPTION]... ID",
	.summary = "tell all that is known of one mail",
	.help = NULL,
	.run = run,
};
