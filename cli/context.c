#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cli/verb.h"
#include "core/account.h"

#define USER "_ruastat"
#define USER_STATE "/var/lib/ruastat"

#define LINKS_MOST 16 /* symbolic links on the way to the state directory */

static char state_dir[4096]; /* one per process; context_enter hands it out */
static bool by_environment;  /* HOME or XDG_STATE_HOME says where it is */

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
	by_environment = strcmp(pw->pw_name, USER) != 0;
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

/* ${where}, the state directory or one on the way to it, is of ${owner}, who is not us: both are named. */
static int
not_ours(const char *where, uid_t owner, uid_t us, struct err *e)
{
	struct account theirs, ours;

	return err_set(e, ERR_CONFIG,
	    "cannot use \"%.200s\" as state directory: %s%.100s%s belongs to user \"%s\", and ruastat runs as "
	    "user \"%s\": run it as the owner, or name another with --state-dir%s",
	    state_dir, where != NULL ? "\"" : "it", where != NULL ? where : "",
	    where != NULL ? "\"" : "", account_name(owner, &theirs), account_name(us, &ours),
	    by_environment ? " (HOME or XDG_STATE_HOME may be somebody else's)" : "");
}

/*
 * As root, on the way to the state directory: what is made or given away there must lie where nobody
 * else can put something in its place.
 */
struct walk {
	const struct passwd *pw;
	char rest[4096]; /* of the path */
	int fd;          /* where it has come */
	unsigned links;
	bool made; /* that directory */
	bool his;  /* that is of ${pw}, who goes on himself */
};

static int
judge(struct walk *w, const char *name, struct err *e)
{
	struct stat st;

	if (fstat(w->fd, &st) < 0)
		return err_set(e, ERR_CONFIG, "cannot use \"%s\" as state directory: %s", state_dir,
		    strerror(errno));
	w->his = st.st_uid == w->pw->pw_uid;
	if (!w->his && st.st_uid != 0)
		return not_ours(name, st.st_uid, w->pw->pw_uid, e);
	if (!w->his && (st.st_mode & 002) != 0 && (st.st_mode & S_ISVTX) == 0)
		return err_set(e, ERR_CONFIG,
		    "cannot use \"%s\" as state directory: \"%.100s\" can be written to by anybody",
		    state_dir, name);
	return 0;
}

static int
follow(struct walk *w, const char *name, const struct stat *st, struct err *e)
{
	char target[2048], rest[sizeof(w->rest)];
	ssize_t n = readlinkat(w->fd, name, target, sizeof(target) - 1);

	if (st->st_uid != 0)
		return not_ours(name, st->st_uid, w->pw->pw_uid, e);
	if (n < 0 || ++w->links > LINKS_MOST)
		return err_set(e, ERR_CONFIG,
		    "cannot use \"%s\" as state directory: the link \"%.100s\" leads nowhere",
		    state_dir, name);
	target[n] = '\0';
	memcpy(rest, w->rest, sizeof(rest));
	if (snprintf(w->rest, sizeof(w->rest), "%s/%s", target, rest) >= (int)sizeof(w->rest))
		return err_set(e, ERR_CONFIG, "the state directory's path is too long");
	if (target[0] != '/')
		return 0;
	close(w->fd);
	w->fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return 0;
}

