#include "ingest/settle.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/arena.h"
#include "core/buf.h"

#include "ingest/mailfile.h"
#include "ingest/mailname.h"
#include "ingest/nameindex.h"
#include "ingest/source.h"
#include "ingest/syserr.h"
#include "ingest/target.h"

#define SEARCHES 5 /* a mail renamed as often while we look waits for the next run */

struct settle {
	const char *root;
	int rootfd;
	enum after after;
	struct target *moved, *failed; /* NULL: nothing is moved */
	/* the folder worked in last: mails come folder by folder */
	struct buf path; /* ends in NUL */
	int box[2];
	bool open;
	bool changed[2];
	/* where its mails are by now, made when the first one is missing */
	struct nameindex index;
	bool indexed;
	struct buf name, as; /* end in NUL */
};

struct settle *
settle_new(struct arena *arena, const struct source_conf *conf, const char *root, int rootfd,
    struct err *e)
{
	struct settle *s = arena_alloc(arena, sizeof(*s));

	if (s == NULL || (conf->after == AFTER_MOVE && conf->move_to == NULL)) {
		err_set(e, ERR_CONFIG,
		    "cannot move the mails of \"%s\": it is not said where to (--move-to, move_to)",
		    root);
		return NULL;
	}
	*s = (struct settle){ .root = root, .rootfd = rootfd, .after = conf->after };
	if (conf->after == AFTER_MOVE) {
		s->moved = target_new(arena, root, conf->move_to, e);
		if (s->moved == NULL)
			return NULL;
	}
	if (conf->failures != NULL) {
		s->failed = target_new(arena, root, conf->failures, e);
		if (s->failed == NULL)
			return NULL;
	}
	buf_init(&s->path, (size_t)64 << 10);
	buf_init(&s->name, PATH_MAX);
	buf_init(&s->as, PATH_MAX);
	nameindex_init(&s->index);
	return s;
}

static void
leave(struct settle *s)
{
	if (s->open) {
		close(s->box[BOX_NEW]);
		close(s->box[BOX_CUR]);
	}
	s->open = false;
	s->indexed = false;
}

void
settle_close(struct settle *s)
{
	if (s == NULL)
		return;
	leave(s);
	target_close(s->moved);
	target_close(s->failed);
	buf_fini(&s->path);
	buf_fini(&s->name);
	buf_fini(&s->as);
	nameindex_fini(&s->index);
}

