#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/ask.h"
#include "cli/table.h"
#include "cli/verbs.h"
#include "core/log.h"
#include "core/vocabulary.h"

#define ROWS "50" /* of a table for people; programs get all */

enum { OPT_FROM = 256, OPT_TO, OPT_DOMAIN, OPT_LIMIT, OPT_OUTCOME, OPT_POLICIES };

/* The parameters of a question, as text; NULL where nothing was said. */
struct wish {
	const char *from, *to, *domain, *limit, *outcome;
	bool policies;
};

/* What was answered. */
struct found {
	struct answer *period, *list; /* a period where the question has one */
	uint64_t more;                /* rows that the limit kept back */
};

static int
take_outcome(struct wish *w, const char *value, struct err *e)
{
	w->outcome = value;
	for (enum outcome o = 0; o < OUTCOME_COUNT; o++)
		if (o != OUTCOME_REPORT && strcmp(value, outcome_name(o)) == 0)
			return 0;
	return err_set(e, ERR_CONFIG,
	    "--outcome is \"%s\"; \"ruastat intake --help\" lists what it can be", value);
}

static int
take(void *arg, int val, const char *value, struct err *e)
{
	struct wish *w = arg;
	uint64_t n;

	switch (val) {
	case OPT_FROM:
		w->from = value;
		break;
	case OPT_TO:
		w->to = value;
		break;
	case OPT_DOMAIN:
		w->domain = value;
		break;
	case OPT_OUTCOME:
		return take_outcome(w, value, e);
	case OPT_POLICIES:
		w->policies = true;
		break;
	default:
		if (str_u64(str_of(value), INT64_MAX, &n) < 0)
			return err_set(
			    e, ERR_CONFIG, "--limit is \"%s\"; it must be a number", value);
		w->limit = value;
	}
	return 0;
}

/* What its statement wants. */
static size_t
parameters(enum query q, const struct wish *w, const char **values)
{
	size_t n = 0;

	if (q == QUERY_INTAKE) {
		values[n++] = w->outcome;
	} else {
		values[n++] = w->from;
		values[n++] = w->to;
		values[n++] = w->domain;
	}
	if (q != QUERY_DOMAINS)
		values[n++] = w->limit;
	return n;
}

/* Fill in the days that were not said. */
static int
settle_period(const struct database *db, struct wish *w, struct found *f, struct err *e)
{
	const char *given[] = { w->from, w->to };

	f->period = query_run(db, QUERY_PERIOD, given, 2, e);
	if (f->period == NULL)
		return -1;
	w->from = answer_value(f->period, 0, 0);
	w->to = answer_value(f->period, 0, 1);
	return 0;
}

static int
ask(const struct database *db, enum query q, struct wish *w, struct found *f, struct err *e)
{
	const char *values[4], *total;
	size_t rows;

	if ((q == QUERY_DOMAINS || q == QUERY_SOURCES) && settle_period(db, w, f, e) < 0)
		return -1;
	f->list = query_run(db, q, values, parameters(q, w, values), e);
	if (f->list == NULL)
		return -1;
	rows = answer_rows(f->list);
	if (q == QUERY_DOMAINS || rows == 0)
		return 0;
	total = answer_value(f->list, 0, answer_columns(f->list) - 1);
	f->more = strtoull(total, NULL, 10) - rows;
	return 0;
}

static void
print(enum output output, enum query q, const struct wish *w, const struct found *f)
{
	if (output == OUTPUT_TABLE && answer_rows(f->list) == 0)
		return;
	if (output == OUTPUT_TABLE && f->period != NULL)
		printf("%s to %s\n\n", w->from, w->to);
	/* The last column is the number of rows there are. */
	table_answer(output, f->list, answer_columns(f->list) - (q != QUERY_DOMAINS));
	if (output == OUTPUT_TABLE && f->more > 0)
		printf("\n%llu more; --limit 0 lists them all\n", (unsigned long long)f->more);
}

static int
list(const struct verb *v, enum query q, const struct option *own, int argc, char **argv)
{
	struct wish w = { 0 };
	struct found f = { 0 };
	struct database *db;
	struct context c;
	struct err e;
	int rc = -1, status, first = verb_options(v, argc, argv, own, take, &w, &c, &status);

	if (first < 0)
		return status;
	if (w.policies)
		q = QUERY_TLS_POLICIES;
	if (first < argc) {
		err_set(&e, ERR_CONFIG, "\"%s\" takes no argument: \"%s\"", v->name, argv[first]);
		return ask_end(&c, -1, &e);
	}
	if (w.limit == NULL && c.output == OUTPUT_TABLE)
		w.limit = ROWS;
	else if (w.limit != NULL && w.limit[strspn(w.limit, "0")] == '\0')
		w.limit = NULL;
	db = ask_open(&c, &e);
	if (db != NULL) {
		rc = ask(db, q, &w, &f, &e);
		if (rc == 0 && c.output == OUTPUT_TABLE && answer_rows(f.list) == 0)
			log_event(LOG_WARN, "nothing found in %s", database_where(db));
		database_close(db);
	}
	if (rc == 0)
		print(c.output, q, &w, &f);
	answer_free(f.list);
	answer_free(f.period);
	return ask_end(&c, rc, &e);
}

