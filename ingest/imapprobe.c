#include "ingest/imapprobe.h"

#include "core/arena.h"

#include "ingest/imapkey.h"
#include "ingest/imaplist.h"
#include "ingest/session.h"

#define ARENA_BYTES ((size_t)16 << 20)

struct found {
	struct found *next;
	const char *name;
	struct str wire;
};

struct probe {
	struct arena *arena;
	struct found *first, **last;
	const struct imapprobe_sink *sink;
	uint32_t mark, fresh;
};

static void
on_folder(void *arg, struct str name, struct str wire)
{
	struct probe *p = arg;
	struct found *f = arena_alloc(p->arena, sizeof(*f));

	if (f == NULL)
		return;
	f->name = arena_str(p->arena, name).p;
	f->wire = arena_str(p->arena, wire);
	if (f->name == NULL || f->wire.p == NULL)
		return;
	*p->last = f;
	p->last = &f->next;
}

static void
on_any_folder(void *arg, struct str name, struct str wire)
{
	struct probe *p = arg;
	struct str copy = arena_str(p->arena, name);
	const struct found *f = p->first;

	(void)wire;
	while (f != NULL && !str_eq(str_of(f->name), name))
		f = f->next;
	if (f == NULL && copy.p != NULL)
		p->sink->other(p->sink->arg, copy.p);
}

static int
on_mail(void *arg, const struct response *r, struct err *e)
{
	struct probe *p = arg;
	uint32_t uid;

	(void)e;
	if (str_caseeq(r->name, STR("FETCH")) &&
	    value_u32(value_of(r->values, STR("UID")), &uid) == 0 && uid > p->mark)
		p->fresh++;
	return 0;
}

/* Count what lies beyond the mark; -1 when the connection is lost. */
static int
look(struct probe *p, struct session *s, const struct found *f, const struct mark *marks, size_t n,
    struct imapprobe_folder *out, struct err *e)
{
	const struct session_sink sink = { .arg = p, .untagged = on_mail };
	const struct selected *selected = session_selected(s);
	int64_t id = imapkey_folder(str_of(f->name));
	struct reply r;
	int rc;

	*out = (struct imapprobe_folder){ .name = f->name };
	if (session_select(s, f->wire, f->name, true, e) < 0) {
		out->problem = e->text;
		return session_is_lost(s) ? -1 : 0;
	}
	p->mark = p->fresh = 0;
	for (size_t i = 0; i < n; i++)
		if (marks[i].folder_id == id && marks[i].uidvalidity == selected->uidvalidity)
			p->mark = marks[i].uid;
	session_listen(s, &sink);
	rc = selected->exists > 0 ? session_run(s, &r, e, "UID FETCH %u:* (UID)", p->mark + 1) : 0;
	session_listen(s, NULL);
	out->mails = selected->exists;
	out->fresh = p->fresh;
	return rc;
}

int
imapprobe(const struct source_conf *conf, const struct mark *marks, size_t n,
    const struct imapprobe_sink *sink, struct err *e)
{
	const char *const targets[] = { conf->move_to, conf->failures };
	struct probe p = { .arena = arena_new(ARENA_BYTES), .last = &p.first, .sink = sink };
	const struct imaplist_sink folders = { &p, on_folder }, all = { &p, on_any_folder };
	struct session *s = session_open(conf->imap, e);
	struct imapprobe_folder out;
	int rc = s != NULL ? 0 : -1;

	if (rc == 0) {
		sink->session(sink->arg, session_cipher(s), session_capabilities(s));
		rc = imaplist_find(s, conf->imap, targets, &folders, e);
	}
	for (const struct found *f = p.first; rc == 0 && f != NULL; f = f->next) {
		rc = look(&p, s, f, marks, n, &out, e);
		if (rc == 0)
			sink->folder(sink->arg, &out);
	}
	if (rc == 0)
		rc = imaplist_all(s, &all, e);
	if (rc == 0)
		session_logout(s);
	else
		session_close(s);
	arena_free(p.arena);
	return rc;
}
