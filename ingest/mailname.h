/*
 * mailname.h - file names in a maildir's new and cur.
 *
 * A name is a base, which stays for good, and mostly ":2," and flags, which change by renaming.
 * Some writers have ';' or '!' for the ':' (file systems without it).  Nothing else in a name is
 * looked at: Dovecot, Postfix, Exim, Courier and mbsync each have their own.
 */
#ifndef INGEST_MAILNAME_H
#define INGEST_MAILNAME_H

#include <stdbool.h>

#include "core/buf.h"
#include "core/str.h"

/* The base of ${name}: all of it up to the separator of its info, borrowed. */
struct str mailname_base(struct str name);

/* Whether ${name} is no mail: a dot-file, or one that a server or a file synchroniser left. */
bool mailname_foreign(struct str name);

/*
 * Append ${name} with the flag S (seen) at its place among the ASCII-sorted flags; other flags,
 * Dovecot's keywords (a to z) and the separator stay.  A name without info gets ":2,S"; one of the
 * experimental version 1 stays as it is.
 */
void mailname_seen(struct buf *out, struct str name);

/* Append ${name}, with ":2," where it has no info. */
void mailname_informed(struct buf *out, struct str name);

/* Append ${name} with "_${n}" at the end of the unique part (before ",S=" and the like). */
void mailname_other(struct buf *out, struct str name, unsigned n);

#endif
