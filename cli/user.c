#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "cli/ask.h"
#include "cli/table.h"
#include "cli/verbs.h"
#include "core/arena.h"
#include "core/limits.h"
#include "core/log.h"
#include "dashboard/login.h"
#include "store/database.h"
#include "store/query.h"

enum { OPT_ROLE = 256, OPT_PASSWORD_FILE };

static const struct option own[] = {
	{ "role", required_argument, NULL, OPT_ROLE },
	{ "password-file", required_argument, NULL, OPT_PASSWORD_FILE },
	{ NULL, 0, NULL, 0 },
};

struct wish {
	const char *role, *password_file;
};

static int
take(void *arg, int val, const char *value, struct err *e)
{
	struct wish *w = arg;

	if (val == OPT_PASSWORD_FILE)
		w->password_file = value;
	else if (strcmp(value, "admin") != 0 && strcmp(value, "viewer") != 0)
		return err_set(e, ERR_CONFIG, "--role is \"%s\"; it can be admin or viewer", value);
	else
		w->role = value;
	return 0;
}

/* The first line of what ${fd} gives. */
static int
read_line(int fd, const char *what, char *line, size_t room, struct err *e)
{
	size_t n = 0;
	ssize_t got = 1;

	while (n < room - 1 && got != 0 && (n == 0 || line[n - 1] != '\n')) {
		got = read(fd, line + n, 1);
		if (got < 0 && errno != EINTR)
			return err_set(
			    e, ERR_CONFIG, "could not read \"%s\": %s", what, strerror(errno));
		n += got > 0;
	}
	if (n > 0 && line[n - 1] == '\n')
		n -= n > 1 && line[n - 2] == '\r' ? 2 : 1;
	else if (n == room - 1)
		return err_set(e, ERR_CONFIG, "\"%s\" is too long for a password", what);
	line[n] = '\0';
	if (memchr(line, '\0', n) != NULL)
		return err_set(e, ERR_CONFIG, "\"%s\" has a NUL in it", what);
	return 0;
}

/* Ask at the terminal, without showing what is typed. */
static int
ask_once(int tty, const char *prompt, char *line, size_t room, struct err *e)
{
	struct termios was, silent;
	int rc;

	if (tcgetattr(tty, &was) < 0)
		return err_set(e, ERR_CONFIG, "cannot ask for the password: %s", strerror(errno));
	silent = was;
	silent.c_lflag &= (tcflag_t)~ECHO;
	dprintf(tty, "%s: ", prompt);
	tcsetattr(tty, TCSAFLUSH, &silent);
	rc = read_line(tty, "/dev/tty", line, room, e);
	tcsetattr(tty, TCSAFLUSH, &was);
	dprintf(tty, "\n");
	return rc;
}

static int
ask_twice(char *line, size_t room, struct err *e)
{
	char again[LIMIT_PASSWORD_BYTES + 2];
	int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	int rc;

	if (tty < 0)
		return err_set(e, ERR_CONFIG,
		    "there is no terminal to ask at: give --password-file (- for standard input)");
	rc = ask_once(tty, "New password", line, room, e);
	if (rc == 0)
		rc = ask_once(tty, "The same again", again, sizeof(again), e);
	close(tty);
	if (rc == 0 && strcmp(line, again) != 0)
		rc = err_set(e, ERR_CONFIG, "the two were not the same");
	explicit_bzero(again, sizeof(again));
	return rc;
}

static int
read_password_file(const char *path, char *line, size_t room, struct err *e)
{
	int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	int rc;

	if (fd < 0)
		return err_set(e, ERR_CONFIG, "could not read \"%s\": %s", path, strerror(errno));
	rc = read_line(fd, path, line, room, e);
	if (fd != STDIN_FILENO)
		close(fd);
	return rc;
}

/* The hash of a password from a file or the terminal, while root may still read it. */
static int
hash_of_password(const struct wish *w, char hash[PASSWORD_HASH_BYTES], struct err *e)
{
	char line[LIMIT_PASSWORD_BYTES + 2];
	int rc = w->password_file != NULL
	    ? read_password_file(w->password_file, line, sizeof(line), e)
	    : ask_twice(line, sizeof(line), e);

	if (rc == 0)
		rc = password_check(str_of(line), e);
	if (rc == 0)
		rc = password_hash(str_of(line), hash, e);
	explicit_bzero(line, sizeof(line));
	if (rc < 0 && e->kind == ERR_MESSAGE)
		e->kind = ERR_CONFIG;
	return rc;
}

