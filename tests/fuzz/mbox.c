/*
 * Any bytes as an mbox: each mail ends where the next begins, none is met twice, and quoting what was
 * unquoted gives it back.
 */
#include <assert.h>

#include "core/buf.h"
#include "core/limits.h"
#include "parser/mbox.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static bool
opens_with(struct str s, struct str what)
{
	return s.n >= what.n && memcmp(s.p, what.p, what.n) == 0;
}

/* One '>' more before each line that a writer has to quote. */
static void
quote(struct str s, struct buf *out)
{
	while (s.n > 0) {
		const char *end = memchr(s.p, '\n', s.n);
		size_t n = end != NULL ? (size_t)(end + 1 - s.p) : s.n, quotes = 0;

		while (quotes < n && s.p[quotes] == '>')
			quotes++;
		if (opens_with((struct str){ s.p + quotes, n - quotes }, STR("From ")))
			buf_put8(out, '>');
		buf_put(out, s.p, n);
		s = (struct str){ s.p + n, s.n - n };
	}
}

/* Unless a line stands in it that every writer would have quoted. */
static void
check_quoting(struct arena *a, struct str mail)
{
	static struct buf again;
	struct str plain;

	if (opens_with(mail, STR("From ")) || str_find(mail, STR("\nFrom ")) != NULL)
		return;
	again.max = LIMIT_MAIL_BYTES;
	buf_reset(&again);
	plain = mbox_unquote(a, mail);
	assert(plain.n <= mail.n);
	quote(plain, &again);
	assert(!again.over && str_eq(buf_str(&again), mail));
}

/* As a worker takes it apart, which has all of it. */
static void
check_mails(struct arena *a, struct str all)
{
	struct str rest = all, mail, before;
	bool quoted;

	for (before = rest; mbox_next(&rest, &mail, &quoted); before = rest) {
		assert(mbox_is(before));
		assert(mail.p > before.p && mail.p[-1] == '\n');
		assert(mail.p + mail.n == rest.p && rest.n < before.n);
		assert(rest.p + rest.n == all.p + all.n);
		if (quoted)
			check_quoting(a, mail);
	}
	assert(rest.n == 0 || !mbox_is(rest) || memchr(rest.p, '\n', rest.n) == NULL);
}

static struct str
at(void *arg, uint64_t offset, size_t want)
{
	const struct str *s = arg;

	assert(want <= MBOX_WANT_BYTES);
	return offset < s->n ? (struct str){ s->p + offset, s->n - (size_t)offset }
			     : (struct str){ s->p, 0 };
}

/* As a source reads it, from wherever its first mail stands: one mail ends where the next begins. */
static void
check_places(struct str all)
{
	const struct mbox_bytes b = { .at = at, .arg = &all, .size = all.n };
	struct mbox_mail m;
	bool bare;
	uint64_t end = mbox_first(&b, &bare);

	assert(end <= all.n);
	if (bare && end < all.n) {
		mbox_bare(&b, end, &m);
		assert(m.at == end && m.end > end && m.end <= all.n);
		end = m.end;
	}
	while (mbox_mail(&b, end, &m)) {
		assert(m.at == end && m.start > m.at && m.end >= m.start && m.end <= all.n);
		assert(m.body >= m.start && m.body <= m.end);
		end = m.end;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct arena *a;
	struct str all = { (const char *)p, n };

	if (a == NULL)
		a = arena_new(LIMIT_MAIL_BYTES);
	arena_reset(a);
	check_mails(a, all);
	check_places(all);
	return 0;
}
