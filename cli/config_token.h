/* config_token.h - what a section "source" says of OAuth 2.0; for config_imap.c. */
#ifndef CLI_CONFIG_TOKEN_H
#define CLI_CONFIG_TOKEN_H

#include <confuse.h>

#include "core/err.h"

struct arena;
struct token_conf;

/*
 * How the source ${name} (NULL: one of the command line) comes by tokens, by the section ${cfg};
 * TOKEN_NONE where nothing is said.  ->store is left out: config_resolve knows it.
 */
int config_token_take(
    struct arena *arena, cfg_t *cfg, const char *name, struct token_conf *out, struct err *e);

#endif
