/* quirks.h - what had to be repaired to read a report; the rules are listed in QUIRKS.md. */
#ifndef PARSER_QUIRKS_H
#define PARSER_QUIRKS_H

#include "core/arena.h"
#include "core/limits.h"
#include "core/report.h"

struct quirks {
	struct arena *arena;
	struct quirk list[LIMIT_QUIRKS];
	uint16_t n;
};

/*
 * Note that ${rule}, a literal of QUIRKS.md, was applied, and to what.  Each rule is kept once, with
 * the ${detail} it met first (a copy, cut short).
 */
void quirks_add(struct quirks *q, const char *rule, struct str detail);

/* Whether it was, so that what repeats a million times need not be described again. */
bool quirks_has(const struct quirks *q, const char *rule);

#endif
