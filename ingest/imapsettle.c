#include "ingest/imapsettle.h"

#include <stdio.h>

#include "core/log.h"

#define SET_BYTES 1500 /* of UIDs in a command */

void
imapsettle_init(struct imapsettle *s, const char *name, enum after after, const char *move_to,
    const char *failures)
{
	*s = (struct imapsettle){ .name = name, .after = after, .targets = { move_to, failures } };
	if (after != AFTER_MOVE)
		s->targets[SETTLE_SUCCESS] = NULL;
	for (int k = 0; k < SETTLE_KINDS; k++) {
		s->waiting[k] = uidset_new();
		s->copied[k] = uidset_new();
	}
	s->done = uidset_new();
}

void
imapsettle_fini(struct imapsettle *s)
{
	for (int k = 0; k < SETTLE_KINDS; k++) {
		uidset_free(s->waiting[k]);
		uidset_free(s->copied[k]);
	}
	uidset_free(s->done);
}

void
imapsettle_reset(struct imapsettle *s)
{
	for (int k = 0; k < SETTLE_KINDS; k++) {
		uidset_reset(s->waiting[k]);
		uidset_reset(s->copied[k]);
	}
	uidset_reset(s->done);
}

bool
imapsettle_add(struct imapsettle *s, uint32_t uid, enum known what)
{
	int kind = what == KNOWN_FAILURE ? SETTLE_FAILURE : SETTLE_SUCCESS;

	if (what == KNOWN_DONE || (kind == SETTLE_FAILURE && s->targets[kind] == NULL) ||
	    (kind == SETTLE_SUCCESS && s->after == AFTER_KEEP))
		return false;
	return uidset_add(s->waiting[kind], uid, uid) == 0;
}

uint64_t
imapsettle_count(const struct imapsettle *s)
{
	return uidset_count(s->waiting[SETTLE_SUCCESS]) + uidset_count(s->waiting[SETTLE_FAILURE]);
}

/* Take a range of those waiting for done. */
static void
finish(struct imapsettle *s, int kind, struct uid_range r)
{
	/* Neither can fail: what is removed splits ranges that uidset_add made one by one. */
	uidset_remove(s->waiting[kind], r.first, r.last);
	uidset_remove(s->copied[kind], r.first, r.last);
	uidset_add(s->done, r.first, r.last);
}

/* All UIDs of ${chunk}, a set of ours, are done. */
static void
finish_all(struct imapsettle *s, int kind, const struct uidset *chunk)
{
	struct uid_range r;

	for (uint32_t at = 0; uidset_next(chunk, at, &r); at = r.last)
		finish(s, kind, r);
}

/* The wire name of the target folder as a quoted string. */
static int
quote_target(
    const struct imapsettle *s, int kind, struct session *session, struct buf *out, struct err *e)
{
	struct buf wire;
	int rc;

	buf_init(&wire, MAILBOX_BYTES + 1);
	rc = mailbox_to_wire(session_space(session), str_of(s->targets[kind]), &wire);
	if (rc == 0)
		rc = mailbox_quote(buf_str(&wire), out);
	buf_fini(&wire);
	return rc == 0 ? 0
		       : err_set(e, ERR_CONFIG, "%s: \"%.200s\" can be no folder's name here",
			     s->name, s->targets[kind]);
}

/* Run a command that works on ${set}; a refusal is an error. */
static int
must(struct session *session, const char *what, const char *command, struct str set,
    const char *rest, struct err *e)
{
	struct reply r;

	if (session_run(session, &r, e, "%s %.*s%s", command, (int)set.n, set.p, rest) < 0)
		return -1;
	return r.status == REPLY_OK ? 0 : session_refused(session, what, &r, e);
}

/* MOVE or COPY: a folder that is not there is made, once. */
static int
transfer(struct imapsettle *s, int kind, struct session *session, const char *command,
    struct str set, struct err *e)
{
	struct buf target;
	char what[300];
	struct reply r;
	int rc;

