#include "ingest/session.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/buf.h"
#include "core/log.h"
#include "core/now.h"

#include "ingest/auth.h"
#include "ingest/await.h"
#include "ingest/capability.h"
#include "ingest/namespace.h"

#define COMMAND_BYTES ((size_t)128 << 10) /* a token of 64 kB in base64 */
#define ALERTS_MOST 20 /* of a session, told to people: a log is not the server's to fill */
#define PATIENCE 10    /* times ->wait_seconds, for a command that does not come to its end */
#define UNTAGGED_MOST 4000000u /* a folder of so many mails, told in one answer */

struct session {
	const struct imap_conf *conf;
	struct link *link;
	struct reader *reader;
	struct session_sink sink;
	struct buf out;
	struct capabilities capabilities;
	struct mailbox_space space;
	struct selected selected;
	uint32_t tag; /* of the last command */
	uint32_t idle;
	uint32_t untagged; /* responses since a command ended last */
	bool idling;
	bool lost;
	char alert[200]; /* told already */
	unsigned alerts;
	uint32_t waiting; /* commands that have not ended */
	int64_t moved_at; /* when a command was sent or ended, or a mail came, last */
};

static ssize_t
read_link(void *arg, void *p, size_t n, struct err *e)
{
	struct session *s = arg;

	return link_read(s->link, p, n, e);
}

static int
on_begin(void *arg, uint32_t number, uint64_t size, struct err *e)
{
	struct session *s = arg;

	return s->sink.begin != NULL ? s->sink.begin(s->sink.arg, number, size, e) : 0;
}

static int
on_piece(void *arg, struct str piece, struct err *e)
{
	struct session *s = arg;

	s->moved_at = now_ms();
	return s->sink.piece != NULL ? s->sink.piece(s->sink.arg, piece, e) : 0;
}

bool
session_has(const struct session *s, enum capability c)
{
	return s->capabilities.has[c];
}

struct str
session_capabilities(const struct session *s)
{
	return buf_str(&s->capabilities.text);
}

bool
session_is_idling(const struct session *s)
{
	return s->idling;
}

bool
session_is_lost(const struct session *s)
{
	return s->lost;
}

const char *
session_cipher(const struct session *s)
{
	return link_cipher(s->link);
}

const struct mailbox_space *
session_space(const struct session *s)
{
	return &s->space;
}

struct selected *
session_selected(struct session *s)
{
	return &s->selected;
}

void
session_listen(struct session *s, const struct session_sink *sink)
{
	s->sink = sink != NULL ? *sink : (struct session_sink){ 0 };
}

/* What a response code tells of the folder or the server, whatever it comes with. */
static void
learn_code(struct session *s, const struct response *r)
{
	const struct value *v = r->code_values;

	if (str_caseeq(r->code, STR("CAPABILITY")))
		capabilities_learn(&s->capabilities, v);
	else if (str_caseeq(r->code, STR("UIDVALIDITY")))
		value_u32(v, &s->selected.uidvalidity);
	else if (str_caseeq(r->code, STR("UIDNEXT")))
		value_u32(v, &s->selected.uidnext);
	else if (str_caseeq(r->code, STR("READ-ONLY")))
		s->selected.read_only = true;
	else if (str_caseeq(r->code, STR("READ-WRITE")))
		s->selected.read_only = false;
	else if (str_caseeq(r->code, STR("PERMANENTFLAGS")) && v != NULL && v->kind == VALUE_LIST)
		for (const struct value *flag = v->first; flag != NULL; flag = flag->next)
			s->selected.keywords |= str_eq(flag->text, STR("\\*"));
}

