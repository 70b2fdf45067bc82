/* mailfile.h - a mail's file: opened, compared, copied, dropped. */
#ifndef INGEST_MAILFILE_H
#define INGEST_MAILFILE_H

#include <stdbool.h>
#include <sys/stat.h>

/*
 * Open the regular file ${name} in ${dir} for reading, following no link and waiting for nothing; a
 * descriptor with ${st}, or -1 with the error's number: ELOOP for whatever is no regular file.
 */
int mailfile_open(int dir, const char *name, struct stat *st, int *errnum);

/* Whether two regular files hold the same bytes (or are one); false when either cannot be read. */
bool mailfile_same(int dir_a, const char *a, int dir_b, const char *b);

/*
 * Copy ${name} in ${from} to the new file ${as} in ${to}, with mode, owner (as far as allowed) and
 * times, and fsync it.  0, or the error's number with ${as} removed.
 */
int mailfile_copy(int from, const char *name, int to, const char *as);

/*
 * Remove ${name} in ${from}, because ${to} holds the same; left alone when both are one directory.
 * 0, or the error's number.
 */
int mailfile_drop(int from, const char *name, int to);

#endif
