/* idn.h - internationalized domain names in the form that DNS has (IDNA2008, UTS 46). */
#ifndef PARSER_IDN_H
#define PARSER_IDN_H

#include <stdbool.h>

#include "core/limits.h"
#include "core/str.h"

/* Whether some byte of ${s} is not ASCII: only then there is anything to do. */
bool idn_needed(struct str s);

/*
 * The A-labels of ${domain}, UTF-8 of at most LIMIT_DOMAIN_BYTES, written to ${to}; lower case.
 * Empty when it is no domain name that has such a form.
 */
struct str idn_ascii(struct str domain, char to[LIMIT_DOMAIN_BYTES]);

#endif
