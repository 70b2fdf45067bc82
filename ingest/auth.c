#include "ingest/auth.h"

#include <stdio.h>

#include "core/base64.h"

#define ANSWER_BYTES ((size_t)100 << 10)
#define EXCHANGES \
	8 /* questions of the server in one login; a mechanism of ours needs two at most */

/* Answers to the server's questions, in turn. */
struct exchange {
	const char *mechanism;
	bool server_first;     /* nothing goes with the command */
	struct buf first;      /* what else may (RFC 4959) */
	struct buf second;     /* the answer to the next question; empty: it has none */
	struct str on_failure; /* raw answer to a question too many: it tells why it failed */
	char told[300];        /* what such a question said */
	struct str secret;     /* the password or token, which is in them */
};

static void
exchange_init(struct exchange *x, const char *mechanism)
{
	*x = (struct exchange){ .mechanism = mechanism, .on_failure = STR("*") };
	buf_init(&x->first, ANSWER_BYTES);
	buf_init(&x->second, ANSWER_BYTES);
}

static void
exchange_fini(struct exchange *x)
{
	secret_wipe(&x->first);
	secret_wipe(&x->second);
}

static int
send_encoded(struct session *s, struct str raw, struct err *e)
{
	struct buf line;
	int rc;

	buf_init(&line, 2 * ANSWER_BYTES);
	base64_put(&line, raw);
	rc = session_line(s, buf_str(&line), e);
	secret_wipe(&line);
	return rc;
}

static int
send_first(struct session *s, const struct exchange *x, uint32_t *tag, struct err *e)
{
	struct buf line;
	int rc;

	buf_init(&line, 2 * ANSWER_BYTES);
	base64_put(&line, buf_str(&x->first));
	if (line.n == 0)
		buf_put8(&line, '='); /* RFC 4959: an empty answer */
	rc = session_send(s, tag, e, "AUTHENTICATE %s %.*s", x->mechanism, (int)line.n, line.p);
	secret_wipe(&line);
	return rc;
}

/* Whether ${text} has ${raw} in it, as it is or in base64. */
static bool
repeats(struct str text, struct str raw)
{
	struct buf encoded;
	bool yes;

	if (raw.n == 0)
		return false;
	buf_init(&encoded, 2 * ANSWER_BYTES);
	base64_put(&encoded, raw);
	yes = str_find(text, raw) != NULL || str_find(text, buf_str(&encoded)) != NULL;
	secret_wipe(&encoded);
	return yes;
}

/* Some servers repeat the command they do not understand: it must not get into a log. */
static void
hide(struct str *text, struct str secret, struct str first, struct str second)
{
	if (repeats(*text, secret) || repeats(*text, first) || repeats(*text, second))
		*text = STR("(what we said to it)");
}

/* A question beyond those the mechanism has tells why it failed, as JSON (RFC 7628 3.2.2). */
static int
hear_failure(struct session *s, struct exchange *x, struct str question, struct err *e)
{
	struct buf text;

	buf_init(&text, ANSWER_BYTES);
	if (base64_get(&text, question) == 0 && !repeats(buf_str(&text), x->secret))
		snprintf(x->told, sizeof(x->told), "%.*s", (int)(text.n < 250 ? text.n : 250),
		    text.p != NULL ? text.p : "");
	buf_fini(&text);
	return session_line(s, x->on_failure, e);
}

/* AUTHENTICATE: the reply into ${r}, whatever it says. */
static int
authenticate(struct session *s, struct exchange *x, struct reply *r, struct err *e)
{
	bool initial = session_has(s, CAP_SASL_IR) && !x->server_first;
	unsigned asked = initial ? 1 : 0;
	uint32_t tag;
	int rc;

	if (initial)
		rc = send_first(s, x, &tag, e);
	else
		rc = session_send(s, &tag, e, "AUTHENTICATE %s", x->mechanism);
	for (unsigned i = 0; rc == 0 && i < EXCHANGES; i++) {
		int event;

		do
			event = session_read(s, r, e);
		while (event == SESSION_UNTAGGED);
		if (event < 0)
			return -1;
		if (event == SESSION_REPLY)
			return 0;
		if (asked == 0)
			rc = send_encoded(s, buf_str(&x->first), e);
		else if (asked == 1 && x->second.n > 0)
			rc = send_encoded(s, buf_str(&x->second), e);
		else
			rc = hear_failure(s, x, r->text, e);
		asked++;
	}
	return rc < 0 ? -1 : err_set(e, ERR_SOURCE, "the server's questions have no end");
}

