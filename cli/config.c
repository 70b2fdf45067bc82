#include "cli/config.h"

#include <arpa/inet.h>
#include <confuse.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/config_limits.h"
#include "cli/config_source.h"
#include "cli/domains.h"
#include "core/arena.h"
#include "core/limits.h"
#include "ingest/imapconf.h"

#define ARENA_BYTES ((size_t)16 << 20) /* for what is not as it stands in the file */

/* One made of options: config_url. */
struct config_section {
	cfg_t *cfg;
	struct config_section *next;
};

/* libconfuse tells its errors by a callback without an argument. */
static struct err *telling;

/* What to do, where libconfuse's words do not say it. */
static const char *
advice(const char *text)
{
	static const char *const units[] = { "KB", "MB", "GB" };
	char as_option[40];

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		snprintf(as_option, sizeof(as_option), "no such option '%s'", units[i]);
		if (strcmp(text, as_option) == 0)
			return ": a size with a blank in it stands between double quotes";
	}
	return strncmp(text, "found duplicate title", 21) == 0
	    ? ": each source has a name of its own"
	    : "";
}

static void
tell(cfg_t *cfg, const char *fmt, va_list ap)
{
	char text[400];

	vsnprintf(text, sizeof(text), fmt, ap);
	if (telling->kind == ERR_NONE)
		err_set(telling, ERR_CONFIG, "\"%s\" line %d: %s%s",
		    cfg->filename != NULL ? cfg->filename : "configuration", cfg->line, text,
		    advice(text));
}