bool
settle_is_target(const struct settle *s, const char *path)
{
	struct stat st;

	if (fstatat(s->rootfd, path, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return false;
	return (s->moved != NULL && target_is(s->moved, &st)) ||
	    (s->failed != NULL && target_is(s->failed, &st));
}

void
settle_outdated(struct settle *s)
{
	s->indexed = false;
}

static int
sync_folder(struct settle *s, struct err *e)
{
	for (int b = BOX_NEW; s->open && b <= BOX_CUR; b++) {
		int errnum = s->changed[b] ? folder_sync(s->box[b]) : 0;

		if (errnum != 0)
			return syserr_set(
			    e, ERR_SOURCE, "could not sync", s->root, str_of(s->path.p), errnum);
		s->changed[b] = false;
	}
	return 0;
}

int
settle_sync(struct settle *s, struct err *e)
{
	/* what moved is made durable in its new place before in its old one */
	if (target_sync(s->moved, e) != 0 || target_sync(s->failed, e) != 0)
		return -1;
	return sync_folder(s, e);
}

/* Make ${folder} the one worked in: 0, 1 when it is gone, -1. */
static int
enter(struct settle *s, struct str folder, struct err *e)
{
	int errnum;

	if (s->open && str_eq(folder, str_of(s->path.p)))
		return 0;
	if (sync_folder(s, e) != 0)
		return -1;
	leave(s);
	buf_reset(&s->path);
	buf_puts(&s->path, folder);
	buf_put8(&s->path, '\0');
	errnum = folder_boxes(s->rootfd, s->path.p, s->box);
	s->open = errnum == 0;
	if (errnum == 0 || errnum == ENOENT)
		return errnum == 0 ? 0 : 1;
	return syserr_set(e, ERR_SOURCE, "could not open", s->root, folder, errnum);
}

/* 0 or the error's number, with what it changed noted. */
static int
mark_seen(struct settle *s, enum box b)
{
	int errnum;

	buf_reset(&s->as);
	mailname_seen(&s->as, str_of(s->name.p));
	buf_put8(&s->as, '\0');
	if (b == BOX_CUR && strcmp(s->as.p, s->name.p) == 0)
		return 0;
	errnum = folder_rename(s->box[b], s->name.p, s->box[BOX_CUR], s->as.p);
	if (errnum == EEXIST) {
		/*
		 * Two files of one name: a link left by an interrupted rename is dropped, any other
		 * mail stays as it is, for its reader or server to sort out.
		 */
		struct stat from, to;

		if (fstatat(s->box[b], s->name.p, &from, AT_SYMLINK_NOFOLLOW) != 0)
			return errno;
		if (fstatat(s->box[BOX_CUR], s->as.p, &to, AT_SYMLINK_NOFOLLOW) != 0)
			return errno;
		if (from.st_dev != to.st_dev || from.st_ino != to.st_ino)
			return 0;
		errnum = unlinkat(s->box[b], s->name.p, 0) == 0 ? 0 : errno;
	}
	if (errnum == 0)
		s->changed[b] = s->changed[BOX_CUR] = true;
	return errnum;
}

static int
move(struct settle *s, struct target *t, enum box b, struct err *e)
{
	int rc;

	buf_reset(&s->as);
	if (b == BOX_NEW)
		mailname_informed(&s->as, str_of(s->name.p));
	else
		buf_puts(&s->as, str_of(s->name.p));
	buf_put8(&s->as, '\0');
	rc = target_take(t, s->box[b], s->name.p, s->as.p, e);
	if (rc == 0)
		s->changed[b] = true;
	return rc;
}

/* Say what stopped the mail s->name in ${b}: the mail's own fault, or the mailbox's. */
static int
stopped(const struct settle *s, enum box b, const char *doing, int errnum, struct err *e)
{
	struct buf name;

	if (errnum == ENOENT || errnum == ESTALE)
		return 1;
	buf_init(&name, (size_t)64 << 10);
	buf_printf(&name, "%s%s%s/%s", s->path.p, s->path.p[0] != '\0' ? "/" : "", folder_box(b),
	    s->name.p);
	/* What stops all of them names the mailbox: which mail meets it first is chance. */
	if (errnum == ENAMETOOLONG || errnum == EEXIST)
		syserr_set(e, ERR_MESSAGE, doing, s->root, buf_str(&name), errnum);
	else
		syserr_set(e, ERR_SOURCE, doing, s->root, STR(""), errnum);
	buf_fini(&name);
	return -1;
}

static int
act(struct settle *s, enum box b, struct str name, enum known what, struct err *e)
{
	int errnum = 0;

	buf_reset(&s->name);
	buf_puts(&s->name, name);
	buf_put8(&s->name, '\0');
	if (what == KNOWN_FAILURE)
		return move(s, s->failed, b, e);
	if (s->after == AFTER_MOVE)
		return move(s, s->moved, b, e);
	if (s->after == AFTER_SEEN) {
		errnum = mark_seen(s, b);
		return errnum == 0 ? 0
				   : stopped(s, b, "could not mark mails as seen in", errnum, e);
	}
	if (unlinkat(s->box[b], s->name.p, 0) != 0)
		return stopped(s, b, "could not delete mails in", errno, e);
	s->changed[b] = true;
	return 0;
}

static bool
nothing_due(const struct settle *s, enum known what)
{
	if (what == KNOWN_FAILURE)
		return s->failed == NULL;
	return what != KNOWN_SUCCESS || s->after == AFTER_KEEP;
}

int
settle_mail(struct settle *s, struct str folder, enum box b, struct str name, enum known what,
    struct err *e)
{
	int rc;

	if (nothing_due(s, what))
		return 0;
	rc = enter(s, folder, e);
	return rc != 0 ? rc : act(s, b, name, what, e);
}

/* Learn where every mail of the folder is now. */
static int
learn(struct settle *s, struct err *e)
{
	struct folder f;
	struct str name;
	enum box b;
	int rc, errnum = folder_open(&f, s->rootfd, s->path.p);

	nameindex_reset(&s->index);
	s->indexed = true;
	if (errnum == ENOENT)
		return 0;
	if (errnum != 0)
		return syserr_set(
		    e, ERR_SOURCE, "could not read", s->root, str_of(s->path.p), errnum);
	while ((rc = folder_next(&f, &b, &name)) > 0)
		if (!nameindex_put(&s->index, b, name)) {
			rc = -EFBIG;
			break;
		}
	folder_close(&f);
	if (rc < 0) {
		s->indexed = false;
		return syserr_set(e, ERR_SOURCE, "could not read", s->root, str_of(s->path.p), -rc);
	}
	return 0;
}

int
settle_moved(struct settle *s, struct str folder, enum box b, struct str name, enum known what,
    struct err *e)
{
	struct str base = mailname_base(name), now;
	int rc = settle_mail(s, folder, b, name, what, e);

	for (int i = 0; rc == 1 && s->open && i < SEARCHES; i++) {
		if (!s->indexed && learn(s, e) != 0)
			return -1;
		if (!nameindex_get(&s->index, base, &b, &now))
			return 0;
		rc = act(s, b, now, what, e);
		/* moved on since the index was made, by others or by us */
		if (rc == 1)
			s->indexed = false;
	}
	if (rc == 1 && s->open)
		return err_set(e, ERR_MESSAGE,
		    "could not find \"%.*s\": it is renamed again and again", STR_ARG(name));
	return rc == 1 ? 0 : rc;
}
