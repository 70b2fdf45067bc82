#include "cli/status.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "cli/ask.h"
#include "cli/choice.h"
#include "cli/lock.h"
#include "cli/verbs.h"
#include "core/log.h"
#include "core/text.h"
#include "store/database.h"

#define HOURS_MOST 87600

/* The other columns of sql/query/status_mailboxes.sql. */
enum { LOCK = MAILBOX_VALUES, WELL_AGE, BEGUN_AGE };

static void
look(struct status *s, struct context *c)
{
	char room[CHOICE_PATH_BYTES];
	struct statvfs fs;

	*s = (struct status){ .c = c };
	buf_init(&s->where, SIZE_MAX / 2);
	survey_take(c->state_dir, &s->cluster);
	s->there = statvfs(c->state_dir, &fs) == 0;
	if (s->there)
		s->free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
	s->paths = calloc(c->config->nsources + 1, sizeof(*s->paths));
	if (s->paths == NULL)
		abort();
	for (size_t i = 0; i < c->config->nsources; i++) {
		buf_init(&s->paths[i], SIZE_MAX / 2);
		text_terminal(&s->paths[i],
		    str_of(choice_path(&c->config->sources[i].conf, room, sizeof(room))));
		buf_put8(&s->paths[i], '\0');
	}
}

static void
fini(struct status *s)
{
	for (size_t i = 0; i < s->c->config->nsources; i++)
		buf_fini(&s->paths[i]);
	free(s->paths);
	free(s->boxes);
	buf_fini(&s->where);
	answer_free(s->sums);
	answer_free(s->outcomes);
	answer_free(s->mailboxes);
	answer_free(s->folders);
}

/* All of what the database says, which is let go of before anything is printed. */
static int
ask(struct status *s, struct err *e)
{
	struct database *db = ask_database(s->c, false, e);

	if (db == NULL)
		return -1;
	buf_puts(&s->where, str_of(database_where(db)));
	buf_put8(&s->where, '\0');
	s->sums = query_run(db, QUERY_STATUS, NULL, 0, e);
	if (s->sums != NULL)
		s->outcomes = query_run(db, QUERY_STATUS_OUTCOMES, NULL, 0, e);
	if (s->outcomes != NULL)
		s->mailboxes = query_run(db, QUERY_STATUS_MAILBOXES, NULL, 0, e);
	if (s->mailboxes != NULL)
		s->folders = query_run(db, QUERY_STATUS_FOLDERS, NULL, 0, e);
	database_close(db);
	return s->folders != NULL ? 0 : -1;
}

/* One word for how it is with a mailbox. */
static const char *
state_of(const struct status *s, size_t row)
{
	const char *result = answer_value(s->mailboxes, row, MAILBOX_RESULT);
	const char *lock = answer_value(s->mailboxes, row, LOCK);
	char dir[4400];

	if (result != NULL)
		return result;
	if (answer_value(s->mailboxes, row, MAILBOX_BEGUN) == NULL)
		return "unknown";
	snprintf(dir, sizeof(dir), "%s/locks", s->c->state_dir);
	return lock != NULL && lock_is_held(dir, lock) ? "running" : "killed";
}

static int64_t
seconds(const struct answer *a, size_t row, size_t column)
{
	const char *value = answer_value(a, row, column);

	return value != NULL ? strtoll(value, NULL, 10) : -1;
}

static const char *
name_of(const struct status *s, const char *path)
{
	for (size_t i = 0; i < s->c->config->nsources; i++)
		if (strcmp(s->paths[i].p, path) == 0)
			return s->c->config->sources[i].name;
	return NULL;
}

static bool
was_read(const struct status *s, const char *path)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->boxes[i].path, path) == 0)
			return true;
	return false;
}

/* The mailboxes of the database, and those of the configuration that it does not know. */
static void
gather(struct status *s)
{
	size_t rows = s->mailboxes != NULL ? answer_rows(s->mailboxes) : 0;

	s->boxes = calloc(rows + s->c->config->nsources + 1, sizeof(*s->boxes));
	if (s->boxes == NULL)
		abort();
	for (size_t i = 0; i < rows; i++) {
		struct mailbox *b = &s->boxes[s->n++];

		for (size_t k = 0; k < MAILBOX_VALUES; k++)
			b->values[k] = answer_value(s->mailboxes, i, k);
		b->path = b->values[MAILBOX_PATH];
		b->name = name_of(s, b->path);
		b->state = state_of(s, i);
		b->well_age = seconds(s->mailboxes, i, WELL_AGE);
		b->begun_age = seconds(s->mailboxes, i, BEGUN_AGE);
	}
	for (size_t i = 0; i < s->c->config->nsources; i++) {
		if (was_read(s, s->paths[i].p))
			continue;
		s->boxes[s->n++] = (struct mailbox){ .name = s->c->config->sources[i].name,
			.path = s->paths[i].p,
			.state = "never",
			.well_age = -1,
			.begun_age = -1 };
	}
}

