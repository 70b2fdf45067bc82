/* ask.h - how the verbs that need the database begin, and how those that only read end. */
#ifndef CLI_ASK_H
#define CLI_ASK_H

#include <stdbool.h>

#include "core/err.h"
#include "cli/verb.h"

struct database;

/* The database of ${c}, which has been entered; ${create}: with its schema, else it must have one. */
struct database *ask_database(const struct context *c, bool create, struct err *e);

/*
 * Enter ${c} and open its database, which must have the schema already.  The caller closes it before
 * it prints: whoever reads slowly must not keep the private cluster up.
 */
struct database *ask_open(struct context *c, struct err *e);

/*
 * Whether all went well (${rc} is 0) and all that was printed was also written: the exit status,
 * with the error told.  Ends ${c}.
 */
int ask_end(struct context *c, int rc, struct err *e);

/* Whether there is one to look into: none is made by looking.  ${c} has been entered. */
bool ask_has_database(const struct context *c);

/*
 * A full disk makes PostgreSQL fail in many ways, with other numbers each time: where that is what is
 * behind ${e}, say so instead, and where room must be made.  The old text is for -v.
 */
void ask_why(const struct context *c, struct err *e);

#endif
