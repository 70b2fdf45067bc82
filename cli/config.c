#include "cli/config.h"

#include <arpa/inet.h>
#include <confuse.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/limits.h"
#include "ingest/after.h"

/* libconfuse tells its errors by a callback without an argument. */
static struct err *telling;

static void
tell(cfg_t *cfg, const char *fmt, va_list ap)
{
	char text[400];

	vsnprintf(text, sizeof(text), fmt, ap);
	if (telling->kind == ERR_NONE)
		err_set(telling, ERR_CONFIG, "\"%s\" line %d: %s",
		    cfg->filename != NULL ? cfg->filename : "configuration", cfg->line, text);
}

static int
after_of(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	enum after after;

	if (after_find(value, &after) < 0) {
		cfg_error(cfg, "%s is \"%s\"; it can be keep, seen, move or delete",
		    cfg_opt_name(opt), value);
		return -1;
	}
	*(long *)result = (long)after;
	return 0;
}

static cfg_t *
parse(const char *file, struct err *e)
{
	cfg_opt_t source_options[] = { CFG_STR("path", NULL, CFGF_NONE),
		CFG_BOOL("subfolders", cfg_false, CFGF_NONE),
		CFG_INT_CB("after", AFTER_KEEP, CFGF_NONE, after_of),
		CFG_STR("move_to", NULL, CFGF_NONE), CFG_STR("failures", NULL, CFGF_NONE),
		CFG_END() };
	cfg_opt_t options[] = { CFG_STR("state_dir", NULL, CFGF_NONE),
		CFG_STR("database", NULL, CFGF_NONE), CFG_INT("workers", 0, CFGF_NONE),
		CFG_STR_LIST("domains", "{}", CFGF_NONE),
		CFG_STR("listen", "127.0.0.1:8080", CFGF_NONE),
		CFG_STR("tls_certificate", NULL, CFGF_NONE), CFG_STR("tls_key", NULL, CFGF_NONE),
		CFG_STR_LIST("trusted_proxies", "{}", CFGF_NONE),
		CFG_SEC("source", source_options, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
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

		c->sources[i].name = cfg_title(s);
		c->sources[i].conf = (struct source_conf){ .path = cfg_getstr(s, "path"),
			.subfolders = cfg_getbool(s, "subfolders") == cfg_true,
			.after = (enum after)cfg_getint(s, "after"),
			.move_to = cfg_getstr(s, "move_to"),
			.failures = cfg_getstr(s, "failures") };
		if (c->sources[i].conf.path == NULL)
			return err_set(e, ERR_CONFIG, "source \"%s\" has no path", cfg_title(s));
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
	c->domains = take_list(cfg, "domains", &c->ndomains);
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
	c->owner = parse(file, e);
	if (c->owner != NULL && file != NULL)
		c->file = ((cfg_t *)c->owner)->filename;
	if (c->owner == NULL || take(c, c->owner, e) < 0) {
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
	free(c->proxies);
	free(c->sources);
	free(c);
}
