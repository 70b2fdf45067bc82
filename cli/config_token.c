#include "cli/config_token.h"

#include <stdbool.h>
#include <string.h>

#include "core/arena.h"
#include "core/buf.h"
#include "ingest/https.h"
#include "ingest/token.h"

#define URL_BYTES 2048
#define NAME_BYTES 100 /* of a source that has a file of tokens */

#define LOGIN_BASE "https://login.microsoftonline.com/*/oauth2/v2.0/"

/* '*' in an endpoint is the tenant. */
struct provider {
	const char *name;
	enum token_grant grant; /* where the source does not say */
	const char *token, *device, *authorization;
	const char *scope, *credentials_scope;
};

static const struct provider providers[] = {
	{ "google", TOKEN_BROWSER, "https://oauth2.googleapis.com/token", NULL,
	    /* Without these two there is no refresh token at the second login. */
	    "https://accounts.google.com/o/oauth2/v2/auth?access_type=offline&prompt=consent",
	    "https://mail.google.com/", NULL },
	{ "microsoft", TOKEN_DEVICE, LOGIN_BASE "token", LOGIN_BASE "devicecode",
	    LOGIN_BASE "authorize",
	    "https://outlook.office.com/IMAP.AccessAsUser.All offline_access",
	    "https://outlook.office365.com/.default" },
	{ "custom", TOKEN_NONE, NULL, NULL, NULL, NULL, NULL },
};

static const struct {
	const char *word;
	enum token_grant grant;
} grants[] = {
	{ "device", TOKEN_DEVICE },
	{ "browser", TOKEN_BROWSER },
	{ "credentials", TOKEN_CREDENTIALS },
};

static const char *const about_oauth2[] = { "grant", "client_id", "client_secret_file",
	"client_secret_command", "client_secret_credential", "tenant", "token_endpoint",
	"device_endpoint", "authorization_endpoint", "scope", "oauth2_ca_file" };

static const struct provider *
find_provider(const char *word)
{
	for (size_t i = 0; i < sizeof(providers) / sizeof(providers[0]); i++)
		if (strcmp(word, providers[i].name) == 0)
			return &providers[i];
	return NULL;
}

static int
take_grant(cfg_t *cfg, const struct provider *p, struct token_conf *out, struct err *e)
{
	const char *word = cfg_getstr(cfg, "grant");

	out->grant = word == NULL ? p->grant : TOKEN_NONE;
	for (size_t i = 0; word != NULL && i < sizeof(grants) / sizeof(grants[0]); i++)
		if (strcmp(word, grants[i].word) == 0)
			out->grant = grants[i].grant;
	if (out->grant != TOKEN_NONE)
		return 0;
	if (word == NULL)
		return err_set(
		    e, ERR_CONFIG, "oauth2 = custom needs grant = device, browser or credentials");
	return err_set(
	    e, ERR_CONFIG, "grant is \"%.100s\"; it can be device, browser or credentials", word);
}

