#include "dashboard/login.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/limits.h"
#include "core/log.h"
#include "core/password.h"
#include "dashboard/attempts.h"
#include "dashboard/json.h"

struct logins {
	struct readers *readers;
	const char *cookie;
	struct attempts *attempts;
};

struct logins *
logins_new(struct readers *readers, const char *cookie)
{
	struct logins *s = calloc(1, sizeof(*s));

	if (s == NULL)
		abort();
	s->readers = readers;
	s->cookie = cookie;
	s->attempts = attempts_new();
	return s;
}

void
logins_free(struct logins *s)
{
	if (s == NULL)
		return;
	attempts_free(s->attempts);
	free(s);
}

static int64_t
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

struct str
user_name(struct arena *a, struct str given, struct err *e)
{
	struct str name = arena_str(a, given);
	char *p = (char *)(uintptr_t)name.p;

	for (size_t i = 0; p != NULL && i < name.n; i++) {
		if (p[i] >= 'A' && p[i] <= 'Z')
			p[i] = (char)(p[i] - 'A' + 'a');
		if (strchr("abcdefghijklmnopqrstuvwxyz0123456789._@+-", p[i]) == NULL ||
		    p[i] == '\0')
			p = NULL;
	}
	if (p != NULL && name.n > 0 && name.n <= LIMIT_USER_BYTES)
		return name;
	err_set(e, ERR_MESSAGE, "a name has 1 to %d of the characters a-z 0-9 . _ @ + -",
	    LIMIT_USER_BYTES);
	return STR("");
}

static void
set_cookie(const struct logins *s, const struct request *q, const char *token, struct response *r)
{
	/* Lax would do as well: nothing changes by GET.  Strict keeps it out of foreign links too. */
	snprintf(r->cookie, sizeof(r->cookie),
	    "%s=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%d%s", s->cookie, token,
	    token[0] != '\0' ? LIMIT_SESSION_SECONDS : 0, q->secure ? "; Secure" : "");
}

/* Answer as the session that ${token} has begun. */
static void
begun(const struct logins *s, const struct request *q, const char *token, const char *name,
    bool admin, struct response *r)
{
	struct session session = { .name = name, .admin = admin };

	token_csrf(str_of(token), session.csrf);
	set_cookie(s, q, token, r);
	session_tell(&session, r);
}

static bool
read_body(const struct request *q, const char *const *names, size_t n, struct str *values,
    struct response *r)
{
	struct err e;

	if (json_strings(q->arena, q->body, names, n, values, &e) == 0)
		return true;
	response_refuse(r, 400, "bad_request", NULL, e.text);
	return false;
}

/* Too many guesses: say when there may be another. */
static bool
may_try(struct logins *s, const struct request *q, struct str name, struct response *r)
{
	unsigned seconds = attempts_charge(s->attempts, name, str_of(q->address), now());
	char text[100];

	if (seconds == 0)
		return true;
	snprintf(text, sizeof(text), "too many wrong passwords: try again in %u s", seconds);
	response_refuse(r, 429, "too_many_attempts", NULL, text);
	r->retry_after = seconds;
	return false;
}

/* 1 when the password is right, with its hash in ${hash}; 0 when not; -1. */
static int
is_right(struct logins *s, struct str name, struct str password, char hash[PASSWORD_HASH_BYTES],
    struct err *e)
{
	const char *values[] = { name.p };
	struct answer *a = readers_ask(s->readers, NULL, "user_find", values, 1, false, e);
	const char *stored;
	int right = 0;

	if (a == NULL)
		return -1;
	stored = answer_rows(a) > 0 ? answer_value(a, 0, 0) : NULL;
	if (password.n <= LIMIT_PASSWORD_BYTES)
		right = password_verify(password, stored, e);
	if (right > 0)
		snprintf(hash, PASSWORD_HASH_BYTES, "%s", stored);
	answer_free(a);
	return right;
}

static void
start(struct logins *s, const struct request *q, struct str name, const char *password,
    struct response *r)
{
	char token[TOKEN_BYTES], hash[TOKEN_HASH_BYTES], most[16], idle[16];
	const char *values[] = { name.p, hash, password, most, idle };
	struct answer *a;
	struct err e;

	token_new(token);
	token_hash(str_of(token), hash);
	snprintf(most, sizeof(most), "%d", LIMIT_SESSION_SECONDS);
	snprintf(idle, sizeof(idle), "%d", LIMIT_SESSION_IDLE_SECONDS);
	a = readers_ask(s->readers, NULL, "session_start", values, 5, false, &e);
	if (a == NULL)
		response_fail(r, &e);
	else if (answer_rows(a) == 0)
		response_refuse(
		    r, 401, "wrong_password", NULL, "the name or the password is wrong");
	else
		begun(s, q, token, name.p, strcmp(answer_value(a, 0, 1), "admin") == 0, r);
	answer_free(a);
}

