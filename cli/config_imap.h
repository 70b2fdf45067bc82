/* config_imap.h - what a section "source" says of a mailbox behind IMAP; for config_source.c. */
#ifndef CLI_CONFIG_IMAP_H
#define CLI_CONFIG_IMAP_H

#include <confuse.h>

#include "core/err.h"

struct arena;
struct imap_conf;

/*
 * The mailbox of the section ${cfg}, whose path is an IMAP URL; ${name} as config_source_take has it.
 * NULL with ERR_CONFIG that says what to change.
 */
struct imap_conf *config_imap_take(
    struct arena *arena, cfg_t *cfg, const char *name, struct err *e);

#endif
