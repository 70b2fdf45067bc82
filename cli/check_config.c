#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/ask.h"
#include "cli/config_limits.h"
#include "cli/connect.h"
#include "cli/table.h"
#include "cli/verbs.h"
#include "core/log.h"
#include "core/sandbox.h"
#include "core/text.h"
#include "ingest/after.h"
#include "store/conninfo.h"

/* What became of opening a source. */
struct trial {
	bool readable;
	enum source_kind kind;
	struct err problem;
};

/* What was found out beyond the configuration's own words. */
struct findings {
	struct buf database, password; /* of the admin's server, with a NUL */
	struct sandbox_layers layers;
	struct trial *trials; /* one for each source */
	bool connect;         /* to be tried */
	struct buf connections;
	size_t unreached;
	size_t unreadable;
};

/* A source as a row. */
enum { NAME, PATH, KIND, SUBFOLDERS, AFTER, MOVE_TO, FAILURES, READABLE, PROBLEM, COLUMNS };

static const struct column columns[COLUMNS] = {
	[NAME] = { "name", COLUMN_TEXT },
	[PATH] = { "path", COLUMN_TEXT },
	[KIND] = { "kind", COLUMN_TEXT },
	[SUBFOLDERS] = { "subfolders", COLUMN_BOOLEAN },
	[AFTER] = { "after", COLUMN_TEXT },
	[MOVE_TO] = { "move_to", COLUMN_TEXT },
	[FAILURES] = { "failures", COLUMN_TEXT },
	[READABLE] = { "readable", COLUMN_BOOLEAN },
	[PROBLEM] = { "problem", COLUMN_TEXT },
};

static const char *const kinds[] = {
	[SOURCE_MAILDIR] = "maildir",
	[SOURCE_FILES] = "files",
	[SOURCE_IMAP] = "imap",
	[SOURCE_MBOX] = "mbox",
	[SOURCE_PIPED] = "stdin",
};

static struct findings *
findings_new(const struct config *conf)
{
	struct findings *f = calloc(1, sizeof(*f));

	if (f == NULL)
		abort();
	f->trials = calloc(conf->nsources + 1, sizeof(*f->trials));
	if (f->trials == NULL)
		abort();
	buf_init(&f->database, 65536);
	buf_init(&f->password, 65536);
	buf_init(&f->connections, SIZE_MAX / 2);
	return f;
}

static void
findings_free(struct findings *f)
{
	buf_fini(&f->connections);
	buf_fini(&f->password);
	buf_fini(&f->database);
	free(f->trials);
	free(f);
}

static int
look(struct findings *f, struct context *c, struct err *e)
{
	const struct config *conf = c->config;

	if (context_enter(c, e) < 0)
		return -1;
	if (c->conninfo != NULL && conninfo_split(c->conninfo, &f->database, &f->password, e) < 0)
		return -1;
	f->layers = sandbox_probe();
	/* Only opening a source tells what it is and whether it can be read. */
	for (size_t i = 0; i < conf->nsources; i++) {
		struct source *s =
		    source_open(&conf->sources[i].conf, c->state_dir, &f->trials[i].problem);

		f->trials[i].readable = s != NULL;
		f->trials[i].kind = s != NULL ? source_kind(s) : SOURCE_FILES;
		f->unreadable += s == NULL;
		source_close(s);
	}
	if (f->connect)
		f->unreached = connect_all(c, &f->connections);
	return 0;
}

static void
row_of(const struct config_source *s, const struct trial *t, const char **row)
{
	row[NAME] = s->name;
	row[PATH] = s->conf.path;
	row[KIND] = t->readable ? kinds[t->kind] : NULL;
	row[SUBFOLDERS] = s->conf.subfolders ? "true" : "false";
	row[AFTER] = after_name(s->conf.after);
	row[MOVE_TO] = s->conf.move_to;
	row[FAILURES] = s->conf.failures;
	row[READABLE] = t->readable ? "true" : "false";
	row[PROBLEM] = t->readable ? NULL : t->problem.text;
}

