#include "store/archive.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/buf.h"
#include "store/migration.h"
#include "store/pgbin.h"

#include "sql.h"

#define PIECE_BYTES (256u << 10) /* of a row handed on at once; no statement of ours is longer */
#define NAMES_BYTES (1u << 20)   /* 30,000 tables: five for each of 500 years' months */
#define ROWS_BYTES (1u << 20)    /* of the table of migrations, 120 bytes each */
#define NAME_BYTES 64            /* PostgreSQL's */

struct archive {
	int fd;
	const struct pgtool_stop *stop;
	char program[PATH_MAX];
	struct buf tables;
	size_t ntables, migrations;
};

/* The script, by lines; what is longer comes in pieces. */
struct script {
	struct pgtool tool;
	char *p;
	size_t n, at;
	bool over, mid; /* it has ended; the next piece goes on with a line */
};

struct piece {
	struct str text; /* with its line end */
	bool whole;
};

/* ${argv} has room for the address in place 1, which is not used. */
static int
script_start(struct archive *a, struct script *s, char **argv, struct err *e)
{
	*s = (struct script){ .tool = { .from = -1, .err = -1 } };
	s->p = calloc(1, PIECE_BYTES);
	if (s->p == NULL)
		abort();
	if (lseek(a->fd, 0, SEEK_SET) < 0)
		return err_set(e, ERR_CONFIG, "could not read the backup: %s", strerror(errno));
	return pgtool_start(&s->tool, "pg_restore", argv, a->fd, -1, NULL, a->stop, e);
}

static int
script_end(struct script *s, int rc, struct err *e)
{
	if (pgtool_end(&s->tool, rc < 0, e) < 0)
		rc = -1;
	free(s->p);
	return rc;
}

/* 1 with a piece, 0 at the end, -1. */
static int
script_next(struct script *s, struct piece *out, struct err *e)
{
	for (;;) {
		const char *end = memchr(s->p + s->at, '\n', s->n - s->at);
		size_t have = s->n - s->at;
		ssize_t got;

		if (end != NULL || have == PIECE_BYTES || (s->over && have > 0)) {
			size_t take = end != NULL ? (size_t)(end - s->p) + 1 - s->at : have;

			*out = (struct piece){ { s->p + s->at, take }, !s->mid && end != NULL };
			s->mid = end == NULL;
			s->at += take;
			return 1;
		}
		if (s->over)
			return 0;
		memmove(s->p, s->p + s->at, have);
		s->at = 0;
		s->n = have;
		got = pgtool_read(&s->tool, s->p + have, PIECE_BYTES - have, e);
		if (got < 0)
			return -1;
		s->over = got == 0;
		s->n += (size_t)got;
	}
}

static int
not_ours(struct err *e, const char *why)
{
	return err_set(e, ERR_CONFIG, "this is no backup of ruastat's: %s", why);
}

/* Take a name of ours, a-z 0-9 _, from the front of ${s}. */
static bool
take_name(struct str *s, char out[NAME_BYTES])
{
	size_t n = 0;

	while (n < s->n &&
	    ((s->p[n] >= 'a' && s->p[n] <= 'z') || (s->p[n] >= '0' && s->p[n] <= '9') ||
		s->p[n] == '_'))
		n++;
	if (n == 0 || n >= NAME_BYTES)
		return false;
	memcpy(out, s->p, n);
	out[n] = '\0';
	*s = (struct str){ s->p + n, s->n - n };
	return true;
}

static bool
take(struct str *s, struct str what)
{
	if (!str_starts(*s, what))
		return false;
	*s = (struct str){ s->p + what.n, s->n - what.n };
	return true;
}

/* "3456; 0 16400 TABLE DATA ruastat_data report_2026_11 ruastat" */
static int
list_line(struct archive *a, struct str line, struct err *e)
{
	static const struct str kind = { " TABLE DATA ", 12 };
	const char *at = str_find(line, kind);
	char name[NAME_BYTES];

	if (str_starts(line, STR(";")) || at == NULL)
		return 0;
	at += kind.n;
	line = (struct str){ at, line.n - (size_t)(at - line.p) };
	if (!take(&line, STR("ruastat_data ")) || !take_name(&line, name) || !take(&line, STR(" ")))
		return not_ours(e, "it holds tables of others");
	buf_printf(&a->tables, "%s%s", a->ntables > 0 ? "," : "{", name);
	a->ntables++;
	return a->tables.over ? not_ours(e, "it holds too many tables") : 0;
}

