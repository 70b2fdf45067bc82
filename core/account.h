/* account.h - a user of the operating system. */
#ifndef CORE_ACCOUNT_H
#define CORE_ACCOUNT_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

struct account {
	char name[256]; /* empty where the user has no entry in the passwd database */
	char home[PATH_MAX];
};

/* Fill in ${out} for ${uid}; false where it has no entry. */
bool account_find(uid_t uid, struct account *out);

/* How people and commands call ${uid}: its name, or its number where it has no entry; in ${room}. */
const char *account_name(uid_t uid, struct account *room);

#endif
