#include "ingest/source.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/arena.h"
#include "core/buf.h"

#include "ingest/files.h"
#include "ingest/folder.h"
#include "ingest/imap.h"
#include "ingest/imapurl.h"
#include "ingest/maildir.h"
#include "ingest/mboxfile.h"
#include "ingest/piped.h"
#include "ingest/syserr.h"

#define ARENA_BYTES ((size_t)1 << 20) /* the paths, and what reads files in pieces */

struct source {
	struct arena *arena; /* holds this too */
	const char *id;
	enum source_kind kind;
	struct maildir *maildir; /* one of these */
	struct files *files;
	struct imap *imap;
	struct mboxfile *mbox;
	struct piped *piped;
};

/* The path of a mailbox that no mail has come to yet, in a directory that is there. */
static bool
may_come(const char *path, char *real)
{
	const char *slash = strrchr(path, '/');
	char dir[PATH_MAX];
	size_t n;

	if (slash == NULL || slash == path || slash - path >= PATH_MAX)
		return false;
	memcpy(dir, path, (size_t)(slash - path));
	dir[slash - path] = '\0';
	if (realpath(dir, real) == NULL)
		return false;
	n = strlen(real);
	if (snprintf(real + n, PATH_MAX - n, "%s", slash) >= (int)(PATH_MAX - n))
		return false;
	return mboxfile_may_come(real);
}

/* What lies at ${path}, or -1; its real path into ${real}, of PATH_MAX bytes. */
static int
look(const char *path, char *real, enum source_kind *kind, struct err *e)
{
	struct stat st;
	int mbox;

	if (realpath(path, real) == NULL || stat(real, &st) != 0) {
		int errnum = errno;

		*kind = SOURCE_MBOX;
		if (errnum == ENOENT && may_come(path, real))
			return 0;
		if (errnum == ENOENT || errnum == ENOTDIR || errnum == ELOOP)
			return err_set(e, ERR_CONFIG,
			    "cannot open \"%s\": there is no such file or directory", path);
		return syserr_set(e, ERR_SOURCE, "could not open", path, STR(""), errnum);
	}
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return err_set(e, ERR_CONFIG,
		    "cannot read \"%s\": it is neither maildir nor directory nor file", path);
	if (S_ISDIR(st.st_mode) && faccessat(AT_FDCWD, real, R_OK | X_OK, AT_EACCESS) != 0)
		return syserr_set(e, ERR_SOURCE, "could not open", real, STR(""), errno);
	if (S_ISDIR(st.st_mode)) {
		*kind = folder_is(AT_FDCWD, real) ? SOURCE_MAILDIR : SOURCE_FILES;
		return 0;
	}
	mbox = mboxfile_is(real);
	if (mbox < 0)
		return syserr_set(e, ERR_SOURCE, "could not open", real, STR(""), errno);
	*kind = mbox > 0 || mboxfile_may_come(real) ? SOURCE_MBOX : SOURCE_FILES;
	return 0;
}

