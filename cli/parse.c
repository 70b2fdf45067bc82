#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/parse_text.h"
#include "cli/verbs.h"
#include "core/limits.h"
#include "core/log.h"
#include "core/wire.h"
#include "ingest/source.h"
#include "parser/pool.h"
#include "store/spool.h"

enum { OPT_RECORDS = 256 };

static const struct option own[] = {
	{ "records", no_argument, NULL, OPT_RECORDS },
	{ NULL, 0, NULL, 0 },
};

/* One worker, so that what is printed stands in the order of the inputs. */
struct parse {
	struct pool *pool;
	const struct ceilings *ceilings;
	struct arena *arena; /* emptied after each frame */
	struct buf line;
	struct spool_file file;
	struct spool records; /* lines of the part to come */
	const char *tmp;      /* where large inputs lie meanwhile */
	const char *name;     /* of the input in hand */
	bool json, with_records;
	bool busy;
	bool mbox;       /* it is a mail of one */
	unsigned parts;  /* of the input in hand, or of the mbox */
	bool unreadable; /* some part is */
};

static void
flush(struct parse *p)
{
	fwrite(p->line.p, 1, p->line.n, stdout);
	buf_reset(&p->line);
}

static int
take_record(struct parse *p, struct str payload, struct err *e)
{
	struct outcome_set set;
	struct record r;
	struct str rest;

	if (record_get(payload, &r, &rest, e) < 0)
		return -1;
	if (outcome_set_get(p->arena, rest, &set, e) < 0)
		return -1;
	set.envelope_to = r.outcome.envelope_to;
	set.dkim_recomputed = r.outcome.dkim_recomputed;
	set.spf_recomputed = r.outcome.spf_recomputed;
	r.outcome = set;
	if (!p->with_records)
		return 0;
	if (p->json)
		parse_json_record(&p->line, p->name, &r);
	else
		parse_text_record(&p->line, &r);
	if (spool_put(&p->records, buf_str(&p->line), e) < 0)
		return -1;
	buf_reset(&p->line);
	return 0;
}

static int
print_records(struct parse *p, struct err *e)
{
	struct spool_reader r;
	struct str line;
	int more;

	spool_read(&r, &p->records);
	while ((more = spool_next(&r, &line, e)) > 0)
		fwrite(line.p, 1, line.n, stdout);
	spool_done(&r);
	spool_reset(&p->records);
	return more;
}

static void
print_part(struct parse *p, const struct part *part)
{
	if (p->json)
		parse_json_part(&p->line, p->name, part);
	else
		parse_text_part(&p->line, p->name, part);
	flush(p);
	p->parts++;
	p->unreadable |= part->outcome == OUTCOME_CORRUPT || part->outcome == OUTCOME_UNSUPPORTED ||
	    part->outcome == OUTCOME_TOO_BIG;
}

/* Of an input, or an mbox as a whole, that gave nothing. */
static void
print_nothing(struct parse *p)
{
	if (p->parts == 0)
		print_part(p, &(struct part){ .outcome = OUTCOME_NOT_A_REPORT });
}

static int
take_part(struct parse *p, struct str payload, struct err *e)
{
	struct part part;

	if (part_get(p->arena, payload, &part, e) < 0)
		return -1;
	if (part.report == NULL)
		spool_reset(&p->records);
	print_part(p, &part);
	return print_records(p, e);
}

static int
on_frame(void *arg, void *context, enum frame_type type, struct str payload, struct err *e)
{
	struct parse *p = arg;
	int rc = 0;

	(void)context;
	switch (type) {
	case FRAME_RECORD:
		rc = take_record(p, payload, e);
		break;
	case FRAME_RETRACT:
		spool_reset(&p->records);
		break;
	case FRAME_PART:
		rc = take_part(p, payload, e);
		break;
	case FRAME_END:
		if (!p->mbox)
			print_nothing(p);
		p->busy = false;
		break;
	default:
		break;
	}
	arena_reset(p->arena);
	return rc;
}

static void
on_restart(void *arg, void *context)
{
	struct parse *p = arg;

	(void)context;
	spool_reset(&p->records);
}

static void
on_failed(void *arg, void *context, const char *reason)
{
	struct parse *p = arg;

	(void)context;
	spool_reset(&p->records);
	print_part(p, &(struct part){ .outcome = OUTCOME_CORRUPT, .reason = str_of(reason) });
	p->busy = false;
}

static int
wait_for(struct parse *p, struct err *e)
{
	struct pollfd fds[LIMIT_WORKERS];
	struct timespec before, after;

	while (p->busy) {
		size_t n = pool_pollfds(p->pool, fds, LIMIT_WORKERS);

		clock_gettime(CLOCK_MONOTONIC, &before);
		if (poll(fds, n, pool_timeout(p->pool)) < 0)
			n = 0;
		clock_gettime(CLOCK_MONOTONIC, &after);
		if (pool_service(p->pool, fds, n,
			(int)((after.tv_sec - before.tv_sec) * 1000 +
			    (after.tv_nsec - before.tv_nsec) / 1000000),
			e) < 0)
			return -1;
	}
	return 0;
}

