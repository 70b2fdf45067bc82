#include "cli/retried.h"

#include <stdio.h>
#include <string.h>

#include "cli/table.h"
#include "cli/tally.h"
#include "core/log.h"
#include "core/text.h"
#include "core/vocabulary.h"

static const struct column columns[] = {
	{ "intake_id", COLUMN_NUMBER },
	{ "name", COLUMN_TEXT },
	{ "outcome", COLUMN_TEXT },
	{ "new_outcome", COLUMN_TEXT },
	{ "reports", COLUMN_NUMBER },
	{ "records", COLUMN_NUMBER },
	{ "messages", COLUMN_NUMBER },
	{ "reason", COLUMN_TEXT },
};

enum { INTAKE_ID, NAME, WAS, IS, REPORTS, RECORDS, MESSAGES, REASON, COLUMNS };

/* What one mail newly gave. */
struct gain {
	uint64_t reports, records, messages;
};

void
retried_start(struct retried *r)
{
	if (r->output != OUTPUT_TABLE)
		r->table = table_new(stdout, r->output, 0, columns, COLUMNS);
	r->met = r->dry_run ? keyset_new() : NULL;
}

/* Nothing is written: what an earlier mail of this run would have stored is stored already. */
static void
meet(struct retried *r, struct intake *in)
{
	for (struct intake_part *p = in->parts; p != NULL; p = p->next) {
		const struct key *key = &p->identity.report_key;

		if (!intake_part_holds(p) || intake_was_stored(in, key))
			continue;
		if (keyset_get(r->met, *key) != KNOWN_NOT)
			intake_judge(in, p, OUTCOME_DUPLICATE, "this report is stored already");
		else
			keyset_put(r->met, *key, KNOWN_DONE);
	}
}

static struct gain
gain_of(const struct intake *in)
{
	struct gain g = { 0 };

	for (const struct intake_part *p = in->parts; p != NULL; p = p->next) {
		if (!intake_part_holds(p) || p->part.outcome == OUTCOME_DUPLICATE ||
		    intake_was_stored(in, &p->identity.report_key))
			continue;
		g.reports++;
		g.records += p->records;
		g.messages += p->messages;
	}
	return g;
}

/* The reason of the part that decided the outcome. */
static struct str
reason_of(const struct intake *in)
{
	if (in->left.n > 0)
		return in->left;
	for (const struct intake_part *p = in->parts; p != NULL; p = p->next)
		if (p->part.outcome == in->outcome)
			return p->part.reason;
	return (struct str){ NULL, 0 };
}

/* A line for people. */
static void
print_line(const char *const *values)
{
	struct buf line;

	buf_init(&line, SIZE_MAX / 2);
	buf_printf(&line, "%s ", values[INTAKE_ID]);
	text_terminal(&line, str_of(values[NAME]));
	buf_printf(&line, ": %s, now %s", values[WAS], values[IS]);
	if (strcmp(values[REPORTS], "0") != 0)
		buf_printf(&line, ", %s reports with %s records and %s messages", values[REPORTS],
		    values[RECORDS], values[MESSAGES]);
	if (values[REASON] != NULL) {
		buf_puts(&line, STR(": "));
		text_terminal(&line, str_of(values[REASON]));
	}
	printf("%.*s\n", (int)line.n, line.p);
	buf_fini(&line);
}

static void
print(struct retried *r, const struct retry_mail *mail, const struct intake *in, struct gain g)
{
	struct arena *a = in->arena;
	struct str reason = reason_of(in);
	char id[24], counts[3][24];
	const char *values[COLUMNS] = { [INTAKE_ID] = id,
		[NAME] = arena_str(a, mail->name).p,
		[WAS] = arena_str(a, mail->outcome).p,
		[IS] = in->left.n > 0 ? NULL : outcome_name(in->outcome),
		[REPORTS] = counts[0],
		[RECORDS] = counts[1],
		[MESSAGES] = counts[2],
		[REASON] = reason.n > 0 ? arena_str(a, reason).p : NULL };

	snprintf(id, sizeof(id), "%lld", (long long)in->intake_id);
	snprintf(counts[0], sizeof(counts[0]), "%llu", (unsigned long long)g.reports);
	snprintf(counts[1], sizeof(counts[1]), "%llu", (unsigned long long)g.records);
	snprintf(counts[2], sizeof(counts[2]), "%llu", (unsigned long long)g.messages);
	if (r->table != NULL)
		table_row(r->table, values);
	else if (r->each && in->left.n == 0)
		print_line(values);
}

void
retried_add(struct retried *r, const struct retry_mail *mail, struct intake *in)
{
	struct gain g = { 0 };

	r->mails++;
	if (in->left.n > 0) {
		r->left++;
		r->unreadable++;
		print(r, mail, in, g);
		log_event(LOG_WARN, "mail %lld stays as it is: %.*s", (long long)in->intake_id,
		    STR_ARG(in->left));
		return;
	}
	if (r->dry_run)
		meet(r, in);
	r->unreadable += intake_keeps_bytes(in);
	if (retry_says(mail, in))
		return;
	g = gain_of(in);
	r->changed++;
	r->outcomes[in->outcome]++;
	r->reports += g.reports;
	r->records += g.records;
	r->messages += g.messages;
	print(r, mail, in, g);
}

static void
print_json(const struct retried *r, double seconds)
{
	printf("{\"mails\":%llu,\"changed\":%llu,\"left\":%llu", (unsigned long long)r->mails,
	    (unsigned long long)r->changed, (unsigned long long)r->left);
	for (size_t i = 0; i < TALLY_OUTCOMES; i++)
		printf(",\"%s\":%llu", outcome_name(tally_order[i]),
		    (unsigned long long)r->outcomes[tally_order[i]]);
	printf(",\"reports\":%llu,\"records\":%llu,\"messages\":%llu,\"unreadable\":%llu,"
	       "\"not_kept\":%llu,\"seconds\":%.3f}\n",
	    (unsigned long long)r->reports, (unsigned long long)r->records,
	    (unsigned long long)r->messages, (unsigned long long)r->unreadable,
	    (unsigned long long)r->not_kept, seconds);
}

static void
print_text(const struct retried *r, double seconds)
{
	const char *separator = ": ";

	printf("%llu mails tried again in %.1f s, %llu %s", (unsigned long long)r->mails, seconds,
	    (unsigned long long)r->changed, r->dry_run ? "would change" : "changed");
	for (size_t i = 0; i < TALLY_OUTCOMES; i++) {
		if (r->outcomes[tally_order[i]] == 0)
			continue;
		printf("%s%llu %s", separator, (unsigned long long)r->outcomes[tally_order[i]],
		    outcome_name(tally_order[i]));
		separator = ", ";
	}
	if (r->reports > 0)
		printf("; %llu reports with %llu records and %llu messages%s stored",
		    (unsigned long long)r->reports, (unsigned long long)r->records,
		    (unsigned long long)r->messages, r->dry_run ? " would be" : "");
	if (r->unreadable > 0)
		printf("; %llu still hold something that cannot be stored",
		    (unsigned long long)r->unreadable);
	if (r->not_kept > 0)
		printf("; %llu more are not kept: ingest their files by name",
		    (unsigned long long)r->not_kept);
	printf("\n");
}

void
retried_end(struct retried *r, bool totals, double seconds)
{
	if (r->table != NULL)
		table_end(r->table);
	r->table = NULL;
	keyset_free(r->met);
	r->met = NULL;
	if (totals && r->output == OUTPUT_JSON)
		print_json(r, seconds);
	else if (totals && r->output == OUTPUT_TABLE)
		print_text(r, seconds);
}
