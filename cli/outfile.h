/* outfile.h - a file that is there whole or not at all. */
#ifndef CLI_OUTFILE_H
#define CLI_OUTFILE_H

#include <limits.h>
#include <stdint.h>

#include "core/err.h"

struct outfile {
	const char *path; /* as given */
	int dir, fd;      /* fd: of the unfinished file, to be written to */
	char name[NAME_MAX + 1], part[NAME_MAX + 1];
};

/*
 * Begin to write ${path}, which must outlive it: a file of its own beside it, for its owner alone, that
 * one process at a time can have and that takes over what a killed one left.  As root only where nobody
 * else can change what the path means.  ERR_CONFIG: it cannot be there; ERR_DATABASE: no room, or another
 * process writes it.
 */
int outfile_open(struct outfile *o, const char *path, struct err *e);

/* It is whole: to the disk with it, and into its place.  ${bytes}: its size.  Else as outfile_abandon. */
int outfile_commit(struct outfile *o, uint64_t *bytes, struct err *e);

/* It will not be: what was at its place stays. */
void outfile_abandon(struct outfile *o);

#endif