static void
put_list(struct buf *out, const char *name, const char *const *list, size_t n)
{
	buf_printf(out, ",\"%s\":[", name);
	for (size_t i = 0; i < n; i++) {
		buf_puts(out, i > 0 ? STR(",") : STR(""));
		table_json(out, COLUMN_TEXT, list[i]);
	}
	buf_put8(out, ']');
}

static void
put_json(struct buf *out, const struct context *c, const struct findings *f)
{
	const struct config *conf = c->config;
	const char *row[COLUMNS];

	buf_puts(out, STR("{\"file\":"));
	table_json(out, COLUMN_TEXT, conf->file);
	buf_puts(out, STR(",\"state_dir\":"));
	table_json(out, COLUMN_TEXT, c->state_dir);
	buf_puts(out, STR(",\"database\":"));
	table_json(out, COLUMN_TEXT, c->conninfo != NULL ? f->database.p : NULL);
	buf_printf(out, ",\"workers\":%u", conf->workers);
	put_list(out, "domains", conf->domains, conf->ndomains);
	buf_printf(out, ",\"failure_reports\":\"%s\",\"failure_days\":%u",
	    config_failures_name(conf->failures), conf->failure_days);
	buf_puts(out, STR(",\"limits\":{"));
	config_limits_json(out, &conf->ceilings);
	buf_puts(out, STR("},\"listen\":"));
	table_json(out, COLUMN_TEXT, conf->listen);
	buf_puts(out, STR(",\"tls_certificate\":"));
	table_json(out, COLUMN_TEXT, conf->tls_certificate);
	buf_puts(out, STR(",\"tls_key\":"));
	table_json(out, COLUMN_TEXT, conf->tls_key);
	put_list(out, "trusted_proxies", conf->proxies, conf->nproxies);
	buf_printf(out, ",\"sandbox\":{\"seccomp\":%s,\"landlock\":%d},\"sources\":[",
	    f->layers.seccomp ? "true" : "false", f->layers.landlock);
	for (size_t i = 0; i < conf->nsources; i++) {
		row_of(&conf->sources[i], &f->trials[i], row);
		buf_puts(out, i > 0 ? STR(",{") : STR("{"));
		for (size_t k = 0; k < COLUMNS; k++) {
			buf_printf(out, "%s\"%s\":", k > 0 ? "," : "", columns[k].name);
			table_json(out, columns[k].type, row[k]);
		}
		buf_put8(out, '}');
	}
	buf_puts(out, STR("]"));
	buf_puts(out, buf_str(&f->connections));
	buf_puts(out, STR("}\n"));
}

static void
line(struct buf *out, const char *name, const char *value)
{
	buf_printf(out, "%-17s", name);
	text_terminal(out, str_of(value));
	buf_put8(out, '\n');
}

static void
put_text(struct buf *out, const struct context *c, const struct findings *f)
{
	const struct config *conf = c->config;
	char room[64];

	line(out, "configuration", conf->file != NULL ? conf->file : "none: the defaults");
	line(out, "state directory", c->state_dir);
	line(out, "database",
	    c->conninfo != NULL ? f->database.p : "private, in the state directory");
	snprintf(room, sizeof(room), "%u", conf->workers);
	line(out, "workers", conf->workers > 0 ? room : "one per core");
	if (conf->ndomains == 0)
		line(out, "own domains", "all");
	for (size_t i = 0; i < conf->ndomains; i++)
		line(out, i == 0 ? "own domains" : "", conf->domains[i]);
	snprintf(room, sizeof(room), "%s, for %u days", config_failures_name(conf->failures),
	    conf->failure_days);
	line(out, "failure reports",
	    conf->failures != FAILURES_OFF ? room : config_failures_name(conf->failures));
	line(out, "dashboard", conf->listen);
	line(out, "TLS", conf->tls_certificate != NULL ? conf->tls_certificate : "none");
	for (size_t i = 0; i < conf->nproxies; i++)
		line(out, i == 0 ? "trusted proxies" : "", conf->proxies[i]);
	snprintf(room, sizeof(room), f->layers.landlock > 0 ? "%s, Landlock (version %d)" : "%s",
	    f->layers.seccomp ? "seccomp" : "no seccomp", f->layers.landlock);
	line(out, "sandbox", room);
	buf_put8(out, '\n');
	config_limits_text(out, &conf->ceilings);
}

