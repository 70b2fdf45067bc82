#include "cli/connect.h"

#include <stdio.h>

#include "cli/ask.h"
#include "cli/table.h"
#include "core/arena.h"
#include "core/log.h"
#include "core/text.h"
#include "ingest/imapprobe.h"
#include "store/ledger.h"

#define ARENA_BYTES ((size_t)64 << 20) /* names of folders, marks */

/* What a source is found to be, on its way to the reader. */
struct finding {
	struct buf *out;
	bool json;
	const char *name;
	size_t folders, others;
	bool in; /* it could be logged in */
	bool trouble;
};

static void
put_name(struct finding *f, const char *label, const char *text)
{
	buf_printf(f->out, "  %-15s", label);
	text_terminal(f->out, str_of(text));
	buf_put8(f->out, '\n');
}

static void
on_session(void *arg, const char *cipher, struct str capabilities)
{
	struct finding *f = arg;

	f->in = true;
	if (f->json) {
		buf_puts(f->out, STR(",\"connected\":true,\"problem\":null,\"tls\":"));
		text_json(f->out, str_of(cipher));
		buf_puts(f->out, STR(",\"capabilities\":"));
		text_json(f->out, capabilities);
		buf_puts(f->out, STR(",\"folders\":["));
		return;
	}
	put_name(f, "logged in", cipher);
	buf_printf(f->out, "  %-15s", "capabilities");
	text_terminal(f->out, capabilities);
	buf_put8(f->out, '\n');
}

static void
on_folder(void *arg, const struct imapprobe_folder *folder)
{
	struct finding *f = arg;

	if (folder->problem != NULL) {
		log_event(LOG_ERROR, "%s", folder->problem);
		f->trouble = true;
	}
	if (f->json) {
		buf_puts(f->out, f->folders++ > 0 ? STR(",{\"name\":") : STR("{\"name\":"));
		text_json(f->out, str_of(folder->name));
		buf_printf(f->out, ",\"mails\":%u,\"new\":%u,\"problem\":", (unsigned)folder->mails,
		    (unsigned)folder->fresh);
		table_json(f->out, COLUMN_TEXT, folder->problem);
		buf_put8(f->out, '}');
		return;
	}
	buf_printf(f->out, "  %-15s", f->folders++ == 0 ? "folders" : "");
	text_terminal(f->out, str_of(folder->name));
	if (folder->problem != NULL)
		buf_puts(f->out, STR(": cannot be opened\n"));
	else
		buf_printf(f->out, ": %u mails, %u new\n", (unsigned)folder->mails,
		    (unsigned)folder->fresh);
}

static void
on_other(void *arg, const char *name)
{
	struct finding *f = arg;

	if (f->json) {
		buf_puts(f->out, f->others++ > 0 ? STR(",") : STR("],\"others\":["));
		text_json(f->out, str_of(name));
	} else {
		put_name(f, f->others++ == 0 ? "not read" : "", name);
	}
}

/* How far the source's folders were read; none where there is no database yet. */
static struct mark *
marks_of(struct database *db, const struct source_conf *conf, struct arena *a, size_t *n)
{
	struct ledger *l = NULL;
	struct source *s = NULL;
	struct mark *marks = NULL;
	int64_t id;
	struct err e;

	*n = 0;
	if (db != NULL)
		l = ledger_open(db, &e);
	if (l != NULL)
		s = source_open(conf, "", &e);
	if (s != NULL && ledger_source(l, source_id(s), false, &id, &e) == 0)
		marks = ledger_marks(l, id, a, n, &e);
	source_close(s);
	ledger_close(l);
	return marks;
}

static void
finish(struct finding *f, bool reached, const struct err *e)
{
	if (!f->json) {
		if (!reached)
			put_name(f, "problem", e->text);
		return;
	}
	if (!f->in) {
		buf_puts(f->out, STR(",\"connected\":false,\"problem\":"));
		text_json(f->out, str_of(e->text));
		buf_puts(f->out, STR(",\"tls\":null,\"capabilities\":null,\"folders\":["));
	}
	buf_puts(f->out, f->others > 0 ? STR("]}") : STR("],\"others\":[]}"));
}

static bool
connect_one(const struct config_source *source, struct database *db, struct finding *f)
{
	const struct imapprobe_sink sink = { f, on_session, on_folder, on_other };
	struct arena *a = arena_new(ARENA_BYTES);
	size_t n;
	const struct mark *marks = marks_of(db, &source->conf, a, &n);
	struct err e;
	int rc;

	f->name = source->name;
	f->folders = f->others = 0;
	f->in = f->trouble = false;
	if (f->json) {
		buf_puts(f->out, STR("{\"name\":"));
		text_json(f->out, str_of(source->name));
	} else {
		buf_put8(f->out, '\n');
		text_terminal(f->out, str_of(source->name));
		buf_printf(f->out, ": %s port %s\n", source->conf.imap->link.host,
		    source->conf.imap->link.port);
	}
	rc = imapprobe(&source->conf, marks, n, &sink, &e);
	if (rc < 0)
		log_event(LOG_ERROR, "%s", e.text);
	finish(f, rc == 0, &e);
	arena_free(a);
	return rc == 0 && !f->trouble;
}

size_t
connect_all(const struct context *c, struct buf *out)
{
	struct finding f = { .out = out, .json = c->output == OUTPUT_JSON };
	struct database *db = NULL;
	size_t failed = 0, tried = 0;
	struct err e;

	if (ask_has_database(c))
		db = ask_database(c, false, &e);
	if (f.json)
		buf_puts(out, STR(",\"connections\":["));
	for (size_t i = 0; i < c->config->nsources; i++) {
		if (c->config->sources[i].conf.imap == NULL)
			continue;
		if (f.json && tried++ > 0)
			buf_put8(out, ',');
		failed += !connect_one(&c->config->sources[i], db, &f);
	}
	if (f.json)
		buf_put8(out, ']');
	database_close(db);
	return failed;
}