/* RFC 3501 7.1: an alert must be shown; the same one again is not news. */
static void
tell_alert(struct session *s, const struct response *r)
{
	char text[sizeof(s->alert)];

	snprintf(text, sizeof(text), "%.*s", STR_ARG(r->text));
	if (!str_caseeq(r->code, STR("ALERT")) || strcmp(text, s->alert) == 0 ||
	    s->alerts == ALERTS_MOST)
		return;
	s->alerts++;
	memcpy(s->alert, text, sizeof(text));
	log_event(LOG_WARN, "%s: the server says: %s", s->conf->name, text);
}

/* Nothing more can be said over the connection. */
static int
lose(struct session *s, struct err *e)
{
	s->lost = true;
	return err_wrap(e, "%s", s->conf->name);
}

/* Take note of what concerns the session itself. */
static int
note(struct session *s, const struct response *r, struct err *e)
{
	learn_code(s, r);
	tell_alert(s, r);
	if (r->kind != RESPONSE_UNTAGGED)
		return 0;
	if (str_caseeq(r->name, STR("BYE"))) {
		s->lost = true;
		return err_set(e, ERR_SOURCE, "%s: the server ended the session: %.*s",
		    s->conf->name, STR_ARG(r->text));
	}
	if (str_caseeq(r->name, STR("CAPABILITY")))
		capabilities_learn(&s->capabilities, r->values);
	if (r->numbered && str_caseeq(r->name, STR("EXISTS"))) {
		s->selected.news |= r->number > s->selected.exists;
		s->selected.exists = r->number;
	}
	if (r->numbered && str_caseeq(r->name, STR("EXPUNGE")) && s->selected.exists > 0)
		s->selected.exists--;
	return 0;
}

/* Tags are "a1", "a2" ...; any other is not ours. */
static int
tag_of(const struct session *s, struct str tag, uint32_t *number)
{
	uint64_t v;

	if (tag.n < 2 || tag.p[0] != 'a' ||
	    str_u64((struct str){ tag.p + 1, tag.n - 1 }, s->tag, &v) < 0 || v == 0)
		return -1;
	*number = (uint32_t)v;
	return 0;
}

static int
take_reply(const struct session *s, const struct response *in, struct reply *r, struct err *e)
{
	static const char *const names[] = { "OK", "NO", "BAD" };

	*r = (struct reply){ .code = in->code, .code_values = in->code_values, .text = in->text };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (str_caseeq(in->name, str_of(names[i])) && tag_of(s, in->tag, &r->tag) == 0) {
			r->status = (enum reply_status)i;
			return SESSION_REPLY;
		}
	return err_set(e, ERR_SOURCE, "%s: the server answered what was not asked: %.*s %.*s",
	    s->conf->name, STR_ARG(in->tag), STR_ARG(in->name));
}

/* A server may say that it is busy, but not for ever. */
static bool
is_put_off(const struct session *s)
{
	return s->waiting > 0 && !s->idling &&
	    now_ms() - s->moved_at > (int64_t)s->conf->link.wait_seconds * 1000 * PATIENCE;
}

int
session_give_up(struct session *s, struct err *e)
{
	err_set(e, ERR_SOURCE, "the server did not answer within %u seconds",
	    s->conf->link.wait_seconds);
	return lose(s, e);
}

int
session_read(struct session *s, struct reply *r, struct err *e)
{
	struct response in;

	if (++s->untagged > UNTAGGED_MOST || is_put_off(s)) {
		err_set(e, ERR_SOURCE, "the server talks without end and answers nothing");
		return lose(s, e);
	}
	if (reader_next(s->reader, &in, e) < 0)
		return lose(s, e);
	if (note(s, &in, e) < 0)
		return -1;
	switch (in.kind) {
	case RESPONSE_TAGGED:
		s->untagged = 0;
		s->waiting -= s->waiting > 0;
		s->moved_at = now_ms();
		s->idling = false;
		return take_reply(s, &in, r, e);
	case RESPONSE_CONTINUE:
		s->moved_at = now_ms();
		*r = (struct reply){ .text = in.text };
		return SESSION_CONTINUE;
	case RESPONSE_UNTAGGED:
		break;
	}
	if (s->sink.untagged != NULL && s->sink.untagged(s->sink.arg, &in, e) < 0) {
		s->lost = true;
		return -1;
	}
	return SESSION_UNTAGGED;
}

