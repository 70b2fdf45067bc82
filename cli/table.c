#include "cli/table.h"

#include <libsmartcols.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/text.h"

#define COLUMNS 32
#define WIDE 40   /* a column beyond this may be broken; an IPv6 address has 39 */
#define NARROW 24 /* but to no less than this */

struct table {
	FILE *to;
	enum output output;
	size_t n;
	struct column columns[COLUMNS];
	struct buf row;
	/* Of OUTPUT_TABLE. */
	struct libscols_table *shown;
	size_t width;
	size_t longest[COLUMNS]; /* bytes, which is near enough to cells */
};

/* "dmarc_percent" as "DMARC %", "last_day" as "last day". */
static void
heading(struct buf *out, const char *name)
{
	const struct str acronyms[] = { STR("dmarc"), STR("dkim"), STR("spf"), STR("ip") };
	struct str s = str_of(name), percent = STR("_percent");
	bool is_percent =
	    s.n > percent.n && str_eq((struct str){ s.p + s.n - percent.n, percent.n }, percent);

	if (is_percent)
		s.n -= percent.n;
	while (s.n > 0) {
		const char *end = memchr(s.p, '_', s.n);
		struct str word = { s.p, end != NULL ? (size_t)(end - s.p) : s.n };
		bool upper = false;

		for (size_t i = 0; i < sizeof(acronyms) / sizeof(acronyms[0]); i++)
			upper |= str_eq(word, acronyms[i]);
		for (size_t i = 0; i < word.n; i++)
			buf_put8(out, (uint8_t)(upper ? word.p[i] - 'a' + 'A' : word.p[i]));
		if (end != NULL)
			buf_put8(out, ' ');
		s.p += word.n + (end != NULL);
		s.n -= word.n + (end != NULL);
	}
	if (is_percent)
		buf_puts(out, STR(" %"));
	buf_put8(out, '\0');
}

static void
head_of_table(struct table *t)
{
	/* Cells are UTF-8 whatever the locale says, as JSON and CSV are; this tells their widths. */
	setlocale(LC_CTYPE, "C.UTF-8");
	t->shown = scols_new_table();
	if (t->shown == NULL)
		abort();
	scols_table_set_stream(t->shown, t->to);
	scols_table_enable_noencoding(t->shown, 1); /* text_terminal has done it */
	for (size_t i = 0; i < t->n; i++) {
		buf_reset(&t->row);
		heading(&t->row, t->columns[i].name);
		t->longest[i] = t->row.n - 1;
		if (scols_table_new_column(t->shown, t->row.p, 0,
			t->columns[i].type == COLUMN_NUMBER ? SCOLS_FL_RIGHT : 0) == NULL)
			abort();
	}
}

static void
head_of_csv(struct table *t)
{
	for (size_t i = 0; i < t->n; i++)
		fprintf(t->to, "%s%s", i > 0 ? "," : "", t->columns[i].name);
	fputs("\r\n", t->to);
}

struct table *
table_new(FILE *to, enum output output, size_t width, const struct column *columns, size_t n)
{
	struct table *t = calloc(1, sizeof(*t));

	if (t == NULL || n > COLUMNS)
		abort();
	t->to = to;
	t->output = output;
	t->width = width;
	t->n = n;
	memcpy(t->columns, columns, n * sizeof(*columns));
	buf_init(&t->row, SIZE_MAX / 2); /* what it holds was in memory before */
	if (output == OUTPUT_TABLE)
		head_of_table(t);
	else if (output == OUTPUT_CSV)
		head_of_csv(t);
	return t;
}

void
table_json(struct buf *out, enum column_type type, const char *value)
{
	if (value == NULL)
		buf_puts(out, STR("null"));
	else if (type == COLUMN_TEXT)
		text_json(out, str_of(value));
	else
		buf_puts(out, str_of(value));
}

