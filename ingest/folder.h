/*
 * folder.h - one folder of a maildir: its directories new and cur, walked while others deliver.
 *
 * While a directory is read, a renamed file may come twice or not at all.  So a walk is repeated
 * until nothing changed during it, at most FOLDER_PASSES times; whoever asks must expect a mail
 * again, under its old name or another.
 */
#ifndef INGEST_FOLDER_H
#define INGEST_FOLDER_H

#include <dirent.h>
#include <stdbool.h>
#include <time.h>

#include "core/str.h"

#define FOLDER_PASSES 5 /* what is missed five times in a row waits for the next run */

enum box { BOX_NEW, BOX_CUR };

struct folder {
	DIR *dir[2]; /* by enum box */
	enum box at;
	unsigned pass;
	bool again;
	struct timespec began[2];
	struct timespec mtime[2];
};

const char *folder_box(enum box b);

/*
 * Whether the directory ${path} (relative to ${dir}, or AT_FDCWD) is a folder: holds directories
 * new and cur.
 */
bool folder_is(int dir, const char *path);

/*
 * Open new and cur of the folder ${path} below ${root} ("": ${root} itself), by enum box; symbolic
 * links are not followed.  0, or the error's number.
 */
int folder_boxes(int root, const char *path, int fds[2]);

/* Open the folder ${path}, likewise, for a walk; 0, or the error's number. */
int folder_open(struct folder *f, int root, const char *path);
void folder_close(struct folder *f);
int folder_fd(const struct folder *f, enum box b);

/*
 * The next name that may be a mail's: 1, 0 at the end, or a negated error number.  ${name} ends in
 * NUL and is borrowed until the next call.
 */
int folder_next(struct folder *f, enum box *b, struct str *name);

/* Something was no longer there under its name: walk once more. */
void folder_again(struct folder *f);

/*
 * Rename ${name} in the directory ${from} to ${as} in ${to}, never replacing anything; 0, or the
 * error's number (EEXIST where ${as} is taken).
 */
int folder_rename(int from, const char *name, int to, const char *as);

/* fsync the directory ${dir}; 0, or the error's number. */
int folder_sync(int dir);

#endif
