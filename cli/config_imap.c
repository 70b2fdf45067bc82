#include "cli/config_imap.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "cli/config_token.h"
#include "core/arena.h"
#include "ingest/after.h"
#include "ingest/imapconf.h"
#include "ingest/imapurl.h"
#include "ingest/source.h"

#define FINGERPRINT_DIGITS 64 /* SHA-256 */

/* RFC 2177: a server may log a client out after 30 minutes. */
#define IDLE_SECONDS 540
#define IDLE_MOST 1740
#define POLL_SECONDS 60
#define POLL_MOST 3600
#define WAIT_SECONDS 60
#define WAIT_MOST 3600
#define CONNECT_SECONDS 30
#define CONNECT_MOST 600

static const struct {
	const char *word;
	enum imap_auth auth;
} auths[] = {
	{ "any", IMAP_AUTH_ANY },
	{ "plain", IMAP_AUTH_PLAIN },
	{ "login", IMAP_AUTH_LOGIN },
	{ "xoauth2", IMAP_AUTH_XOAUTH2 },
	{ "oauthbearer", IMAP_AUTH_OAUTHBEARER },
	{ "external", IMAP_AUTH_EXTERNAL },
};

static int
take_user(struct imap_conf *c, cfg_t *cfg, const struct imapurl *url, struct err *e)
{
	const char *user = cfg_getstr(cfg, "user");

	if (user != NULL && url->user != NULL && strcmp(user, url->user) != 0)
		return err_set(e, ERR_CONFIG,
		    "user is \"%.100s\", and \"%.100s\" in the path: take one of them away", user,
		    url->user);
	c->user = user != NULL ? user : url->user;
	if (c->user == NULL || c->user[0] == '\0')
		return err_set(e, ERR_CONFIG,
		    "it has no user: write it before the host (\"imaps://ada@example.org@host\")%s",
		    c->name != NULL ? ", or as user = ..." : "");
	return 0;
}

static int
take_folders(
    struct arena *arena, struct imap_conf *c, cfg_t *cfg, const struct imapurl *url, struct err *e)
{
	unsigned n = cfg_size(cfg, "folders");
	const char **list = arena_alloc(arena, (n + 1) * sizeof(*list));

	if (list == NULL)
		return err_set(e, ERR_CONFIG, "there are too many folders");
	if (n > 0 && url->folder != NULL)
		return err_set(e, ERR_CONFIG,
		    "folders are named, and \"%.200s\" in the path: take one of them away",
		    url->folder);
	for (unsigned i = 0; i < n; i++) {
		list[i] = cfg_getnstr(cfg, "folders", i);
		if (list[i][0] == '\0')
			return err_set(e, ERR_CONFIG, "a name among folders is empty");
	}
	if (url->folder != NULL)
		list[n++] = url->folder;
	c->folders = list;
	c->nfolders = n;
	return 0;
}

/* An address that is not loopback; what names resolve to is seen when connecting. */
static bool
is_elsewhere(const char *host)
{
	struct in6_addr six;
	struct in_addr four;

	if (inet_pton(AF_INET, host, &four) == 1)
		return (ntohl(four.s_addr) >> 24) != 127;
	return inet_pton(AF_INET6, host, &six) == 1 && !IN6_IS_ADDR_LOOPBACK(&six);
}

static int
check_fingerprint(const char *text, struct err *e)
{
	size_t digits = 0;

	for (const char *p = text; *p != '\0'; p++) {
		if (*p != ':' && !isxdigit((unsigned char)*p))
			digits = FINGERPRINT_DIGITS; /* one too many, soon */
		digits += *p != ':';
	}
	if (digits == FINGERPRINT_DIGITS)
		return 0;
	return err_set(e, ERR_CONFIG,
	    "fingerprint is not that of SHA-256, %d digits in hex; \"openssl x509 -noout "
	    "-fingerprint -sha256\" prints it",
	    FINGERPRINT_DIGITS);
}

