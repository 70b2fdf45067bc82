#include "ingest/fetch.h"

#include <unistd.h>

#include "core/limits.h"

#include "ingest/held.h"
#include "ingest/imapkey.h"

#define LINE_BYTES 2000 /* of a command */

static const struct arrival nothing = { .fd = -1 };

void
fetch_init(struct fetch *f, const char *name, const char *tmp_dir, struct post *post,
    const struct keyset *known)
{
	*f = (struct fetch){
		.name = name, .tmp_dir = tmp_dir, .post = post, .known = known, .arrival = nothing
	};
	buf_init(&f->line, LINE_BYTES);
	buf_init(&f->mail, POST_BYTES);
	f->spare = uidset_new();
	for (size_t i = 0; i < LIMIT_FETCH_COMMANDS; i++)
		f->asked[i].uids = uidset_new();
}

/* Whatever was coming is not wanted. */
static void
drop_arrival(struct fetch *f)
{
	if (f->arrival.fd >= 0)
		close(f->arrival.fd);
	f->arrival = nothing;
}

void
fetch_fini(struct fetch *f)
{
	drop_arrival(f);
	buf_fini(&f->line);
	buf_fini(&f->mail);
	uidset_free(f->spare);
	for (size_t i = 0; i < LIMIT_FETCH_COMMANDS; i++)
		uidset_free(f->asked[i].uids);
}

bool
fetch_busy(const struct fetch *f)
{
	return f->nasked > 0;
}

void
fetch_committed(struct fetch *f, uint64_t size)
{
	f->held_bytes -= size < f->held_bytes ? size : f->held_bytes;
	f->held -= f->held > 0;
}

void
fetch_committed_all(struct fetch *f, const struct plan *p)
{
	uint64_t bytes = plan_held(p);
	size_t n = plan_waiting(p);

	f->held_bytes -= bytes < f->held_bytes ? bytes : f->held_bytes;
	f->held -= n < f->held ? n : f->held;
}

/*
 * A server that told a smaller size before: the mail is not read to its end but refused by the size
 * it has after all.  Which mail it is can be told for sure when it was asked for alone.
 */
static int
too_big(struct fetch *f, uint64_t size, struct err *e)
{
	struct plan *p = &f->folder->plan;
	struct uid_range r = { 0, 0 };

	for (size_t i = 0; i < f->nasked; i++)
		if (f->asked[i].kind == ASKED_BODIES) {
			uidset_next(f->asked[i].uids, 0, &r);
			if (uidset_count(f->asked[i].uids) == 1)
				plan_resize(p, r.first, size);
			break;
		}
	p->batch = 1;
	return err_set(e, ERR_SOURCE,
	    "a mail in \"%.200s\" has %llu bytes, far more than the server told before",
	    f->folder->name, (unsigned long long)size);
}

static int
on_begin(void *arg, uint32_t number, uint64_t size, struct err *e)
{
	struct fetch *f = arg;

	if (f->arrival.number != number || f->arrival.fd >= 0)
		drop_arrival(f);
	f->arrival.number = number;
	f->arrival.size = size;
	if (size > f->most)
		return too_big(f, size, e);
	f->arrival.fd = held_open(f->tmp_dir, size, e);
	return f->arrival.fd >= 0 ? 0 : -1;
}

static int
on_piece(void *arg, struct str piece, struct err *e)
{
	struct fetch *f = arg;

	f->arrival.got += piece.n;
	return held_write(f->arrival.fd, f->tmp_dir, piece, e);
}

/* Hand ${fd} out as the mail ${uid}. */
static void
hand_out(struct fetch *f, uint32_t uid, uint64_t size, int fd)
{
	uint64_t held = size > f->most ? 1 : size; /* zeros without end take no room */
	const struct key k = imapkey_put((struct imapkey){
	    .folder_id = f->folder->id, .uidvalidity = f->folder->uidvalidity, .uid = uid });

	buf_reset(&f->mail);
	buf_put(&f->mail, &k, sizeof(k));
	buf_printf(&f->mail, "%s;UID=%u", f->folder->name, (unsigned)uid);
	plan_resize(&f->folder->plan, uid, held);
	plan_handed(&f->folder->plan, uid);
	f->held++;
	f->held_bytes += held;
	post_send(f->post, POST_MAIL, buf_str(&f->mail), fd);
}

/* Take ${uid} out of the oldest command of ${kind} that is to bring it; false: none is. */
static bool
strike(struct fetch *f, enum asked_kind kind, uint32_t uid)
{
	for (size_t i = 0; i < f->nasked; i++)
		if (f->asked[i].kind == kind && uidset_has(f->asked[i].uids, uid)) {
			uidset_remove(f->asked[i].uids, uid, uid);
			return true;
		}
	return false;
}

/* Whatever is known of the mail that is coming: when it is all, it goes out. */
static void
deliver(struct fetch *f)
{
	struct arrival a = f->arrival;

	if (a.uid == 0 || a.fd < 0)
		return;
	if (!plan_is_open(&f->folder->plan, a.uid)) {
		drop_arrival(f);
		return;
	}
	f->arrival = nothing;
	strike(f, ASKED_BODIES, a.uid);
	hand_out(f, a.uid, a.got, held_seal(a.fd));
}

