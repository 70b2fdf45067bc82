#include "core/account.h"

#include <pwd.h>
#include <stdio.h>

bool
account_find(uid_t uid, struct account *out)
{
	char text[PATH_MAX + 1024];
	struct passwd pw, *found;

	out->name[0] = out->home[0] = '\0';
	if (getpwuid_r(uid, &pw, text, sizeof(text), &found) != 0 || found == NULL)
		return false;
	snprintf(out->name, sizeof(out->name), "%s", pw.pw_name);
	snprintf(out->home, sizeof(out->home), "%s", pw.pw_dir);
	return out->name[0] != '\0';
}

const char *
account_name(uid_t uid, struct account *room)
{
	if (!account_find(uid, room))
		snprintf(room->name, sizeof(room->name), "%u", (unsigned)uid);
	return room->name;
}