/* Name of a file as the caller would: the argument, and what the source says below it. */
static const char *
full_name(struct buf *room, const char *path, const struct mail *m, bool below)
{
	buf_reset(room);
	if (below)
		buf_printf(room, "%s%s%s", path, path[strlen(path) - 1] == '/' ? "" : "/", m->name);
	else
		buf_printf(room, "%s", path);
	buf_put8(room, '\0');
	return room->p;
}

static bool
is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Standard input gives nothing yet, or an mbox is locked. */
static void
await(struct source *s)
{
	struct pollfd ready;
	struct err ignored;

	source_pollfd(s, &ready);
	if (poll(&ready, 1, -1) >= 0)
		(void)source_service(s, &ignored);
}

static int
parse_path(struct parse *p, const char *path, struct err *e)
{
	struct source_conf conf = {
		.path = path, .subfolders = is_directory(path), .ceilings = p->ceilings
	};
	struct source *s = source_open(&conf, p->tmp, e);
	struct keyset *known = keyset_new();
	struct buf name;
	struct mail m;
	int got = 0, rc = s != NULL ? 0 : -1;

	buf_init(&name, 16384);
	p->name = path;
	p->parts = 0;
	p->mbox = s != NULL && (source_kind(s) == SOURCE_MBOX || source_kind(s) == SOURCE_PIPED);
	while (rc == 0 && (got = source_next(s, known, &m, e)) != SOURCE_END) {
		if (got < 0) {
			rc = e->kind == ERR_MESSAGE ? 0 : -1;
			if (rc == 0)
				log_event(LOG_WARN, "%s", e->text);
			continue;
		}
		if (got == SOURCE_WAIT) {
			await(s);
			continue;
		}
		p->name = full_name(&name, path, &m, source_is_below(s));
		p->parts = p->mbox ? p->parts : 0;
		p->busy = true;
		rc = pool_submit(p->pool, p, m.fd, m.size, m.name, m.bare, 0, e);
		if (rc == 0)
			rc = wait_for(p, e);
		close(m.fd);
	}
	if (rc == 0 && p->mbox)
		print_nothing(p);
	buf_fini(&name);
	keyset_free(known);
	source_close(s);
	return rc;
}

static int
parse_all(struct parse *p, const struct ceilings *ceilings, int n, char **paths)
{
	struct pool_conf conf = {
		.workers = 1, .ceilings = *ceilings, .sink = { p, on_frame, on_restart, on_failed }
	};
	int status = EXIT_FINE;
	struct err e;

	signal(SIGCHLD, SIG_DFL);
	p->ceilings = ceilings;
	p->tmp = getenv("TMPDIR");
	if (p->tmp == NULL)
		p->tmp = "/tmp";
	p->arena = arena_new(LIMIT_WORKER_ARENA);
	/* Each byte of a frame may need six in JSON. */
	buf_init(&p->line, (size_t)8 * LIMIT_FRAME_BYTES);
	spool_file_init(&p->file, p->tmp);
	spool_init(&p->records, &p->file);
	p->pool = pool_new(&conf);
	for (int i = 0; i < n; i++)
		if (parse_path(p, paths[i], &e) < 0)
			status = verb_fail(&e);
	pool_free(p->pool);
	spool_fini(&p->records);
	spool_file_fini(&p->file);
	buf_fini(&p->line);
	arena_free(p->arena);
	if (fflush(stdout) != 0 || ferror(stdout))
		return EXIT_LATER;
	return status == EXIT_FINE && p->unreadable ? EXIT_UNREADABLE : status;
}

static int
take(void *arg, int val, const char *value, struct err *e)
{
	struct parse *p = arg;

	(void)val;
	(void)value;
	(void)e;
	p->with_records = true;
	return 0;
}

static int
run(const struct verb *v, int argc, char **argv)
{
	struct parse p = { 0 };
	struct context c;
	struct err e;
	int status, first = verb_options(v, argc, argv, own, take, &p, &c, &status);

	if (first < 0)
		return status;
	if (first == argc) {
		err_set(&e, ERR_CONFIG, "no file is named; \"-\" is standard input");
		status = verb_fail(&e);
	} else if (c.output == OUTPUT_CSV) {
		err_set(&e, ERR_CONFIG, "\"parse\" prints text or JSON");
		status = verb_fail(&e);
	} else {
		p.json = c.output == OUTPUT_JSON;
		status = parse_all(&p, &c.config->ceilings, argc - first, argv + first);
	}
	context_fini(&c);
	return status;
}

const struct verb verb_parse = {
	.name = "parse",
	.arguments = "[OPTION]... PATH...",
	.summary = "tell what mails and files say, without a database",
	.help = "  --records             the records, too\n"
		"  PATH                  a mailbox, a directory or a file; - for standard input\n",
	.run = run,
};
