/* config_limits.h - the ceilings of core/ceilings.h as ruastat.conf says them. */
#ifndef CLI_CONFIG_LIMITS_H
#define CLI_CONFIG_LIMITS_H

#include <confuse.h>

#include "core/buf.h"
#include "core/ceilings.h"
#include "core/err.h"

/* What may stand in the file, for libconfuse's list of options. */
#define CONFIG_LIMITS                                                                              \
	CFG_STR("max_mail_size", NULL, CFGF_NONE), CFG_STR("max_unpacked_size", NULL, CFGF_NONE),  \
	    CFG_STR("max_parts", NULL, CFGF_NONE), CFG_STR("max_members", NULL, CFGF_NONE),        \
	    CFG_STR("max_kept_size", NULL, CFGF_NONE), CFG_STR("max_kept_total", NULL, CFGF_NONE), \
	    CFG_STR("worker_memory", NULL, CFGF_NONE), CFG_STR("worker_seconds", NULL, CFGF_NONE), \
	    CFG_STR("worker_wait", NULL, CFGF_NONE)

/*
 * Read them into ${c}; those that are not there are ceilings_default's, and the memory of a worker
 * is what max_mail_size needs.  ERR_CONFIG names the option, its value and its range.
 */
int config_limits_take(cfg_t *cfg, struct ceilings *c, struct err *e);

/* Append them as members of a JSON object, numbers of bytes, seconds or pieces. */
void config_limits_json(struct buf *out, const struct ceilings *c);

/* Append a line for each: name, value, what it is. */
void config_limits_text(struct buf *out, const struct ceilings *c);

#endif
