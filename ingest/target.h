/*
 * target.h - a maildir folder that mails are moved into, made when the first one comes.
 *
 * Its name is an absolute path, or a folder of the maildir the source belongs to, in Maildir++
 * ("Processed", ".Processed", "INBOX.Processed" and "INBOX/Processed" all mean the directory
 * ".Processed"; "A/B" means ".A.B"; bytes beyond ASCII stay as they are, so that modified UTF-7 is
 * the writer's business).  Where the source itself is a Maildir++ folder (~/Maildir/.DMARC) the new
 * folder stands beside it, for mail servers look nowhere else.
 */
#ifndef INGEST_TARGET_H
#define INGEST_TARGET_H

#include <stdbool.h>
#include <sys/stat.h>

#include "core/err.h"

struct arena;
struct target;

/*
 * The target ${name} of the maildir at ${root} (absolute); memory from ${arena}.  Nothing is made
 * yet.  ERR_CONFIG when the name is no folder's, or something that is no maildir stands there.
 */
struct target *target_new(struct arena *arena, const char *root, const char *name, struct err *e);
void target_close(struct target *t);

/* Whether the directory that ${st} describes is this target. */
bool target_is(const struct target *t, const struct stat *st);

/*
 * Move ${name} in the directory ${from} into the target's cur as ${as}.  Where that name is taken:
 * by the same bytes, the mail is there already and ${name} is removed; by others, the unique part
 * of ${as} gets a suffix.  On another device it is copied and synced first.  Nothing is replaced.
 * Returns 0; 1 when ${name} is not there; -1 with ERR_MESSAGE or ERR_SOURCE.
 */
int target_take(struct target *t, int from, const char *name, const char *as, struct err *e);

/* fsync what moved in since the last call. */
int target_sync(struct target *t, struct err *e);

#endif
