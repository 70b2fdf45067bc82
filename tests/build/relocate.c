/*
 * relocate.c - have a Dovecot that is unpacked below $DOVECOT_ROOT find there what it looks for in
 * /usr/lib/dovecot and /usr/bin: its modules and doveconf.  The configuration can name other places
 * for programs and plugins, but not for these.  Preloaded by tests/integration/imap.sh.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *
moved(const char *path, char out[PATH_MAX])
{
	const char *root = getenv("DOVECOT_ROOT");
	int n;

	if (path == NULL || root == NULL ||
	    (strncmp(path, "/usr/lib/dovecot", 16) != 0 && strcmp(path, "/usr/bin/doveconf") != 0))
		return path;
	n = snprintf(out, PATH_MAX, "%s%s", root, path);
	return n > 0 && n < PATH_MAX ? out : path;
}

/* The C library's own, which these stand before. */
static void *
real(const char *name)
{
	void *f = dlsym(RTLD_NEXT, name);

	if (f == NULL)
		abort();
	return f;
}

DIR *
opendir(const char *path)
{
	static DIR *(*f)(const char *);
	char out[PATH_MAX];

	if (f == NULL)
		*(void **)&f = real("opendir");
	return f(moved(path, out));
}

void *
dlopen(const char *path, int flags)
{
	static void *(*f)(const char *, int);
	char out[PATH_MAX];

	if (f == NULL)
		*(void **)&f = real("dlopen");
	return f(moved(path, out), flags);
}

int
execv(const char *path, char *const argv[])
{
	static int (*f)(const char *, char *const[]);
	char out[PATH_MAX];

	if (f == NULL)
		*(void **)&f = real("execv");
	return f(moved(path, out), argv);
}
