/*
 * attempts.h - how many wrong passwords are tolerated: a budget for each user from one address, for
 * each address, and for each user from wherever, each refilled slowly.
 *
 * Asked before any hashing, so that guessing costs the guesser more than us.  Known to this process
 * alone and bounded: the least suspicious is forgotten first.  Safe to call from any thread.
 */
#ifndef DASHBOARD_ATTEMPTS_H
#define DASHBOARD_ATTEMPTS_H

#include <stdint.h>

#include "core/str.h"

struct attempts;

struct attempts *attempts_new(void);
void attempts_free(struct attempts *a);

/*
 * Whether ${user} (empty: a link, which nobody can guess for another) may be tried from ${address} at ${now} (seconds of a clock that never goes back):
 * 0, and it is charged as a failure until attempts_forgive; else the seconds to wait.
 */
unsigned attempts_charge(struct attempts *a, struct str user, struct str address, int64_t now);

/*
 * It was no failure after all; and ${user} was let in: strangers' guesses elsewhere do not lock him out
 * of this address for a month.
 */
void attempts_trust(struct attempts *a, struct str user, struct str address, int64_t now);

/* It was no failure after all. */
void attempts_forgive(struct attempts *a, struct str user, struct str address, int64_t now);

#endif