/* The server does not give a mail that is there. */
static void
miss(struct fetch *f, uint32_t uid)
{
	struct err e;

	if (!plan_failed(&f->folder->plan, uid))
		return;
	err_set(&e, ERR_MESSAGE, "%s: the server does not give the mail \"%s;UID=%u\"", f->name,
	    f->folder->name, (unsigned)uid);
	post_trouble(f->post, &e);
}

static bool
is_known(const struct fetch *f, uint32_t uid)
{
	return !f->folder->anew &&
	    keyset_get(f->known,
		imapkey_put((struct imapkey){ .folder_id = f->folder->id,
		    .uidvalidity = f->folder->uidvalidity,
		    .uid = uid })) != KNOWN_NOT;
}

/*
 * Data of a mail: RFC822.SIZE where sizes were asked for, a body.  The items come in any order, and
 * perhaps in several responses that have only the sequence number in common.
 */
static int
on_untagged(void *arg, const struct response *r, struct err *e)
{
	struct fetch *f = arg;
	const struct value *body;
	uint64_t size = 0;
	uint32_t uid = 0;

	(void)e;
	if (r->numbered && str_caseeq(r->name, STR("EXPUNGE")) && f->arrival.fd < 0)
		f->arrival = nothing; /* sequence numbers move */
	if (!r->numbered || !str_caseeq(r->name, STR("FETCH")))
		return 0;
	value_u32(value_of(r->values, STR("UID")), &uid);
	value_u64(value_of(r->values, STR("RFC822.SIZE")), &size);
	body = value_opening(r->values, STR("BODY[]"));
	if (f->arrival.number != r->number) {
		drop_arrival(f);
		f->arrival.number = r->number;
	}
	if (uid != 0)
		f->arrival.uid = uid;
	if (body == NULL && uid != 0)
		plan_found(&f->folder->plan, uid, size, is_known(f, uid));
	if (body == NULL && uid != 0 && strike(f, ASKED_PRESENCE, uid))
		miss(f, uid);
	if (body != NULL && body->kind == VALUE_NIL && strike(f, ASKED_BODIES, f->arrival.uid))
		miss(f, f->arrival.uid);
	deliver(f);
	return 0;
}

void
fetch_begin(struct fetch *f, struct session *session, struct imap_folder *folder)
{
	const struct session_sink sink = {
		.arg = f, .untagged = on_untagged, .begin = on_begin, .piece = on_piece
	};

	f->session = session;
	f->folder = folder;
	session_listen(session, &sink);
}

void
fetch_end(struct fetch *f)
{
	if (f->session != NULL)
		session_listen(f->session, NULL);
	drop_arrival(f);
	if (f->folder != NULL)
		plan_again(&f->folder->plan, f->nasked > 0);
	f->nasked = 0;
	f->asked_bytes = 0;
	f->session = NULL;
	f->folder = NULL;
}

static struct asked *
push(struct fetch *f, enum asked_kind kind)
{
	struct asked *a = &f->asked[f->nasked++];

	a->kind = kind;
	a->bytes = 0;
	uidset_reset(a->uids);
	return a;
}

static int
ask_sizes(struct fetch *f, uint32_t first, uint32_t last, struct err *e)
{
	struct asked *a = push(f, ASKED_SIZES);

	if (last == UINT32_MAX)
		return session_send(
		    f->session, &a->tag, e, "UID FETCH %u:* (UID RFC822.SIZE)", (unsigned)first);
	return session_send(f->session, &a->tag, e, "UID FETCH %u:%u (UID RFC822.SIZE)",
	    (unsigned)first, (unsigned)last);
}

/* Mails beyond the limit are handed out as so many zeros without being fetched: they are refused by it. */
static int
hand_out_too_big(struct fetch *f, uint32_t uid, uint64_t size, struct err *e)
{
	int fd = held_zeros(size, e);

	if (fd < 0)
		return -1;
	hand_out(f, uid, size, fd);
	return 0;
}

/* 1 when something was asked for, 0 when there is nothing to ask. */
static int
ask_bodies(struct fetch *f, struct err *e)
{
	struct asked *a = push(f, ASKED_BODIES);
	struct uid_range first;
	uint32_t after = 0;

	a->bytes = plan_pick(&f->folder->plan, LIMIT_FETCH_COMMAND, a->uids);
	if (!uidset_next(a->uids, 0, &first)) {
		f->nasked--;
		return 0;
	}
	if (a->bytes > f->most) {
		f->nasked--;
		return hand_out_too_big(f, first.first, a->bytes, e) < 0 ? -1 : 1;
	}
	f->asked_bytes += a->bytes;
	buf_reset(&f->line);
	uidset_put(a->uids, &after, UINT32_MAX, LINE_BYTES, &f->line);
	return session_send(f->session, &a->tag, e, "UID FETCH %.*s (UID BODY.PEEK[])",
		   (int)f->line.n, f->line.p) < 0
	    ? -1
	    : 1;
}

