/* settle.h - what is done to a maildir's mails once they are stored. */
#ifndef INGEST_SETTLE_H
#define INGEST_SETTLE_H

#include <stdbool.h>

#include "core/err.h"
#include "core/keyset.h"
#include "core/str.h"

#include "ingest/folder.h"

struct arena;
struct settle;
struct source_conf;

/*
 * What ${conf} wants done in the maildir at ${root} (absolute; open as ${rootfd}); memory from
 * ${arena}.  Fails as target_new does, and with ERR_CONFIG when a folder to move to is missing.
 */
struct settle *settle_new(struct arena *arena, const struct source_conf *conf, const char *root,
    int rootfd, struct err *e);
void settle_close(struct settle *s);

/* Whether the folder ${path} is one that mails are moved to. */
bool settle_is_target(const struct settle *s, const char *path);

/*
 * Do to the mail ${name} in ${b} of ${folder} what is due after ${what}: 0; 1 when it is not there
 * under that name; -1 with ERR_MESSAGE for this mail, ERR_SOURCE for all of them.
 */
int settle_mail(struct settle *s, struct str folder, enum box b, struct str name, enum known what,
    struct err *e);

/* Likewise, wherever in its folder the mail is by now; gone is fine. */
int settle_moved(struct settle *s, struct str folder, enum box b, struct str name, enum known what,
    struct err *e);

/* A mail was handed out: what was learnt of a folder's names before does not cover it. */
void settle_outdated(struct settle *s);

/* fsync every directory changed since the last call. */
int settle_sync(struct settle *s, struct err *e);

#endif