void
login_by_password(struct logins *s, const struct request *q, struct response *r)
{
	static const char *const names[] = { "name", "password" };
	char hash[PASSWORD_HASH_BYTES];
	struct str given[2], name;
	struct err e;
	int right;

	if (!read_body(q, names, 2, given, r))
		return;
	name = user_name(q->arena, given[0], &e);
	if (name.n == 0) {
		response_refuse(
		    r, 401, "wrong_password", NULL, "the name or the password is wrong");
		return;
	}
	if (!may_try(s, q, name, r))
		return;
	right = is_right(s, name, given[1], hash, &e);
	if (right > 0)
		attempts_trust(s->attempts, name, str_of(q->address), now());
	else if (right < 0)
		attempts_forgive(s->attempts, name, str_of(q->address), now());
	if (right < 0) {
		response_fail(r, &e);
	} else if (right == 0) {
		log_event(LOG_WARN, "wrong password for \"%s\" from %s", name.p, q->address);
		response_refuse(
		    r, 401, "wrong_password", NULL, "the name or the password is wrong");
	} else {
		start(s, q, name, hash, r);
	}
}

void
login_by_link(struct logins *s, const struct request *q, struct response *r)
{
	static const char *const names[] = { "token" };
	char token[TOKEN_BYTES], link_hash[TOKEN_HASH_BYTES], hash[TOKEN_HASH_BYTES];
	const char *values[] = { link_hash, hash };
	struct answer *a;
	struct str given;
	struct err e;

	if (!read_body(q, names, 1, &given, r) || !may_try(s, q, STR(""), r))
		return;
	token_new(token);
	token_hash(str_of(token), hash);
	token_hash(given, link_hash);
	a = readers_ask(s->readers, NULL, "link_redeem", values, 2, false, &e);
	if (a == NULL || answer_rows(a) > 0)
		attempts_forgive(s->attempts, STR(""), str_of(q->address), now());
	if (a == NULL)
		response_fail(r, &e);
	else if (answer_rows(a) == 0)
		response_refuse(r, 401, "link_invalid", NULL,
		    "this link was used already, or its time is up; starting ruastat again gives a new one");
	else
		begun(s, q, token, NULL, strcmp(answer_value(a, 0, 0), "admin") == 0, r);
	answer_free(a);
}

void
login_end(
    struct logins *s, const struct request *q, const struct session *session, struct response *r)
{
	const char *values[] = { session->token_hash };
	struct err e;
	struct answer *a = readers_ask(s->readers, NULL, "session_end", values, 1, false, &e);

	if (a == NULL) {
		response_fail(r, &e);
		return;
	}
	answer_free(a);
	set_cookie(s, q, "", r);
	buf_puts(&r->body, STR("{}"));
}

/* Run a statement that gives a row when it could do what it should. */
static int
ask_row(struct logins *s, const char *statement, const char *const *values, size_t n, struct err *e)
{
	struct answer *a = readers_ask(s->readers, NULL, statement, values, n, false, e);
	int rows = a != NULL ? answer_rows(a) > 0 : -1;

	answer_free(a);
	return rows;
}

/* Whether ${password} is the one of who asks, with its hash in ${hash}; else it was answered. */
static bool
knows_password(struct logins *s, const struct request *q, const struct session *session,
    struct str password, char hash[PASSWORD_HASH_BYTES], struct response *r)
{
	struct str name = str_of(session->name);
	struct err e;
	int right;

	if (!may_try(s, q, name, r))
		return false;
	right = is_right(s, name, password, hash, &e);
	if (right != 0)
		attempts_forgive(s->attempts, name, str_of(q->address), now());
	if (right < 0)
		response_fail(r, &e);
	else if (right == 0)
		response_refuse(r, 401, "wrong_password", "password", "the password is wrong");
	return right > 0;
}

static void
change(struct logins *s, const struct session *session, const char *old, const char *hash,
    struct response *r)
{
	const char *values[] = { session->name, hash, session->token_hash, old };
	struct err e;
	int rc = ask_row(s, "user_password", values, 4, &e);

	if (rc < 0)
		response_fail(r, &e);
	else if (rc == 0)
		response_refuse(r, 401, "login_required", NULL, "nobody is logged in");
	else
		buf_puts(&r->body, STR("{}"));
}

static void
make_user(struct logins *s, const struct request *q, const struct session *session,
    struct str given, const char *hash, struct response *r)
{
	struct err e;
	struct str name = user_name(q->arena, given, &e);
	const char *values[] = { name.p, hash, session->token_hash };
	int rc;

	if (name.n == 0) {
		response_refuse(r, 400, "bad_parameter", "name", e.text);
		return;
	}
	rc = ask_row(s, "user_of_link", values, 3, &e);
	if (rc < 0)
		response_fail(r, &e);
	else if (rc == 0)
		response_refuse(r, 400, "bad_parameter", "name", "this name is taken");
	else
		buf_puts(&r->body, STR("{}"));
}

void
login_password(
    struct logins *s, const struct request *q, const struct session *session, struct response *r)
{
	static const char *const of_user[] = { "password", "new_password" };
	static const char *const of_link[] = { "name", "new_password" };
	char old[PASSWORD_HASH_BYTES], hash[PASSWORD_HASH_BYTES];
	struct str given[2];
	struct err e;

	if (!read_body(q, session->name != NULL ? of_user : of_link, 2, given, r))
		return;
	if (password_check(given[1], &e) < 0)
		response_refuse(r, 400, "bad_parameter", "new_password", e.text);
	else if (session->name != NULL && !knows_password(s, q, session, given[0], old, r))
		return;
	else if (password_hash(given[1], hash, &e) < 0)
		response_fail(r, &e);
	else if (session->name != NULL)
		change(s, session, old, hash, r);
	else
		make_user(s, q, session, given[0], hash, r);
}
