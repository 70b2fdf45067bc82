#include "cli/stream.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "cli/choice.h"
#include "cli/flow.h"
#include "cli/lock.h"
#include "core/arena.h"
#include "core/log.h"
#include "core/now.h"
#include "ingest/after.h"

#define TELL_MS 1000
#define TELL_MOST 1000      /* keys in one statement */
#define PAUSE_LEAST_MS 5000 /* a server that was restarted is up again */
#define PAUSE_MOST_MS (600 * 1000)
#define WELL_MS (60 * 1000) /* IMAP: so long without trouble is no accident */
#define KNOWN_SPARE 100000  /* 6.8 MB */
#define MARKS_BYTES ((size_t)64 << 20)

/* Whether it is told of every mail that is committed: how far it was read depends on that. */
static bool
has_place(const struct source *s)
{
	return source_kind(s) == SOURCE_IMAP || source_kind(s) == SOURCE_MBOX;
}

void
stream_init(struct stream *s, const struct flow_conf *conf, struct ledger *ledger,
    const struct source_conf *source)
{
	*s = (struct stream){ .conf = conf,
		.source_conf = source,
		.ledger = ledger,
		.whole = true,
		.settling = true };
	buf_init(&s->settled, SIZE_MAX / 2);
}

static void
close_source(struct stream *s)
{
	if (s->source != NULL)
		stream_tell(s, true);
	source_close(s->source);
	lock_release(s->lock);
	s->source = NULL;
	s->lock = NULL;
	s->waiting = false;
	s->state = STREAM_CLOSED;
}

/* A loss only means that "status" knows less. */
static void
begin_run(struct stream *s)
{
	char room[CHOICE_PATH_BYTES];
	struct ledger_run r = { .path = choice_path(s->source_conf, room, sizeof(room)) };
	char lock[LOCK_NAME_BYTES];
	struct err e;

	lock_name(source_lock(s->source), lock);
	s->begun = true;
	s->stored = s->unreadable = 0;
	if (s->ledger != NULL && !s->conf->dry_run &&
	    ledger_begin(s->ledger, &r, s->id, lock, &e) < 0)
		log_event(LOG_DEBUG, "%s", e.text);
}

static void
end_run(struct stream *s, enum run_result result, const char *trouble)
{
	char room[CHOICE_PATH_BYTES];
	struct ledger_run r = { .path = choice_path(s->source_conf, room, sizeof(room)),
		.begun = s->begun,
		.result = result,
		.trouble = trouble,
		.mails = s->stored };
	struct err e;

	s->begun = false;
	if (s->ledger != NULL && !s->conf->dry_run && ledger_end(s->ledger, &r, &e) < 0)
		log_event(LOG_DEBUG, "%s", e.text);
}

void
stream_end(struct stream *s)
{
	const struct err *why = s->trouble.kind != ERR_NONE ? &s->trouble : &s->passed_over;

	if (s->conf->watch ? !s->begun : !s->begun && why->kind == ERR_NONE)
		return;
	if (!s->conf->watch && why->kind != ERR_NONE)
		end_run(s, RUN_TROUBLE, why->text);
	else if (!s->conf->watch && s->state != STREAM_OVER)
		end_run(s, RUN_INTERRUPTED, NULL);
	else
		end_run(s, s->unreadable > 0 ? RUN_UNREADABLE : RUN_FINE, NULL);
}

void
stream_fini(struct stream *s)
{
	close_source(s);
	keyset_free(s->known);
	buf_fini(&s->settled);
}

/* All that failed at once must not come again at once. */
static int64_t
with_jitter(int64_t ms)
{
	uint16_t r = 0;

	if (getrandom(&r, sizeof(r), GRND_NONBLOCK) < 0)
		r = 0;
	return ms + ms * r / (4 * UINT16_MAX);
}

/* A server that says no to a password locks out who asks too often. */
static bool
is_refused(const struct stream *s, const struct err *why)
{
	return s->source_conf->imap != NULL && why->kind == ERR_CONFIG;
}