static int
put_line(struct session *s, struct err *e)
{
	int rc = 0;

	buf_puts(&s->out, STR("\r\n"));
	if (s->out.over)
		rc = err_set(e, ERR_CONFIG, "%s: a command would be too long", s->conf->name);
	else if (link_put(s->link, s->out.p, s->out.n, e) < 0)
		rc = lose(s, e);
	return rc;
}

static int
send_command(struct session *s, uint32_t *tag, struct err *e, const char *fmt, va_list ap)
{
	s->tag++;
	s->waiting++;
	s->moved_at = now_ms();
	if (tag != NULL)
		*tag = s->tag;
	buf_reset(&s->out);
	buf_printf(&s->out, "a%u ", (unsigned)s->tag);
	buf_vprintf(&s->out, fmt, ap);
	return put_line(s, e);
}

int
session_send(struct session *s, uint32_t *tag, struct err *e, const char *fmt, ...)
{
	va_list ap;
	int rc;

	va_start(ap, fmt);
	rc = send_command(s, tag, e, fmt, ap);
	va_end(ap);
	return rc;
}

int
session_line(struct session *s, struct str line, struct err *e)
{
	buf_reset(&s->out);
	buf_puts(&s->out, line);
	return put_line(s, e);
}

int
session_await(struct session *s, uint32_t tag, struct reply *r, struct err *e)
{
	int event;

	do {
		event = session_read(s, r, e);
		if (event == SESSION_CONTINUE)
			return err_set(e, ERR_SOURCE,
			    "%s: the server asks for more where there is none", s->conf->name);
	} while (event >= 0 && (event != SESSION_REPLY || r->tag != tag));
	return event < 0 ? -1 : 0;
}

int
session_run(struct session *s, struct reply *r, struct err *e, const char *fmt, ...)
{
	uint32_t tag;
	va_list ap;
	int rc;

	va_start(ap, fmt);
	rc = send_command(s, &tag, e, fmt, ap);
	va_end(ap);
	return rc < 0 ? -1 : session_await(s, tag, r, e);
}

int
session_wait(struct session *s, int other, int timeout_ms, struct err *e)
{
	bool begun = reader_has_bytes(s->reader);
	int rc = link_wait(s->link, other, begun ? 0 : timeout_ms, e);

	if (rc < 0)
		return lose(s, e);
	return begun ? rc | LINK_READABLE : rc;
}

/* What to do about a refusal, by its response code (RFC 5530). */
static const struct {
	const char *code;
	bool lasting; /* trying again does not mend it */
	const char *advice;
} refusals[] = {
	{ "AUTHENTICATIONFAILED", true, "wrong user name, password or token" },
	{ "AUTHORIZATIONFAILED", true, "this user may not open that mailbox" },
	{ "EXPIRED", true, "the password or token has expired" },
	{ "PRIVACYREQUIRED", true, "the server wants TLS" },
	{ "CONTACTADMIN", true, "the server's administrator has to act" },
	{ "NOPERM", true, "this user lacks the right" },
	{ "OVERQUOTA", false, "the mailbox is full" },
	{ "LIMIT", false, "the server limits us for now" },
	{ "THROTTLED", false, "the server limits us for now" },
	{ "INUSE", false, "the mailbox is in use" },
	{ "UNAVAILABLE", false, "the server is not available now" },
	{ "SERVERBUG", false, "the server tells of an error of its own" },
	{ "NONEXISTENT", false, "there is no such folder" },
	{ "TRYCREATE", false, "there is no such folder" },
};