	buf_init(&target, 2 * MAILBOX_BYTES + 3);
	snprintf(what, sizeof(what), "could not move mails to \"%.200s\"", s->targets[kind]);
	rc = quote_target(s, kind, session, &target, e);
	for (int attempt = 0; rc == 0; attempt++) {
		rc = session_run(session, &r, e, "UID %s %.*s %.*s", command, (int)set.n, set.p,
		    (int)target.n, target.p);
		if (rc < 0 || r.status == REPLY_OK)
			break;
		if (attempt == 0 &&
		    (str_caseeq(r.code, STR("TRYCREATE")) ||
			str_caseeq(r.code, STR("NONEXISTENT")) || r.code.n == 0)) {
			/* one that is there says NO to this, and then again to the other */
			rc = session_run(
			    session, &r, e, "%s %.*s", "CREATE", (int)target.n, target.p);
			continue;
		}
		rc = session_refused(session, what, &r, e);
	}
	buf_fini(&target);
	return rc;
}

/* Away with mails that are in their target, or are to be deleted. */
static int
expunge(struct imapsettle *s, struct session *session, struct str set, struct err *e)
{
	if (must(session, "could not delete mails", "UID STORE", set, " +FLAGS.SILENT (\\Deleted)",
		e) < 0)
		return -1;
	if (session_has(session, CAP_UIDPLUS))
		return must(session, "could not expunge mails", "UID EXPUNGE", set, "", e);
	if (!s->told) {
		s->told = true;
		log_event(LOG_WARN,
		    "%s: the server has no UIDPLUS: mails are marked as deleted and stay until a "
		    "mail program expunges the folder",
		    s->name);
	}
	return 0;
}

/* One command's worth of mails, none of them copied yet. */
static int
settle_chunk(struct imapsettle *s, int kind, struct session *session, struct str set, struct err *e)
{
	bool move = s->targets[kind] != NULL;

	if (move && session_has(session, CAP_MOVE))
		return transfer(s, kind, session, "MOVE", set, e);
	if (move && transfer(s, kind, session, "COPY", set, e) < 0)
		return -1;
	if (move || s->after == AFTER_DELETE)
		return expunge(s, session, set, e);
	return must(session, "could not mark mails", "UID STORE", set,
	    session_selected(session)->keywords ? " +FLAGS.SILENT (\\Seen " IMAPSETTLE_KEYWORD ")"
						: " +FLAGS.SILENT (\\Seen)",
	    e);
}

/* The next command's worth of ${from}: 1, 0 when there is none, -1. */
static int
settle_some(struct imapsettle *s, int kind, const struct uidset *from, struct session *session,
    bool copied, struct err *e)
{
	struct uidset *chunk;
	uint32_t after = 0;
	struct buf set;
	int rc;

	if (uidset_count(from) == 0)
		return 0;
	chunk = uidset_new();
	buf_init(&set, SET_BYTES);
	uidset_put(from, &after, IMAPSETTLE_CHUNK, SET_BYTES, &set);
	uidset_parse(chunk, buf_str(&set), IMAPSETTLE_CHUNK);
	rc = copied ? expunge(s, session, buf_str(&set), e)
		    : settle_chunk(s, kind, session, buf_str(&set), e);
	if (rc == 0)
		finish_all(s, kind, chunk);
	buf_fini(&set);
	uidset_free(chunk);
	return rc < 0 ? -1 : 1;
}

int
imapsettle_run(struct imapsettle *s, struct session *session, struct err *e)
{
	int rc = 0;

	for (int kind = 0; kind < SETTLE_KINDS && rc == 0; kind++) {
		rc = settle_some(s, kind, s->copied[kind], session, true, e);
		if (rc == 0)
			rc = settle_some(s, kind, s->waiting[kind], session, false, e);
	}
	return rc;
}

/* Looking: what tells a mail from another without its text. */
struct look {
	struct digest *digest;
	struct keyset *there; /* in the target */
	struct imapsettle *s;
	int kind;               /* -1: what is in the target is being gathered */
	struct uidset *present; /* in the folder */
};

/* false when the mail has no Message-ID. */
static bool
head_of(struct look *l, const struct value *items, struct key *k)
{
	const struct value *size = value_of(items, STR("RFC822.SIZE")),
			   *date = value_of(items, STR("INTERNALDATE")),
			   *id = value_opening(items, STR("BODY[HEADER.FIELDS"));

	if (size == NULL || date == NULL || id == NULL || id->kind != VALUE_STRING ||
	    str_trim(id->text).n == 0)
		return false;
	digest_start(l->digest);
	digest_field(l->digest, str_trim(id->text));
	digest_field(l->digest, size->text);
	digest_field(l->digest, date->text);
	*k = key_of(digest_end(l->digest));
	return true;
}

