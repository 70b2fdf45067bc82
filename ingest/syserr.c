#include "ingest/syserr.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/buf.h"

#define USER_BYTES 64
#define PATH_BYTES ((size_t)64 << 10)

static void
user_name(uid_t uid, char *out, size_t n)
{
	const struct passwd *pw = getpwuid(uid);

	if (pw != NULL)
		snprintf(out, n, "\"%s\"", pw->pw_name);
	else
		snprintf(out, n, "user %u", (unsigned)uid);
}

/* A file below a closed directory tells nothing: then the nearest directory that does. */
static int
owner_of(char *path, uid_t *out)
{
	struct stat st;
	char *slash;

	while (lstat(path, &st) != 0) {
		slash = strrchr(path, '/');
		if (slash == NULL || slash == path)
			return -1;
		*slash = '\0';
	}
	*out = st.st_uid;
	return 0;
}

static void
denied(char *path, char *hint, size_t n)
{
	char owner[USER_BYTES], self[USER_BYTES];
	uid_t uid;

	user_name(geteuid(), self, sizeof(self));
	if (owner_of(path, &uid) != 0 || uid == geteuid()) {
		snprintf(hint, n, " (ruastat runs as %s: check the permissions)", self);
		return;
	}
	user_name(uid, owner, sizeof(owner));
	snprintf(hint, n, " (ruastat runs as %s: run it as the owner, %s)", self, owner);
}

int
syserr_set(struct err *e, enum err_kind kind, const char *doing, const char *dir, struct str name,
    int errnum)
{
	char hint[256] = "";
	struct buf path;

	buf_init(&path, PATH_BYTES);
	buf_puts(&path, str_of(dir));
	if (name.n > 0) {
		buf_put8(&path, '/');
		buf_puts(&path, name);
	}
	buf_put8(&path, '\0');
	if (path.over) {
		buf_fini(&path);
		return err_set(e, kind, "%s a path of more than %zu bytes", doing, PATH_BYTES);
	}
	err_set(e, kind, "%s \"%.*s\": %s", doing, STR_ARG(str_of(path.p)), strerror(errnum));
	if (errnum == EACCES || errnum == EPERM)
		denied(path.p, hint, sizeof(hint));
	else if (errnum == EROFS)
		snprintf(hint, sizeof(hint), " (mount it writable, or keep the mails)");
	else if (errnum == ENOSPC || errnum == EDQUOT)
		snprintf(hint, sizeof(hint), " (make room there)");
	else if (errnum == EMFILE || errnum == ENFILE)
		snprintf(hint, sizeof(hint), " (raise the limit of open files)");
	buf_fini(&path);
	snprintf(e->text + strlen(e->text), sizeof(e->text) - strlen(e->text), "%s", hint);
	return -1;
}