/* For a monitoring system: what is wrong, a line each; the last one is in ${e}. */
static int wrong(int rc, struct err *e, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static int
wrong(int rc, struct err *e, const char *fmt, ...)
{
	va_list ap;

	if (rc < 0)
		log_event(LOG_ERROR, "%s", e->text);
	e->kind = ERR_SOURCE;
	va_start(ap, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	return -1;
}

static int
check_one(const struct mailbox *b, int rc, int64_t hours, struct err *e)
{
	if (strcmp(b->state, "running") == 0)
		return rc;
	if (b->values[MAILBOX_TROUBLE] != NULL)
		return wrong(rc, e, "%s", b->values[MAILBOX_TROUBLE]);
	if (b->well_age >= 0 && b->well_age <= hours * 3600)
		return rc;
	if (b->values[MAILBOX_WELL] == NULL)
		return wrong(rc, e, "\"%s\" was never read to its end", b->path);
	return wrong(
	    rc, e, "\"%s\" was last read to its end at %s", b->path, b->values[MAILBOX_WELL]);
}

static int
check(const struct status *s, int64_t hours, struct err *e)
{
	bool named = s->c->config->nsources > 0;
	size_t looked_at = 0;
	int rc = 0;

	for (size_t i = 0; i < s->n; i++) {
		const struct mailbox *b = &s->boxes[i];
		bool lately = b->begun_age >= 0 && b->begun_age <= hours * 3600;

		if (named ? b->name == NULL : !lately && strcmp(b->state, "running") != 0)
			continue;
		looked_at++;
		rc = check_one(b, rc, hours, e);
	}
	if (looked_at == 0)
		rc = wrong(rc, e, "nothing was read in the last %" PRId64 " hours", hours);
	return rc;
}

static int
tell(struct status *s, int64_t hours, struct err *e)
{
	bool any = ask_has_database(s->c);
	int rc = any ? ask(s, e) : 0;
	const struct err *problem = rc < 0 ? e : NULL;

	gather(s);
	if (hours == 0 || s->c->output != OUTPUT_TABLE)
		status_print(s, problem);
	return rc == 0 && hours > 0 ? check(s, hours, e) : rc;
}

enum { OPT_CHECK = 256 };

static const struct option own[] = {
	{ "check", required_argument, NULL, OPT_CHECK },
	{ NULL, 0, NULL, 0 },
};

static int
take(void *arg, int val, const char *value, struct err *e)
{
	uint64_t hours;

	(void)val;
	if (str_u64(str_of(value), HOURS_MOST, &hours) < 0 || hours == 0)
		return err_set(
		    e, ERR_CONFIG, "--check is \"%s\"; it can be 1 to %d hours", value, HOURS_MOST);
	*(int64_t *)arg = (int64_t)hours;
	return 0;
}

static int
run(const struct verb *v, int argc, char **argv)
{
	struct status s;
	struct context c;
	int64_t hours = 0;
	struct err e;
	int rc, status, first = verb_options(v, argc, argv, own, take, &hours, &c, &status);

	if (first < 0)
		return status;
	c.look = true;
	if (first < argc) {
		rc = err_set(&e, ERR_CONFIG, "\"status\" takes no argument: \"%s\"", argv[first]);
	} else {
		rc = context_enter(&c, &e);
		if (rc == 0) {
			look(&s, &c);
			rc = tell(&s, hours, &e);
			fini(&s);
		}
	}
	return ask_end(&c, rc, &e);
}

const struct verb verb_status = {
	.name = "status",
	.arguments = "[OPTION]...",
	.summary = "tell how the last runs went, and what there is",
	.help =
	    "  --check HOURS         say only what is wrong: a mailbox in trouble, or not read\n"
	    "                        to its end for so many hours\n",
	.run = run,
};