static int
login_by(struct session *s, const struct imap_conf *conf, struct exchange *x, struct err *e)
{
	char what[400];
	struct reply r;

	if (authenticate(s, x, &r, e) < 0)
		return -1;
	if (r.status == REPLY_OK)
		return 0;
	hide(&r.text, x->secret, buf_str(&x->first), buf_str(&x->second));
	snprintf(what, sizeof(what), "could not log in as %.200s by %s%s%.150s", conf->user,
	    x->mechanism, x->told[0] != '\0' ? ": " : "", x->told);
	session_refused(s, what, &r, e);
	/* most servers say no more than NO */
	if (r.code.n == 0)
		e->kind = ERR_CONFIG;
	return -1;
}

/* RFC 4616: no authorization identity, who, secret. */
static int
by_plain(struct session *s, const struct imap_conf *conf, struct str password, struct err *e)
{
	struct exchange x;
	int rc;

	exchange_init(&x, "PLAIN");
	buf_put8(&x.first, '\0');
	buf_puts(&x.first, str_of(conf->user));
	buf_put8(&x.first, '\0');
	buf_puts(&x.first, password);
	x.secret = password;
	rc = login_by(s, conf, &x, e);
	exchange_fini(&x);
	return rc;
}

/* The mechanism LOGIN asks twice, and has no initial answer. */
static int
by_sasl_login(struct session *s, const struct imap_conf *conf, struct str password, struct err *e)
{
	struct exchange x;
	int rc;

	exchange_init(&x, "LOGIN");
	x.server_first = true;
	buf_puts(&x.first, str_of(conf->user));
	buf_puts(&x.second, password);
	x.secret = password;
	rc = login_by(s, conf, &x, e);
	exchange_fini(&x);
	return rc;
}

/* A quoted string; -1 when the text needs more than that. */
static int
quote(struct buf *out, struct str text)
{
	buf_put8(out, '"');
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];

		if (c >= 0x80 || c < ' ' || c == 0x7f)
			return -1;
		if (c == '"' || c == '\\')
			buf_put8(out, '\\');
		buf_put8(out, c);
	}
	buf_put8(out, '"');
	return 0;
}

/* RFC 3501 6.2.3 */
static int
by_command(struct session *s, const struct imap_conf *conf, struct str password, struct err *e)
{
	struct buf line;
	struct reply r = { .status = REPLY_NO };
	char what[300];
	int rc;

	buf_init(&line, ANSWER_BYTES);
	rc = quote(&line, str_of(conf->user));
	buf_put8(&line, ' ');
	if (rc == 0)
		rc = quote(&line, password);
	if (rc < 0)
		err_set(e, ERR_CONFIG,
		    "%s: the server knows only LOGIN, which has no room for such characters as are in "
		    "the user name or password",
		    conf->name);
	else
		rc = session_run(s, &r, e, "LOGIN %.*s", (int)line.n, line.p);
	if (rc == 0)
		hide(&r.text, password, buf_str(&line), STR(""));
	secret_wipe(&line);
	if (rc < 0 || r.status == REPLY_OK)
		return rc;
	snprintf(what, sizeof(what), "could not log in as %.200s", conf->user);
	session_refused(s, what, &r, e);
	if (r.code.n == 0)
		e->kind = ERR_CONFIG;
	return -1;
}

