#include "parser/elements.h"

#include <stdio.h>

#include "parser/markup.h"
#include "parser/normal.h"

/* Of an element: what is longer than LIMIT_XML_TEXT is cut later. */
#define MOST_TEXT ((size_t)2 * LIMIT_XML_TEXT)

void
elements_init(struct elements *l, void (*write)(void *arg, struct str xml), void *arg)
{
	*l = (struct elements){ .write = write, .arg = arg };
	buf_init(&l->text, MOST_TEXT);
}

void
elements_fini(struct elements *l)
{
	buf_fini(&l->text);
}

void
elements_start(struct elements *l, const struct fields *f, struct quirks *quirks)
{
	l->fields = f;
	l->quirks = quirks;
	elements_drop_text(l, l->text.n);
	l->seen = 0;
	l->line = 1;
	l->place = BEFORE_ROOT;
	l->depth = 0;
	l->lost = false;
}

void
elements_note(struct elements *l, const char *rule, struct str what)
{
	char detail[120], line[64];
	int n;

	if (quirks_has(l->quirks, rule))
		return;
	what.n = what.n < sizeof(line) ? what.n : sizeof(line);
	what = normal_line(what, line);
	what.n = str_utf8(what);
	n = snprintf(detail, sizeof(detail), "line %u: %.*s", l->line, (int)what.n, what.p);
	quirks_add(l->quirks, rule, (struct str){ detail, (size_t)n });
}

void
elements_drop_text(struct elements *l, size_t n)
{
	buf_skip(&l->text, n);
	l->searched = 0;
}

int
elements_current(const struct elements *l)
{
	return l->depth > 0 ? l->open[l->depth - 1] : FIELDS_OUTSIDE;
}

bool
elements_in_leaf(const struct elements *l)
{
	return fields_is_leaf(l->fields, elements_current(l));
}

static void
put(struct elements *l, const char *before, struct str s, const char *after)
{
	l->write(l->arg, str_of(before));
	l->write(l->arg, s);
	l->write(l->arg, str_of(after));
}

/* Write the first ${n} bytes of the text and forget them. */
static void
put_text(struct elements *l, size_t n)
{
	struct str s = { l->text.p, n };

	while (s.n > 0) {
		const char *gt = memchr(s.p, '>', s.n);
		size_t run = gt != NULL ? (size_t)(gt - s.p) : s.n;

		l->write(l->arg, (struct str){ s.p, run });
		if (gt != NULL)
			l->write(l->arg, STR("&gt;"));
		run += gt != NULL;
		s = (struct str){ s.p + run, s.n - run };
	}
	elements_drop_text(l, n);
}

/* At most ${n}, so that no character and no reference is cut there. */
static size_t
whole(const char *p, size_t n)
{
	const char *amp = memrchr(p + n - 12, '&', 12);

	if (amp != NULL)
		return (size_t)(amp - p);
	while (((unsigned char)p[n] & 0xC0) == 0x80)
		n--;
	return n;
}

void
elements_text(struct elements *l, struct str s)
{
	while (s.n > 0) {
		/* Always cut at the same bytes, whatever pieces the text comes in. */
		size_t room = MOST_TEXT - l->text.n, n = s.n < room ? s.n : room;

		buf_put(&l->text, s.p, n);
		s = (struct str){ s.p + n, s.n - n };
		if (l->text.n < MOST_TEXT)
			continue;
		/* The rest may still hold what is left of an end tag. */
		n = whole(l->text.p, l->text.n - 256);
		if (elements_in_leaf(l))
			put_text(l, n);
		else
			elements_drop_text(l, n);
	}
}

static int
record_row(const struct elements *l)
{
	return fields_find(l->fields, 0, STR("record"));
}

void
elements_open(struct elements *l, int row)
{
	if (row == record_row(l))
		l->seen = 0;
	l->open[l->depth++] = (int8_t)row;
	put(l, "<", l->fields->names[row], ">");
}

void
elements_close(struct elements *l)
{
	if (elements_in_leaf(l))
		put_text(l, l->text.n);
	elements_drop_text(l, l->text.n);
	l->seen |= (uint64_t)1 << elements_current(l);
	put(l, "</", l->fields->names[elements_current(l)], ">");
	if (--l->depth == 0)
		l->place = AFTER_ROOT;
}

/* Close until ${depth} elements are open, none of which had an end tag. */
static void
close_to(struct elements *l, unsigned depth)
{
	while (l->depth > depth) {
		elements_note(l, "end-tag-missing", l->fields->names[elements_current(l)]);
		elements_close(l);
	}
}

/* How many elements are open around and with the innermost one of row ${row}; 0 when it is not. */
static unsigned
depth_of(const struct elements *l, int row)
{
	unsigned depth = l->depth;

	while (depth > 0 && l->open[depth - 1] != row)
		depth--;
	return depth;
}

unsigned
elements_depth(const struct elements *l, struct str name)
{
	unsigned depth = l->depth;

	while (depth > 0 && !str_caseeq(l->fields->names[l->open[depth - 1]], name))
		depth--;
	return depth;
}

