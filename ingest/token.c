#include "ingest/token.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ingest/tokenbrowser.h"
#include "ingest/tokendevice.h"
#include "ingest/tokengrant.h"
#include "ingest/tokenjson.h"
#include "ingest/tokenstore.h"

#define GOOD_FOR_SECONDS 60 /* what token_get promises */
#define LIFE_SECONDS 3600   /* where the server does not say; Google's and Microsoft's */
#define LIFE_MOST_SECONDS (366 * 86400) /* a mistake beyond that */

/* Whether a person is needed for the first token. */
static bool
needs_person(const struct token_conf *c)
{
	return c->grant == TOKEN_DEVICE || c->grant == TOKEN_BROWSER;
}

static int
hand_out(const char *token, struct buf *out)
{
	secret_wipe(out);
	if (buf_room(out, SECRET_BYTES) == NULL)
		abort();
	buf_puts(out, str_of(token));
	out->p[out->n] = '\0';
	return 0;
}

/* Whether what is kept under ${member} is what the configuration says. */
static bool
agrees(const struct tokenjson *kept, const char *member, const char *wanted)
{
	const char *is = tokenjson_text(kept, member);

	return strcmp(is != NULL ? is : "", wanted != NULL ? wanted : "") == 0;
}

/* Tokens go only to the server that gave them, for the application they were given to. */
static bool
belongs(const struct tokenjson *kept, const struct token_conf *c)
{
	return agrees(kept, "client_id", c->client_id) &&
	    agrees(kept, "token_endpoint", c->token_endpoint) && agrees(kept, "scope", c->scope);
}

/* The access token kept, if it is good; NULL: another is needed. */
static const char *
good_token(const struct tokenjson *kept, const struct token_conf *c)
{
	const char *token = kept != NULL ? tokenjson_text(kept, "access_token") : NULL;

	if (token == NULL || !belongs(kept, c) || !tokengrant_is_token(token) ||
	    tokenjson_number(kept, "expires_at", 0) <= (int64_t)time(NULL) + GOOD_FOR_SECONDS)
		return NULL;
	return token;
}

/* What is to be kept of ${answer}; a refresh token that it does not replace stays good. */
static struct tokenjson *
keep(const struct tokenjson *answer, const struct tokenjson *kept, const struct token_conf *c)
{
	struct tokenjson *t = tokenjson_new();
	const char *refresh = tokenjson_text(answer, "refresh_token");
	int64_t life = tokenjson_number(answer, "expires_in", LIFE_SECONDS);

	if (refresh == NULL && kept != NULL)
		refresh = tokenjson_text(kept, "refresh_token");
	tokenjson_put_text(t, "client_id", c->client_id);
	tokenjson_put_text(t, "token_endpoint", c->token_endpoint);
	tokenjson_put_text(t, "scope", c->scope);
	tokenjson_put_text(t, "access_token", tokenjson_text(answer, "access_token"));
	tokenjson_put_text(t, "refresh_token", needs_person(c) ? refresh : NULL);
	tokenjson_put_number(t, "expires_at",
	    (int64_t)time(NULL) + (life < LIFE_MOST_SECONDS ? life : LIFE_MOST_SECONDS));
	return t;
}

/* Whether what is kept can be renewed; told before anything is locked or made. */
static int
check_refresh(
    const struct token_conf *c, const char *name, const struct tokenjson *kept, struct err *e)
{
	if (kept == NULL || tokenjson_text(kept, "refresh_token") == NULL)
		return err_set(e, ERR_CONFIG,
		    "there is none yet: \"ruastat login %.200s\" gets the first one", name);
	if (!belongs(kept, c))
		return err_set(e, ERR_CONFIG,
		    "the one that is kept was for another client_id, token_endpoint or scope: "
		    "\"ruastat login %.200s\" gets one for these",
		    name);
	return 0;
}

static int
ask_by_refresh(
    const struct tokengrant *g, const struct tokenjson *kept, struct tokenjson **out, struct err *e)
{
	const struct tokengrant_field fields[] = { { "grant_type", "refresh_token" },
		{ "refresh_token", tokenjson_text(kept, "refresh_token") }, { NULL, NULL } };
	char code[TOKENGRANT_CODE_BYTES];

	return tokengrant_token(g, fields, code, out, e);
}

static int
ask_by_credentials(const struct tokengrant *g, struct tokenjson **out, struct err *e)
{
	const struct tokengrant_field fields[] = { { "grant_type", "client_credentials" },
		{ "scope", g->conf->scope }, { NULL, NULL } };
	char code[TOKENGRANT_CODE_BYTES];

	return tokengrant_token(g, fields, code, out, e);
}

/* Ask for another, keep it, and only then hand it out.  The lock is ours. */
static int
renew_token(const struct token_conf *c, const char *name, struct tokenstore *store,
    const struct tokenjson *kept, struct buf *out, struct err *e)
{
	struct tokenjson *answer = NULL, *fresh;
	struct tokengrant g;
	int rc;

	if (needs_person(c) && check_refresh(c, name, kept, e) < 0)
		return -1;
	rc = tokengrant_init(&g, c, name, NULL, e);
	if (rc == 0)
		rc = needs_person(c) ? ask_by_refresh(&g, kept, &answer, e)
				     : ask_by_credentials(&g, &answer, e);
	if (rc == 0) {
		fresh = keep(answer, kept, c);
		rc = tokenstore_save(store, fresh, e);
		if (rc == 0)
			rc = hand_out(tokenjson_text(fresh, "access_token"), out);
		tokenjson_free(fresh);
	}
	tokenjson_free(answer);
	tokengrant_fini(&g);
	return rc;
}