/* Without TLS nothing that is about certificates means anything. */
static int
check_clear(const struct link_conf *l, const struct imapurl *url, struct err *e)
{
	if (url->tls_first)
		return err_set(e, ERR_CONFIG,
		    "tls = off contradicts imaps:// in the path: write imap://, for loopback only");
	if (is_elsewhere(l->host))
		return err_set(e, ERR_CONFIG,
		    "tls = off is for loopback only: \"%.200s\" would see the password in the clear",
		    l->host);
	if (l->ca_file != NULL || l->fingerprint != NULL || l->certificate != NULL)
		return err_set(
		    e, ERR_CONFIG, "tls = off contradicts ca_file, fingerprint and certificate");
	return 0;
}

static int
take_link(struct link_conf *l, cfg_t *cfg, const struct imapurl *url, struct err *e)
{
	bool off = cfg_size(cfg, "tls") > 0 && cfg_getbool(cfg, "tls") == cfg_false;

	l->host = url->host;
	l->port = url->port;
	l->tls = off ? LINK_CLEAR : url->tls_first ? LINK_TLS : LINK_STARTTLS;
	l->ca_file = cfg_getstr(cfg, "ca_file");
	l->fingerprint = cfg_getstr(cfg, "fingerprint");
	l->certificate = cfg_getstr(cfg, "certificate");
	l->key = cfg_getstr(cfg, "key");
	if ((l->certificate == NULL) != (l->key == NULL))
		return err_set(e, ERR_CONFIG,
		    "certificate and key belong together, and %s is missing (both may be one file)",
		    l->key == NULL ? "key" : "certificate");
	if (l->fingerprint != NULL && l->ca_file != NULL)
		return err_set(
		    e, ERR_CONFIG, "with fingerprint it alone decides: take ca_file away");
	if (l->fingerprint != NULL && check_fingerprint(l->fingerprint, e) < 0)
		return -1;
	return off ? check_clear(l, url, e) : 0;
}

static int
take_number(
    cfg_t *cfg, const char *name, unsigned otherwise, unsigned most, unsigned *out, struct err *e)
{
	long n = cfg_size(cfg, name) > 0 ? cfg_getint(cfg, name) : (long)otherwise;

	if (n < 1 || n > (long)most)
		return err_set(
		    e, ERR_CONFIG, "%s is %ld; it can be 1 to %u seconds", name, n, most);
	*out = (unsigned)n;
	return 0;
}

static int
take_times(struct imap_conf *c, cfg_t *cfg, struct err *e)
{
	c->compress = cfg_getbool(cfg, "compress") == cfg_true;
	if (take_number(cfg, "idle_seconds", IDLE_SECONDS, IDLE_MOST, &c->idle_seconds, e) < 0 ||
	    take_number(cfg, "poll_seconds", POLL_SECONDS, POLL_MOST, &c->poll_seconds, e) < 0 ||
	    take_number(cfg, "timeout", WAIT_SECONDS, WAIT_MOST, &c->link.wait_seconds, e) < 0)
		return -1;
	return take_number(
	    cfg, "connect_timeout", CONNECT_SECONDS, CONNECT_MOST, &c->link.connect_seconds, e);
}

static int
take_auth_word(struct imap_conf *c, cfg_t *cfg, struct err *e)
{
	const char *word = cfg_getstr(cfg, "auth");

	for (size_t i = 0; i < sizeof(auths) / sizeof(auths[0]); i++)
		if (strcmp(word != NULL ? word : "any", auths[i].word) == 0) {
			c->auth = auths[i].auth;
			return 0;
		}
	return err_set(e, ERR_CONFIG,
	    "auth is \"%.100s\"; it can be any, plain, login, xoauth2, oauthbearer or external",
	    word);
}

