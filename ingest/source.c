#include "ingest/source.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/arena.h"
#include "core/buf.h"

#include "ingest/files.h"
#include "ingest/folder.h"
#include "ingest/imap.h"
#include "ingest/imapurl.h"
#include "ingest/maildir.h"
#include "ingest/syserr.h"

#define ARENA_BYTES ((size_t)1 << 20) /* the paths, and what reads files in pieces */

struct source {
	struct arena *arena; /* holds this too */
	const char *id;
	struct maildir *maildir; /* one of the three */
	struct files *files;
	struct imap *imap;
};

/* What lies at ${path}, or -1; its real path into ${real}, of PATH_MAX bytes. */
static int
look(const char *path, char *real, bool *maildir_out, struct err *e)
{
	struct stat st;

	if (realpath(path, real) == NULL || stat(real, &st) != 0) {
		if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)
			return err_set(e, ERR_CONFIG,
			    "cannot open \"%s\": there is no such file or directory", path);
		return syserr_set(e, ERR_SOURCE, "could not open", path, STR(""), errno);
	}
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return err_set(e, ERR_CONFIG,
		    "cannot read \"%s\": it is neither maildir nor directory nor file", path);
	if (S_ISDIR(st.st_mode) && faccessat(AT_FDCWD, real, R_OK | X_OK, AT_EACCESS) != 0)
		return syserr_set(e, ERR_SOURCE, "could not open", real, STR(""), errno);
	*maildir_out = S_ISDIR(st.st_mode) && folder_is(AT_FDCWD, real);
	return 0;
}

static const char *
identify(struct arena *arena, const char *kind, const char *real)
{
	struct buf b;
	struct str id;

	buf_init(&b, PATH_MAX + 16);
	buf_puts(&b, str_of(kind));
	buf_puts(&b, str_of(real));
	id = arena_str(arena, buf_str(&b));
	buf_fini(&b);
	return id.p;
}

static struct source *
open_imap(const struct source_conf *conf, const char *tmp_dir, struct err *e)
{
	struct arena *arena;
	struct source *s;

	if (conf->imap == NULL) {
		err_set(e, ERR_CONFIG,
		    "cannot open \"%s\": a mailbox behind IMAP is for \"ingest\"", conf->path);
		return NULL;
	}
	arena = arena_new(ARENA_BYTES);
	s = arena_alloc(arena, sizeof(*s));
	s->arena = arena;
	s->imap = imap_open(conf, tmp_dir, e);
	if (s->imap == NULL) {
		arena_free(arena);
		return NULL;
	}
	s->id = imap_id(s->imap);
	return s;
}

struct source *
source_open(const struct source_conf *conf, const char *tmp_dir, struct err *e)
{
	char real[PATH_MAX];
	bool maildir = false;
	struct arena *arena;
	struct source *s;
	const char *root;

	if (imapurl_is(conf->path))
		return open_imap(conf, tmp_dir, e);
	if (look(conf->path, real, &maildir, e) != 0)
		return NULL;
	if (!maildir && (conf->after != AFTER_KEEP || conf->failures != NULL)) {
		err_set(e, ERR_CONFIG,
		    "cannot mark, move or delete in \"%s\": it is no maildir, and files are only read",
		    conf->path);
		return NULL;
	}
	arena = arena_new(ARENA_BYTES);
	s = arena_alloc(arena, sizeof(*s));
	root = arena_str(arena, str_of(real)).p;
	s->arena = arena;
	s->id = identify(arena, maildir ? "maildir:" : "files:", real);
	if (maildir)
		s->maildir = maildir_open(arena, conf, root, e);
	else
		s->files = files_open(arena, root, conf->watch, e);
	if (s->maildir != NULL || s->files != NULL)
		return s;
	arena_free(arena);
	return NULL;
}

void
source_close(struct source *s)
{
	if (s == NULL)
		return;
	maildir_close(s->maildir);
	files_close(s->files);
	imap_close(s->imap);
	arena_free(s->arena);
}

const char *
source_id(const struct source *s)
{
	return s->id;
}

const char *
source_lock(const struct source *s)
{
	return s->imap != NULL ? imap_lock(s->imap) : s->id;
}

enum source_kind
source_kind(const struct source *s)
{
	return s->imap != NULL ? SOURCE_IMAP : s->maildir != NULL ? SOURCE_MAILDIR : SOURCE_FILES;
}

bool
source_is_below(const struct source *s)
{
	return s->files == NULL || files_is_tree(s->files);
}

void
source_resume(struct source *s, const struct mark *marks, size_t n)
{
	if (s->imap != NULL)
		imap_resume(s->imap, marks, n);
}

int
source_next(struct source *s, struct keyset *known, struct mail *m, struct err *e)
{
	if (s->imap != NULL)
		return imap_next(s->imap, known, m, e);
	if (s->maildir != NULL)
		return maildir_next(s->maildir, known, m, e);
	return files_next(s->files, known, m, e);
}

int
source_acknowledge(
    struct source *s, struct key key, const char *name, enum known what, struct err *e)
{
	if (s->imap != NULL)
		return imap_acknowledge(s->imap, key, name, what, e);
	return s->maildir != NULL ? maildir_acknowledge(s->maildir, key, name, what, e) : 0;
}

int
source_sync(struct source *s, struct err *e)
{
	return s->maildir != NULL ? maildir_sync(s->maildir, e) : 0;
}

const struct key *
source_settled(struct source *s, size_t *n)
{
	*n = 0;
	if (s->imap != NULL)
		return imap_settled(s->imap, n);
	return s->maildir != NULL ? maildir_settled(s->maildir, n) : NULL;
}

const struct mark *
source_marks(struct source *s, size_t *n)
{
	*n = 0;
	return s->imap != NULL ? imap_marks(s->imap, n) : NULL;
}

void
source_pollfd(const struct source *s, struct pollfd *p)
{
	if (s->imap != NULL)
		imap_pollfd(s->imap, p);
	else if (s->maildir != NULL)
		maildir_pollfd(s->maildir, p);
	else
		files_pollfd(s->files, p);
}

int
source_service(struct source *s, struct err *e)
{
	if (s->imap != NULL)
		return imap_service(s->imap, e);
	if (s->maildir != NULL)
		return maildir_service(s->maildir, e);
	return files_service(s->files, e);
}

void
source_finish(struct source *s)
{
	if (s->imap != NULL)
		imap_finish(s->imap);
}

bool
source_busy(const struct source *s)
{
	return s->imap != NULL && imap_busy(s->imap);
}