/* Run a statement that gives a row when there was something to do. */
static int
do_one(struct context *c, enum query q, const char *const *values, size_t n, const char *complaint,
    struct err *e)
{
	struct database *db = context_enter(c, e) == 0 ? ask_database(c, true, e) : NULL;
	struct answer *a = db != NULL ? query_run(db, q, values, n, e) : NULL;
	int rc = a != NULL ? 0 : -1;

	if (rc == 0 && answer_rows(a) == 0)
		rc = err_set(e, ERR_CONFIG, complaint, values[0]);
	answer_free(a);
	database_close(db);
	return rc;
}

static int
list(struct context *c, struct err *e)
{
	struct database *db = context_enter(c, e) == 0 ? ask_database(c, true, e) : NULL;
	struct answer *a = db != NULL ? query_run(db, QUERY_USERS, NULL, 0, e) : NULL;

	database_close(db);
	if (a == NULL)
		return -1;
	if (c->output == OUTPUT_TABLE && answer_rows(a) == 0)
		log_event(
		    LOG_WARN, "nobody has a password; \"ruastat user add NAME\" changes that");
	else
		table_answer(c->output, a, answer_columns(a));
	answer_free(a);
	return 0;
}

static int
change(struct context *c, const struct wish *w, const char *what, struct str name, struct err *e)
{
	char hash[PASSWORD_HASH_BYTES];
	const char *add[] = { name.p, w->role != NULL ? w->role : "admin", hash };
	const char *set[] = { name.p, hash };

	if (strcmp(what, "remove") == 0)
		return do_one(c, QUERY_USER_REMOVE, set, 1, "there is no user \"%s\"", e);
	if (hash_of_password(w, hash, e) < 0)
		return -1;
	if (strcmp(what, "add") == 0)
		return do_one(c, QUERY_USER_ADD, add, 3, "there is a user \"%s\" already", e);
	return do_one(c, QUERY_USER_SET_PASSWORD, set, 2, "there is no user \"%s\"", e);
}

static int
user(struct context *c, const struct wish *w, int argc, char **argv, struct err *e)
{
	const char *what = argc > 0 ? argv[0] : "";
	struct arena *a;
	struct str name;
	int rc;

	if (strcmp(what, "list") == 0 && argc == 1)
		return list(c, e);
	if (argc != 2 ||
	    (strcmp(what, "add") != 0 && strcmp(what, "passwd") != 0 &&
		strcmp(what, "remove") != 0))
		return err_set(e, ERR_CONFIG,
		    "\"user\" wants list, or one of add, passwd and remove with a name");
	if (w->role != NULL && strcmp(what, "add") != 0)
		return err_set(e, ERR_CONFIG, "--role is for \"user add\"");
	a = arena_new(4096);
	name = user_name(a, str_of(argv[1]), e);
	rc = name.n > 0 ? change(c, w, what, name, e) : -1;
	if (rc < 0 && e->kind == ERR_MESSAGE)
		e->kind = ERR_CONFIG;
	arena_free(a);
	return rc;
}

static int
run(const struct verb *v, int argc, char **argv)
{
	struct wish w = { 0 };
	struct context c;
	struct err e;
	int rc, status, first = verb_options(v, argc, argv, own, take, &w, &c, &status);

	if (first < 0)
		return status;
	rc = user(&c, &w, argc - first, argv + first, &e);
	return ask_end(&c, rc, &e);
}

const struct verb verb_user = {
	.name = "user",
	.arguments = "[OPTION]... list | add NAME | passwd NAME | remove NAME",
	.summary = "say who may log in to the dashboard",
	.help =
	    "  --role ROLE           of a new user: admin (the default) or viewer\n"
	    "  --password-file FILE  take the password from there (- for standard input), not from\n"
	    "                        the terminal\n",
	.run = run,
};