/* In trouble because of ${why}: over, or later again. */
static void
give_out(struct stream *s, const struct err *why)
{
	s->trouble = *why;
	s->broken = true;
	if (!s->conf->watch) {
		/* It stays open: what it gave can perhaps be acknowledged. */
		s->state = STREAM_OVER;
		s->waiting = false;
		return;
	}
	if (!s->ailing)
		log_event(LOG_WARN, "%s; trying again", why->text);
	else
		log_event(LOG_DEBUG, "%s", why->text);
	s->ailing = true;
	end_run(s, RUN_TROUBLE, why->text);
	close_source(s);
	if (s->pause_ms >= PAUSE_MOST_MS / 2 || is_refused(s, why))
		s->pause_ms = PAUSE_MOST_MS;
	else
		s->pause_ms = s->pause_ms == 0 ? PAUSE_LEAST_MS : s->pause_ms * 2;
	s->retry_at = now_ms() + with_jitter(s->pause_ms);
}

static void
recover(struct stream *s)
{
	if (s->ailing)
		log_event(LOG_WARN, "\"%s\" is read again", s->source_conf->path);
	s->ailing = false;
	s->pause_ms = 0;
}

int
stream_find(struct stream *s, struct err *e)
{
	struct source_conf conf = *s->source_conf;
	bool dry = s->conf->dry_run;
	int64_t id = s->id;
	struct err why;
	const char *lock;
	int locked = 1;

	conf.ceilings = &s->conf->ceilings;
	if (dry && conf.imap != NULL) { /* so that it is opened for reading alone */
		conf.after = AFTER_KEEP;
		conf.failures = NULL;
	}
	s->source = source_open(&conf, s->conf->tmp_dir, &why);
	lock = s->source != NULL && !dry ? source_lock(s->source) : NULL;
	if (lock != NULL)
		locked = lock_take(&s->lock, s->conf->lock_dir, lock, &why);
	if (locked == 0 && s->conf->watch) {
		locked = err_set(
		    &why, ERR_SOURCE, "another process works on \"%.400s\"", s->source_conf->path);
	} else if (locked == 0) {
		close_source(s);
		s->state = STREAM_OVER;
		return 0;
	}
	if (s->source == NULL || locked < 0) {
		give_out(s, &why);
		return 0;
	}
	if (s->ledger != NULL && ledger_source(s->ledger, source_id(s->source), !dry, &id, e) < 0)
		return -1;
	s->id = id;
	begin_run(s);
	s->state = STREAM_FOUND;
	s->broken = false;
	s->opened_at = now_ms();
	return 0;
}

/* The marks of an account, and how many; handed to the source before its first mail. */
static int
resume(struct stream *s, size_t *n, struct err *e)
{
	struct arena *arena;
	struct mark *marks;

	*n = 0;
	if (source_kind(s->source) != SOURCE_IMAP)
		return 0;
	arena = arena_new(MARKS_BYTES);
	marks = ledger_marks(s->ledger, s->id, arena, n, e);
	if (marks != NULL && s->state == STREAM_FOUND)
		source_resume(s->source, marks, *n);
	arena_free(arena);
	return marks != NULL ? 0 : -1;
}

/* Tell an mbox how far it was read: 1 when it has nothing new, 0, or -1. */
static int
resume_at(struct stream *s, struct err *e)
{
	struct position p;
	int rc;

	if (source_kind(s->source) != SOURCE_MBOX || s->state != STREAM_FOUND)
		return 0;
	rc = ledger_position(s->ledger, s->id, &p, e);
	if (rc > 0)
		source_resume_at(s->source, &p);
	/* Watching, something new is to be expected. */
	return rc < 0 ? -1 : !s->conf->watch && source_unchanged(s->source);
}

/* Whether none of its keys need be known: 1, 0, or -1. */
static int
needs_no_keys(struct stream *s, struct err *e)
{
	if (s->ledger == NULL || source_kind(s->source) == SOURCE_PIPED)
		return 1;
	return resume_at(s, e);
}