static int
list(struct archive *a, struct err *e)
{
	char *argv[] = { a->program, "--format=custom", "--list", NULL };
	struct script s;
	struct piece piece;
	int rc = script_start(a, &s, argv, e), more = 1;

	while (rc == 0 && (more = script_next(&s, &piece, e)) > 0)
		if (piece.whole)
			rc = list_line(a, piece.text, e);
	rc = script_end(&s, more < 0 ? -1 : rc, e);
	buf_puts(&a->tables, a->ntables > 0 ? STR("}") : STR("{}"));
	buf_put8(&a->tables, '\0');
	return rc;
}

/* Between statements: what begins rows, sets a sequence, or does not matter. */
struct reading {
	const struct archive_sink *sink;
	bool rows;
	size_t ntables;
};

/* What follows COPY: "ruastat_data.domain (domain_id, name) FROM stdin;" */
static int
on_copy(struct reading *r, struct str line, struct err *e)
{
	char table[NAME_BYTES], columns[4096];
	const char *end;
	size_t n;

	if (!take(&line, STR(" ruastat_data.")) || !take_name(&line, table) ||
	    !take(&line, STR(" (")))
		return not_ours(e, "it holds tables of others");
	end = memchr(line.p, ')', line.n);
	n = end != NULL ? (size_t)(end - line.p) : 0;
	if (n == 0 || n >= sizeof(columns))
		return not_ours(e, "a table of it has no columns");
	memcpy(columns, line.p, n);
	columns[n] = '\0';
	if (strspn(columns, "abcdefghijklmnopqrstuvwxyz0123456789_\", ") != n ||
	    !str_eq((struct str){ line.p + n, line.n - n }, STR(") FROM stdin;\n")))
		return not_ours(e, "a table of it has columns of others");
	r->rows = true;
	r->ntables++;
	return r->sink->table(r->sink->arg, table, columns, e);
}

/* What follows SELECT: "pg_catalog.setval('ruastat_data.intake_id', 12, true);" */
static int
on_sequence(struct reading *r, struct str line, struct err *e)
{
	char name[NAME_BYTES], value[NAME_BYTES];
	bool called;

	if (!take(&line, STR(" pg_catalog.setval('ruastat_data.")) || !take_name(&line, name) ||
	    !take(&line, STR("', ")) || !take_name(&line, value) ||
	    strspn(value, "0123456789") != strlen(value) || !take(&line, STR(", ")))
		return not_ours(e, "it holds sequences of others");
	called = str_eq(line, STR("true);\n"));
	if (!called && !str_eq(line, STR("false);\n")))
		return not_ours(e, "it holds sequences of others");
	return r->sink->sequence(r->sink->arg, name, value, called, e);
}

static int
on_piece(struct reading *r, const struct piece *piece, struct err *e)
{
	struct str line = piece->text;

	if (r->rows && piece->whole && str_eq(piece->text, STR("\\.\n"))) {
		r->rows = false;
		return r->sink->end(r->sink->arg, e);
	}
	if (r->rows)
		return r->sink->rows(r->sink->arg, piece->text, e);
	if (!piece->whole)
		return 0;
	if (take(&line, STR("COPY")) && str_starts(line, STR(" ")))
		return on_copy(r, line, e);
	if (take(&line, STR("SELECT")) && str_starts(line, STR(" pg_catalog.setval(")))
		return on_sequence(r, line, e);
	return 0;
}

/* All of the script that ${argv} makes; ${ntables} is how many tables it must have. */
static int
read_script(
    struct archive *a, char **argv, const struct archive_sink *sink, size_t ntables, struct err *e)
{
	struct reading r = { .sink = sink };
	struct script s;
	struct piece piece;
	int rc = script_start(a, &s, argv, e), more = 1;

	while (rc == 0 && (more = script_next(&s, &piece, e)) > 0)
		rc = on_piece(&r, &piece, e);
	rc = script_end(&s, more < 0 ? -1 : rc, e);
	if (rc == 0 && (r.rows || r.ntables != ntables))
		return err_set(e, ERR_CONFIG, "the backup is not whole: %zu tables of %zu",
		    r.ntables, ntables);
	return rc;
}

/* The table of migrations: its rows into a buf. */
static int
applied_table(void *arg, const char *table, const char *columns, struct err *e)
{
	(void)arg;
	if (strcmp(table, "migration") == 0 && strncmp(columns, "name, checksum", 14) == 0)
		return 0;
	return not_ours(e, "its table of migrations is another's");
}