/* How many mails were asked for and have not come: each will be a descriptor. */
static size_t
coming(const struct fetch *f)
{
	size_t n = 0;

	for (size_t i = 0; i < f->nasked; i++)
		n += f->asked[i].kind == ASKED_BODIES ? (size_t)uidset_count(f->asked[i].uids) : 0;
	return n;
}

/* Whether more may be on its way. */
static bool
has_room(const struct fetch *f)
{
	return f->nasked < LIMIT_FETCH_COMMANDS && f->asked_bytes < LIMIT_FETCH_BYTES &&
	    (f->asked_bytes + f->held_bytes == 0 ||
		f->asked_bytes + f->held_bytes < LIMIT_HELD_BYTES) &&
	    f->held + coming(f) + PLAN_BATCH < LIMIT_HELD_MAILS && !post_queued(f->post);
}

int
fetch_ask(struct fetch *f, struct err *e)
{
	uint32_t first, last;
	int rc = 1;

	while (rc > 0 && has_room(f)) {
		rc = 0;
		if (plan_window(&f->folder->plan, f->folder->uidnext, &first, &last))
			rc = ask_sizes(f, first, last, e) < 0 ? -1 : 1;
		if (rc >= 0 && f->nasked < LIMIT_FETCH_COMMANDS) {
			int asked = ask_bodies(f, e);

			rc = asked < 0 ? -1 : rc | asked;
		}
	}
	return rc < 0 ? -1 : 0;
}

/*
 * What was asked for and did not come: refused, or, when the server says OK, perhaps gone.  There is
 * room for one more command: one has just ended.
 */
static int
end_bodies(struct fetch *f, const struct asked *ended, bool ok, struct err *e)
{
	struct uid_range r;
	struct asked *a;
	uint32_t after = 0;

	if (uidset_count(ended->uids) == 0)
		return 0;
	if (!ok) {
		for (uint32_t at = 0; uidset_next(ended->uids, at, &r); at = r.last)
			for (uint64_t uid = r.first; uid <= r.last; uid++)
				miss(f, (uint32_t)uid);
		return 0;
	}
	a = push(f, ASKED_PRESENCE);
	for (uint32_t at = 0; uidset_next(ended->uids, at, &r); at = r.last)
		uidset_add(a->uids, r.first, r.last);
	buf_reset(&f->line);
	uidset_put(a->uids, &after, UINT32_MAX, LINE_BYTES, &f->line);
	return session_send(
	    f->session, &a->tag, e, "UID FETCH %.*s (UID)", (int)f->line.n, f->line.p);
}

/* Those the server does not know any more are gone. */
static void
end_presence(struct fetch *f, const struct asked *ended)
{
	struct uid_range r;

	for (uint32_t at = 0; uidset_next(ended->uids, at, &r); at = r.last)
		for (uint64_t uid = r.first; uid <= r.last; uid++)
			if (plan_is_open(&f->folder->plan, (uint32_t)uid))
				plan_done(&f->folder->plan, (uint32_t)uid);
}

/* Servers that slow us down say so with a code, or in words (Gmail: "[THROTTLED]"). */
static bool
is_throttled(const struct reply *r)
{
	static const char *const codes[] = { "LIMIT", "THROTTLED", "UNAVAILABLE", "INUSE",
		"SERVERBUG" };

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (str_caseeq(r->code, str_of(codes[i])))
			return true;
	return str_find(r->text, STR("THROTTLED")) != NULL ||
	    str_find(r->text, STR("Rate limit")) != NULL;
}

static int
end_command(struct fetch *f, const struct asked *a, const struct reply *r, struct err *e)
{
	bool ok = r->status == REPLY_OK;

	if (!ok && (a->kind != ASKED_BODIES || is_throttled(r)))
		return session_refused(f->session, "could not fetch mails", r, e);
	switch (a->kind) {
	case ASKED_SIZES:
		plan_window_done(&f->folder->plan);
		break;
	case ASKED_PRESENCE:
		end_presence(f, a);
		break;
	case ASKED_BODIES:
		if (ok)
			plan_grow(&f->folder->plan);
		return end_bodies(f, a, ok, e);
	}
	return 0;
}

int
fetch_take(struct fetch *f, struct err *e)
{
	struct reply r;
	int event = session_read(f->session, &r, e);
	struct asked ended;
	size_t i = 0;

	if (event != SESSION_REPLY)
		return event < 0 ? -1 : 0;
	while (i < f->nasked && f->asked[i].tag != r.tag)
		i++;
	if (i == f->nasked)
		return 0;
	ended = f->asked[i];
	memmove(&f->asked[i], &f->asked[i + 1], (f->nasked - i - 1) * sizeof(f->asked[0]));
	f->nasked--;
	/* its set is still needed, the place behind the others perhaps too */
	f->asked[f->nasked].uids = f->spare;
	f->spare = ended.uids;
	f->asked_bytes -= ended.bytes;
	return end_command(f, &ended, &r, e);
}
