#include "ingest/tokenbrowser.h"

#include <stdio.h>
#include <time.h>

#include "core/now.h"
#include "core/base64.h"
#include "core/digest.h"
#include "core/password.h"

#include "ingest/form.h"
#include "ingest/redirect.h"
#include "ingest/tokenjson.h"
#include "ingest/tokenrefusal.h"

#define URL_BYTES 8192

/* One login under way. */
struct attempt {
	const struct tokengrant *grant;
	struct redirect *redirect;
	char state[TOKEN_BYTES], verifier[TOKEN_BYTES]; /* 43 characters each: RFC 7636 4.1 */
	char uri[64];                                   /* where the browser is sent */
	struct buf code;
};

/* The registration of desktop applications at Microsoft takes the name, not the address. */
static const char *
host_for(const char *authorization_endpoint)
{
	return strstr(authorization_endpoint, "//login.microsoftonline.") != NULL ? "localhost"
										  : "127.0.0.1";
}

/* RFC 7636 4.2: base64url(SHA-256(verifier)), without padding. */
static void
put_challenge(struct buf *out, const char *verifier)
{
	struct digest *d = digest_new();
	struct sha256 h = digest_of(d, str_of(verifier));
	size_t from = out->n;

	digest_free(d);
	base64_put(out, (struct str){ (const char *)h.b, sizeof(h.b) });
	for (size_t i = from; i < out->n; i++)
		out->p[i] = (char)(out->p[i] == '+' ? '-' : out->p[i] == '/' ? '_' : out->p[i]);
	out->n -= out->n > from; /* 32 bytes end in one '=' */
}

static void
put_field(struct buf *url, const char *name, const char *value)
{
	buf_printf(url, "&%s=", name);
	form_encode(url, str_of(value));
}

static void
put_url(const struct attempt *a, struct buf *url)
{
	const struct token_conf *c = a->grant->conf;

	buf_puts(url, str_of(c->authorization_endpoint));
	buf_puts(url, strchr(c->authorization_endpoint, '?') != NULL ? STR("&") : STR("?"));
	buf_puts(url, STR("response_type=code&code_challenge_method=S256&code_challenge="));
	put_challenge(url, a->verifier);
	put_field(url, "client_id", c->client_id);
	put_field(url, "redirect_uri", a->uri);
	if (c->scope != NULL)
		put_field(url, "scope", c->scope);
	put_field(url, "state", a->state);
	buf_put8(url, '\0');
}

static int
tell(const struct attempt *a, const struct token_talk *talk, struct err *e)
{
	struct buf url;
	char line[URL_BYTES + 8];

	buf_init(&url, URL_BYTES);
	put_url(a, &url);
	if (url.over) {
		buf_fini(&url);
		return err_set(e, ERR_CONFIG, "authorization_endpoint or scope is too long");
	}
	talk->say(talk->arg, "Open this page in a browser and log in as the mailbox's owner:");
	snprintf(line, sizeof(line), "    %s", url.p);
	talk->say(talk->arg, line);
	talk->say(talk->arg,
	    "A browser on this machine comes back by itself.  One on another machine ends at a "
	    "page it");
	snprintf(line, sizeof(line),
	    "cannot open, %s...: copy that page's whole address and paste it here.", a->uri);
	talk->say(talk->arg, line);
	buf_fini(&url);
	return 0;
}

/* What the server says no by comes in the query, not as JSON. */
static int
refused(struct attempt *a, struct str query, const char *error, struct err *e)
{
	struct tokenjson *answer = tokenjson_new();
	struct buf description;

	buf_init(&description, REDIRECT_BYTES);
	tokenjson_put_text(answer, "error", error);
	if (form_get(query, "error_description", &description) > 0) {
		buf_put8(&description, '\0');
		tokenjson_put_text(answer, "error_description", description.p);
	}
	tokenrefusal_set(
	    e, answer, 400, a->grant->conf->authorization_endpoint, a->grant->name, NULL, 0);
	buf_fini(&description);
	tokenjson_free(answer);
	return -1;
}

/* 0: the code is there.  1: that was not from our server.  -1: it refuses. */
static int
judge(struct attempt *a, struct str query, struct err *e)
{
	struct buf state, error;
	int rc = 1;

	buf_init(&state, REDIRECT_BYTES);
	buf_init(&error, REDIRECT_BYTES);
	buf_reset(&a->code);
	if (form_get(query, "state", &state) == 1 && token_eq(buf_str(&state), str_of(a->state))) {
		if (form_get(query, "error", &error) == 1) {
			buf_put8(&error, '\0');
			rc = refused(a, query, error.p, e);
		} else if (form_get(query, "code", &a->code) == 1 && a->code.n > 0) {
			buf_put8(&a->code, '\0');
			rc = a->code.over ? 1 : 0;
		}
	}
	buf_fini(&state);
	buf_fini(&error);
	return rc;
}

static int
await(struct attempt *a, const struct token_talk *talk, struct err *e)
{
	int64_t deadline = now_ms() + TOKENBROWSER_SECONDS * 1000ll;
	struct buf query;
	int rc = 1;

	buf_init(&query, REDIRECT_BYTES);
	while (rc > 0) {
		rc = redirect_next(a->redirect, talk->typed, deadline, talk->stop, &query, e);
		if (rc != 0)
			continue;
		rc = judge(a, buf_str(&query), e);
		redirect_answer(a->redirect, rc == 0,
		    rc == 0 ? "Thank you.  Close this page and go back to ruastat."
			: rc < 0
			? "The permission was not given.  Close this page and go back to ruastat."
			: "This was not asked for by ruastat, or by another start of it.");
		if (rc > 0)
			talk->say(talk->arg,
			    "That does not belong to this login and was refused: the whole address is wanted.");
	}
	secret_wipe(&query);
	return rc;
}

static int
change(const struct attempt *a, struct tokenjson **out, struct err *e)
{
	const struct tokengrant_field fields[] = { { "grant_type", "authorization_code" },
		{ "code", a->code.p }, { "redirect_uri", a->uri }, { "code_verifier", a->verifier },
		{ NULL, NULL } };
	char code[TOKENGRANT_CODE_BYTES];

	return tokengrant_token(a->grant, fields, code, out, e);
}

int
tokenbrowser_run(const struct tokengrant *g, const struct token_talk *talk, struct tokenjson **out,
    struct err *e)
{
	struct attempt a = { .grant = g };
	int rc;

	a.redirect = redirect_open(e);
	if (a.redirect == NULL)
		return -1;
	buf_init(&a.code, REDIRECT_BYTES);
	token_new(a.state);
	token_new(a.verifier);
	snprintf(a.uri, sizeof(a.uri), "http://%s:%u/", host_for(g->conf->authorization_endpoint),
	    redirect_port(a.redirect));
	rc = tell(&a, talk, e);
	if (rc == 0)
		rc = await(&a, talk, e);
	if (rc == 0)
		rc = change(&a, out, e);
	redirect_close(a.redirect);
	secret_wipe(&a.code);
	explicit_bzero(a.verifier, sizeof(a.verifier));
	explicit_bzero(a.state, sizeof(a.state));
	return rc;
}
