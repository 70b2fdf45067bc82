#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/size.h"
#include "cli/status.h"
#include "cli/table.h"
#include "core/text.h"

#define ROWS_MOST 50 /* of mailboxes that the configuration does not name, in a table */

/* Columns of sql/query/status.sql. */
enum {
	POSTGRESQL,
	MIGRATIONS,
	DATABASE_BYTES,
	REPORTS,
	RECORDS,
	MESSAGES,
	TLS_REPORTS,
	FAILURE_REPORTS,
	OLDEST,
	NEWEST,
	KEPT_MAILS,
	KEPT_BYTES,
	SUMS
};

static const struct column columns[] = { { "name", COLUMN_TEXT }, { "mailbox", COLUMN_TEXT },
	{ "state", COLUMN_TEXT }, { "begun_at", COLUMN_TEXT }, { "ended_at", COLUMN_TEXT },
	{ "well_at", COLUMN_TEXT }, { "mails", COLUMN_NUMBER }, { "known", COLUMN_NUMBER },
	{ "source", COLUMN_TEXT }, { "trouble", COLUMN_TEXT } };

#define COLUMNS (sizeof(columns) / sizeof(columns[0]))
#define COLUMNS_SHOWN 8 /* in a table: what is wrong has a line of its own */

static void
row_of(const struct mailbox *b, const char *row[COLUMNS])
{
	const char *const values[COLUMNS] = { b->name, b->path, b->state, b->values[MAILBOX_BEGUN],
		b->values[MAILBOX_ENDED], b->values[MAILBOX_WELL], b->values[MAILBOX_MAILS],
		b->values[MAILBOX_KNOWN], b->values[MAILBOX_SOURCE], b->values[MAILBOX_TROUBLE] };

	memcpy(row, values, sizeof(values));
}

