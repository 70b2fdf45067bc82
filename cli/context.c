#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/verb.h"

#define USER "_ruastat"
#define USER_STATE "/var/lib/ruastat"

static char state_dir[4096]; /* one per process; context_enter hands it out */

/* The state directory where nothing was said: XDG's, or that of the system user. */
static int
default_dir(const struct passwd *pw, struct err *e)
{
	const char *xdg = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	int n;

	if (strcmp(pw->pw_name, USER) == 0)
		n = snprintf(state_dir, sizeof(state_dir), "%s", USER_STATE);
	else if (xdg != NULL && xdg[0] == '/')
		n = snprintf(state_dir, sizeof(state_dir), "%s/ruastat", xdg);
	else
		n = snprintf(state_dir, sizeof(state_dir), "%s/.local/state/ruastat",
		    home != NULL && home[0] == '/' ? home : pw->pw_dir);
	if (n < 0 || (size_t)n >= sizeof(state_dir))
		return err_set(e, ERR_CONFIG, "the state directory's path is too long");
	return 0;
}

static int
given_dir(const char *given, struct err *e)
{
	char here[2048] = "";
	int n;

	if (given[0] != '/' && getcwd(here, sizeof(here)) == NULL)
		return err_set(
		    e, ERR_CONFIG, "cannot tell the current directory: %s", strerror(errno));
	n = snprintf(
	    state_dir, sizeof(state_dir), "%s%s%s", here, given[0] != '/' ? "/" : "", given);
	if (n < 0 || (size_t)n >= sizeof(state_dir))
		return err_set(e, ERR_CONFIG, "the state directory's path is too long");
	return 0;
}

/* Make the directory and those above it: 1 made, 0 it was there, -1. */
static int
make_dirs(struct err *e)
{
	int made = -1;

	for (char *slash = strchr(state_dir + 1, '/');; slash = strchr(slash + 1, '/')) {
		if (slash != NULL)
			*slash = '\0';
		made = mkdir(state_dir, slash != NULL ? 0755 : 0700);
		if (made < 0 && errno != EEXIST)
			return err_set(e,
			    errno == ENOSPC || errno == EDQUOT ? ERR_DATABASE : ERR_CONFIG,
			    "could not make the state directory \"%s\": %s", state_dir,
			    strerror(errno));
		if (slash == NULL)
			return made == 0;
		*slash = '/';
	}
}

static bool
is_empty(int fd)
{
	int again = dup(fd);
	DIR *d = again < 0 ? NULL : fdopendir(again);
	const struct dirent *entry;
	bool empty = d != NULL;

	while (d != NULL && (entry = readdir(d)) != NULL)
		empty &= strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
	if (d != NULL)
		closedir(d);
	else if (again >= 0)
		close(again);
	return empty;
}

/*
 * As root: give the state directory to ${pw}.  Only one that was just made or is empty: whoever
 * names a directory of the system by mistake must not lose it to a user that reads strangers' mail.
 */
static int
hand_over(const struct passwd *pw, bool made, struct err *e)
{
	int fd =
	    open(state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC | (geteuid() == 0 ? O_NOFOLLOW : 0));
	int rc = 0;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		rc = err_set(e, ERR_CONFIG, "cannot use \"%s\" as state directory: %s", state_dir,
		    strerror(errno));
	else if (geteuid() == 0 && st.st_uid == 0 && !made && !is_empty(fd))
		rc = err_set(e, ERR_CONFIG,
		    "the state directory \"%s\" is root's and not empty: \"chown %s\" hands it over",
		    state_dir, USER);
	else if (geteuid() == 0 && st.st_uid == 0 && fchown(fd, pw->pw_uid, pw->pw_gid) < 0)
		rc = err_set(e, ERR_CONFIG, "could not hand \"%s\" over to %s: %s", state_dir, USER,
		    strerror(errno));
	if (fd >= 0)
		close(fd);
	return rc;
}

static int
drop(const struct passwd *pw, struct err *e)
{
	if (initgroups(USER, pw->pw_gid) < 0 || setgid(pw->pw_gid) < 0 || setuid(pw->pw_uid) < 0 ||
	    setuid(0) == 0)
		return err_set(
		    e, ERR_CONFIG, "could not become the user %s: %s", USER, strerror(errno));
	setenv("HOME", pw->pw_dir, 1);
	unsetenv("XDG_STATE_HOME");
	unsetenv("XDG_CONFIG_HOME");
	unsetenv("XDG_RUNTIME_DIR");
	return 0;
}

int
context_enter(struct context *c, struct err *e)
{
	const struct passwd *pw = geteuid() == 0 ? getpwnam(USER) : getpwuid(geteuid());
	int made;

	if (pw == NULL && geteuid() == 0)
		return err_set(e, ERR_CONFIG,
		    "as root ruastat works as the user %s, which is missing: \"useradd --system "
		    "--home-dir %s --shell /usr/sbin/nologin %s\" makes it",
		    USER, USER_STATE, USER);
	if (pw == NULL)
		return err_set(e, ERR_CONFIG,
		    "the user with the number %u has no entry in the list of users; PostgreSQL needs one",
		    (unsigned)geteuid());
	if ((c->state_dir != NULL ? given_dir(c->state_dir, e) : default_dir(pw, e)) < 0)
		return -1;
	made = make_dirs(e);
	if (made < 0 || hand_over(pw, made > 0, e) < 0)
		return -1;
	c->state_dir = state_dir;
	if (geteuid() == 0 && drop(pw, e) < 0)
		return -1;
	if (access(state_dir, R_OK | W_OK | X_OK) < 0)
		return err_set(e, ERR_CONFIG,
		    "the user %s cannot use the state directory \"%s\": %s", pw->pw_name, state_dir,
		    strerror(errno));
	umask(077);
	return config_resolve(c->config, state_dir, e);
}