int
session_refused(const struct session *s, const char *what, const struct reply *r, struct err *e)
{
	enum err_kind kind = ERR_SOURCE;
	const char *advice = "";

	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		if (str_caseeq(r->code, str_of(refusals[i].code))) {
			kind = refusals[i].lasting ? ERR_CONFIG : ERR_SOURCE;
			advice = refusals[i].advice;
		}
	return err_set(e, kind, "%s: %s: the server says: %.*s%s%s%s", s->conf->name, what,
	    STR_ARG(r->text), advice[0] != '\0' ? " (" : "", advice, advice[0] != '\0' ? ")" : "");
}

static int
ask_capabilities(struct session *s, struct err *e)
{
	struct reply r;

	if (s->capabilities.told)
		return 0;
	if (session_run(s, &r, e, "CAPABILITY") < 0)
		return -1;
	return r.status == REPLY_OK ? 0 : session_refused(s, "could not ask what it can do", &r, e);
}

/* OK, or PREAUTH where the connection itself says who we are; with BYE note has ended it. */
static int
greet(struct session *s, bool *in, struct err *e)
{
	struct response r;

	*in = false;
	if (reader_next(s->reader, &r, e) < 0)
		return err_wrap(e, "%s", s->conf->name);
	if (note(s, &r, e) < 0)
		return -1;
	if (r.kind == RESPONSE_UNTAGGED && str_caseeq(r.name, STR("PREAUTH")))
		*in = true;
	else if (r.kind != RESPONSE_UNTAGGED || !str_caseeq(r.name, STR("OK")))
		return err_set(e, ERR_SOURCE, "%s: what answers at %s port %s is no IMAP server",
		    s->conf->name, s->conf->link.host, s->conf->link.port);
	return 0;
}

/*
 * Everything said before TLS may come from somebody else: it is forgotten.  There is no way on
 * without TLS (NO STARTTLS, USENIX Security 2021).
 */
static int
make_private(struct session *s, bool in, struct err *e)
{
	struct reply r;

	if (s->conf->link.tls != LINK_STARTTLS)
		return 0;
	if (in)
		return err_set(e, ERR_CONFIG,
		    "%s: the server logs in before TLS, so that STARTTLS is impossible: use imaps://",
		    s->conf->name);
	if (ask_capabilities(s, e) < 0)
		return -1;
	if (!s->capabilities.has[CAP_STARTTLS])
		return err_set(e, ERR_CONFIG,
		    "%s: the server offers no STARTTLS (or somebody in between hides it): use imaps://",
		    s->conf->name);
	if (session_run(s, &r, e, "STARTTLS") < 0)
		return -1;
	if (r.status != REPLY_OK)
		return session_refused(s, "could not start TLS", &r, e);
	if (reader_has_bytes(s->reader))
		return err_set(e, ERR_CONFIG,
		    "%s: something was said between STARTTLS and TLS: somebody interferes",
		    s->conf->name);
	if (link_starttls(s->link, e) < 0)
		return err_wrap(e, "%s", s->conf->name);
	reader_reset(s->reader);
	capabilities_forget(&s->capabilities);
	return ask_capabilities(s, e);
}

static int
compress(struct session *s, struct err *e)
{
	struct reply r;

	if (!s->conf->compress || !s->capabilities.has[CAP_COMPRESS])
		return 0;
	if (session_run(s, &r, e, "COMPRESS DEFLATE") < 0)
		return -1;
	if (r.status != REPLY_OK)
		return 0;
	if (reader_has_bytes(s->reader))
		return err_set(
		    e, ERR_SOURCE, "%s: the server speaks before it is asked", s->conf->name);
	return link_compress(s->link, e) < 0 ? err_wrap(e, "%s", s->conf->name) : 0;
}