/* Whether somebody else renewed it while we waited for the lock. */
static bool
is_another(const struct tokenjson *before, const struct tokenjson *after)
{
	const char *a = before != NULL ? tokenjson_text(before, "access_token") : NULL;
	const char *b = after != NULL ? tokenjson_text(after, "access_token") : NULL;

	return b != NULL && (a == NULL || strcmp(a, b) != 0);
}

static int
get_locked(const struct token_conf *c, const char *name, bool renew, const struct tokenjson *before,
    struct buf *out, struct err *e)
{
	struct tokenstore *store = tokenstore_lock(c->store, NULL, e);
	struct tokenjson *kept = NULL;
	const char *token;
	int rc = store != NULL ? tokenstore_load(c->store, &kept, e) : -1;

	if (rc == 0) {
		token = !renew || is_another(before, kept) ? good_token(kept, c) : NULL;
		rc = token != NULL ? hand_out(token, out)
				   : renew_token(c, name, store, kept, out, e);
	}
	tokenjson_free(kept);
	tokenstore_unlock(store);
	return rc;
}

static int
get_kept(const struct token_conf *c, const char *name, bool renew, struct buf *out, struct err *e)
{
	struct tokenjson *kept;
	const char *token;
	int rc;

	if (tokenstore_load(c->store, &kept, e) < 0)
		return -1;
	token = renew ? NULL : good_token(kept, c);
	if (token != NULL)
		rc = hand_out(token, out);
	else if (needs_person(c) && check_refresh(c, name, kept, e) < 0)
		rc = -1;
	else
		rc = get_locked(c, name, renew, kept, out, e);
	tokenjson_free(kept);
	return rc;
}

static int
get_by_command(const struct token_conf *c, struct buf *out, struct err *e)
{
	const struct secret_conf s = { .command = c->command };

	if (secret_read(&s, "token_command", out, e) < 0)
		return -1;
	if (tokengrant_is_token(out->p))
		return 0;
	secret_wipe(out);
	return err_set(e, ERR_CONFIG, "what token_command prints is no access token");
}

int
token_get(const struct token_conf *c, const char *name, bool renew, struct buf *out, struct err *e)
{
	int rc;

	switch (c->grant) {
	case TOKEN_COMMAND:
		rc = get_by_command(c, out, e);
		break;
	case TOKEN_DEVICE:
	case TOKEN_BROWSER:
	case TOKEN_CREDENTIALS:
		rc = get_kept(c, name, renew, out, e);
		break;
	default:
		rc = err_set(e, ERR_CONFIG, "nothing says how to get one");
	}
	return rc == 0 ? 0 : err_wrap(e, "the token of %.200s", name);
}

/* Keep what the server gave; without a refresh token it would be of no use in an hour. */
static int
keep_first(const struct token_conf *c, const struct token_talk *talk,
    const struct tokenjson *answer, struct err *e)
{
	struct tokenstore *store;
	struct tokenjson *fresh;
	int rc;

	if (needs_person(c) && tokenjson_text(answer, "refresh_token") == NULL)
		return err_set(e, ERR_CONFIG,
		    "the server gave no refresh token: scope may have to name offline_access, or "
		    "the permission was given before and must be taken back first");
	store = tokenstore_lock(c->store, talk->stop, e);
	if (store == NULL)
		return -1;
	fresh = keep(answer, NULL, c);
	rc = tokenstore_save(store, fresh, e);
	tokenjson_free(fresh);
	tokenstore_unlock(store);
	return rc;
}

/* A person's time is not spent where the result could not be kept. */
static int
try_store(const struct token_conf *c, const struct token_talk *talk, struct err *e)
{
	struct tokenstore *store = tokenstore_lock(c->store, talk->stop, e);

	tokenstore_unlock(store);
	return store != NULL ? 0 : -1;
}

static int
login(const struct token_conf *c, const char *name, const struct token_talk *talk, struct err *e)
{
	struct tokenjson *answer = NULL;
	struct tokengrant g;
	int rc;

	if (c->grant == TOKEN_NONE || c->grant == TOKEN_COMMAND)
		return err_set(e, ERR_CONFIG, "%s",
		    c->grant == TOKEN_NONE
			? "it uses no token: there is nothing to log in for"
			: "token_command gets it: there is nothing to log in for");
	rc = tokengrant_init(&g, c, name, talk->stop, e);
	if (rc == 0)
		rc = try_store(c, talk, e);
	if (rc == 0)
		rc = c->grant == TOKEN_DEVICE   ? tokendevice_run(&g, talk, &answer, e)
		    : c->grant == TOKEN_BROWSER ? tokenbrowser_run(&g, talk, &answer, e)
						: ask_by_credentials(&g, &answer, e);
	if (rc == 0)
		rc = keep_first(c, talk, answer, e);
	tokenjson_free(answer);
	tokengrant_fini(&g);
	return rc;
}

int
token_login(
    const struct token_conf *c, const char *name, const struct token_talk *talk, struct err *e)
{
	return login(c, name, talk, e) == 0 ? 0 : err_wrap(e, "the token of %.200s", name);
}
