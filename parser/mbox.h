/* mbox.h - a file of several mails (RFC 4155, and mboxrd's quoting). */
#ifndef PARSER_MBOX_H
#define PARSER_MBOX_H

#include "core/arena.h"

/*
 * Whether ${in} opens with an mbox's separator, "From SENDER DAY MONTH N…".  The "From " line that
 * is left over in front of a mail exported by hand need not be one.
 */
bool mbox_is(struct str in);

/*
 * Take the first mail off ${rest}, which opens with a separator: ${mail} is what follows it, up to the next
 * separator behind an empty line.  False at the end.
 */
bool mbox_next(struct str *rest, struct str *mail);

/*
 * ${mail} with one ">" taken off each line ">From ", ">>From ", …; in ${a} where there is any, else
 * as it came.  Where ${a} cannot hold it, it stays as it is.
 */
struct str mbox_unquote(struct arena *a, struct str mail);

#endif
