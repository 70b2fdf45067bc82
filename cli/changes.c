#include "cli/changes.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/table.h"
#include "core/log.h"
#include "core/text.h"

/* Columns of what is printed: those of sql/query/reparse_compare.sql, and why nothing can be said. */
static const struct column columns[] = {
	{ "domain", COLUMN_TEXT },
	{ "reporter", COLUMN_TEXT },
	{ "report_id", COLUMN_TEXT },
	{ "day", COLUMN_TEXT },
	{ "report_key", COLUMN_TEXT },
	{ "changed", COLUMN_TEXT },
	{ "records", COLUMN_NUMBER },
	{ "new_records", COLUMN_NUMBER },
	{ "messages", COLUMN_NUMBER },
	{ "new_messages", COLUMN_NUMBER },
	{ "quirks", COLUMN_NUMBER },
	{ "new_quirks", COLUMN_NUMBER },
	{ "new_domain", COLUMN_TEXT },
	{ "new_day", COLUMN_TEXT },
	{ "reason", COLUMN_TEXT },
};

enum {
	DOMAIN,
	REPORTER,
	REPORT_ID,
	DAY,
	REPORT_KEY,
	CHANGED,
	RECORDS,
	MESSAGES = RECORDS + 2,
	QUIRKS = MESSAGES + 2,
	NEW_DOMAIN = QUIRKS + 2,
	NEW_DAY,
	REASON,
	COLUMNS
};

static const char *const names[CHANGE_COUNT] = { "identity", "records", "derived", "digest",
	"quirks", "values" };

void
changes_start(struct changes *c)
{
	if (c->output != OUTPUT_TABLE)
		c->table = table_new(stdout, c->output, 0, columns, COLUMNS);
}

static void
put_pair(struct buf *line, const char *name, const char *const *pair)
{
	if (pair[0] != NULL && pair[1] != NULL && strcmp(pair[0], pair[1]) != 0)
		buf_printf(line, ", %s %s, now %s", name, pair[0], pair[1]);
}

/* A line for people. */
static void
print_line(const char *const *values)
{
	struct buf line;

	buf_init(&line, SIZE_MAX / 2);
	for (int i = DOMAIN; i <= DAY; i++) {
		text_terminal(&line, str_of(values[i] != NULL ? values[i] : "-"));
		buf_put8(&line, i < DAY ? ' ' : ':');
	}
	buf_printf(&line, " %s", values[CHANGED]);
	put_pair(&line, "records", values + RECORDS);
	put_pair(&line, "messages", values + MESSAGES);
	put_pair(&line, "quirks", values + QUIRKS);
	put_pair(&line, "day", (const char *[]){ values[DAY], values[NEW_DAY] });
	if (values[NEW_DOMAIN] != NULL && strcmp(values[DOMAIN], values[NEW_DOMAIN]) != 0) {
		buf_puts(&line, STR(", now of "));
		text_terminal(&line, str_of(values[NEW_DOMAIN]));
	}
	printf("%.*s\n", (int)line.n, line.p);
	buf_fini(&line);
}

static void
print(struct changes *c, const char *const *values)
{
	if (c->table != NULL)
		table_row(c->table, values);
	else if (c->each && values[REASON] == NULL)
		print_line(values);
}

static void
count_kinds(struct changes *c, const char *changed)
{
	for (int i = 0; i < CHANGE_COUNT; i++)
		c->by_kind[i] += strstr(changed, names[i]) != NULL;
}

void
changes_add(struct changes *c, const struct answer *rows)
{
	const char *values[COLUMNS] = { NULL };

	for (size_t row = 0; row < answer_rows(rows); row++) {
		for (size_t i = 0; i < REASON; i++)
			values[i] = answer_value(rows, row, i);
		c->changed++;
		count_kinds(c, values[CHANGED]);
		print(c, values);
	}
}

/* A day since 1970 as a text, in ${room}. */
static void
print_day(int32_t day, char *room, size_t n)
{
	time_t t = (time_t)day * 86400;
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL || strftime(room, n, "%Y-%m-%d", &tm) == 0)
		room[0] = '\0';
}

void
changes_add_unread(struct changes *c, const struct reparse_original *original, const char *reason)
{
	char domain[LIMIT_DOMAIN_BYTES + 1], day[32], key[2 * sizeof(struct key) + 5];
	const unsigned char *b = original->identity.report_key.b;
	const char *values[COLUMNS] = { [DOMAIN] = domain,
		[DAY] = day,
		[REPORT_KEY] = key,
		[CHANGED] = "unread",
		[REASON] = reason };
	size_t at = 0;

	snprintf(domain, sizeof(domain), "%.*s", STR_ARG(original->domain));
	print_day(original->identity.day, day, sizeof(day));
	for (size_t i = 0; i < sizeof(struct key); i++)
		at += (size_t)snprintf(key + at, sizeof(key) - at, "%s%02x",
		    i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", b[i]);
	c->unread++;
	print(c, values);
	log_event(
	    LOG_WARN, "report %s of \"%s\", %s, stays as it is: %s", key, domain, day, reason);
}

static void
print_json(const struct changes *c, double seconds)
{
	printf("{\"reports\":%llu,\"unchanged\":%llu,\"changed\":%llu,\"unread\":%llu",
	    (unsigned long long)c->reports,
	    (unsigned long long)(c->reports - c->changed - c->unread),
	    (unsigned long long)c->changed, (unsigned long long)c->unread);
	for (int i = 0; i < CHANGE_COUNT; i++)
		printf(",\"%s\":%llu", names[i], (unsigned long long)c->by_kind[i]);
	printf(",\"seconds\":%.3f}\n", seconds);
}

static void
print_text(const struct changes *c, double seconds)
{
	const char *separator = ": ";

	printf("%llu reports read in %.1f s, %llu unchanged, %llu %s",
	    (unsigned long long)c->reports, seconds,
	    (unsigned long long)(c->reports - c->changed - c->unread),
	    (unsigned long long)c->changed, c->dry_run ? "would change" : "changed");
	for (int i = 0; i < CHANGE_COUNT; i++) {
		if (c->by_kind[i] == 0)
			continue;
		printf("%s%s %llu", separator, names[i], (unsigned long long)c->by_kind[i]);
		separator = ", ";
	}
	if (c->unread > 0)
		printf("; %llu cannot be read any more", (unsigned long long)c->unread);
	printf("\n");
}

void
changes_end(struct changes *c, bool totals, double seconds)
{
	if (c->table != NULL)
		table_end(c->table);
	c->table = NULL;
	if (totals && c->output == OUTPUT_JSON)
		print_json(c, seconds);
	else if (totals && c->output == OUTPUT_TABLE)
		print_text(c, seconds);
}
