#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/ask.h"
#include "cli/table.h"
#include "cli/verbs.h"

/* Columns of sql/query/verify.sql. */
enum { WHAT, WRONG };

/* 0, or -1 with all that is wrong in words. */
static int
judge(const struct answer *checks, struct err *e)
{
	struct buf text;
	int rc = 0;

	buf_init(&text, sizeof(e->text));
	for (size_t i = 0; i < answer_rows(checks); i++) {
		const char *wrong = answer_value(checks, i, WRONG);

		if (strcmp(wrong, "0") != 0)
			buf_printf(&text, "%s%s %s", text.n > 0 ? ", " : "", wrong,
			    answer_value(checks, i, WHAT));
	}
	if (text.n > 0)
		rc = err_set(
		    e, ERR_CONFIG, "the database is not in order: %.*s", (int)text.n, text.p);
	buf_fini(&text);
	return rc;
}

static int
verify(struct context *c, struct err *e)
{
	struct database *db = ask_open(c, e);
	struct answer *checks;
	int rc = -1;

	if (db == NULL)
		return -1;
	checks = query_run(db, QUERY_VERIFY, NULL, 0, e);
	database_close(db);
	if (checks != NULL) {
		if (c->output != OUTPUT_TABLE || c->verbose || isatty(STDOUT_FILENO))
			table_answer(c->output, checks, answer_columns(checks));
		rc = judge(checks, e);
	}
	answer_free(checks);
	return rc;
}

static int
run(const struct verb *v, int argc, char **argv)
{
	struct context c;
	struct err e;
	int rc, status, first = verb_options(v, argc, argv, NULL, NULL, NULL, &c, &status);

	if (first < 0)
		return status;
	if (first < argc)
		rc = err_set(&e, ERR_CONFIG, "\"verify\" takes no argument: \"%s\"", argv[first]);
	else
		rc = verify(&c, &e);
	return ask_end(&c, rc, &e);
}

const struct verb verb_verify = {
	.name = "verify",
	.arguments = "[OPTION]...",
	.summary = "recompute every sum from its rows, and look for orphans",
	.help = NULL,
	.run = run,
};