int
stream_load(struct stream *s, struct err *e)
{
	const struct source_conf *conf = s->source_conf;
	bool dry = s->conf->dry_run;
	size_t marks;
	int none;

	stream_tell(s, true);
	keyset_free(s->known);
	s->known = keyset_new();
	none = needs_no_keys(s, e);
	if (none < 0)
		return -1;
	if (none == 0 &&
	    (resume(s, &marks, e) < 0 ||
		ledger_known(s->ledger, s->id, marks > 0,
		    after_name(dry ? AFTER_KEEP : conf->after), !dry && conf->failures != NULL,
		    s->known, e) < 0))
		return -1;
	s->known_most = keyset_size(s->known) * 2 + KNOWN_SPARE;
	s->settling = true;
	s->state = STREAM_OPEN;
	return 0;
}

/* Watching, what is known grows: what was moved or is covered by a mark need not be. */
bool
stream_needs_load(const struct stream *s)
{
	if (s->state == STREAM_FOUND)
		return true;
	return s->conf->watch && s->state == STREAM_OPEN && s->waiting && s->flying == 0 &&
	    keyset_size(s->known) > s->known_most;
}

static void
settle(struct stream *s)
{
	const struct key *keys = (const void *)s->settled.p;
	size_t n = s->settled.n / sizeof(*keys), some;
	struct err e;
	int rc = n > 0 ? source_sync(s->source, &e) : 0;

	for (size_t at = 0; rc == 0 && at < n; at += some) {
		some = n - at < TELL_MOST ? n - at : TELL_MOST;
		rc = ledger_settle(
		    s->ledger, s->id, after_name(s->source_conf->after), keys + at, some, &e);
	}
	if (rc < 0)
		log_event(LOG_DEBUG, "%s", e.text);
	buf_reset(&s->settled);
}

static void
take_settled(struct stream *s)
{
	size_t n;
	const struct key *keys = source_settled(s->source, &n);

	if (n == 0 || s->conf->dry_run)
		return;
	s->untold = true;
	buf_put(&s->settled, keys, n * sizeof(*keys));
	if (s->settled.n >= TELL_MOST * sizeof(*keys))
		settle(s);
}

void
stream_tell(struct stream *s, bool now)
{
	const struct mark *marks;
	struct position position;
	struct err e;
	size_t n;

	if (s->ailing && s->source != NULL && s->state == STREAM_OPEN &&
	    now_ms() - s->opened_at > WELL_MS)
		recover(s);
	if (!s->untold || (!now && now_ms() - s->told_at < TELL_MS))
		return;
	s->untold = false;
	s->told_at = now_ms();
	if (s->source == NULL || s->conf->dry_run)
		return;
	take_settled(s);
	settle(s);
	/* twice, where a folder begins anew and goes on */
	while ((marks = source_marks(s->source, &n)) != NULL && n > 0)
		if (ledger_mark(s->ledger, s->id, marks, n, &e) < 0) {
			log_event(LOG_DEBUG, "%s", e.text);
			break;
		}
	if (source_position(s->source, &position) &&
	    ledger_set_position(s->ledger, s->id, &position, &e) < 0)
		log_event(LOG_DEBUG, "%s", e.text);
	s->untold = false;
}

/*
 * An entry cannot be read.  A watched source tells of each; else the first one stands for all that
 * follow, which may be as many as the mailbox has mails.
 */
static void
pass_over(struct stream *s, const struct err *why)
{
	s->whole = false;
	log_event(s->conf->watch ? LOG_WARN : LOG_DEBUG, "%s", why->text);
	if (s->passed_over_n++ == 0 || strcmp(why->text, s->passed_over.text) < 0)
		err_set(&s->passed_over, ERR_SOURCE, "%s", why->text);
}

bool
stream_failed(const struct stream *s, struct err *e)
{
	struct err over = s->passed_over;

	if (s->passed_over_n > 1)
		err_set(&over, ERR_SOURCE, "%.380s; others in \"%.80s\" neither (-v names them)",
		    s->passed_over.text, s->source_conf->path);
	if (s->trouble.kind != ERR_NONE && !s->whole)
		log_event(LOG_ERROR, "%s", over.text);
	if (s->trouble.kind != ERR_NONE)
		*e = s->trouble;
	else if (!s->whole)
		*e = over;
	return s->trouble.kind != ERR_NONE || !s->whole;
}

/* A mail that need not be read: it only has one more key. */
static int
remember(struct stream *s, const struct mail *m, struct err *e)
{
	keyset_put(s->known, m->keys[m->nkeys - 1], KNOWN_DONE);
	if (s->conf->dry_run)
		return 0;
	return ledger_remember(s->ledger, s->id, m->keys, e);
}

