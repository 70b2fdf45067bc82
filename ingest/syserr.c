#include "ingest/syserr.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/account.h"
#include "core/buf.h"

#define PATH_BYTES ((size_t)64 << 10)

/* Whether we are in the group ${gid}. */
static bool
is_member(gid_t gid)
{
	gid_t groups[256];
	int n = getgroups(256, groups);

	for (int i = 0; i < n; i++)
		if (groups[i] == gid)
			return true;
	return gid == getegid();
}

/* What ${path} denies, as setfacl writes it, or NULL; ${bits}: as they would be set for its group. */
static const char *
missing(const char *path, bool last, struct stat *st, mode_t *bits)
{
	bool dir;

	if (lstat(path, st) != 0)
		return NULL;
	dir = S_ISDIR(st->st_mode);
	if (!last && dir && faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) != 0) {
		*bits = S_IXGRP;
		return "x";
	}
	if (!last)
		return NULL;
	*bits = dir ? S_IRGRP | S_IXGRP : S_IRGRP;
	if (faccessat(AT_FDCWD, path, dir ? R_OK | X_OK : R_OK, AT_EACCESS) != 0)
		return dir ? "rx" : "r";
	*bits |= S_IWGRP;
	return dir ? "rwx" : "rw";
}

/*
 * What keeps us from ${path}, from the root down: a file below a closed directory tells nothing.  NULL
 * when that cannot be told; ${path} is cut behind what denies it.
 */
static const char *
find_closed(char *path, struct stat *st, mode_t *bits)
{
	const char *what = NULL;

	for (char *slash = strchr(path + 1, '/'); slash != NULL && what == NULL;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		what = missing(path, false, st, bits);
		if (what == NULL)
			*slash = '/';
	}
	return what != NULL ? what : missing(path, true, st, bits);
}

/* A file is let in with all others beside it, and those to come. */
static void
put_command(struct buf *out, const char *self, const char *what, bool dir, char *path)
{
	char *slash = strrchr(path, '/');

	if (strcmp(what, "x") == 0) {
		buf_printf(out, "setfacl -m u:%s:x \"%s\")", self, path);
		return;
	}
	if (!dir && slash != NULL && slash != path)
		*slash = '\0';
	what = strchr(what, 'w') != NULL ? "rwX" : "rX";
	buf_printf(out, "setfacl -R -m u:%s:%s,d:u:%s:%s \"%s\")", self, what, self, what, path);
}

/* Who may, and the command that lets us; a path too long for it is not cut. */
static void
denied(char *path, struct buf *hint)
{
	struct account us, them;
	const char *self = account_name(geteuid(), &us), *owner;
	struct group entry, *gr = NULL;
	char names[4096];
	const char *what;
	struct stat st;
	mode_t bits = 0;

	what = find_closed(path, &st, &bits);
	if (what == NULL || st.st_uid == geteuid()) {
		buf_printf(hint, " (ruastat runs as user %s: check the permissions)", self);
		return;
	}
	buf_printf(hint, " (ruastat runs as user %s: ", self);
	/* Nobody becomes root by that: started as root, it runs as who it is now. */
	if (st.st_uid != 0) {
		owner = account_name(st.st_uid, &them);
		buf_printf(hint, "run it as the owner, sudo -u %s, or ", owner);
	}
	if (getgrgid_r(st.st_gid, &entry, names, sizeof(names), &gr) != 0)
		gr = NULL;
	if (gr != NULL && st.st_gid != 0 && (st.st_mode & bits) == bits && !is_member(st.st_gid))
		buf_printf(hint, "usermod -aG %s %s)", gr->gr_name, self);
	else
		put_command(hint, self, what, S_ISDIR(st.st_mode), path);
	if (!hint->over)
		return;
	buf_reset(hint);
	buf_printf(hint, " (ruastat runs as user %s: check the permissions)", self);
}

static void
put_hint(struct buf *hint, char *path, int errnum)
{
	if (errnum == EACCES || errnum == EPERM)
		denied(path, hint);
	else if (errnum == EROFS)
		buf_puts(hint, STR(" (mount it writable, or keep the mails)"));
	else if (errnum == ENOSPC || errnum == EDQUOT)
		buf_puts(hint, STR(" (make room there)"));
	else if (errnum == EMFILE || errnum == ENFILE)
		buf_puts(hint, STR(" (raise the limit of open files)"));
}

int
syserr_set(struct err *e, enum err_kind kind, const char *doing, const char *dir, struct str name,
    int errnum)
{
	struct buf path, hint;
	size_t used;

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
	used = strlen(e->text);
	buf_init(&hint, sizeof(e->text) - used - 1);
	put_hint(&hint, path.p, errnum);
	if (!hint.over)
		snprintf(e->text + used, sizeof(e->text) - used, "%.*s", STR_ARG(buf_str(&hint)));
	buf_fini(&hint);
	buf_fini(&path);
	return -1;
}
