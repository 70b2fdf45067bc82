#include "ingest/imaplist.h"

#define TARGETS 2

struct search {
	struct session *session;
	const struct imap_conf *conf; /* NULL: all folders */
	struct buf targets[TARGETS];  /* wire names */
	const struct imaplist_sink *sink;
	size_t told; /* lines of LIST */
};

static const char *const never[] = { "\\Noselect", "\\NonExistent" };
static const char *const views[] = { "\\Trash", "\\Drafts", "\\Sent", "\\All", "\\Flagged" };

static bool
has_flag(const struct value *flags, const char *const *names, size_t n)
{
	const struct value *v = flags != NULL && flags->kind == VALUE_LIST ? flags->first : NULL;

	for (; v != NULL; v = v->next)
		for (size_t i = 0; i < n; i++)
			if (str_caseeq(v->text, str_of(names[i])))
				return true;
	return false;
}

/* Whether mails are moved there: what is read from there would be moved again, for ever. */
static bool
is_target(const struct search *s, struct str wire)
{
	/* some servers fold case, all do so for INBOX and what is below it */
	for (size_t i = 0; i < TARGETS; i++)
		if (s->targets[i].n > 0 && str_caseeq(buf_str(&s->targets[i]), wire))
			return true;
	return false;
}

static bool
is_wanted(const struct search *s, struct str name, struct str wire, const struct value *flags)
{
	bool wanted = false;

	if (has_flag(flags, never, sizeof(never) / sizeof(never[0])))
		return false;
	if (s->conf == NULL)
		return true;
	if (has_flag(flags, views, sizeof(views) / sizeof(views[0])) || is_target(s, wire))
		return false;
	for (size_t i = 0; i < s->conf->nfolders; i++)
		wanted |= mailbox_is_pattern(str_of(s->conf->folders[i])) &&
		    mailbox_matches(str_of(s->conf->folders[i]), name);
	return wanted;
}

/* LIST (flags) separator name */
static int
on_list(void *arg, const struct response *r, struct err *e)
{
	struct search *s = arg;
	const struct value *name;
	struct buf text;

	(void)e;
	if (!str_caseeq(r->name, STR("LIST")) || r->values == NULL || r->values->next == NULL)
		return 0;
	name = r->values->next->next;
	if (name == NULL || (name->kind != VALUE_STRING && name->kind != VALUE_ATOM))
		return 0;
	s->told++;
	buf_init(&text, MAILBOX_BYTES + 1);
	if (name->text.n <= MAILBOX_BYTES &&
	    mailbox_from_wire(session_space(s->session), name->text, &text) == 0 &&
	    is_wanted(s, buf_str(&text), name->text, r->values))
		s->sink->folder(s->sink->arg, buf_str(&text), name->text);
	buf_fini(&text);
	return 0;
}

static int
list(struct search *s, const char *pattern, struct err *e)
{
	const struct session_sink sink = { .arg = s, .untagged = on_list };
	struct reply r;
	int rc;

	session_listen(s->session, &sink);
	rc = session_run(s->session, &r, e, "LIST \"\" %s", pattern);
	session_listen(s->session, NULL);
	if (rc == 0 && r.status != REPLY_OK)
		return session_refused(s->session, "could not list the folders", &r, e);
	return rc;
}

/* Some servers know no "*", and say so or nothing. */
static int
list_all(struct search *s, struct err *e)
{
	int rc = list(s, "\"*\"", e);

	if (session_is_lost(s->session) || (rc == 0 && s->told > 0))
		return rc;
	return list(s, "\"%\"", e);
}

/* However it is written ("inbox", "INBOX/DMARC" for "DMARC"), a folder has one name. */
static int
add_named(struct search *s, const char *name, struct err *e)
{
	const struct mailbox_space *space = session_space(s->session);
	struct buf wire, usual;
	int rc;

	buf_init(&wire, MAILBOX_BYTES + 1);
	buf_init(&usual, MAILBOX_BYTES + 1);
	rc = mailbox_to_wire(space, str_of(name), &wire);
	if (rc < 0)
		err_set(e, ERR_CONFIG, "%s: \"%.200s\" can be no folder's name here", s->conf->name,
		    name);
	else if (is_target(s, buf_str(&wire)))
		rc = err_set(e, ERR_CONFIG,
		    "%s: the folder \"%.200s\" is read, and so no mails can be moved there",
		    s->conf->name, name);
	else if (mailbox_from_wire(space, buf_str(&wire), &usual) == 0)
		s->sink->folder(s->sink->arg, buf_str(&usual), buf_str(&wire));
	else
		s->sink->folder(s->sink->arg, str_of(name), buf_str(&wire));
	buf_fini(&wire);
	buf_fini(&usual);
	return rc;
}

static int
find(struct search *s, struct err *e)
{
	const struct imap_conf *conf = s->conf;
	bool patterns = false;

	if (conf->nfolders == 0)
		return add_named(s, "INBOX", e);
	for (size_t i = 0; i < conf->nfolders; i++) {
		if (mailbox_is_pattern(str_of(conf->folders[i])))
			patterns = true;
		else if (add_named(s, conf->folders[i], e) < 0)
			return -1;
	}
	return patterns ? list_all(s, e) : 0;
}

int
imaplist_find(struct session *s, const struct imap_conf *conf, const char *const targets[2],
    const struct imaplist_sink *sink, struct err *e)
{
	struct search search = { .session = s, .conf = conf, .sink = sink };
	int rc = 0;

	for (size_t i = 0; i < TARGETS; i++) {
		buf_init(&search.targets[i], MAILBOX_BYTES + 1);
		if (targets[i] != NULL)
			rc |= mailbox_to_wire(
			    session_space(s), str_of(targets[i]), &search.targets[i]);
	}
	if (rc < 0)
		err_set(e, ERR_CONFIG, "%s: move_to or failures can be no folder's name here",
		    conf->name);
	else
		rc = find(&search, e);
	for (size_t i = 0; i < TARGETS; i++)
		buf_fini(&search.targets[i]);
	return rc;
}

int
imaplist_all(struct session *s, const struct imaplist_sink *sink, struct err *e)
{
	struct search search = { .session = s, .sink = sink };

	return list_all(&search, e);
}
