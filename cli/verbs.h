/* verbs.h - the verbs there are; each has a file of its own. */
#ifndef CLI_VERBS_H
#define CLI_VERBS_H

#include "cli/verb.h"

extern const struct verb verb_ingest, verb_parse, verb_domains, verb_sources, verb_reports,
    verb_intake, verb_explain, verb_verify, verb_psql, verb_check_config, verb_serve, verb_run,
    verb_user, verb_login, verb_tls, verb_failures, verb_reparse, verb_retry, verb_status,
    verb_backup, verb_restore;

#endif
