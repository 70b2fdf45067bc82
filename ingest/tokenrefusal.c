#include "ingest/tokenrefusal.h"

#include <stdbool.h>
#include <stdio.h>

#include "ingest/tokenjson.h"

/* What the codes mean in practice; ${login}: what helps is to log in anew. */
struct meaning {
	const char *code;
	enum err_kind kind;
	bool login;
	const char *words;
};

/* RFC 6749 5.2, 4.1.2.1; RFC 8628 3.5; OpenID Connect Core 3.1.2.6; and what Google and Microsoft add. */
static const struct meaning of_errors[] = {
	{ "invalid_grant", ERR_CONFIG, true,
	    "the permission has ended: it was taken back, has expired, or the password was changed" },
	{ "invalid_client", ERR_CONFIG, false, "client_id or the client secret is wrong" },
	{ "unauthorized_client", ERR_CONFIG, false,
	    "the application's registration does not allow this grant, or client_id is wrong" },
	{ "invalid_scope", ERR_CONFIG, false, "scope is wrong, or not allowed to the application" },
	{ "invalid_request", ERR_CONFIG, false,
	    "an endpoint or the grant does not fit the server" },
	{ "unsupported_grant_type", ERR_CONFIG, false, "this server does not know the grant" },
	{ "access_denied", ERR_CONFIG, true, "the permission was not given" },
	{ "authorization_declined", ERR_CONFIG, true, "the permission was not given" },
	{ "expired_token", ERR_CONFIG, true, "the code was not typed in time" },
	{ "code_expired", ERR_CONFIG, true, "the code was not typed in time" },
	{ "bad_verification_code", ERR_CONFIG, true, "the server does not know its own code" },
	{ "interaction_required", ERR_CONFIG, true, "the server wants a person" },
	{ "login_required", ERR_CONFIG, true, "the server wants a person" },
	{ "consent_required", ERR_CONFIG, true, "nobody consented to this application" },
	{ "admin_policy_enforced", ERR_CONFIG, false,
	    "an administrator of the organization must allow the application" },
	{ "org_internal", ERR_CONFIG, false, "the application is for another organization only" },
	{ "deleted_client", ERR_CONFIG, false, "the application's registration was deleted" },
	{ "disabled_client", ERR_CONFIG, false, "the application's registration was disabled" },
	{ "temporarily_unavailable", ERR_SOURCE, false, "the server is busy" },
	{ "server_error", ERR_SOURCE, false, "the server has trouble of its own" },
	{ "slow_down", ERR_SOURCE, false, "the server was asked too often" },
};

/* Microsoft says in error_description what is really meant. */
static const struct meaning of_microsoft[] = {
	{ "AADSTS7000215", ERR_CONFIG, false,
	    "the client secret is wrong: its value is wanted, not its id" },
	{ "AADSTS7000222", ERR_CONFIG, false,
	    "the client secret has expired: make a new one in the application's registration" },
	{ "AADSTS7000218", ERR_CONFIG, false,
	    "allow public client flows in the application's registration (Authentication), or give "
	    "a client secret" },
	{ "AADSTS700016", ERR_CONFIG, false, "the tenant has no application with this client_id" },
	{ "AADSTS90002", ERR_CONFIG, false, "there is no such tenant" },
	{ "AADSTS50059", ERR_CONFIG, false, "tenant must be named" },
	{ "AADSTS50194", ERR_CONFIG, false,
	    "the application is registered for one tenant: tenant must be that" },
	{ "AADSTS65001", ERR_CONFIG, true,
	    "nobody consented to this application; an administrator may have to" },
	{ "AADSTS90094", ERR_CONFIG, false, "an administrator must consent to the application" },
	{ "AADSTS50076", ERR_CONFIG, true, "a second factor is wanted" },
	{ "AADSTS50079", ERR_CONFIG, true, "a second factor must be set up" },
	{ "AADSTS50158", ERR_CONFIG, true, "a second factor is wanted" },
	{ "AADSTS50173", ERR_CONFIG, true, "the password was changed since" },
	{ "AADSTS70043", ERR_CONFIG, true, "the organization lets a login last only so long" },
	{ "AADSTS700082", ERR_CONFIG, true, "the permission was not used for too long" },
	{ "AADSTS50057", ERR_CONFIG, false, "the account is disabled" },
	{ "AADSTS50020", ERR_CONFIG, true, "the account belongs to another tenant" },
	{ "AADSTS50105", ERR_CONFIG, false, "the account is not assigned to the application" },
	{ "AADSTS53003", ERR_CONFIG, false,
	    "a Conditional Access policy forbids it: an administrator must except it" },
	{ "AADSTS70011", ERR_CONFIG, false, "scope is wrong" },
	{ "AADSTS1002012", ERR_CONFIG, false,
	    "scope must end in /.default for a grant of client credentials" },
	{ "AADSTS500011", ERR_CONFIG, false, "scope names something the tenant does not have" },
};

