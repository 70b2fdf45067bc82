#include "store/pgbin.h"

#include <glob.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/buf.h"
#include "store/pgrun.h"

#define MAJOR_MAX 999      /* three digits */
#define OLDEST 15          /* the schema's SQL needs it */
#define VERSION_BYTES 4096 /* what postgres -V may print; it prints 60 */

struct search {
	const char *client; /* the program that is looked for; NULL: the server's */
	unsigned want;
	struct pgbin best;
	bool met[MAJOR_MAX + 1];
	struct buf seen; /* the same in words */
};

static bool
runnable(const char *dir, const char *program)
{
	char path[PATH_MAX];

	return snprintf(path, sizeof(path), "%s/%s", dir, program) < (int)sizeof(path) &&
	    access(path, X_OK) == 0;
}

/* The number that ${s} opens with, at most three digits; 0 where there is none. */
static unsigned
leading_number(const char *s)
{
	unsigned n = 0;
	int i;

	for (i = 0; i < 3 && s[i] >= '0' && s[i] <= '9'; i++)
		n = n * 10 + (unsigned)(s[i] - '0');
	return n;
}

/* Whether ${dir} has what is looked for.  A client package alone leaves one without a server. */
static bool
has_it(const struct search *s, const char *dir)
{
	if (s->client != NULL)
		return runnable(dir, s->client);
	return runnable(dir, "postgres") && runnable(dir, "initdb");
}

/* Ask the program itself: "postgres (PostgreSQL) 15.20 (Debian ...)". */
static unsigned
ask_version(const struct search *s, const char *dir)
{
	char path[PATH_MAX], option[] = "-V";
	char *argv[] = { path, option, NULL };
	const char *at;
	struct buf text;
	struct err ignored;
	unsigned major = 0;
	int status;

	buf_init(&text, VERSION_BYTES);
	if (snprintf(path, sizeof(path), "%s/%s", dir, s->client != NULL ? s->client : "postgres") <
		(int)sizeof(path) &&
	    pgrun_capture(argv, -1, &text, &status, &ignored) == 0) {
		buf_put8(&text, 0);
		at = str_find(buf_str(&text), STR("(PostgreSQL) "));
		if (at != NULL && !text.over)
			major = leading_number(at + strlen("(PostgreSQL) "));
	}
	buf_fini(&text);
	return major;
}

/* A server reads the data of its own version alone; a client, all from servers up to its own. */
static bool
is_better(const struct search *s, unsigned major)
{
	if (s->want == 0)
		return major > s->best.major;
	if (s->client == NULL)
		return major == s->want;
	return major >= s->want && (s->best.major == 0 || major < s->best.major);
}

static void
consider(struct search *s, const char *dir, unsigned major)
{
	if (major == 0)
		return;
	if (!s->met[major])
		buf_printf(&s->seen, "%s%u", s->seen.n > 0 ? ", " : "", major);
	s->met[major] = true;
	if (!is_better(s, major))
		return;
	if (snprintf(s->best.dir, sizeof(s->best.dir), "%s", dir) < (int)sizeof(s->best.dir))
		s->best.major = major;
}

/* Directories that carry their version in their name: nothing has to be run to know it. */
static void
look_in_packages(struct search *s)
{
	static const char *const patterns[] = { "/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin" };
	size_t i, k;
	glob_t g;

	for (i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		if (glob(patterns[i], GLOB_NOSORT, NULL, &g) != 0)
			continue;
		for (k = 0; k < g.gl_pathc; k++) {
			if (has_it(s, g.gl_pathv[k]))
				consider(s, g.gl_pathv[k],
				    leading_number(
					g.gl_pathv[k] + strcspn(g.gl_pathv[k], "0123456789")));
		}
		globfree(&g);
	}
}

static void
look_in_path(struct search *s)
{
	const char *path = getenv("PATH"), *end;
	char dir[PATH_MAX];
	struct buf all;

	buf_init(&all, SIZE_MAX / 4);
	buf_printf(&all, "/usr/local/pgsql/bin:%s", path != NULL ? path : "");
	buf_put8(&all, 0);
	for (path = all.p; *path != '\0'; path = *end == ':' ? end + 1 : end) {
		end = path + strcspn(path, ":");
		if (*path != '/' || (size_t)(end - path) >= sizeof(dir))
			continue;
		memcpy(dir, path, (size_t)(end - path));
		dir[end - path] = '\0';
		if (has_it(s, dir))
			consider(s, dir, ask_version(s, dir));
	}
	buf_fini(&all);
}

static int
not_found(const struct search *s, struct err *e)
{
	if (s->seen.n == 0)
		return err_set(e, ERR_CONFIG,
		    "there is no PostgreSQL server in /usr/lib/postgresql/*/bin, "
		    "/usr/pgsql-*/bin, /usr/local/pgsql/bin and PATH: "
		    "install postgresql%s%.0u, or name a server of yours with \"database\"",
		    s->want != 0 ? " " : "", s->want);
	if (s->want == 0)
		return err_set(e, ERR_CONFIG,
		    "PostgreSQL %d or newer is needed, but only %.*s is installed", OLDEST,
		    STR_ARG(buf_str(&s->seen)));
	return err_set(e, ERR_CONFIG,
	    "this database was made by PostgreSQL %u, but only %.*s is installed: install "
	    "postgresql-%u beside it (\"apt install postgresql-%u\"), or move to the newer one with a "
	    "backup that was made before (\"ruastat restore --replace FILE\")",
	    s->want, STR_ARG(buf_str(&s->seen)), s->want, s->want);
}

static int
no_client(const struct search *s, struct err *e)
{
	char least[16] = "";

	if (s->want != 0)
		snprintf(least, sizeof(least), "-%u", s->want);
	return err_set(e, ERR_CONFIG,
	    "there is no %s of PostgreSQL %u or newer in /usr/lib/postgresql/*/bin, "
	    "/usr/pgsql-*/bin, /usr/local/pgsql/bin and PATH: \"apt install postgresql-client%s\"",
	    s->client, s->want != 0 ? s->want : OLDEST, least);
}

int
pgbin_find(unsigned want, struct pgbin *out, struct err *e)
{
	struct search s = { .want = want };
	int rc = 0;

	buf_init(&s.seen, 200);
	look_in_packages(&s);
	if (s.best.major < OLDEST)
		look_in_path(&s);
	if (s.best.major < OLDEST)
		rc = not_found(&s, e);
	else
		*out = s.best;
	buf_fini(&s.seen);
	return rc;
}

int
pgbin_client(const char *name, unsigned least, char path[PATH_MAX], struct err *e)
{
	struct search s = { .client = name, .want = least };
	int rc = 0;

	buf_init(&s.seen, 200);
	look_in_packages(&s);
	if (s.best.major < OLDEST)
		look_in_path(&s);
	if (s.best.major < OLDEST ||
	    snprintf(path, PATH_MAX, "%s/%s", s.best.dir, name) >= PATH_MAX)
		rc = no_client(&s, e);
	buf_fini(&s.seen);
	return rc;
}
