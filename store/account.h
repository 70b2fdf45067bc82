/* account.h - a user of the operating system. */
#ifndef STORE_ACCOUNT_H
#define STORE_ACCOUNT_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

struct account {
	char name[256]; /* empty where the user has no entry in the passwd database */
	char home[PATH_MAX];
};

/* Fill in ${out} for ${uid}; false where it has no entry. */
bool account_find(uid_t uid, struct account *out);

#endif