static cfg_t *
parse(const char *file, struct err *e)
{
	cfg_opt_t options[] = { CFG_STR("state_dir", NULL, CFGF_NONE),
		CFG_STR("database", NULL, CFGF_NONE), CFG_INT("workers", 0, CFGF_NONE),
		CFG_STR_LIST("domains", "{}", CFGF_NONE), CONFIG_LIMITS,
		CFG_STR("failure_reports", "headers", CFGF_NONE),
		CFG_INT("failure_days", 30, CFGF_NONE),
		CFG_STR("listen", "127.0.0.1:8080", CFGF_NONE),
		CFG_STR("tls_certificate", NULL, CFGF_NONE), CFG_STR("tls_key", NULL, CFGF_NONE),
		CFG_STR_LIST("trusted_proxies", "{}", CFGF_NONE),
		CFG_SEC("source", config_source_options(),
		    CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
		CFG_END() };
	cfg_t *cfg = cfg_init(options, CFGF_NONE);

	if (cfg == NULL)
		abort();
	if (file == NULL)
		return cfg;
	*e = (struct err){ 0 };
	telling = e;
	cfg_set_error_function(cfg, tell);
	switch (cfg_parse(cfg, file)) {
	case CFG_SUCCESS:
		return cfg;
	case CFG_FILE_ERROR:
		err_set(e, ERR_CONFIG, "could not read the configuration \"%s\": %s", file,
		    strerror(errno));
		break;
	default:
		if (e->kind == ERR_NONE)
			err_set(e, ERR_CONFIG, "cannot read the configuration \"%s\"", file);
	}
	cfg_free(cfg);
	return NULL;
}

static int
take_sources(struct config *c, cfg_t *cfg, struct err *e)
{
	c->nsources = cfg_size(cfg, "source");
	c->sources = calloc(c->nsources + 1, sizeof(*c->sources));
	if (c->sources == NULL)
		abort();
	for (unsigned i = 0; i < c->nsources; i++) {
		cfg_t *s = cfg_getnsec(cfg, "source", i);

		if (config_source_take(c->arena, s, cfg_title(s), &c->sources[i], e) < 0)
			return -1;
		if (c->sources[i].imap != NULL)
			c->sources[i].imap->most = c->ceilings.mail;
	}
	return 0;
}

static const char **
take_list(cfg_t *cfg, const char *name, size_t *n)
{
	const char **list;

	*n = cfg_size(cfg, name);
	list = calloc(*n + 1, sizeof(*list));
	if (list == NULL)
		abort();
	for (unsigned i = 0; i < *n; i++)
		list[i] = cfg_getnstr(cfg, name, i);
	return list;
}

static bool
is_address(const char *text)
{
	unsigned char room[16];

	return inet_pton(AF_INET, text, room) == 1 || inet_pton(AF_INET6, text, room) == 1;
}

static const char *const failures[] = {
	[FAILURES_HEADERS] = "headers",
	[FAILURES_FULL] = "full",
	[FAILURES_OFF] = "off",
};

const char *
config_failures_name(enum failures f)
{
	return failures[f];
}

static int
take_failures(struct config *c, cfg_t *cfg, struct err *e)
{
	const char *word = cfg_getstr(cfg, "failure_reports");
	long days = cfg_getint(cfg, "failure_days");
	size_t i = 0;

	while (i <= FAILURES_OFF && strcmp(word, failures[i]) != 0)
		i++;
	if (i > FAILURES_OFF)
		return err_set(e, ERR_CONFIG,
		    "failure_reports is \"%s\"; it can be headers, full or off", word);
	if (days < 1 || days > LIMIT_FAILURE_DAYS)
		return err_set(e, ERR_CONFIG, "failure_days is %ld; it can be 1 to %d", days,
		    LIMIT_FAILURE_DAYS);
	c->failures = (enum failures)i;
	c->failure_days = (unsigned)days;
	return 0;
}

static int
take(struct config *c, cfg_t *cfg, struct err *e)
{
	long workers = cfg_getint(cfg, "workers");

	c->state_dir = cfg_getstr(cfg, "state_dir");
	c->database = cfg_getstr(cfg, "database");
	if (workers < 0 || workers > LIMIT_WORKERS)
		return err_set(e, ERR_CONFIG,
		    "workers is %ld; it can be 1 to %d, or 0: one per core", workers,
		    LIMIT_WORKERS);
	c->workers = (unsigned)workers;
	if (config_limits_take(cfg, &c->ceilings, e) < 0)
		return -1;
	c->domains = take_list(cfg, "domains", &c->ndomains);
	c->own = domains_new(c->domains, c->ndomains, e);
	if (c->own == NULL)
		return -1;
	if (take_failures(c, cfg, e) < 0)
		return -1;
	c->listen = cfg_getstr(cfg, "listen");
	c->tls_certificate = cfg_getstr(cfg, "tls_certificate");
	c->tls_key = cfg_getstr(cfg, "tls_key");
	c->proxies = take_list(cfg, "trusted_proxies", &c->nproxies);
	if (c->nproxies > LIMIT_PROXIES)
		return err_set(e, ERR_CONFIG, "more than %d trusted_proxies", LIMIT_PROXIES);
	for (size_t i = 0; i < c->nproxies; i++)
		if (!is_address(c->proxies[i]))
			return err_set(e, ERR_CONFIG, "\"%s\" among trusted_proxies is no address",
			    c->proxies[i]);
	return take_sources(c, cfg, e);
}

/* The first configuration that exists, in ${room}; NULL for none. */
static const char *
find(char *room, size_t n)
{
	const char *own = getenv("RUASTAT_CONF"), *xdg = getenv("XDG_CONFIG_HOME"),
		   *home = getenv("HOME");

	if (own != NULL && own[0] != '\0')
		return own;
	if (xdg != NULL && xdg[0] == '/') {
		snprintf(room, n, "%s/ruastat/ruastat.conf", xdg);
		if (access(room, F_OK) == 0)
			return room;
	} else if (home != NULL && home[0] == '/') {
		snprintf(room, n, "%s/.config/ruastat/ruastat.conf", home);
		if (access(room, F_OK) == 0)
			return room;
	}
	return access("/etc/ruastat.conf", F_OK) == 0 ? "/etc/ruastat.conf" : NULL;
}

struct config *
config_load(const char *file, bool read, struct err *e)
{
	struct config *c = calloc(1, sizeof(*c));
	char room[4096];

	if (c == NULL)
		abort();
	if (read && file == NULL)
		file = find(room, sizeof(room));
	if (!read)
		file = NULL;
	c->arena = arena_new(ARENA_BYTES);
	c->owner = parse(file, e);
	if (c->owner != NULL && file != NULL)
		c->file = ((cfg_t *)c->owner)->filename;
	if (c->owner == NULL || take(c, c->owner, e) < 0) {
		if (c->owner != NULL && file != NULL)
			err_wrap(e, "\"%s\"", c->file);
		config_free(c);
		return NULL;
	}
	return c;
}

void
config_free(struct config *c)
{
	if (c == NULL)
		return;
	if (c->owner != NULL)
		cfg_free(c->owner);
	free(c->domains);
	domains_free(c->own);
	free(c->proxies);
	free(c->sources);
	for (struct config_section *s = c->sections, *next; s != NULL; s = next) {
		next = s->next;
		cfg_free(s->cfg);
		free(s);
	}
	if (c->arena != NULL)
		arena_free(c->arena);
	free(c);
}

const struct config_source *
config_find(const struct config *c, const char *name)
{
	for (size_t i = 0; i < c->nsources; i++)
		if (strcmp(c->sources[i].name, name) == 0)
			return &c->sources[i];
	return NULL;
}

/* Only they are kept: a command's tokens are its own business. */
static bool
keeps_tokens(const struct imap_conf *c)
{
	return c != NULL && c->token.grant != TOKEN_NONE && c->token.grant != TOKEN_COMMAND;
}

int
config_resolve(struct config *c, const char *state_dir, struct err *e)
{
	char path[4400];

	for (size_t i = 0; i < c->nsources; i++) {
		struct config_source *s = &c->sources[i];
		int n;

		if (!keeps_tokens(s->imap))
			continue;
		n = snprintf(path, sizeof(path), "%s/tokens/%s.json", state_dir, s->name);
		s->imap->token.store =
		    n > 0 && (size_t)n < sizeof(path) ? arena_str(c->arena, str_of(path)).p : NULL;
		if (s->imap->token.store == NULL)
			return err_set(
			    e, ERR_CONFIG, "the path of the tokens of \"%s\" is too long", s->name);
	}
	return 0;
}

/* The options as a section of the file would say them, so that one place judges them. */
static void
write_section(
    cfg_t *cfg, const char *url, const struct config_url_options *o, const struct source_conf *conf)
{
	const struct {
		const char *name, *value;
	} t[] = { { "path", url }, { "password_file", o->password_file },
		{ "password_command", o->password_command }, { "ca_file", o->ca_file },
		{ "fingerprint", o->fingerprint }, { "move_to", conf->move_to },
		{ "failures", conf->failures } };

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		if (t[i].value != NULL)
			cfg_setstr(cfg, t[i].name, t[i].value);
	if (o->tls != NULL)
		cfg_setbool(cfg, "tls", strcmp(o->tls, "on") == 0 ? cfg_true : cfg_false);
	if (conf->subfolders)
		cfg_setbool(cfg, "subfolders", cfg_true);
	cfg_setint(cfg, "after", (long)conf->after);
}

/* What was taken from ${cfg} is borrowed. */
static void
keep_section(struct config *c, cfg_t *cfg)
{
	struct config_section *kept = calloc(1, sizeof(*kept));

	if (kept == NULL)
		abort();
	*kept = (struct config_section){ .cfg = cfg, .next = c->sections };
	c->sections = kept;
}

int
config_url(struct config *c, const char *url, const struct config_url_options *o,
    struct source_conf *out, struct err *e)
{
	struct config_source s;
	cfg_t *cfg;

	if (o->tls != NULL && strcmp(o->tls, "on") != 0 && strcmp(o->tls, "off") != 0)
		return err_set(e, ERR_CONFIG, "--tls is \"%s\"; it can be on or off", o->tls);
	cfg = cfg_init(config_source_options(), CFGF_NONE);
	if (cfg == NULL)
		abort();
	write_section(cfg, url, o, out);
	if (config_source_take(c->arena, cfg, NULL, &s, e) < 0) {
		cfg_free(cfg);
		return -1;
	}
	keep_section(c, cfg);
	out->path = s.conf.path;
	out->imap = s.imap;
	s.imap->most = c->ceilings.mail;
	return 0;
}
