/* config.h - ruastat.conf, in libconfuse's syntax; its manual is ruastat.conf(5). */
#ifndef CLI_CONFIG_H
#define CLI_CONFIG_H

#include <stddef.h>

#include "core/ceilings.h"
#include "core/err.h"
#include "ingest/source.h"

struct arena;
struct config_section;
struct domains;
struct imap_conf;

/* What is kept of failure reports: all but the body of the message they show, all, nothing. */
enum failures { FAILURES_HEADERS, FAILURES_FULL, FAILURES_OFF };
const char *config_failures_name(enum failures f);

struct config_source {
	const char *name; /* the section's title */
	struct source_conf conf;
	struct imap_conf *imap; /* what ->conf.imap points to */
};

/* All strings belong to the config. */
struct config {
	const char *file;      /* read from, or NULL */
	const char *state_dir; /* or NULL */
	const char *database;  /* or NULL */
	unsigned workers;      /* 0: one per core */
	struct ceilings ceilings;
	const char **domains; /* own domains, patterns; empty: all */
	size_t ndomains;
	struct domains *own; /* what they are together */
	enum failures failures;
	unsigned failure_days; /* for which they are kept, 1 to 36500 */
	/* The dashboard. */
	const char *listen;                    /* host:port */
	const char *tls_certificate, *tls_key; /* paths, or NULL */
	const char **proxies;                  /* addresses */
	size_t nproxies;
	struct config_source *sources;
	size_t nsources;
	struct arena *arena;
	void *owner;                     /* libconfuse's tree */
	struct config_section *sections; /* those of config_url */
};

/*
 * Read ${file}.  With NULL: RUASTAT_CONF, then $XDG_CONFIG_HOME/ruastat/ruastat.conf (else
 * ~/.config), then /etc/ruastat.conf, the first that exists; no file gives the defaults.
 * ${read} false gives the defaults without looking.  ERR_CONFIG with file and line.
 */
struct config *config_load(const char *file, bool read, struct err *e);
void config_free(struct config *c);

/* The source ${name}, or NULL. */
const struct config_source *config_find(const struct config *c, const char *name);

/* Say where the sources keep their tokens, now that the state directory is known. */
int config_resolve(struct config *c, const char *state_dir, struct err *e);

/* What options say of a mailbox given as argument; NULL where nothing was said. */
struct config_url_options {
	const char *password_file, *password_command, *ca_file, *fingerprint;
	const char *tls; /* "on" or "off" */
};

/*
 * The source ${url} ("imaps://user@host/Folder", see imapurl_is) of the command line with these
 * options into ->path and ->imap of ${out}, whose other members were set by other options; memory of
 * the config.  ERR_CONFIG as config_load.
 */
int config_url(struct config *c, const char *url, const struct config_url_options *o,
    struct source_conf *out, struct err *e);

#endif
