/* config_source.h - the section "source" of ruastat.conf; for config.c. */
#ifndef CLI_CONFIG_SOURCE_H
#define CLI_CONFIG_SOURCE_H

#include <confuse.h>

#include "core/err.h"

struct arena;
struct config_source;

/* What may stand in a section, as libconfuse wants it. */
cfg_opt_t *config_source_options(void);

/*
 * Read the section ${cfg} of the source ${name} (NULL: it is from the command line, ->path is its URL)
 * into ${out}, memory from ${arena}.  ERR_CONFIG names the source and what to change.
 */
int config_source_take(
    struct arena *arena, cfg_t *cfg, const char *name, struct config_source *out, struct err *e);

#endif
