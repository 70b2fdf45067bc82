#include "core/mbox.h"

#define CHUNK ((size_t)64 << 10)
#define HEADER_MOST ((size_t)256 << 10) /* a header block beyond that tells nothing */
#define LEFT_OVER_MOST 8                /* From_ lines in front of one mail */

static struct str
from(struct str s, size_t n)
{
	return (struct str){ s.p + n, s.n - n };
}

/* A run of at least ${least} characters that are, or are not, white space: what follows it. */
static struct str
skip(struct str s, bool blank, size_t least, bool *ok)
{
	size_t n = 0;

	while (n < s.n && (s.p[n] == ' ' || s.p[n] == '\t') == blank && s.p[n] != '\n' &&
	    s.p[n] != '\r')
		n++;
	*ok &= n >= least;
	return from(s, n);
}

/* Three letters and what stands behind them. */
static struct str
name(struct str s, bool *ok)
{
	for (size_t i = 0; i < 3; i++)
		*ok &= i < s.n && ((s.p[i] | 32) >= 'a' && (s.p[i] | 32) <= 'z');
	*ok &= s.n > 3;
	return *ok ? from(s, 3) : s;
}

/* Bytes of the first line of ${s} with its end; 0: it does not end within ${most}. */
static size_t
line_of(struct str s, size_t most)
{
	const char *end = s.n > 0 ? memchr(s.p, '\n', s.n < most ? s.n : most) : NULL;

	return end != NULL ? (size_t)(end + 1 - s.p) : 0;
}

bool
mbox_is(struct str s)
{
	size_t line = line_of(s, MBOX_LINE_BYTES);
	bool ok = line > 0 || s.n < MBOX_LINE_BYTES;

	if (s.n < 5 || memcmp(s.p, "From ", 5) != 0)
		return false;
	s.n = line > 0 ? line : s.n;
	s = skip(from(s, 5), false, 0, &ok);
	s = skip(s, true, 0, &ok);
	s = skip(name(s, &ok), true, 1, &ok);
	s = skip(name(s, &ok), true, 1, &ok);
	return ok && s.n > 0 && s.p[0] >= '0' && s.p[0] <= '9';
}

/* Whether an empty line ends just before byte ${at} of ${s}, or that is where ${s} begins. */
static bool
after_empty_line(struct str s, size_t at)
{
	if (at > 0 && s.p[at - 1] == '\n')
		at--;
	if (at > 0 && s.p[at - 1] == '\r')
		at--;
	return at == 0 || s.p[at - 1] == '\n';
}

/* Whether the separator that opens ${s} is followed by what a delivery puts before a mail's header. */
static bool
is_delivered(struct str s)
{
	static const struct str trace[] = { { "Return-Path:", 12 }, { "Received:", 9 },
		{ "Delivered-To:", 13 }, { "X-Original-To:", 14 }, { "Envelope-To:", 12 },
		{ "Delivery-Date:", 14 } };
	size_t line = line_of(s, MBOX_LINE_BYTES);

	for (size_t i = 0; line > 0 && i < sizeof(trace) / sizeof(trace[0]); i++)
		if (str_casestarts(from(s, line), trace[i]))
			return true;
	return false;
}

/* The first line that is a separator by itself, wherever it stands; likewise. */
static size_t
find_line(struct str s, size_t at, size_t to)
{
	if (at == 0 && to > 0 && mbox_is(s))
		return 0;
	while (at < to) {
		size_t before = at > 0 ? at - 1 : 0;
		const char *p = str_find(from(s, before), STR("\nFrom "));

		if (p == NULL || (size_t)(p + 1 - s.p) >= to)
			return to;
		at = (size_t)(p + 1 - s.p);
		if (mbox_is(from(s, at)))
			return at;
		at++;
	}
	return to;
}

size_t
mbox_find(struct str s, size_t at, size_t to)
{
	for (at = find_line(s, at, to); at < to; at = find_line(s, at + 1, to))
		if (after_empty_line(s, at) || is_delivered(from(s, at)))
			break;
	return at;
}

/* Where an empty line ends that begins at or behind byte ${at} of ${s}, a line's beginning; 0: none. */
static size_t
empty_line(struct str s, size_t at)
{
	while (at < s.n) {
		const char *end = memchr(s.p + at, '\n', s.n - at);
		size_t next;

		if (end == NULL)
			return 0;
		next = (size_t)(end + 1 - s.p);
		if (next - at == 1 || (next - at == 2 && s.p[at] == '\r'))
			return next;
		at = next;
	}
	return 0;
}

/* The number of a Content-Length field in ${header}: false, there is none that is one. */
static bool
content_length(struct str header, uint64_t *out)
{
	static const struct str field = { "Content-Length:", 15 };

	while (header.n > 0) {
		size_t n = line_of(header, header.n);
		struct str line = { header.p, n > 0 ? n : header.n };

		if (str_casestarts(line, field))
			return str_u64(str_trim(from(line, field.n)), UINT64_MAX / 2, out) == 0;
		header = from(header, line.n);
	}
	return false;
}

/* A pseudo mail of UW IMAP, Dovecot and others that they put in front of all. */
static bool
is_internal(struct str header)
{
	bool subject = false, mark = false;

	while (header.n > 0) {
		size_t n = line_of(header, header.n);
		struct str line = { header.p, n > 0 ? n : header.n };

		subject |= str_casestarts(line, STR("Subject:")) &&
		    str_find(line, STR("FOLDER INTERNAL DATA")) != NULL;
		mark |= str_casestarts(line, STR("X-IMAP")) ||
		    (str_casestarts(line, STR("From:")) &&
			str_find(line, STR("Mail System Internal Data")) != NULL);
		header = from(header, line.n);
	}
	return subject && mark;
}