static int
by_password(struct session *s, const struct imap_conf *conf, struct err *e)
{
	struct buf password;
	char what[300];
	int rc;

	buf_init(&password, SECRET_BYTES);
	snprintf(what, sizeof(what), "the password of %.200s", conf->name);
	rc = secret_read(&conf->password, what, &password, e);
	if (rc < 0)
		;
	else if (conf->auth == IMAP_AUTH_PLAIN ||
	    (conf->auth == IMAP_AUTH_ANY && session_has(s, CAP_PLAIN)))
		rc = by_plain(s, conf, buf_str(&password), e);
	else if (session_has(s, CAP_LOGIN))
		rc = by_sasl_login(s, conf, buf_str(&password), e);
	else if (session_has(s, CAP_LOGINDISABLED))
		rc = err_set(e, ERR_CONFIG, "%s: the server takes no password here; it knows: %.*s",
		    conf->name, STR_ARG(session_capabilities(s)));
	else
		rc = by_command(s, conf, buf_str(&password), e);
	secret_wipe(&password);
	return rc;
}

/* The commas and equals signs of a GS2 header's name are written =2C and =3D (RFC 5801 4). */
static void
put_gs2_name(struct buf *out, const char *name)
{
	for (; *name != '\0'; name++)
		if (*name == ',')
			buf_puts(out, STR("=2C"));
		else if (*name == '=')
			buf_puts(out, STR("=3D"));
		else
			buf_put8(out, (uint8_t)*name);
}

static int
by_this_token(
    struct session *s, const struct imap_conf *conf, bool bearer, struct str token, struct err *e)
{
	struct exchange x;
	int rc;

	exchange_init(&x, bearer ? "OAUTHBEARER" : "XOAUTH2");
	if (bearer) {
		buf_puts(&x.first, STR("n,a="));
		put_gs2_name(&x.first, conf->user);
		buf_printf(&x.first, ",\001host=%s\001port=%s\001auth=Bearer ", conf->link.host,
		    conf->link.port);
		x.on_failure = STR("AQ==");
	} else {
		buf_printf(&x.first, "user=%s\001auth=Bearer ", conf->user);
		x.on_failure = STR("");
	}
	buf_puts(&x.first, token);
	buf_puts(&x.first, STR("\001\001"));
	x.secret = token;
	rc = login_by(s, conf, &x, e);
	exchange_fini(&x);
	return rc;
}

/* A token at hand may have been revoked: then another is got, once. */
static int
by_token(struct session *s, const struct imap_conf *conf, struct err *e)
{
	bool bearer = conf->auth == IMAP_AUTH_OAUTHBEARER ||
	    (conf->auth == IMAP_AUTH_ANY && session_has(s, CAP_OAUTHBEARER));
	struct buf token;
	int rc = -1;

	buf_init(&token, SECRET_BYTES);
	for (int renew = 0; renew < 2 && rc < 0; renew++) {
		buf_reset(&token);
		if (token_get(&conf->token, conf->name, renew > 0, &token, e) < 0)
			break;
		rc = by_this_token(s, conf, bearer, buf_str(&token), e);
		if (rc < 0 && e->kind != ERR_CONFIG)
			break;
	}
	secret_wipe(&token);
	return rc;
}

static int
by_certificate(struct session *s, const struct imap_conf *conf, struct err *e)
{
	struct exchange x;
	int rc;

	exchange_init(&x, "EXTERNAL");
	if (conf->user != NULL)
		buf_puts(&x.first, str_of(conf->user));
	rc = login_by(s, conf, &x, e);
	exchange_fini(&x);
	return rc;
}

int
auth_login(struct session *s, const struct imap_conf *conf, bool private, struct err *e)
{
	if (!private && conf->link.tls != LINK_CLEAR)
		return err_set(e, ERR_CONFIG, "%s: no password is sent without TLS", conf->name);
	switch (conf->auth) {
	case IMAP_AUTH_EXTERNAL:
		return by_certificate(s, conf, e);
	case IMAP_AUTH_XOAUTH2:
	case IMAP_AUTH_OAUTHBEARER:
		return by_token(s, conf, e);
	case IMAP_AUTH_PLAIN:
	case IMAP_AUTH_LOGIN:
		return by_password(s, conf, e);
	case IMAP_AUTH_ANY:
		break;
	}
	return conf->token.grant != TOKEN_NONE ? by_token(s, conf, e) : by_password(s, conf, e);
}