static void
member(struct buf *out, bool first, const char *name, enum column_type type, const char *value)
{
	buf_printf(out, "%s\"%s\":", first ? "" : ",", name);
	table_json(out, type, value);
}

void
table_members(struct buf *out, const struct answer *a, size_t row, size_t n)
{
	for (size_t i = 0; i < n; i++)
		member(out, i == 0, answer_name(a, i), answer_type(a, i), answer_value(a, row, i));
}

static void
row_of_json(struct table *t, const char *const *values)
{
	buf_put8(&t->row, '{');
	for (size_t i = 0; i < t->n; i++)
		member(&t->row, i == 0, t->columns[i].name, t->columns[i].type, values[i]);
	buf_puts(&t->row, STR("}\n"));
	fwrite(t->row.p, 1, t->row.n, t->to);
}

static void
row_of_csv(struct table *t, const char *const *values)
{
	for (size_t i = 0; i < t->n; i++) {
		if (i > 0)
			buf_put8(&t->row, ',');
		text_csv(&t->row, str_of(values[i]));
	}
	buf_puts(&t->row, STR("\r\n"));
	fwrite(t->row.p, 1, t->row.n, t->to);
}

static void
row_of_table(struct table *t, const char *const *values)
{
	struct libscols_line *line = scols_table_new_line(t->shown, NULL);

	if (line == NULL)
		abort();
	for (size_t i = 0; i < t->n; i++) {
		buf_reset(&t->row);
		text_terminal(&t->row, str_of(values[i]));
		if (t->row.n > t->longest[i])
			t->longest[i] = t->row.n;
		buf_put8(&t->row, '\0');
		if (scols_line_set_data(line, i, t->row.p) != 0)
			abort();
	}
}

void
table_row(struct table *t, const char *const *values)
{
	buf_reset(&t->row);
	switch (t->output) {
	case OUTPUT_JSON:
		row_of_json(t, values);
		break;
	case OUTPUT_CSV:
		row_of_csv(t, values);
		break;
	default:
		row_of_table(t, values);
	}
}

/*
 * Break the wide columns where the terminal is too narrow for a row, and wide enough to make it
 * readable.
 */
static void
fit(struct table *t)
{
	size_t narrow = 0, wide = 0;

	for (size_t i = 0; i < t->n; i++) {
		if (t->longest[i] > WIDE)
			wide++;
		else
			narrow += t->longest[i] + 1;
	}
	if (t->width < narrow + wide * (NARROW + 1)) {
		scols_table_set_termforce(t->shown, SCOLS_TERMFORCE_NEVER);
		return;
	}
	scols_table_set_termforce(t->shown, SCOLS_TERMFORCE_ALWAYS);
	scols_table_set_termwidth(t->shown, t->width);
	for (size_t i = 0; i < t->n; i++)
		if (t->longest[i] > WIDE)
			scols_column_set_flags(scols_table_get_column(t->shown, i), SCOLS_FL_WRAP);
}

void
table_end(struct table *t)
{
	if (t->shown != NULL) {
		fit(t);
		scols_print_table(t->shown);
		scols_unref_table(t->shown);
	}
	buf_fini(&t->row);
	free(t);
}

size_t
table_width(void)
{
	struct winsize size;

	if (!isatty(STDOUT_FILENO))
		return 0;
	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

void
table_answer(enum output output, const struct answer *a, size_t n)
{
	struct column columns[COLUMNS];
	const char *values[COLUMNS];
	struct table *t;

	if (n > COLUMNS)
		abort();
	for (size_t i = 0; i < n; i++)
		columns[i] = (struct column){ answer_name(a, i), answer_type(a, i) };
	t = table_new(stdout, output, table_width(), columns, n);
	for (size_t row = 0; row < answer_rows(a); row++) {
		for (size_t i = 0; i < n; i++)
			values[i] = answer_value(a, row, i);
		table_row(t, values);
	}
	table_end(t);
}
