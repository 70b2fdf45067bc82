/* orgdomain.h - organizational domains by the Public Suffix List (RFC 7489 section 3.2). */
#ifndef PARSER_ORGDOMAIN_H
#define PARSER_ORGDOMAIN_H

#include <stdbool.h>

#include "core/err.h"
#include "core/str.h"

struct orgdomain;

/*
 * Load the newest of the system's list, the library's own, and the file ${list} unless that is NULL.
 * No file is opened later.  ERR_CONFIG where there is none at all.
 */
struct orgdomain *orgdomain_new(const char *list, struct err *e);
void orgdomain_free(struct orgdomain *o);

/* Whether ${s} is a domain that the list can tell something of: lower-case A-labels. */
bool orgdomain_knows(struct str s);

/*
 * The organizational domain of ${domain}, which the list knows: the end of it.  Empty where it is a
 * public suffix itself.
 */
struct str orgdomain_of(struct orgdomain *o, struct str domain);

#endif