/* Whether what is there to log in with is what ${auth} takes. */
static int
check_auth(const struct imap_conf *c, struct err *e)
{
	bool password = secret_is_named(&c->password), token = c->token.grant != TOKEN_NONE;

	if (password && token)
		return err_set(
		    e, ERR_CONFIG, "it has a password and a token: take one of them away");
	switch (c->auth) {
	case IMAP_AUTH_PLAIN:
	case IMAP_AUTH_LOGIN:
		if (!password)
			return err_set(e, ERR_CONFIG,
			    "auth = plain or login needs password_file, password_command or credential");
		return 0;
	case IMAP_AUTH_XOAUTH2:
	case IMAP_AUTH_OAUTHBEARER:
		if (!token)
			return err_set(e, ERR_CONFIG,
			    "auth = xoauth2 or oauthbearer needs oauth2 or token_command");
		return 0;
	case IMAP_AUTH_EXTERNAL:
		if (c->link.certificate == NULL || password || token)
			return err_set(e, ERR_CONFIG,
			    "auth = external needs certificate and key, no password and no token");
		return 0;
	case IMAP_AUTH_ANY:
		break;
	}
	if (password || token)
		return 0;
	if (c->name == NULL)
		return err_set(e, ERR_CONFIG,
		    "it has no way to log in: give --password-file or --password-command; for "
		    "tokens and certificates make it a source of ruastat.conf");
	return err_set(e, ERR_CONFIG,
	    "it has no way to log in: give it password_file, password_command, credential, oauth2, "
	    "token_command, or auth = external with a certificate");
}

static int
take_auth(struct arena *arena, struct imap_conf *c, cfg_t *cfg, struct err *e)
{
	c->password = (struct secret_conf){ .file = cfg_getstr(cfg, "password_file"),
		.command = cfg_getstr(cfg, "password_command"),
		.credential = cfg_getstr(cfg, "credential") };
	if (cfg_size(cfg, "password_file") + cfg_size(cfg, "password_command") +
		cfg_size(cfg, "credential") >
	    1)
		return err_set(e, ERR_CONFIG, "%s",
		    c->name != NULL
			? "give only one of password_file, password_command and credential"
			: "give only one of --password-file and --password-command");
	if (take_auth_word(c, cfg, e) < 0 ||
	    config_token_take(arena, cfg, c->name, &c->token, e) < 0)
		return -1;
	return check_auth(c, e);
}

static int
check_after(cfg_t *cfg, struct err *e)
{
	static const char *const folders[] = { "move_to", "failures" };
	bool moves = cfg_getint(cfg, "after") == (long)AFTER_MOVE;

	if (moves != (cfg_getstr(cfg, "move_to") != NULL))
		return err_set(e, ERR_CONFIG, "%s",
		    moves ? "after = move needs move_to, the folder"
			  : "move_to needs after = move");
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		const char *folder = cfg_getstr(cfg, folders[i]);

		if (folder != NULL && (folder[0] == '\0' || folder[0] == '/'))
			return err_set(e, ERR_CONFIG,
			    "%s is \"%.100s\"; a folder of the mailbox is \"DMARC/Done\"",
			    folders[i], folder);
	}
	return 0;
}

struct imap_conf *
config_imap_take(struct arena *arena, cfg_t *cfg, const char *name, struct err *e)
{
	struct imap_conf *c = arena_alloc(arena, sizeof(*c));
	const char *path = cfg_getstr(cfg, "path");
	struct imapurl url;

	if (c == NULL) {
		err_set(e, ERR_CONFIG, "the configuration is too long");
		return NULL;
	}
	c->name = name;
	if (imapurl_parse(arena, path, &url, e) < 0 || take_user(c, cfg, &url, e) < 0 ||
	    take_folders(arena, c, cfg, &url, e) < 0 || take_link(&c->link, cfg, &url, e) < 0 ||
	    take_auth(arena, c, cfg, e) < 0 || take_times(c, cfg, e) < 0 || check_after(cfg, e) < 0)
		return NULL;
	if (name == NULL)
		c->name = path;
	return c;
}
