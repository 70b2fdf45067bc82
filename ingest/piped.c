#include "ingest/piped.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/arena.h"
#include "core/limits.h"

#include "ingest/held.h"
#include "ingest/mboxmail.h"
#include "ingest/source.h"

#define PIECE ((size_t)64 << 10)
#define TAKE_BYTES ((uint64_t)4 << 20) /* before others have their turn */

struct piped {
	int in, fd; /* ${fd}: what came, -1 before anything did and when it was handed out */
	const char *tmp_dir;
	uint64_t size, most;   /* ${most}: that may be one input */
	bool in_file, dropped; /* ${dropped}: it is too big, only counted */
	bool whole;            /* nothing more comes */
	bool mbox;
	uint64_t at; /* the next mail of an mbox */
	struct mboxview view;
	char name[32];
	char piece[PIECE];
};

struct piped *
piped_open(struct arena *arena, int in, const char *tmp_dir, const struct ceilings *ceilings,
    struct err *e)
{
	struct piped *p = arena_alloc(arena, sizeof(*p));

	if (p == NULL) {
		err_set(e, ERR_SOURCE, "there is no room for standard input");
		return NULL;
	}
	p->in = in;
	p->fd = -1;
	p->tmp_dir = tmp_dir;
	p->most = ceilings->unpacked;
	mboxview_init(&p->view, ceilings->mail);
	return p;
}

void
piped_close(struct piped *p)
{
	if (p == NULL)
		return;
	mboxview_fini(&p->view);
	if (p->fd >= 0)
		close(p->fd);
}

/* What is in memory goes into a file. */
static int
move_to_file(struct piped *p, struct err *e)
{
	int from = p->fd;
	char piece[4096];
	uint64_t at = 0;
	ssize_t n = 1;
	int rc = 0;

	p->fd = held_open(p->tmp_dir, LIMIT_HELD_MEMORY + 1ull, e);
	if (p->fd < 0)
		rc = -1;
	while (rc == 0 && n > 0) {
		n = pread(from, piece, sizeof(piece), (off_t)at);
		if (n > 0) {
			rc = held_write(p->fd, p->tmp_dir, (struct str){ piece, (size_t)n }, e);
			at += (uint64_t)n;
		}
	}
	close(from);
	p->in_file = true;
	return rc;
}

static bool
opens_mbox(struct piped *p)
{
	bool bare;

	mboxview_open(&p->view, p->fd, p->size);
	p->at = mbox_first(&p->view.bytes, &bare);
	return !bare && mbox_is(p->view.bytes.at(&p->view, p->at, MBOX_LINE_BYTES));
}

static int
add(struct piped *p, struct str s, struct err *e)
{
	if (p->fd < 0)
		p->fd = held_open(p->tmp_dir, 0, e);
	if (p->fd < 0)
		return -1;
	if (!p->in_file && p->size + s.n > LIMIT_HELD_MEMORY && move_to_file(p, e) < 0)
		return -1;
	if (!p->dropped && p->size + s.n > p->most && p->size <= p->most)
		p->dropped = !opens_mbox(p);
	if (!p->dropped && p->size + s.n > LIMIT_PIPED_BYTES)
		return err_set(e, ERR_SOURCE,
		    "there are more than %llu bytes on standard input: name the file instead",
		    LIMIT_PIPED_BYTES);
	if (!p->dropped && held_write(p->fd, p->tmp_dir, s, e) < 0)
		return -1;
	p->size += s.n;
	return 0;
}

/* Take in what is there: 1 when that was all, 0 when more may come, -1. */
static int
take_in(struct piped *p, struct err *e)
{
	struct pollfd ready = { .fd = p->in, .events = POLLIN };
	uint64_t most = p->size + TAKE_BYTES;

	while (p->size < most && poll(&ready, 1, 0) > 0) {
		ssize_t n = read(p->in, p->piece, sizeof(p->piece));

		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			return 0;
		if (n < 0)
			return err_set(
			    e, ERR_SOURCE, "could not read standard input: %s", strerror(errno));
		if (n == 0 && p->size == 0)
			return err_set(
			    e, ERR_SOURCE, "nothing came on standard input: no mail is empty");
		if (n == 0)
			return 1;
		if (add(p, (struct str){ p->piece, (size_t)n }, e) < 0)
			return -1;
	}
	return 0;
}

/* All of it as one input. */
static int
hand_out(struct piped *p, struct mail *mail, struct err *e)
{
	int fd = p->dropped ? held_zeros(p->size, e) : held_seal(p->fd);

	if (fd < 0)
		return -1;
	if (p->dropped)
		close(p->fd);
	p->fd = -1;
	*mail = (struct mail){
		.held = !p->dropped, .fd = fd, .size = p->size, .name = "-", .bare = true
	};
	return SOURCE_MAIL;
}

static int
next_of_mbox(struct piped *p, struct mail *mail, struct err *e)
{
	struct mbox_mail m;
	uint64_t size;
	int fd;

	if (p->at >= p->size || !mbox_mail(&p->view.bytes, p->at, &m)) {
		if (p->view.errnum == 0)
			return SOURCE_END;
		return err_set(e, ERR_SOURCE, "could not read what came on standard input");
	}
	if (m.internal && p->at == 0 && m.end < p->size) {
		p->at = m.end;
		return next_of_mbox(p, mail, e);
	}
	fd = mboxmail_copy(&p->view, &m, p->tmp_dir, &size, e);
	if (fd < 0)
		return -1;
	p->at = m.end;
	snprintf(p->name, sizeof(p->name), "byte %llu", (unsigned long long)m.at);
	*mail =
	    (struct mail){ .held = size <= p->view.most, .fd = fd, .size = size, .name = p->name };
	return SOURCE_MAIL;
}

int
piped_next(struct piped *p, struct mail *mail, struct err *e)
{
	if (!p->whole) {
		int rc = take_in(p, e);

		if (rc <= 0)
			return rc < 0 ? -1 : SOURCE_WAIT;
		p->whole = true;
		p->mbox = !p->dropped && opens_mbox(p);
	}
	if (p->fd < 0)
		return SOURCE_END;
	return p->mbox ? next_of_mbox(p, mail, e) : hand_out(p, mail, e);
}

void
piped_pollfd(const struct piped *p, struct pollfd *fd)
{
	*fd = (struct pollfd){ .fd = p->whole ? -1 : p->in, .events = POLLIN };
}