static int
start(struct session *s, struct err *e)
{
	bool in;
	struct reply r;

	if (greet(s, &in, e) < 0 || make_private(s, in, e) < 0)
		return -1;
	if (!in &&
	    (ask_capabilities(s, e) < 0 || auth_login(s, s->conf, link_is_private(s->link), e) < 0))
		return -1;
	if (ask_capabilities(s, e) < 0 || compress(s, e) < 0)
		return -1;
	/* RFC 2971; some servers let nobody in who does not say it */
	if (s->capabilities.has[CAP_ID] && session_run(s, &r, e, "ID (\"name\" \"ruastat\")") < 0)
		return -1;
	return namespace_ask(s, &s->space, e);
}

struct session *
session_open(const struct imap_conf *conf, struct err *e)
{
	struct session *s = calloc(1, sizeof(*s));
	const struct response_io io = {
		.arg = s, .read = read_link, .begin = on_begin, .piece = on_piece
	};

	if (s == NULL)
		abort();
	s->conf = conf;
	buf_init(&s->out, COMMAND_BYTES);
	buf_room(&s->out, COMMAND_BYTES); /* at once: growing leaves copies behind */
	capabilities_init(&s->capabilities);
	s->reader = reader_new(&io);
	s->link = link_open(&conf->link, e);
	if (s->link == NULL)
		err_wrap(e, "%s", conf->name);
	else if (start(s, e) == 0)
		return s;
	session_close(s);
	return NULL;
}

void
session_close(struct session *s)
{
	if (s == NULL)
		return;
	link_close(s->link);
	reader_free(s->reader);
	secret_wipe(&s->out); /* passwords and tokens went through it */
	capabilities_fini(&s->capabilities);
	free(s);
}

void
session_logout(struct session *s)
{
	int64_t until = now_ms() + LOGOUT_SECONDS * 1000;
	struct reply r;
	struct err e;

	if (s == NULL)
		return;
	session_listen(s, NULL);
	/* the answer is a BYE, which ends the reading */
	if (session_send(s, NULL, &e, "LOGOUT") == 0)
		while (await_left(until) > 0 &&
		    session_wait(s, -1, await_left(until), &e) == LINK_READABLE &&
		    session_read(s, &r, &e) >= 0)
			;
	session_close(s);
}

int
session_select(struct session *s, struct str wire, const char *name, bool read_only, struct err *e)
{
	struct buf quoted;
	struct reply r;
	char what[300];
	int rc;

	s->selected = (struct selected){ .open = false };
	buf_init(&quoted, 2 * MAILBOX_BYTES + 2);
	rc = mailbox_quote(wire, &quoted);
	if (rc < 0)
		err_set(
		    e, ERR_CONFIG, "%s: \"%.200s\" can be no folder's name", s->conf->name, name);
	else
		rc = session_run(
		    s, &r, e, "%s %.*s", read_only ? "EXAMINE" : "SELECT", (int)quoted.n, quoted.p);
	buf_fini(&quoted);
	if (rc < 0)
		return -1;
	snprintf(what, sizeof(what), "could not open the folder \"%.200s\"", name);
	if (r.status != REPLY_OK)
		return session_refused(s, what, &r, e);
	if (s->selected.uidvalidity == 0)
		return err_set(e, ERR_SOURCE,
		    "%s: the folder \"%.200s\" has no UIDVALIDITY: its mails have no lasting names",
		    s->conf->name, name);
	s->selected.open = true;
	return 0;
}

int
session_idle(struct session *s, struct err *e)
{
	struct reply r;
	int event;

	if (session_send(s, &s->idle, e, "IDLE") < 0)
		return -1;
	do
		event = session_read(s, &r, e);
	while (event == SESSION_UNTAGGED);
	if (event == SESSION_REPLY)
		return session_refused(s, "could not wait for news", &r, e);
	s->idling = event == SESSION_CONTINUE;
	return s->idling ? 0 : -1;
}

int
session_done(struct session *s, struct err *e)
{
	struct reply r;

	if (!s->idling)
		return 0;
	s->idling = false;
	return session_line(s, STR("DONE"), e) < 0 ? -1 : session_await(s, s->idle, &r, e);
}
