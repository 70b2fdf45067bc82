/* maildir.h - where the mails go: a real maildir, or plain files. */
#ifndef GEN_MAILDIR_H
#define GEN_MAILDIR_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text;

struct maildir {
	bool plain;              /* files in one directory */
	int root, tmp, new, cur; /* directories */
	uint64_t seed;
	uint64_t serial; /* of the next file */
	uint64_t bytes;  /* written so far */
};

/*
 * Open or make ${path}.  Unless ${add}, a place that holds mail already is an
 * error.  Errors here and below end the program.
 */
void maildir_open(struct maildir *, const char *path, bool plain, bool add, uint64_t seed);

/* Deliver ${mail} at ${when} (seconds UTC): tmp, then rename to new or cur. */
void maildir_mail(struct maildir *, int64_t when, const struct text *mail);

/* A plain file that is no mail; ${name} follows the serial number. */
void maildir_file(struct maildir *, const char *name, const void *bytes, size_t n);
void maildir_close(struct maildir *);
#endif
