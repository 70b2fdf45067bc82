/*
 * Any bytes as what an IMAP server sends: the first byte says how they are cut, the rest is read,
 * walked, and taken for folder names and sets of UIDs.
 */
#include <assert.h>

#include "ingest/mailbox.h"
#include "ingest/response.h"
#include "ingest/uidset.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

#define LONGEST ((uint64_t)1 << 20) /* a mail above it is refused */

struct server {
	struct str bytes;
	size_t most;
	uint64_t left; /* of a literal */
	uint32_t sum;  /* of everything seen: however it is cut, it is the same */
	struct uidset *set;
};

static void
add(struct server *s, struct str text)
{
	for (size_t i = 0; i < text.n; i++)
		s->sum = s->sum * 31 + (unsigned char)text.p[i];
}

static ssize_t
on_read(void *arg, void *p, size_t n, struct err *e)
{
	struct server *s = arg;

	if (s->bytes.n == 0)
		return err_set(e, ERR_SOURCE, "end");
	if (n > s->most)
		n = s->most;
	if (n > s->bytes.n)
		n = s->bytes.n;
	memcpy(p, s->bytes.p, n);
	s->bytes = (struct str){ s->bytes.p + n, s->bytes.n - n };
	return (ssize_t)n;
}

static int
on_begin(void *arg, uint32_t number, uint64_t size, struct err *e)
{
	struct server *s = arg;

	assert(s->left == 0 && size <= INT64_MAX);
	s->sum = s->sum * 31 + number + (uint32_t)size;
	if (size > LONGEST)
		return err_set(e, ERR_MESSAGE, "too big");
	s->left = size;
	return 0;
}

static int
on_piece(void *arg, struct str piece, struct err *e)
{
	struct server *s = arg;

	(void)e;
	assert(piece.n > 0 && piece.n <= s->left);
	s->left -= piece.n;
	add(s, piece);
	return 0;
}

/* What is read of ${wire} is written back as ${wire}, where it was the one spelling. */
static void
try_name(const struct mailbox_space *space, struct str wire)
{
	static struct buf name, again, third;

	name.max = again.max = third.max = 4 * MAILBOX_BYTES;
	if (mailbox_from_wire(space, wire, &name) != 0)
		return;
	assert(name.n > 0 && name.n <= MAILBOX_BYTES && str_utf8(buf_str(&name)) == name.n);
	assert(name.p[name.n] == '\0');
	/* its work is the product of both */
	if (wire.n <= 100)
		mailbox_matches(wire, buf_str(&name));
	assert(mailbox_matches(STR("*"), buf_str(&name)));
	if (mailbox_to_wire(space, buf_str(&name), &again) != 0)
		return;
	assert(mailbox_from_wire(space, buf_str(&again), &third) == 0);
	assert(mailbox_to_wire(space, buf_str(&third), &name) == 0);
	assert(str_eq(buf_str(&name), buf_str(&again)));
	buf_reset(&name);
	assert(mailbox_quote(buf_str(&again), &name) == 0);
}

static void
try_text(struct server *s, struct str text)
{
	static const struct mailbox_space spaces[] = { { .separator = '/' },
		{ .separator = '.', .prefix = "INBOX.", .foreign = { "user.", "" }, .nforeign = 2 },
		{ .separator = '\0', .prefix = "m" } };

	add(s, text);
	for (size_t i = 0; i < sizeof(spaces) / sizeof(spaces[0]); i++)
		try_name(&spaces[i], text);
	if (uidset_parse(s->set, text, 1000) == 0)
		assert(uidset_count(s->set) > 0);
}

/* Returns how deep they are. */
static unsigned
walk(struct server *s, const struct value *v)
{
	unsigned deepest = 0;
	uint32_t n;

	for (; v != NULL; v = v->next) {
		unsigned depth = v->kind == VALUE_LIST ? 1 + walk(s, v->first) : 0;

		if (depth > deepest)
			deepest = depth;
		s->sum = s->sum * 31 + v->kind;
		assert(v->kind == VALUE_LIST || v->first == NULL);
		assert(v->kind == VALUE_STREAMED || v->size == 0);
		try_text(s, v->text);
		if (value_u32(v, &n) == 0)
			assert(uidset_add(s->set, n | 1, n | 1) == 0);
		value_of(v, STR("UID"));
	}
	return deepest;
}

static void
check_set(const struct uidset *s)
{
	struct uid_range r;
	uint64_t count = 0;
	uint32_t after = 0;
	struct buf b;

	buf_init(&b, 100);
	for (uint32_t uid = 0; uidset_next(s, uid, &r); uid = r.last) {
		assert(r.first > uid + (uid > 0) && r.first <= r.last);
		count += (uint64_t)r.last - r.first + 1;
	}
	assert(count == uidset_count(s));
	while (uidset_put(s, &after, 50, 100, &b) > 0) {
		assert(!b.over);
		buf_reset(&b);
	}
	buf_fini(&b);
}

/* All that the server says, in pieces of at most ${most}; returns the sum of it. */
static uint32_t
read_all(struct reader *r, struct server *s, struct str bytes, size_t most)
{
	struct response got;
	struct err e;

	s->bytes = bytes;
	s->most = most;
	s->left = s->sum = 0;
	uidset_reset(s->set);
	reader_reset(r);
	while (reader_next(r, &got, &e) == 0) {
		assert(s->left == 0);
		assert(got.tag.n == 0 || got.kind == RESPONSE_TAGGED);
		assert(got.name.n > 0 || got.kind == RESPONSE_CONTINUE);
		s->sum = s->sum * 31 + got.number + got.kind;
		add(s, got.tag);
		add(s, got.name);
		add(s, got.code);
		try_text(s, got.text);
		assert(walk(s, got.values) <= RESPONSE_DEPTH);
		assert(walk(s, got.code_values) <= RESPONSE_DEPTH);
	}
	assert(e.kind == ERR_SOURCE || e.kind == ERR_MESSAGE);
	add(s, str_of(e.text));
	check_set(s->set);
	return s->sum;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct server s;
	static struct reader *r;
	const struct response_io io = { &s, on_read, on_begin, on_piece };
	struct str bytes;
	uint32_t whole, cut;

	if (n == 0)
		return 0;
	if (r == NULL) {
		r = reader_new(&io);
		s.set = uidset_new();
	}
	bytes = (struct str){ (const char *)p + 1, n - 1 };
	try_text(&s, bytes);
	whole = read_all(r, &s, bytes, SIZE_MAX);
	cut = read_all(r, &s, bytes, 1 + p[0] % 64);
	assert(whole == cut);
	return 0;
}