#define FROM                                              \
	{                                                 \
		"from", required_argument, NULL, OPT_FROM \
	}
#define TO                                            \
	{                                             \
		"to", required_argument, NULL, OPT_TO \
	}
#define DOMAIN                                                \
	{                                                     \
		"domain", required_argument, NULL, OPT_DOMAIN \
	}
#define LIMIT                                               \
	{                                                   \
		"limit", required_argument, NULL, OPT_LIMIT \
	}
#define OUTCOME                                                 \
	{                                                       \
		"outcome", required_argument, NULL, OPT_OUTCOME \
	}
#define POLICIES                                            \
	{                                                   \
		"policies", no_argument, NULL, OPT_POLICIES \
	}
#define END                      \
	{                        \
		NULL, 0, NULL, 0 \
	}

static int
run_domains(const struct verb *v, int argc, char **argv)
{
	static const struct option own[] = { FROM, TO, DOMAIN, END };

	return list(v, QUERY_DOMAINS, own, argc, argv);
}

static int
run_sources(const struct verb *v, int argc, char **argv)
{
	static const struct option own[] = { FROM, TO, DOMAIN, LIMIT, END };

	return list(v, QUERY_SOURCES, own, argc, argv);
}

static int
run_reports(const struct verb *v, int argc, char **argv)
{
	static const struct option own[] = { FROM, TO, DOMAIN, LIMIT, END };

	return list(v, QUERY_REPORTS, own, argc, argv);
}

static int
run_intake(const struct verb *v, int argc, char **argv)
{
	static const struct option own[] = { OUTCOME, LIMIT, END };

	return list(v, QUERY_INTAKE, own, argc, argv);
}

static int
run_tls(const struct verb *v, int argc, char **argv)
{
	static const struct option own[] = { FROM, TO, DOMAIN, LIMIT, POLICIES, END };

	return list(v, QUERY_TLS, own, argc, argv);
}

static int
run_failures(const struct verb *v, int argc, char **argv)
{
	static const struct option own[] = { FROM, TO, DOMAIN, LIMIT, END };

	return list(v, QUERY_FAILURES, own, argc, argv);
}

#define HELP_PERIOD                                                                            \
	"  --from DAY, --to DAY  the period, inclusive, UTC (2026-11-01, today, yesterday);\n" \
	"                        the 30 days up to the newest one unless said otherwise\n"
#define HELP_DOMAIN "  --domain DOMAIN       this domain alone\n"
#define HELP_LIMIT                                                 \
	"  --limit N             at most N rows, 0 for all; " ROWS \
	" in a table unless said otherwise\n"

const struct verb verb_domains = {
	.name = "domains",
	.arguments = "[OPTION]...",
	.summary = "show each domain's messages and pass rates",
	.help = HELP_PERIOD HELP_DOMAIN,
	.run = run_domains,
};

const struct verb verb_sources = {
	.name = "sources",
	.arguments = "[OPTION]...",
	.summary = "show who sends as a domain, and whether it passes",
	.help = HELP_PERIOD HELP_DOMAIN HELP_LIMIT,
	.run = run_sources,
};

const struct verb verb_reports = {
	.name = "reports",
	.arguments = "[OPTION]...",
	.summary = "list the reports that are stored",
	.help = "  --from DAY, --to DAY  only reports for these days, inclusive, UTC\n" HELP_DOMAIN
	    HELP_LIMIT,
	.run = run_reports,
};

const struct verb verb_intake = {
	.name = "intake",
	.arguments = "[OPTION]...",
	.summary = "list the mails that were read and what became of them",
	.help =
	    "  --outcome OUTCOME     only these: imported, duplicate, conflict, null_report,\n"
	    "                        not_a_report, corrupt, unsupported, too_big or refused\n" HELP_LIMIT,
	.run = run_intake,
};

const struct verb verb_tls = {
	.name = "tls",
	.arguments = "[OPTION]...",
	.summary = "show how many SMTP sessions to each domain had TLS",
	.help = "  --policies            a row for each policy instead of each day\n"
		"  --from DAY, --to DAY  only these days, inclusive, UTC\n" HELP_DOMAIN HELP_LIMIT,
	.run = run_tls,
};

const struct verb verb_failures = {
	.name = "failures",
	.arguments = "[OPTION]...",
	.summary = "list failure reports: single messages that failed",
	.help = "  --from DAY, --to DAY  only messages of these days, inclusive, UTC\n" HELP_DOMAIN
	    HELP_LIMIT,
	.run = run_failures,
};
