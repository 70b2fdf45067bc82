/*
 * domains.h - a set of domains, as a configuration writes it: names, and patterns as fnmatch(3) has
 * them.  "*" stands for anything, dots too, so "*.example.org" is every name below example.org and not
 * example.org itself.
 *
 * Names are compared in the form that DNS has: lower case, without a trailing dot, A-labels.  Among
 * any number of names one is found by halves; patterns are tried one after the other.
 */
#ifndef CLI_DOMAINS_H
#define CLI_DOMAINS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"
#include "core/str.h"

struct domains;

/*
 * The set of the ${n} ${patterns}, which it copies; none of them: every domain there is.  ERR_CONFIG
 * where one is empty, too long, or no name.
 */
struct domains *domains_new(const char *const *patterns, size_t n, struct err *e);
void domains_free(struct domains *d);

bool domains_has(const struct domains *d, struct str domain);

#endif