/* Whether a mail may end at ${*at}: where the bytes end, or a separator stands, behind one line end. */
static bool
is_landing(const struct mbox_bytes *b, uint64_t *at)
{
	struct str s;
	size_t n;

	if (*at > b->size)
		return false;
	s = b->at(b->arg, *at - 1, MBOX_LINE_BYTES + 3);
	if (s.n == 0)
		return false;
	for (n = 1; n <= 3; n++) {
		uint64_t here = *at + n - 1;
		bool line = n <= s.n && s.p[n - 1] == '\n';

		if (here == b->size || (line && mbox_is(from(s, n)))) {
			*at = here;
			return true;
		}
		if (n >= s.n || (s.p[n] != '\n' && !(s.p[n] == '\r' && n == 1)) ||
		    (n == 2 && s.p[1] == '\n'))
			return false;
	}
	return false;
}

/*
 * Where the mail in ${m} ends: at the next separator; or at ${landing}, if that is not 0 and none that a
 * delivery wrote stands before.
 */
static void
find_end(const struct mbox_bytes *b, uint64_t landing, struct mbox_mail *m)
{
	uint64_t pos = m->start, last = landing > 0 ? landing : b->size;

	while (pos < last) {
		size_t back = pos < 4 ? (size_t)pos : 4, to, at;
		struct str s = b->at(b->arg, pos - back, CHUNK + MBOX_AHEAD_BYTES + back);

		if (pos - back + s.n < b->size && s.n <= back + MBOX_AHEAD_BYTES)
			break; /* it cannot be read */
		to = pos - back + s.n >= b->size ? s.n : s.n - MBOX_AHEAD_BYTES;
		if (to > last - (pos - back))
			to = (size_t)(last - (pos - back));
		at = mbox_find(s, back, to);
		if (at < to && (landing == 0 || is_delivered(from(s, at)))) {
			m->end = pos - back + at;
			return;
		}
		m->quoted &= at == to;
		pos = pos - back + at + (at < to);
	}
	m->end = last;
}

/* Everything behind ->start. */
static void
measure(const struct mbox_bytes *b, struct mbox_mail *m)
{
	struct str s = b->at(b->arg, m->start, HEADER_MOST);
	size_t header;
	uint64_t length, landing = 0;

	if (s.n > HEADER_MOST)
		s.n = HEADER_MOST;
	header = empty_line(s, 0);
	m->body = m->start + header;
	m->quoted = true;
	m->internal = header > 0 && is_internal((struct str){ s.p, header });
	if (header > 0 && content_length((struct str){ s.p, header }, &length) &&
	    length <= b->size - m->body) {
		landing = m->body + length;
		if (!is_landing(b, &landing))
			landing = 0;
	}
	find_end(b, landing, m);
	if (m->body > m->end)
		m->body = m->end;
}

bool
mbox_mail(const struct mbox_bytes *b, uint64_t at, struct mbox_mail *m)
{
	struct str s = b->at(b->arg, at, MBOX_LINE_BYTES);
	size_t line = line_of(s, MBOX_LINE_BYTES);

	if (line == 0 || !mbox_is(s))
		return false;
	*m = (struct mbox_mail){ .at = at, .start = at + line };
	/* What an earlier mailbox left over in front of the header. */
	for (int i = 0; i < LEFT_OVER_MOST; i++) {
		s = b->at(b->arg, m->start, MBOX_LINE_BYTES);
		line = line_of(s, MBOX_LINE_BYTES);
		if (line == 0 ||
		    (!str_casestarts(s, STR(">From ")) && !str_casestarts(s, STR("From "))) ||
		    is_delivered(s))
			break;
		m->start += line;
	}
	measure(b, m);
	return true;
}

void
mbox_bare(const struct mbox_bytes *b, uint64_t at, struct mbox_mail *m)
{
	*m = (struct mbox_mail){ .at = at, .start = at };
	measure(b, m);
}

/* "Name:" at the beginning of ${s}. */
static bool
is_field(struct str s)
{
	size_t n = 0;

	while (n < s.n && n < 76 &&
	    (((s.p[n] | 32) >= 'a' && (s.p[n] | 32) <= 'z') || (s.p[n] >= '0' && s.p[n] <= '9') ||
		s.p[n] == '-'))
		n++;
	return n > 0 && n < s.n && s.p[n] == ':';
}

uint64_t
mbox_first(const struct mbox_bytes *b, bool *bare)
{
	struct str s = b->at(b->arg, 0, CHUNK);
	size_t at = 0, next;

	while (at < s.n && (s.p[at] == '\n' || s.p[at] == '\r'))
		at++;
	*bare = at < s.n && !mbox_is(from(s, at));
	if (!*bare || is_field(from(s, at)))
		return at;
	/* Zeros after a power failure, or half a line. */
	next = at + line_of(from(s, at), CHUNK);
	while (next > at && next < s.n && (s.p[next] == '\n' || s.p[next] == '\r'))
		next++;
	*bare = next == at || !mbox_is(from(s, next));
	return *bare ? at : next;
}

size_t
mbox_quoted(struct str s, size_t at)
{
	while (at < s.n) {
		const char *p = str_find(from(s, at), STR(">From "));
		size_t begin;

		if (p == NULL)
			return s.n;
		begin = (size_t)(p - s.p);
		while (begin > at && s.p[begin - 1] == '>')
			begin--;
		if (begin == 0 || s.p[begin - 1] == '\n')
			return begin;
		at = (size_t)(p + 1 - s.p);
	}
	return s.n;
}
