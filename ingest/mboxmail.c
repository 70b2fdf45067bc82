#include "ingest/mboxmail.h"

#include <errno.h>
#include <unistd.h>

#include "core/limits.h"

#include "ingest/held.h"

#define PIECE ((size_t)64 << 10)
#define LINE_BYTES (MBOX_LINE_BYTES + 3)

/* ${n} bytes from ${offset} on into ${to}, less where they cannot be read. */
static void
read_into(struct mboxview *v, uint64_t offset, size_t n, struct buf *to)
{
	buf_reset(to);
	while (to->n < n && v->errnum == 0) {
		size_t most = n - to->n;
		ssize_t got = pread(v->fd, buf_room(to, most), most, (off_t)(offset + to->n));

		if (got > 0)
			buf_grown(to, (size_t)got);
		else if (got == 0 || errno != EINTR)
			v->errnum = got == 0 ? -1 : errno;
	}
}

/*
 * A line far from the window is read by itself: a mail may claim by its Content-Length that it ends there,
 * and all of many short ones may.
 */
static struct str
view_at(void *arg, uint64_t offset, size_t want)
{
	struct mboxview *v = arg;
	uint64_t left = offset < v->bytes.size ? v->bytes.size - offset : 0;
	bool within = offset >= v->base && offset - v->base <= v->window.n;
	size_t there = within ? v->window.n - (size_t)(offset - v->base) : 0;

	if (want > left)
		want = (size_t)left;
	if (there >= want)
		return (struct str){ v->window.p + (size_t)(offset - v->base), there };
	if (!within && want <= LINE_BYTES) {
		read_into(v, offset, want, &v->line);
		return buf_str(&v->line);
	}
	v->base = offset;
	read_into(v, offset, left < MBOXMAIL_WINDOW ? (size_t)left : MBOXMAIL_WINDOW, &v->window);
	return buf_str(&v->window);
}

void
mboxview_init(struct mboxview *v, uint64_t most)
{
	*v = (struct mboxview){ .fd = -1, .most = most };
	v->bytes = (struct mbox_bytes){ .at = view_at, .arg = v };
	buf_init(&v->window, MBOXMAIL_WINDOW);
	(void)buf_room(&v->window, 1);
	buf_init(&v->line, LINE_BYTES);
	(void)buf_room(&v->line, 1);
}

void
mboxview_fini(struct mboxview *v)
{
	buf_fini(&v->window);
	buf_fini(&v->line);
}

void
mboxview_open(struct mboxview *v, int fd, uint64_t size)
{
	v->fd = fd;
	v->errnum = 0;
	v->base = 0;
	v->bytes.size = size;
	buf_reset(&v->window);
}

/* Whether a mail reader or the mbox itself wrote the field that opens ${line}. */
static bool
is_volatile(struct str line)
{
	static const struct str names[] = { { "Status:", 7 }, { "X-Status:", 9 }, { "X-UID:", 6 },
		{ "X-UIDL:", 7 }, { "X-Keywords:", 11 }, { "X-IMAP", 6 }, { "X-Mozilla-", 10 },
		{ "Content-Length:", 15 }, { "Lines:", 6 } };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (str_casestarts(line, names[i]))
			return true;
	return false;
}

static void
digest_header(struct digest *d, struct str header)
{
	bool passed_over = false;

	while (header.n > 0) {
		const char *end = memchr(header.p, '\n', header.n);
		size_t n = end != NULL ? (size_t)(end + 1 - header.p) : header.n;
		struct str line = { header.p, n };

		if (line.p[0] != ' ' && line.p[0] != '\t')
			passed_over = is_volatile(line);
		if (!passed_over)
			digest_add(d, line);
		header = (struct str){ header.p + n, header.n - n };
	}
}

