/* tnef.h - the attachments in a winmail.dat (MS-OXTNEF). */
#ifndef PARSER_TNEF_H
#define PARSER_TNEF_H

#include "core/str.h"

struct tnef {
	struct str rest;
	bool cut;              /* it ends early, or is no TNEF from some place on */
	unsigned checksum_bad; /* attributes whose checksum is wrong: they are read all the same */
};

struct tnef_attachment {
	struct str name; /* attAttachTitle: any bytes, display only; or empty */
	struct str bytes;
};

/* Begin with ${in}, which opens with TNEF's signature; all that comes out borrows from it. */
void tnef_start(struct tnef *t, struct str in);

/*
 * The next attachment that has bytes (attAttachData, MS-OXTNEF 2.1.3.3); false when there is none.
 * Of an attribute that is longer than what is left the beginning is given.  A mail that was
 * embedded as an object of Outlook's (attAttachment) is not looked into.
 */
bool tnef_next(struct tnef *t, struct tnef_attachment *a);

#endif