/* Whether ${conf} wants nothing that is for mailboxes of another kind. */
static int
check(const struct source_conf *conf, enum source_kind kind, struct err *e)
{
	bool changes = conf->after != AFTER_KEEP || conf->failures != NULL;

	if (kind == SOURCE_MAILDIR || (!changes && (!conf->subfolders || kind == SOURCE_FILES)))
		return 0;
	if (kind == SOURCE_FILES)
		return err_set(e, ERR_CONFIG,
		    "cannot mark, move or delete in \"%s\": it is no maildir, and files are only read",
		    conf->path);
	return err_set(e, ERR_CONFIG,
	    "cannot do that with \"%s\": %s is only ever read; after = keep is what it can have, and "
	    "neither failures nor subfolders",
	    conf->path, kind == SOURCE_MBOX ? "an mbox" : "standard input");
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
	s->kind = SOURCE_IMAP;
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
	static const char *const prefixes[] = {
		[SOURCE_MAILDIR] = "maildir:", [SOURCE_FILES] = "files:", [SOURCE_MBOX] = "mbox:"
	};
	const struct ceilings *ceilings =
	    conf->ceilings != NULL ? conf->ceilings : &ceilings_default;
	char real[PATH_MAX] = "";
	enum source_kind kind;
	struct arena *arena;
	struct source *s;
	const char *root;

	if (imapurl_is(conf->path))
		return open_imap(conf, tmp_dir, e);
	if (strcmp(conf->path, "-") == 0)
		kind = SOURCE_PIPED;
	else if (look(conf->path, real, &kind, e) != 0)
		return NULL;
	if (check(conf, kind, e) != 0)
		return NULL;
	arena = arena_new(ARENA_BYTES);
	s = arena_alloc(arena, sizeof(*s));
	root = arena_str(arena, str_of(real)).p;
	s->arena = arena;
	s->kind = kind;
	s->id = kind == SOURCE_PIPED ? "stdin" : identify(arena, prefixes[kind], real);
	if (kind == SOURCE_MAILDIR)
		s->maildir = maildir_open(arena, conf, root, e);
	else if (kind == SOURCE_MBOX)
		s->mbox = mboxfile_open(arena, root, tmp_dir, ceilings->mail, conf->watch, e);
	else if (kind == SOURCE_PIPED)
		s->piped = piped_open(arena, STDIN_FILENO, tmp_dir, ceilings, e);
	else
		s->files = files_open(arena, root, conf->watch, e);
	if (s->maildir != NULL || s->files != NULL || s->mbox != NULL || s->piped != NULL)
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
	mboxfile_close(s->mbox);
	piped_close(s->piped);
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
	if (s->piped != NULL)
		return NULL;
	return s->imap != NULL ? imap_lock(s->imap) : s->id;
}

enum source_kind
source_kind(const struct source *s)
{
	return s->kind;
}

bool
source_is_below(const struct source *s)
{
	if (s->mbox != NULL || s->piped != NULL)
		return false;
	return s->files == NULL || files_is_tree(s->files);
}

void
source_resume(struct source *s, const struct mark *marks, size_t n)
{
	if (s->imap != NULL)
		imap_resume(s->imap, marks, n);
}

void
source_resume_at(struct source *s, const struct position *p)
{
	if (s->mbox != NULL)
		mboxfile_resume(s->mbox, p);
}

bool
source_unchanged(struct source *s)
{
	return s->mbox != NULL && mboxfile_unchanged(s->mbox);
}

int
source_next(struct source *s, struct keyset *known, struct mail *m, struct err *e)
{
	if (s->imap != NULL)
		return imap_next(s->imap, known, m, e);
	if (s->maildir != NULL)
		return maildir_next(s->maildir, known, m, e);
	if (s->mbox != NULL)
		return mboxfile_next(s->mbox, known, m, e);
	if (s->piped != NULL)
		return piped_next(s->piped, m, e);
	return files_next(s->files, known, m, e);
}

int
source_acknowledge(
    struct source *s, struct key key, const char *name, enum known what, struct err *e)
{
	if (s->imap != NULL)
		return imap_acknowledge(s->imap, key, name, what, e);
	if (s->mbox != NULL)
		mboxfile_acknowledge(s->mbox, key);
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

bool
source_position(struct source *s, struct position *p)
{
	return s->mbox != NULL && mboxfile_position(s->mbox, p);
}

void
source_pollfd(const struct source *s, struct pollfd *p)
{
	if (s->imap != NULL)
		imap_pollfd(s->imap, p);
	else if (s->maildir != NULL)
		maildir_pollfd(s->maildir, p);
	else if (s->mbox != NULL)
		mboxfile_pollfd(s->mbox, p);
	else if (s->piped != NULL)
		piped_pollfd(s->piped, p);
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
	if (s->files != NULL)
		return files_service(s->files, e);
	if (s->mbox != NULL)
		mboxfile_service(s->mbox);
	return 0;
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