static int
on_head(void *arg, const struct response *r, struct err *e)
{
	struct look *l = arg;
	uint32_t uid;
	struct key k;
	bool named;

	(void)e;
	if (!str_caseeq(r->name, STR("FETCH")))
		return 0;
	named = head_of(l, r->values, &k);
	if (l->kind < 0) {
		if (named)
			keyset_put(l->there, k, KNOWN_DONE);
		return 0;
	}
	if (value_u32(value_of(r->values, STR("UID")), &uid) < 0 ||
	    !uidset_has(l->s->waiting[l->kind], uid))
		return 0;
	uidset_add(l->present, uid, uid);
	if (named && keyset_get(l->there, k) != KNOWN_NOT)
		uidset_add(l->s->copied[l->kind], uid, uid);
	return 0;
}

#define HEADS "(UID RFC822.SIZE INTERNALDATE BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])"

/* The youngest mails of the target; it need not be there. */
static int
look_at_target(struct session *session, const char *target, struct err *e)
{
	struct buf wire;
	struct reply r;
	uint32_t n;
	int rc;

	buf_init(&wire, MAILBOX_BYTES + 1);
	rc = mailbox_to_wire(session_space(session), str_of(target), &wire);
	if (rc == 0)
		rc = session_select(session, buf_str(&wire), target, true, e);
	buf_fini(&wire);
	if (rc < 0)
		return session_is_lost(session) ? -1 : 0;
	n = session_selected(session)->exists;
	if (n == 0)
		return 0;
	return session_run(session, &r, e, "FETCH %u:* " HEADS,
	    (unsigned)(n > IMAPSETTLE_RECENT ? n - IMAPSETTLE_RECENT + 1 : 1));
}

/* Which of the waiting are in the open folder, and of these which are in the target too. */
static int
look_at_waiting(struct look *l, struct session *session, struct err *e)
{
	const struct uidset *waiting = l->s->waiting[l->kind];
	struct uid_range r;
	struct reply reply;
	uint32_t after = 0;
	struct buf set;
	int rc = 0;

	buf_init(&set, SET_BYTES);
	while (rc == 0 && uidset_put(waiting, &after, IMAPSETTLE_CHUNK, SET_BYTES, &set) > 0) {
		rc = session_run(session, &reply, e, "UID FETCH %.*s " HEADS, (int)set.n, set.p);
		if (rc == 0 && reply.status != REPLY_OK)
			rc = session_refused(session, "could not look at mails", &reply, e);
		buf_reset(&set);
	}
	buf_fini(&set);
	if (rc < 0)
		return -1;
	for (uint32_t at = 0; uidset_next(waiting, at, &r); at = r.last)
		for (uint64_t uid = r.first; uid <= r.last; uid++)
			if (!uidset_has(l->present, (uint32_t)uid))
				finish(l->s, l->kind,
				    (struct uid_range){ (uint32_t)uid, (uint32_t)uid });
	return 0;
}

int
imapsettle_look(struct imapsettle *s, struct session *session, struct str wire, const char *folder,
    struct err *e)
{
	struct look l = { .s = s };
	const struct session_sink sink = { .arg = &l, .untagged = on_head };
	int rc = 0;

	l.digest = digest_new();
	session_listen(session, &sink);
	for (int kind = 0; kind < SETTLE_KINDS && rc == 0; kind++) {
		if (s->targets[kind] == NULL || uidset_count(s->waiting[kind]) == 0)
			continue;
		l.there = keyset_new();
		l.present = uidset_new();
		l.kind = -1;
		rc = look_at_target(session, s->targets[kind], e);
		l.kind = kind;
		if (rc == 0 && keyset_size(l.there) > 0) {
			rc = session_select(session, wire, folder, false, e);
			if (rc == 0)
				rc = look_at_waiting(&l, session, e);
		}
		uidset_free(l.present);
		keyset_free(l.there);
	}
	session_listen(session, NULL);
	digest_free(l.digest);
	s->doubtful = rc < 0;
	return rc;
}
