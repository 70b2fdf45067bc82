/* config.h - ruastat.conf, in libconfuse's syntax; its manual is ruastat.conf(5). */
#ifndef CLI_CONFIG_H
#define CLI_CONFIG_H

#include <stddef.h>

#include "core/err.h"
#include "ingest/source.h"

struct config_source {
	const char *name; /* the section's title */
	struct source_conf conf;
};

/* All strings belong to the config. */
struct config {
	const char *file;      /* read from, or NULL */
	const char *state_dir; /* or NULL */
	const char *database;  /* or NULL */
	unsigned workers;      /* 0: one per core */
	const char **domains;  /* own domains, patterns; empty: all */
	size_t ndomains;
	/* The dashboard. */
	const char *listen;                    /* host:port */
	const char *tls_certificate, *tls_key; /* paths, or NULL */
	const char **proxies;                  /* addresses */
	size_t nproxies;
	struct config_source *sources;
	size_t nsources;
	void *owner; /* libconfuse's tree */
};

/*
 * Read ${file}.  With NULL: RUASTAT_CONF, then $XDG_CONFIG_HOME/ruastat/ruastat.conf (else
 * ~/.config), then /etc/ruastat.conf, the first that exists; no file gives the defaults.
 * ${read} false gives the defaults without looking.  ERR_CONFIG with file and line.
 */
struct config *config_load(const char *file, bool read, struct err *e);
void config_free(struct config *c);

#endif