/* One step on, to ${name}, which is made where it is missing. */
static int
step(struct walk *w, const char *name, bool make, struct err *e)
{
	bool last = w->rest[strspn(w->rest, "/")] == '\0';
	struct stat st;
	int fd;

	w->made = false;
	if (fstatat(w->fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		w->made = errno == ENOENT && make && mkdirat(w->fd, name, last ? 0700 : 0755) == 0;
		if (!w->made && errno == ENOENT && !make)
			return 1;
		if (!w->made)
			return err_set(e,
			    errno == ENOSPC || errno == EDQUOT ? ERR_DATABASE : ERR_CONFIG,
			    "could not make the state directory \"%s\": %s", state_dir,
			    strerror(errno));
	} else if (S_ISLNK(st.st_mode)) {
		return follow(w, name, &st, e);
	}
	fd = openat(w->fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_set(e, ERR_CONFIG, "cannot use \"%s\" as state directory: %s", state_dir,
		    strerror(errno));
	close(w->fd);
	w->fd = fd;
	return judge(w, name, e);
}

/*
 * Give the directory to whom we become.  Only one that was just made or is empty: whoever names a
 * directory of the system by mistake must not lose it to a user that reads strangers' mail.
 */
static int
give(const struct walk *w, struct err *e)
{
	int fd = openat(w->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;

	if (fd < 0)
		rc = err_set(e, ERR_CONFIG, "cannot use \"%s\" as state directory: %s", state_dir,
		    strerror(errno));
	else if (!w->made && !is_empty(fd))
		rc = err_set(e, ERR_CONFIG,
		    "the state directory \"%s\" is root's and not empty: \"chown %s\" hands it over",
		    state_dir, USER);
	else if (fchown(fd, w->pw->pw_uid, w->pw->pw_gid) < 0)
		rc = err_set(e, ERR_CONFIG, "could not hand \"%s\" over to %s: %s", state_dir, USER,
		    strerror(errno));
	if (fd >= 0)
		close(fd);
	return rc;
}

/* As root: the state directory is there and of ${pw}, or lies in a directory of his; ${make} it so. */
static int
hand_over(const struct passwd *pw, bool make, struct err *e)
{
	struct walk w = { .pw = pw, .fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC) };
	char name[256];
	int rc = 0;

	snprintf(w.rest, sizeof(w.rest), "%s", state_dir);
	while (rc == 0 && !w.his) {
		size_t skip = strspn(w.rest, "/"), n = strcspn(w.rest + skip, "/");

		if (n == 0)
			break;
		if (n >= sizeof(name)) {
			rc = err_set(e, ERR_CONFIG, "the state directory's path is too long");
			break;
		}
		snprintf(name, sizeof(name), "%.*s", (int)n, w.rest + skip);
		memmove(w.rest, w.rest + skip + n, strlen(w.rest + skip + n) + 1);
		rc = step(&w, name, make, e);
	}
	if (rc == 0 && !w.his && make)
		rc = give(&w, e);
	close(w.fd);
	return rc < 0 ? -1 : 0;
}

/* Make the directory and those above it, as who we are: 0 or the error's number. */
static int
make_dirs(void)
{
	for (char *slash = strchr(state_dir + 1, '/');; slash = strchr(slash + 1, '/')) {
		int why;

		if (slash != NULL)
			*slash = '\0';
		why = mkdir(state_dir, slash != NULL ? 0755 : 0700) < 0 ? errno : 0;
		/* A parent of somebody else's that is there will do. */
		if (why != 0 && access(state_dir, F_OK) == 0)
			why = 0;
		if (slash != NULL)
			*slash = '/';
		if (why != 0 || slash == NULL)
			return why;
	}
}

/* The nearest directory above the state directory that tells whose it is. */
static uid_t
owner_above(void)
{
	char path[sizeof(state_dir)];
	struct stat st;

	memcpy(path, state_dir, sizeof(path));
	while (stat(path, &st) < 0 && strrchr(path, '/') > path)
		*strrchr(path, '/') = '\0';
	return stat(path, &st) == 0 ? st.st_uid : 0;
}

/* As who we are: the directory is ours and nobody else can change what is in it. */
static int
take_possession(const struct context *c, struct err *e)
{
	int why = c->look ? 0 : make_dirs();
	int fd = why == 0 ? open(state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	struct account self;
	struct stat st;
	int rc = 0;

	if (fd < 0 && why == 0)
		why = errno;
	if (fd < 0 && why == ENOENT && c->look)
		return 0;
	if (fd < 0 && (why == EACCES || why == EPERM) && owner_above() != 0 &&
	    owner_above() != geteuid())
		return not_ours(NULL, owner_above(), geteuid(), e);
	if (fd < 0)
		return err_set(e, why == ENOSPC || why == EDQUOT ? ERR_DATABASE : ERR_CONFIG,
		    "could not make the state directory \"%s\" as user \"%s\": %s", state_dir,
		    account_name(geteuid(), &self), strerror(why));
	if (fstat(fd, &st) < 0)
		rc = err_set(e, ERR_CONFIG, "cannot use \"%s\" as state directory: %s", state_dir,
		    strerror(errno));
	else if (st.st_uid != geteuid())
		rc = not_ours(NULL, st.st_uid, geteuid(), e);
	else if ((st.st_mode & 022) != 0 && fchmod(fd, st.st_mode & 07755) < 0)
		rc = err_set(e, ERR_CONFIG, "could not close \"%s\" to others: %s", state_dir,
		    strerror(errno));
	else if (faccessat(fd, ".", R_OK | W_OK | X_OK, AT_EACCESS) < 0)
		rc = err_set(e, ERR_CONFIG, "cannot use \"%s\" as state directory: %s", state_dir,
		    strerror(errno));
	close(fd);
	return rc;
}

/* What is about root: libraries and programs that are run later would look there. */
static void
clear_environment(const struct passwd *pw)
{
	static const char *const names[] = { "XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR",
		"XDG_DATA_HOME", "XDG_CACHE_HOME", "TMPDIR", "MAIL", "SUDO_USER", "SUDO_UID",
		"SUDO_GID", "SUDO_COMMAND" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unsetenv(names[i]);
	setenv("HOME", pw->pw_dir, 1);
	setenv("USER", pw->pw_name, 1);
	setenv("LOGNAME", pw->pw_name, 1);
}

static int
drop(const struct passwd *pw, struct err *e)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };
	uid_t r, eff, saved;

	if (prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) < 0 || initgroups(USER, pw->pw_gid) < 0 ||
	    setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) < 0 ||
	    setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) < 0)
		return err_set(
		    e, ERR_CONFIG, "could not become the user %s: %s", USER, strerror(errno));
	if (getresuid(&r, &eff, &saved) < 0 || r != pw->pw_uid || eff != pw->pw_uid ||
	    saved != pw->pw_uid || setuid(0) == 0)
		return err_set(e, ERR_CONFIG, "could not become the user %s for good", USER);
	/* What a container's root may pass on to programs. */
	if (syscall(SYS_capset, &head, none) < 0)
		return err_set(
		    e, ERR_CONFIG, "could not give up root's capabilities: %s", strerror(errno));
	clear_environment(pw);
	return 0;
}

int
context_enter(struct context *c, struct err *e)
{
	const struct passwd *pw = geteuid() == 0 ? getpwnam(USER) : getpwuid(geteuid());

	if (pw == NULL && geteuid() == 0)
		return err_set(e, ERR_CONFIG,
		    "as root ruastat works as the user %s, which is missing: \"useradd --system "
		    "--home-dir %s --shell /usr/sbin/nologin %s\" makes it",
		    USER, USER_STATE, USER);
	if (pw == NULL)
		return err_set(e, ERR_CONFIG,
		    "the user with the number %u has no entry in the list of users; PostgreSQL needs one",
		    (unsigned)geteuid());
	if (pw->pw_uid == 0)
		return err_set(e, ERR_CONFIG, "the user %s has root's number", USER);
	if ((c->state_dir != NULL ? given_dir(c->state_dir, e) : default_dir(pw, e)) < 0)
		return -1;
	if (geteuid() == 0 && (hand_over(pw, !c->look, e) < 0 || drop(pw, e) < 0))
		return -1;
	umask(077);
	if (take_possession(c, e) < 0)
		return -1;
	c->state_dir = state_dir;
	return config_resolve(c->config, state_dir, e);
}