int
stream_next(struct stream *s, struct mail *m, struct err *e)
{
	struct err why;
	int step;

	for (;;) {
		step = source_next(s->source, s->known, m, &why);
		take_settled(s);
		if (step == SOURCE_MAIL && m->known) {
			if (remember(s, m, e) < 0)
				return -1;
		} else if (step < 0 && why.kind == ERR_MESSAGE) {
			pass_over(s, &why);
		} else {
			break;
		}
	}
	if (step < 0) {
		give_out(s, &why);
		return 0;
	}
	/* A connection that is only being made says WAIT too. */
	if (step == SOURCE_MAIL || source_kind(s->source) != SOURCE_IMAP)
		recover(s);
	s->flying += step == SOURCE_MAIL;
	s->waiting = step == SOURCE_WAIT;
	if (step == SOURCE_END)
		s->state = STREAM_OVER;
	s->untold |= has_place(s->source);
	return step == SOURCE_MAIL;
}

/* Acknowledging ${in} did not work. */
static void
unsettled(struct stream *s, const struct err *why)
{
	if (why->kind == ERR_MESSAGE) {
		log_event(LOG_WARN, "%s", why->text);
		return;
	}
	if (s->conf->watch) {
		give_out(s, why);
		return;
	}
	if (s->trouble.kind == ERR_NONE)
		s->trouble = *why;
	s->settling = false;
}

/* What is due to a mail by the configuration. */
static enum known
due_of(const struct stream *s, const struct intake *in)
{
	const struct source_conf *conf = s->source_conf;

	if (in->outcome == OUTCOME_NOT_A_REPORT || intake_passed_over(in) || !s->settling)
		return KNOWN_DONE;
	if (intake_keeps_bytes(in))
		return conf->failures != NULL ? KNOWN_FAILURE : KNOWN_DONE;
	return conf->after != AFTER_KEEP ? KNOWN_SUCCESS : KNOWN_DONE;
}

void
stream_done(struct stream *s, const struct intake *in)
{
	enum known due = due_of(s, in);
	struct err why;

	s->flying--;
	s->stored++;
	s->unreadable += intake_is_failure(in->outcome);
	for (unsigned i = 0; i < in->nkeys; i++)
		keyset_put(s->known, in->keys[i], KNOWN_DONE);
	if (s->source == NULL || (due == KNOWN_DONE && !has_place(s->source)))
		return;
	if (source_acknowledge(s->source, in->keys[0], in->name.p, due, &why) < 0) {
		unsettled(s, &why);
	} else {
		s->untold = true;
	}
	if (s->source != NULL)
		take_settled(s);
}

void
stream_drop(struct stream *s, const struct intake *in)
{
	struct err why;

	s->flying--;
	/* It gives so many mails at once as may wait; nothing is done to any. */
	if (s->source != NULL && has_place(s->source))
		source_acknowledge(s->source, in->keys[0], in->name.p, KNOWN_DONE, &why);
}

void
stream_pollfd(const struct stream *s, struct pollfd *p)
{
	*p = (struct pollfd){ .fd = -1 };
	if (s->source != NULL && s->state != STREAM_FOUND)
		source_pollfd(s->source, p);
}

void
stream_ready(struct stream *s, bool ended)
{
	struct err why;
	int rc;

	if (s->waiting && !ended) {
		s->waiting = false;
		return;
	}
	rc = source_service(s->source, &why);
	if (rc < 0 && why.kind != ERR_MESSAGE) {
		give_out(s, &why);
		return;
	}
	if (rc < 0)
		pass_over(s, &why);
	s->untold |= source_kind(s->source) == SOURCE_IMAP;
	take_settled(s);
}

int64_t
stream_due(const struct stream *s)
{
	/* It may never say anything more. */
	if (s->source != NULL && source_busy(s->source))
		return now_ms() + TELL_MS;
	/* What lands wakes the flow by itself. */
	if (s->state == STREAM_CLOSED)
		return s->flying == 0 ? s->retry_at : INT64_MAX;
	return s->untold && s->source != NULL ? s->told_at + TELL_MS : INT64_MAX;
}
