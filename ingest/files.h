/* files.h - a file, or the files of a directory and those below it, as a source. */
#ifndef INGEST_FILES_H
#define INGEST_FILES_H

#include <poll.h>
#include <stdbool.h>

#include "core/err.h"
#include "core/keyset.h"

struct arena;
struct files;
struct mail;

/*
 * The regular file or directory at ${root} (absolute, without symbolic links); memory from
 * ${arena}.  What the functions do is said in ingest/source.h.
 *
 * Every regular file is one entry; names opening with a dot, symbolic links and everything else are
 * passed over, directories FILES_DEPTH deep are walked.  keys[0] names path and content, keys[1]
 * path, size, inode and mtime: a file with a known second key is not even opened.
 *
 * With ${watch} one walk follows another, with pauses (ingest/inotify.h); a file that was
 * written to in the last half second waits for the next one, it may not be complete.  A single file is
 * looked at through its directory.  ERR_SOURCE when the root is gone or another one has its name.
 */
struct files *files_open(struct arena *arena, const char *root, bool watch, struct err *e);
void files_close(struct files *f);

/* Whether the root is a directory. */
bool files_is_tree(const struct files *f);

int files_next(struct files *f, const struct keyset *known, struct mail *mail, struct err *e);
void files_pollfd(const struct files *f, struct pollfd *p);
int files_service(struct files *f, struct err *e);

#define FILES_DEPTH 32 /* each level holds a file descriptor */

#endif