#define ERRORS (sizeof(of_errors) / sizeof(of_errors[0]))
#define MICROSOFT (sizeof(of_microsoft) / sizeof(of_microsoft[0]))

static const struct meaning *
look_up(const struct meaning *all, size_t n, struct str code)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(code, str_of(all[i].code)))
			return &all[i];
	return NULL;
}

/* The number in "AADSTS50076: Due to a configuration change ...". */
static struct str
microsoft_code(struct str description)
{
	const char *at = str_find(description, STR("AADSTS"));
	struct str code = { at, 0 };
	size_t rest = at != NULL ? description.n - (size_t)(at - description.p) : 0;

	for (code.n = rest > 0 ? strlen("AADSTS") : 0; code.n < rest; code.n++)
		if (at[code.n] < '0' || at[code.n] > '9')
			break;
	return code;
}

static const struct meaning *
meaning_of(const char *error, struct str description)
{
	const struct meaning *m = look_up(of_microsoft, MICROSOFT, microsoft_code(description));

	return m != NULL ? m : look_up(of_errors, ERRORS, str_of(error));
}

/* What is worth repeating: the first sentences, not the numbers for those who keep the server. */
static struct str
worth_telling(const char *text, const struct str *hidden, size_t n)
{
	static const char *const ends[] = { "\r", "\n", " Trace ID:" };
	struct str s = str_of(text);

	for (size_t i = 0; i < n; i++)
		if (hidden[i].n > 0 && str_find(s, hidden[i]) != NULL)
			return STR("");
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		const char *end = str_find(s, str_of(ends[i]));

		s.n = end != NULL ? (size_t)(end - s.p) : s.n;
	}
	return s;
}

static int
no_oauth(struct err *e, long status, const char *url)
{
	if (status == 429 || status >= 500)
		return err_set(
		    e, ERR_SOURCE, "%.200s is busy or broken: HTTP status %ld", url, status);
	if (status >= 300 && status < 400)
		return err_set(e, ERR_CONFIG,
		    "%.200s redirects elsewhere (HTTP status %ld), which is not followed: is the "
		    "endpoint right?",
		    url, status);
	if (status >= 400)
		return err_set(e, ERR_CONFIG,
		    "%.200s answers with HTTP status %ld: is the endpoint right?", url, status);
	return err_set(e, ERR_SOURCE,
	    "the answer of %.200s is not what RFC 6749 says: is the endpoint right?", url);
}

int
tokenrefusal_set(struct err *e, const struct tokenjson *answer, long status, const char *url,
    const char *name, const struct str *hidden, size_t n)
{
	const char *error = answer != NULL ? tokenjson_text(answer, "error") : NULL;
	const char *description =
	    answer != NULL ? tokenjson_text(answer, "error_description") : NULL;
	struct str code, said;
	const struct meaning *m;
	char login[160] = "";
	bool later;

	if (error == NULL)
		return no_oauth(e, status, url);
	m = meaning_of(error, str_of(description));
	later = m != NULL ? m->kind == ERR_SOURCE : status == 429 || status >= 500;
	code = worth_telling(error, hidden, n);
	said = worth_telling(description, hidden, n);
	if (m != NULL && m->login)
		snprintf(login, sizeof(login), ": \"ruastat login %.100s\" asks for it anew", name);
	return err_set(e, later ? ERR_SOURCE : ERR_CONFIG, "%s%s (%.*s)%s%.*s",
	    m != NULL ? m->words : "the server refuses", login, code.n < 60 ? (int)code.n : 60,
	    code.p, said.n > 0 ? "; the server says: " : "", STR_ARG(said));
}