static void
print_sources(const struct config *conf, const struct findings *f)
{
	/* All but the problem: that is told on standard error. */
	struct table *t = table_new(stdout, OUTPUT_TABLE, table_width(), columns, COLUMNS - 1);
	const char *row[COLUMNS];

	for (size_t i = 0; i < conf->nsources; i++) {
		row_of(&conf->sources[i], &f->trials[i], row);
		table_row(t, row);
	}
	table_end(t);
}

static void
print(const struct context *c, const struct findings *f)
{
	struct buf out;

	buf_init(&out, SIZE_MAX / 2); /* what it holds was in memory before */
	if (c->output == OUTPUT_JSON)
		put_json(&out, c, f);
	else
		put_text(&out, c, f);
	fwrite(out.p, 1, out.n, stdout);
	buf_fini(&out);
	if (c->output == OUTPUT_JSON || c->config->nsources == 0)
		return;
	printf("\n");
	print_sources(c->config, f);
	if (f->connections.n > 0)
		fwrite(f->connections.p, 1, f->connections.n, stdout);
}

static int
check(struct context *c, bool connect, struct err *e)
{
	struct findings *f = findings_new(c->config);
	int rc;

	f->connect = connect;
	rc = look(f, c, e);
	if (rc == 0)
		print(c, f);
	for (size_t i = 0; rc == 0 && i < c->config->nsources; i++)
		if (!f->trials[i].readable)
			log_event(LOG_ERROR, "source \"%s\": %s", c->config->sources[i].name,
			    f->trials[i].problem.text);
	if (rc == 0 && !f->layers.seccomp)
		rc = err_set(e, ERR_CONFIG, "this kernel has no seccomp: nothing can be parsed");
	if (rc == 0 && f->unreadable > 0)
		rc = err_set(e, ERR_CONFIG, "%zu of %zu sources cannot be used", f->unreadable,
		    c->config->nsources);
	if (rc == 0 && f->unreached > 0)
		rc = err_set(
		    e, ERR_SOURCE, "%zu sources could not be reached or read", f->unreached);
	findings_free(f);
	return rc;
}

enum { OPT_CONNECT = 256 };

static const struct option own[] = {
	{ "connect", no_argument, NULL, OPT_CONNECT },
	{ NULL, 0, NULL, 0 },
};

static int
take(void *arg, int val, const char *value, struct err *e)
{
	(void)val;
	(void)value;
	(void)e;
	*(bool *)arg = true;
	return 0;
}

static int
run(const struct verb *v, int argc, char **argv)
{
	bool connect = false;
	struct context c;
	struct err e;
	int rc, status, first = verb_options(v, argc, argv, own, take, &connect, &c, &status);

	if (first < 0)
		return status;
	if (first < argc)
		rc = err_set(
		    &e, ERR_CONFIG, "\"check-config\" takes no argument: \"%s\"", argv[first]);
	else if (c.output == OUTPUT_CSV)
		rc = err_set(&e, ERR_CONFIG, "\"check-config\" prints text or JSON");
	else
		rc = check(&c, connect, &e);
	return ask_end(&c, rc, &e);
}

const struct verb verb_check_config = {
	.name = "check-config",
	.arguments = "[OPTION]...",
	.summary = "tell what ruastat understood of its configuration",
	.help = "  --connect             log in to the IMAP sources, list their folders\n",
	.run = run,
};
