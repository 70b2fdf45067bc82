/* mbox.h - a file of several mails that is in memory as a whole; core/mbox.h says what separates them. */
#ifndef PARSER_MBOX_H
#define PARSER_MBOX_H

#include "core/arena.h"
#include "core/mbox.h"

/*
 * Take the first mail off ${rest}, which opens with a separator: ${mail} is what follows it, up to the
 * next one.  ${quoted}: see mbox_unquote.  False at the end.
 */
bool mbox_next(struct str *rest, struct str *mail, bool *quoted);

/*
 * ${mail} with one ">" taken off each line ">From ", ">>From ", …; in ${a} where there is any, else
 * as it came.  Where ${a} cannot hold it, it stays as it is.
 */
struct str mbox_unquote(struct arena *a, struct str mail);

#endif