static void line(struct buf *out, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void
line(struct buf *out, const char *name, const char *fmt, ...)
{
	struct buf text;
	va_list ap;

	buf_init(&text, SIZE_MAX / 2);
	va_start(ap, fmt);
	buf_vprintf(&text, fmt, ap);
	va_end(ap);
	buf_printf(out, "%-17s", name);
	text_terminal(out, buf_str(&text));
	buf_put8(out, '\n');
	buf_fini(&text);
}

static void
put_cluster(struct buf *out, const struct status *s)
{
	const struct survey *k = &s->cluster;
	char data[SIZE_TEXT_BYTES], log[SIZE_TEXT_BYTES];

	if (k->version[0] == '\0') {
		line(out, "database", "none yet: \"ruastat ingest\" makes it");
		return;
	}
	line(out, "database", "private cluster, PostgreSQL %s, %s%s",
	    s->sums != NULL ? answer_value(s->sums, 0, POSTGRESQL) : k->version, k->state,
	    s->sums != NULL && strcmp(k->state, "down") == 0 ? ", started for this" : "");
	line(out, "on the disk", "%s of data, %s of log", size_text(k->data_bytes, data),
	    size_text(k->log_bytes, log));
	if (s->sums == NULL && k->last_line[0] != '\0')
		line(out, "last in its log", "%s", k->last_line);
}

static void
put_sums(struct buf *out, const struct status *s)
{
	const char *v[SUMS];
	char size[SIZE_TEXT_BYTES], ceiling[CEILING_SIZE];

	for (size_t i = 0; i < SUMS; i++)
		v[i] = answer_value(s->sums, 0, i);
	line(out, "schema", "%s migrations", v[MIGRATIONS]);
	line(out, "reports", "%s with %s records and %s messages that count", v[REPORTS],
	    v[RECORDS], v[MESSAGES]);
	line(out, "TLS reports", "%s", v[TLS_REPORTS]);
	line(out, "failure reports", "%s", v[FAILURE_REPORTS]);
	if (v[OLDEST] != NULL)
		line(out, "days", "%s to %s", v[OLDEST], v[NEWEST]);
	line(out, "kept mails", "%s, %s of at most %s", v[KEPT_MAILS],
	    size_text(strtoull(v[KEPT_BYTES], NULL, 10), size),
	    ceilings_size(s->c->config->ceilings.kept_total, ceiling));
}

static void
put_text(struct buf *out, const struct status *s)
{
	char room[SIZE_TEXT_BYTES];

	if (s->there)
		line(out, "state directory", "%s, %s free", s->c->state_dir,
		    size_text(s->free_bytes, room));
	else
		line(out, "state directory", "%s, which is not there", s->c->state_dir);
	if (s->c->conninfo == NULL)
		put_cluster(out, s);
	else if (s->sums != NULL)
		line(out, "database", "%s, PostgreSQL %s", s->where.p,
		    answer_value(s->sums, 0, POSTGRESQL));
	else
		line(out, "database", "a server of yours, which does not answer");
	if (s->sums != NULL)
		put_sums(out, s);
}

/* Whether mailbox ${i} stands in a table; ${others} counts those that the configuration does not name. */
static bool
is_shown(const struct status *s, size_t i, size_t *others)
{
	if (s->c->output != OUTPUT_TABLE || s->boxes[i].name != NULL)
		return true;
	return ++*others <= ROWS_MOST;
}

static void
print_mailboxes(const struct status *s)
{
	struct table *t = table_new(stdout, s->c->output, table_width(), columns,
	    s->c->output == OUTPUT_TABLE ? COLUMNS_SHOWN : COLUMNS);
	const char *row[COLUMNS];
	size_t others = 0;

	for (size_t i = 0; i < s->n; i++) {
		row_of(&s->boxes[i], row);
		if (is_shown(s, i, &others))
			table_row(t, row);
	}
	table_end(t);
	if (others > ROWS_MOST)
		printf("and %zu more: --json and --csv have all\n", others - ROWS_MOST);
}

static void
print_troubles(const struct status *s)
{
	struct buf out;

	buf_init(&out, SIZE_MAX / 2);
	for (size_t i = 0; i < s->n; i++)
		if (s->boxes[i].values[MAILBOX_TROUBLE] != NULL) {
			buf_puts(&out, STR("\n"));
			text_terminal(&out, str_of(s->boxes[i].path));
			buf_puts(&out, STR(":\n  "));
			text_terminal(&out, str_of(s->boxes[i].values[MAILBOX_TROUBLE]));
			buf_put8(&out, '\n');
		}
	if (out.n > 0)
		fwrite(out.p, 1, out.n, stdout);
	buf_fini(&out);
}

static void
print_text(const struct status *s)
{
	struct buf out;

	buf_init(&out, SIZE_MAX / 2);
	put_text(&out, s);
	fwrite(out.p, 1, out.n, stdout);
	buf_fini(&out);
	if (s->n > 0) {
		printf("\n");
		print_mailboxes(s);
		print_troubles(s);
	}
	if (s->outcomes != NULL && answer_rows(s->outcomes) > 0) {
		printf("\n");
		table_answer(OUTPUT_TABLE, s->outcomes, answer_columns(s->outcomes));
	}
	if (s->folders != NULL && answer_rows(s->folders) > 0) {
		printf("\n");
		table_answer(OUTPUT_TABLE, s->folders, answer_columns(s->folders));
	}
}

static void
put_array(struct buf *out, const char *name, const struct answer *a)
{
	buf_printf(out, ",\"%s\":[", name);
	for (size_t i = 0; a != NULL && i < answer_rows(a); i++) {
		buf_puts(out, i > 0 ? STR(",{") : STR("{"));
		table_members(out, a, i, answer_columns(a));
		buf_put8(out, '}');
	}
	buf_put8(out, ']');
}

static void
put_mailboxes(struct buf *out, const struct status *s)
{
	const char *row[COLUMNS];

	buf_puts(out, STR(",\"mailboxes\":["));
	for (size_t i = 0; i < s->n; i++) {
		row_of(&s->boxes[i], row);
		buf_puts(out, i > 0 ? STR(",{") : STR("{"));
		for (size_t k = 0; k < COLUMNS; k++) {
			buf_printf(out, "%s\"%s\":", k > 0 ? "," : "", columns[k].name);
			table_json(out, columns[k].type, row[k]);
		}
		buf_put8(out, '}');
	}
	buf_put8(out, ']');
}

static void
print_json(const struct status *s, const struct err *problem)
{
	const struct survey *k = &s->cluster;
	bool own = s->c->conninfo == NULL;
	struct buf out;

	buf_init(&out, SIZE_MAX / 2);
	buf_puts(&out, STR("{\"state_directory\":"));
	text_json(&out, str_of(s->c->state_dir));
	if (s->there)
		buf_printf(&out, ",\"free_bytes\":%" PRIu64, s->free_bytes);
	else
		buf_puts(&out, STR(",\"free_bytes\":null"));
	buf_printf(&out, ",\"private\":%s,\"database\":", own ? "true" : "false");
	table_json(&out, COLUMN_TEXT, s->where.p);
	buf_puts(&out, STR(",\"problem\":"));
	table_json(&out, COLUMN_TEXT, problem != NULL ? problem->text : NULL);
	buf_puts(&out, STR(",\"cluster\":"));
	if (own && k->version[0] != '\0') {
		buf_printf(&out,
		    "{\"state\":\"%s\",\"data_bytes\":%" PRIu64 ",\"log_bytes\":%" PRIu64, k->state,
		    k->data_bytes, k->log_bytes);
		buf_puts(&out, STR(",\"major_version\":"));
		text_json(&out, str_of(k->version));
		buf_puts(&out, STR(",\"last_log_line\":"));
		text_json_or_null(&out, str_of(k->last_line));
		buf_put8(&out, '}');
	} else {
		buf_puts(&out, STR("null"));
	}
	if (s->sums != NULL) {
		buf_put8(&out, ',');
		table_members(&out, s->sums, 0, answer_columns(s->sums));
		buf_printf(&out, ",\"kept_bytes_most\":%llu",
		    (unsigned long long)s->c->config->ceilings.kept_total);
	}
	put_array(&out, "outcomes", s->outcomes);
	put_mailboxes(&out, s);
	put_array(&out, "folders", s->folders);
	buf_puts(&out, STR("}\n"));
	fwrite(out.p, 1, out.n, stdout);
	buf_fini(&out);
}

void
status_print(const struct status *s, const struct err *problem)
{
	switch (s->c->output) {
	case OUTPUT_JSON:
		print_json(s, problem);
		break;
	case OUTPUT_CSV:
		print_mailboxes(s);
		break;
	default:
		print_text(s);
	}
}
