/* dictionary.h - policy domains and reporters, by the digest of their names. */
#ifndef STORE_DICTIONARY_H
#define STORE_DICTIONARY_H

#include "store/claim.h"

enum dictionary_kind { DICTIONARY_DOMAINS, DICTIONARY_REPORTERS };

/* What is known to be in the database; forgets all of it when it grows beyond a bound. */
struct dictionary;

struct dictionary *dictionary_new(void);
void dictionary_free(struct dictionary *d);

/* Put id and name of the entries of ${c} that are not known into two parameters; how many. */
size_t dictionary_missing(
    struct dictionary *d, enum dictionary_kind kind, const struct claims *c, struct buf *params);

/*
 * Learn from the answer of add_domains.sql or add_reporters.sql.  Each entry must carry the name
 * asked for: two names with one digest must not become one.  Else ERR_MESSAGE.
 */
int dictionary_learn(struct dictionary *d, enum dictionary_kind kind, const struct claims *c,
    const PGresult *r, struct err *e);

#endif
