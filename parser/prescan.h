/* prescan.h - what a mail would cost to take apart, seen from its lines alone. */
#ifndef PARSER_PRESCAN_H
#define PARSER_PRESCAN_H

#include "core/str.h"

struct prescan {
	size_t header;      /* bytes of the header block, the empty line not counted */
	const char *excess; /* which bound is passed, or NULL */
};

/*
 * Count what a MIME library spends memory on: lines that may be boundaries, and the header fields of
 * the parts.  An upper bound, found without understanding the structure.
 */
struct prescan prescan_mail(struct str mail);

#endif