static int
applied_rows(void *arg, struct str bytes, struct err *e)
{
	struct buf *text = arg;

	buf_puts(text, bytes);
	return text->over ? not_ours(e, "its table of migrations is too long") : 0;
}

static int
applied_end(void *arg, struct err *e)
{
	(void)arg;
	(void)e;
	return 0;
}

static int
applied_sequence(void *arg, const char *name, const char *value, bool called, struct err *e)
{
	(void)name;
	(void)value;
	(void)called;
	return applied_end(arg, e);
}

/* Whether ${text} has the row of migration ${i}: 1, 0, or -1 where it is another one of that name. */
static int
has_migration(struct str text, size_t i, struct err *e)
{
	char row[400], sum[65];
	int n = snprintf(row, sizeof(row), "\n%s\t", sql_migrations[i].name);

	if (str_find(text, (struct str){ row, (size_t)n }) == NULL)
		return 0;
	migration_sum(sql_migrations[i].text, sum);
	n = snprintf(row, sizeof(row), "\n%s\t%s\t", sql_migrations[i].name, sum);
	if (str_find(text, (struct str){ row, (size_t)n }) != NULL)
		return 1;
	return err_set(e, ERR_CONFIG,
	    "migration \"%s\" is not the one that the backup's database had: it was made by another "
	    "ruastat",
	    sql_migrations[i].name);
}

static int
judge_migrations(struct archive *a, struct str text, struct err *e)
{
	size_t rows = 0;
	int has = 1;

	for (size_t i = 1; i < text.n; i++)
		rows += text.p[i] == '\n';
	if (str_find(text, STR("\nviews\t")) != NULL)
		rows--;
	while (
	    a->migrations < sql_migrations_n && (has = has_migration(text, a->migrations, e)) > 0)
		a->migrations++;
	if (has < 0)
		return -1;
	if (a->migrations == 0)
		return not_ours(e, "it has no migration");
	if (a->migrations != rows)
		return err_set(e, ERR_CONFIG,
		    "this backup was made by a newer ruastat: this one knows %zu migrations of its %zu",
		    a->migrations, rows);
	return 0;
}

static int
read_migrations(struct archive *a, struct err *e)
{
	char *argv[] = { a->program, "--format=custom", "--data-only", "--schema=ruastat_data",
		"--table=migration", "--file=-", NULL };
	struct buf text;
	struct archive_sink sink = { &text, applied_table, applied_rows, applied_end,
		applied_sequence };
	int rc;

	buf_init(&text, ROWS_BYTES);
	buf_put8(&text, '\n');
	rc = read_script(a, argv, &sink, 1, e);
	if (rc == 0)
		rc = judge_migrations(a, buf_str(&text), e);
	buf_fini(&text);
	return rc;
}

static int
check_magic(int fd, struct err *e)
{
	char magic[5];
	ssize_t n = pread(fd, magic, sizeof(magic), 0);

	if (n < 0)
		return err_set(e, ERR_CONFIG, "could not read the backup: %s", strerror(errno));
	if (n == sizeof(magic) && memcmp(magic, "PGDMP", sizeof(magic)) == 0)
		return 0;
	return not_ours(e, n == 0 ? "it is empty" : "\"ruastat backup\" writes another form");
}

struct archive *
archive_open(int fd, const struct pgtool_stop *stop, struct err *e)
{
	struct archive *a = calloc(1, sizeof(*a));

	if (a == NULL)
		abort();
	a->fd = fd;
	a->stop = stop;
	buf_init(&a->tables, NAMES_BYTES);
	if (check_magic(fd, e) == 0 && pgbin_client("pg_restore", 0, a->program, e) == 0 &&
	    list(a, e) == 0) {
		if (str_find(buf_str(&a->tables), STR(",migration,")) == NULL)
			not_ours(e, "it holds another database");
		else if (read_migrations(a, e) == 0)
			return a;
	}
	archive_close(a);
	return NULL;
}

void
archive_close(struct archive *a)
{
	if (a == NULL)
		return;
	buf_fini(&a->tables);
	free(a);
}

size_t
archive_migrations(const struct archive *a)
{
	return a->migrations;
}

const char *
archive_tables(const struct archive *a)
{
	return a->tables.p;
}

int
archive_read(struct archive *a, const struct archive_sink *sink, struct err *e)
{
	char *argv[] = { a->program, "--format=custom", "--data-only", "--schema=ruastat_data",
		"--file=-", NULL };

	return read_script(a, argv, sink, a->ntables, e);
}