/* The piece of a body at ${at}, which goes on to ${end}; up to a line's end where there is one. */
static struct str
piece_at(struct mboxview *v, uint64_t at, uint64_t end)
{
	struct str s = view_at(v, at, PIECE);
	const char *last;

	if (s.n >= end - at)
		return (struct str){ s.p, (size_t)(end - at) };
	last = memrchr(s.p, '\n', s.n);
	if (last != NULL)
		s.n = (size_t)(last + 1 - s.p);
	return s;
}

/* ${s} without the ">" that quote; ${*begins}: it begins a line, and then whether the next one does. */
static int
unquote(struct str s, bool *begins, int (*each)(void *arg, struct str, struct err *), void *arg,
    struct err *e)
{
	size_t done = 0, at = 0;

	if (!*begins) {
		const char *end = memchr(s.p, '\n', s.n);

		at = end != NULL ? (size_t)(end + 1 - s.p) : s.n;
	}
	*begins = s.p[s.n - 1] == '\n';
	while (done < s.n) {
		size_t quote = at < s.n ? mbox_quoted(s, at) : s.n;

		if (quote > done && each(arg, (struct str){ s.p + done, quote - done }, e) < 0)
			return -1;
		done = at = quote + (quote < s.n);
	}
	return 0;
}

/* Hand the body of ${m} up to ${end} to ${each}, unquoted. */
static int
each_piece(struct mboxview *v, const struct mbox_mail *m, uint64_t end,
    int (*each)(void *arg, struct str, struct err *), void *arg, struct err *e)
{
	bool begins = true;

	for (uint64_t at = m->body; at < end;) {
		struct str s = piece_at(v, at, end);

		if (s.n == 0)
			return err_set(e, ERR_SOURCE, "could not read a mail to its end");
		at += s.n;
		if ((m->quoted ? unquote(s, &begins, each, arg, e) : each(arg, s, e)) < 0)
			return -1;
	}
	return 0;
}

static int
to_digest(void *arg, struct str s, struct err *e)
{
	(void)e;
	digest_add(arg, s);
	return 0;
}

static struct str
header_of(struct mboxview *v, const struct mbox_mail *m)
{
	struct str s = view_at(v, m->start, (size_t)(m->body - m->start));

	if (s.n > m->body - m->start)
		s.n = (size_t)(m->body - m->start);
	return s;
}

struct key
mboxmail_key(struct mboxview *v, const struct mbox_mail *m, struct digest *d)
{
	uint64_t end = m->end;
	struct str tail;
	struct err e;

	digest_start(d);
	digest_add(d, STR("mbox"));
	digest_header(d, header_of(v, m));
	if (m->end - m->start > LIMIT_MAIL_BYTES) {
		digest_number(d, m->end - m->body);
		return key_of(digest_end(d));
	}
	/* Where the next mail came, an empty line may have come with it. */
	if (end - m->body >= 4) {
		tail = view_at(v, end - 4, 4);
		for (size_t n = 4; n > 0 && tail.n >= 4; n--)
			if (tail.p[n - 1] == '\n' || tail.p[n - 1] == '\r')
				end--;
			else
				break;
	}
	(void)each_piece(v, m, end, to_digest, d, &e); /* ->errnum tells */
	return key_of(digest_end(d));
}

struct copy {
	int fd;
	const char *tmp_dir;
	uint64_t size;
};

static int
to_copy(void *arg, struct str s, struct err *e)
{
	struct copy *c = arg;

	c->size += s.n;
	return held_write(c->fd, c->tmp_dir, s, e);
}

int
mboxmail_copy(struct mboxview *v, const struct mbox_mail *m, const char *tmp_dir, uint64_t *size,
    struct err *e)
{
	struct copy c = { .tmp_dir = tmp_dir };

	*size = m->end - m->start;
	if (*size > v->most)
		return held_zeros(*size, e);
	c.fd = held_open(tmp_dir, *size, e);
	if (c.fd < 0)
		return -1;
	if (to_copy(&c, header_of(v, m), e) < 0 || each_piece(v, m, m->end, to_copy, &c, e) < 0) {
		close(c.fd);
		return -1;
	}
	*size = c.size;
	return held_seal(c.fd);
}