/*
 * Where "NAME>" or "/NAME>" of the innermost element stands in the text: its end tag, damaged.
 * Without the "/" only a name of some length is told from text.
 */
static bool
broken_end(struct elements *l, size_t *from, size_t *to)
{
	struct str name = l->fields->names[elements_current(l)];
	const char *p, *end = l->text.p + l->text.n, *gt;

	if (l->searched == l->text.n)
		return false;
	p = l->text.p + l->searched;
	while ((gt = memchr(p, '>', (size_t)(end - p))) != NULL) {
		size_t before = (size_t)(gt - l->text.p);
		struct str s = { gt - name.n, name.n };

		p = gt + 1;
		if (before < name.n || !str_caseeq(s, name))
			continue;
		*from = before - name.n;
		*to = before + 1;
		if (*from > 0 && l->text.p[*from - 1] == '/') {
			(*from)--;
			return true;
		}
		if (name.n >= 4)
			return true;
	}
	l->searched = l->text.n;
	return false;
}

void
elements_settle(struct elements *l)
{
	size_t from, to;

	while (l->depth > 1 && l->text.n > 0 && broken_end(l, &from, &to)) {
		struct buf *b = &l->text;

		elements_note(l, "end-tag-broken", (struct str){ b->p + from, to - from });
		if (elements_in_leaf(l))
			put_text(l, from);
		else
			elements_drop_text(l, from);
		elements_drop_text(l, to - from);
		l->seen |= (uint64_t)1 << elements_current(l);
		put(l, "</", l->fields->names[elements_current(l)], ">");
		l->depth--;
	}
	if (!elements_in_leaf(l))
		elements_drop_text(l, l->text.n);
}

void
elements_open_root(struct elements *l, const struct markup_tag *tag)
{
	struct str uri = { NULL, 0 };

	if (tag != NULL)
		uri = markup_namespace(tag);
	l->place = IN_ROOT;
	l->open[l->depth++] = 0;
	if (uri.n > 0)
		put(l, "<feedback xmlns=\"", uri, "\">");
	else
		l->write(l->arg, STR("<feedback>"));
}

void
elements_give_up_record(struct elements *l)
{
	if (depth_of(l, record_row(l)) == 0)
		return;
	elements_note(l, "record-incomplete", l->fields->names[elements_current(l)]);
	if (elements_in_leaf(l))
		elements_drop_text(l, l->text.n);
	l->write(l->arg, STR("<?" ELEMENTS_INCOMPLETE "?>"));
}

/* Whether the record at ${depth} lost nothing but its own end tag. */
static bool
is_whole(const struct elements *l, unsigned depth)
{
	static const char *const parts[] = { "row", "identifiers", "auth_results" };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if ((l->seen >> fields_find(l->fields, record_row(l), str_of(parts[i])) & 1) == 0)
			return false;
	return l->depth == depth;
}

void
elements_close_around(struct elements *l, unsigned depth)
{
	unsigned record = depth_of(l, record_row(l));

	if (elements_in_leaf(l) && l->depth > depth)
		close_to(l, l->depth - 1);
	if (record > depth && !is_whole(l, record)) {
		elements_give_up_record(l);
		l->lost = true;
	}
	close_to(l, depth);
}

static int
row_in_record(const struct elements *l, const char *name)
{
	return fields_find(l->fields, record_row(l), str_of(name));
}

static bool
was_seen(const struct elements *l, int row)
{
	return (l->seen >> row & 1) != 0;
}

/*
 * Where the end of one record and the beginning of the next are lost, what stands once in a record
 * comes again: what is here now is of the other one.
 */
static void
part_records(struct elements *l, int row)
{
	unsigned record = depth_of(l, record_row(l));
	int first = row_in_record(l, "row"), second = row_in_record(l, "identifiers");

	if (record == 0 || !was_seen(l, row))
		return;
	if (row == first &&
	    (was_seen(l, second) || depth_of(l, second) > 0 ||
		was_seen(l, row_in_record(l, "auth_results")))) {
		elements_close_around(l, record - 1);
		elements_open(l, record_row(l));
	} else if (row == second || row == fields_find(l->fields, first, STR("source_ip")) ||
	    row == fields_find(l->fields, first, STR("count"))) {
		elements_give_up_record(l);
		l->lost = true;
	}
}

void
elements_wrong_end(struct elements *l, int row)
{
	if (depth_of(l, record_row(l)) > 0 && !was_seen(l, row)) {
		elements_give_up_record(l);
		l->lost = true;
	}
	elements_close(l);
}

void
elements_make_way(struct elements *l, int row)
{
	unsigned depth = depth_of(l, row);

	part_records(l, row);
	if (row == record_row(l))
		elements_close_around(l, 1);
	else if (depth > 0)
		elements_close_around(l, depth - 1);
	else if (elements_in_leaf(l))
		close_to(l, l->depth - 1);
}