/* A part of a host's path: nothing in it may lead elsewhere. */
static bool
is_tenant(const char *text)
{
	return text[0] != '\0' && text[0] != '.' &&
	    text[strspn(
		text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-")] == '\0';
}

/* Those that mean many tenants: RFC 6749's client credentials are one tenant's. */
static bool
is_any_tenant(const char *text)
{
	return strcmp(text, "organizations") == 0 || strcmp(text, "common") == 0 ||
	    strcmp(text, "consumers") == 0;
}

static int
take_tenant(cfg_t *cfg, const struct provider *p, const struct token_conf *c, const char **out,
    struct err *e)
{
	const char *tenant = cfg_getstr(cfg, "tenant");
	bool microsoft = strcmp(p->name, "microsoft") == 0;

	*out = tenant != NULL ? tenant : "organizations";
	if (tenant != NULL && !microsoft)
		return err_set(e, ERR_CONFIG, "tenant is for oauth2 = microsoft");
	if (!is_tenant(*out))
		return err_set(e, ERR_CONFIG,
		    "tenant is \"%.100s\"; it is the directory's id, or a domain of it", *out);
	if (microsoft && c->grant == TOKEN_CREDENTIALS && is_any_tenant(*out))
		return err_set(e, ERR_CONFIG,
		    "grant = credentials needs tenant, the directory's id or a domain of it");
	return 0;
}

static int
take_endpoint(struct arena *arena, cfg_t *cfg, const char *name, const char *usual,
    const char *tenant, const char **out, struct err *e)
{
	const char *own = cfg_getstr(cfg, name);
	const char *star = own == NULL && usual != NULL ? strchr(usual, '*') : NULL;
	struct buf url;

	*out = own != NULL ? own : usual;
	if (own != NULL)
		return https_check(own, e) < 0 ? err_wrap(e, "%s", name) : 0;
	if (star == NULL)
		return 0;
	buf_init(&url, URL_BYTES);
	buf_put(&url, usual, (size_t)(star - usual));
	buf_puts(&url, str_of(tenant));
	buf_puts(&url, str_of(star + 1));
	*out = url.over ? NULL : arena_str(arena, buf_str(&url)).p;
	buf_fini(&url);
	return *out != NULL ? 0 : err_set(e, ERR_CONFIG, "tenant is too long");
}

/* Each grant asks at its own endpoints. */
static int
check_endpoints(cfg_t *cfg, const struct provider *p, const struct token_conf *c, struct err *e)
{
	if (strcmp(p->name, "google") == 0 &&
	    (c->grant == TOKEN_CREDENTIALS ||
		(c->grant == TOKEN_DEVICE && c->device_endpoint == NULL)))
		return err_set(e, ERR_CONFIG,
		    "Google gives access to mail by grant = browser only (or by an app password: "
		    "password_file instead of oauth2)");
	if (c->token_endpoint == NULL)
		return err_set(e, ERR_CONFIG, "oauth2 = custom needs token_endpoint");
	if (c->grant == TOKEN_DEVICE && c->device_endpoint == NULL)
		return err_set(e, ERR_CONFIG, "grant = device needs device_endpoint");
	if (c->grant == TOKEN_BROWSER && c->authorization_endpoint == NULL)
		return err_set(e, ERR_CONFIG, "grant = browser needs authorization_endpoint");
	if (c->grant != TOKEN_DEVICE && cfg_size(cfg, "device_endpoint") > 0)
		return err_set(e, ERR_CONFIG, "device_endpoint is for grant = device");
	if (c->grant != TOKEN_BROWSER && cfg_size(cfg, "authorization_endpoint") > 0)
		return err_set(e, ERR_CONFIG, "authorization_endpoint is for grant = browser");
	return 0;
}

static int
take_client(cfg_t *cfg, const struct provider *p, struct token_conf *c, struct err *e)
{
	c->client_id = cfg_getstr(cfg, "client_id");
	c->client_secret = (struct secret_conf){ .file = cfg_getstr(cfg, "client_secret_file"),
		.command = cfg_getstr(cfg, "client_secret_command"),
		.credential = cfg_getstr(cfg, "client_secret_credential") };
	if (c->client_id == NULL || c->client_id[0] == '\0')
		return err_set(e, ERR_CONFIG,
		    "oauth2 needs client_id, that of your application's registration at the provider");
	if (cfg_size(cfg, "client_secret_file") + cfg_size(cfg, "client_secret_command") +
		cfg_size(cfg, "client_secret_credential") >
	    1)
		return err_set(e, ERR_CONFIG,
		    "give only one of client_secret_file, client_secret_command and "
		    "client_secret_credential");
	if (!secret_is_named(&c->client_secret) &&
	    (c->grant == TOKEN_CREDENTIALS || strcmp(p->name, "google") == 0))
		return err_set(e, ERR_CONFIG,
		    "%s needs client_secret_file, client_secret_command or client_secret_credential",
		    c->grant == TOKEN_CREDENTIALS ? "grant = credentials" : "oauth2 = google");
	return 0;
}

/* It becomes the name of a file. */
static int
check_name(const char *name, struct err *e)
{
	static const char plain[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._@+-";

	if (name[0] != '\0' && name[0] != '.' && name[strspn(name, plain)] == '\0' &&
	    strlen(name) <= NAME_BYTES)
		return 0;
	return err_set(e, ERR_CONFIG,
	    "its name becomes that of a file of tokens: use letters, digits and . _ @ + - only, at "
	    "most %d",
	    NAME_BYTES);
}

static int
take_oauth2(struct arena *arena, cfg_t *cfg, const struct provider *p, struct token_conf *out,
    struct err *e)
{
	const char *tenant;

	if (take_grant(cfg, p, out, e) < 0 || take_tenant(cfg, p, out, &tenant, e) < 0 ||
	    take_endpoint(arena, cfg, "token_endpoint", p->token, tenant, &out->token_endpoint, e) <
		0 ||
	    take_endpoint(
		arena, cfg, "device_endpoint", p->device, tenant, &out->device_endpoint, e) < 0 ||
	    take_endpoint(arena, cfg, "authorization_endpoint", p->authorization, tenant,
		&out->authorization_endpoint, e) < 0)
		return -1;
	out->scope = cfg_getstr(cfg, "scope");
	if (out->scope == NULL)
		out->scope = out->grant == TOKEN_CREDENTIALS ? p->credentials_scope : p->scope;
	out->ca_file = cfg_getstr(cfg, "oauth2_ca_file");
	return check_endpoints(cfg, p, out, e) < 0 ? -1 : take_client(cfg, p, out, e);
}

int
config_token_take(
    struct arena *arena, cfg_t *cfg, const char *name, struct token_conf *out, struct err *e)
{
	const char *command = cfg_getstr(cfg, "token_command"), *word = cfg_getstr(cfg, "oauth2");
	const struct provider *p;

	*out = (struct token_conf){ .grant = command != NULL ? TOKEN_COMMAND : TOKEN_NONE,
		.command = command };
	if (command != NULL && word != NULL)
		return err_set(
		    e, ERR_CONFIG, "it has token_command and oauth2: take one of them away");
	for (size_t i = 0; word == NULL && i < sizeof(about_oauth2) / sizeof(about_oauth2[0]); i++)
		if (cfg_size(cfg, about_oauth2[i]) > 0)
			return err_set(e, ERR_CONFIG,
			    "%s needs oauth2 = google, microsoft or custom", about_oauth2[i]);
	if (word == NULL)
		return 0;
	p = find_provider(word);
	if (p == NULL)
		return err_set(e, ERR_CONFIG,
		    "oauth2 is \"%.100s\"; it can be google, microsoft or custom", word);
	if (check_name(name, e) < 0)
		return -1;
	return take_oauth2(arena, cfg, p, out, e);
}
