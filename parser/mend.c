#include "parser/mend.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/buf.h"
#include "parser/decode.h"
#include "parser/markup.h"
#include "parser/normal.h"
#include "parser/schema.h"

#define PIECE ((size_t)16 << 10)

enum place { BEFORE_ROOT, IN_ROOT, AFTER_ROOT };

/* What began and has no end yet: nothing in it is markup. */
enum within { WITHIN_NOTHING, WITHIN_COMMENT, WITHIN_CDATA, WITHIN_INSTRUCTION };

/* An element that is skipped. */
struct unknown {
	uint32_t name; /* hash */
	bool parent;   /* an element opened in it */
};

struct mend {
	void (*write)(void *arg, struct str xml);
	void *arg;
	const struct fields *fields;
	struct quirks *quirks;
	struct decode decode;
	struct mended result;

	struct buf in; /* UTF-8, from a "<" or "&" on whose end has not come */
	size_t wanted; /* bytes it must have before it is worth another look */
	bool last;     /* nothing comes behind it */
	unsigned line; /* that its first byte stands in */

	enum place place;
	enum within within;
	bool any, declared; /* anything at all, and a declaration, was seen before the root */
	int8_t open[SCHEMA_ROWS];
	unsigned depth;
	bool parent;   /* an element opened below the root */
	uint64_t seen; /* a bit for each row that ended since a record opened */
	struct unknown skip[LIMIT_XML_DEPTH];
	unsigned skipped;
	bool swallowed;  /* what is skipped holds parts of a report */
	struct buf text; /* since the last tag, as it goes out but for ">" */
};

struct mend *
mend_new(void (*write)(void *arg, struct str xml), void *arg)
{
	struct mend *m = calloc(1, sizeof(*m));

	if (m == NULL)
		abort();
	m->write = write;
	m->arg = arg;
	decode_init(&m->decode);
	/* Three bytes for each of a piece behind a tag that is not whole yet. */
	buf_init(&m->in, MARKUP_BYTES + 4 * PIECE);
	buf_init(&m->text, (size_t)2 * LIMIT_XML_TEXT + 4096);
	return m;
}

void
mend_free(struct mend *m)
{
	if (m == NULL)
		return;
	decode_fini(&m->decode);
	buf_fini(&m->in);
	buf_fini(&m->text);
	free(m);
}

void
mend_start(struct mend *m, const struct fields *f, struct quirks *quirks)
{
	m->fields = f;
	m->quirks = quirks;
	decode_start(&m->decode, quirks);
	m->result = (struct mended){ 0 };
	buf_reset(&m->in);
	buf_reset(&m->text);
	m->wanted = 0;
	m->last = m->any = m->declared = m->parent = m->swallowed = false;
	m->line = 1;
	m->place = BEFORE_ROOT;
	m->within = WITHIN_NOTHING;
	m->depth = m->skipped = 0;
}

const struct mended *
mend_result(const struct mend *m)
{
	return &m->result;
}

/* The quirk ${rule}, with where it was met and ${what}. */
static void
note(struct mend *m, const char *rule, struct str what)
{
	char detail[120], line[64];
	int n;

	if (quirks_has(m->quirks, rule))
		return;
	what.n = what.n < sizeof(line) ? what.n : sizeof(line);
	what = normal_line(what, line);
	what.n = str_utf8(what);
	n = snprintf(detail, sizeof(detail), "line %u: %.*s", m->line, (int)what.n, what.p);
	quirks_add(m->quirks, rule, (struct str){ detail, (size_t)n });
}

static int
current(const struct mend *m)
{
	return m->depth > 0 ? m->open[m->depth - 1] : FIELDS_OUTSIDE;
}

static bool
in_leaf(const struct mend *m)
{
	return fields_is_leaf(m->fields, current(m));
}

static void
put(struct mend *m, const char *before, struct str s, const char *after)
{
	m->write(m->arg, str_of(before));
	m->write(m->arg, s);
	m->write(m->arg, str_of(after));
}

/* Write the first ${n} bytes of the text and forget them. */
static void
put_text(struct mend *m, size_t n)
{
	struct str s = { m->text.p, n };

	while (s.n > 0) {
		const char *gt = memchr(s.p, '>', s.n);
		size_t run = gt != NULL ? (size_t)(gt - s.p) : s.n;

		m->write(m->arg, (struct str){ s.p, run });
		if (gt != NULL)
			m->write(m->arg, STR("&gt;"));
		run += gt != NULL;
		s = (struct str){ s.p + run, s.n - run };
	}
	buf_skip(&m->text, n);
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

/* Text of an open element, already fit to go out but for its ">". */
static void
add_text(struct mend *m, struct str s)
{
	while (s.n > 0) {
		size_t n = s.n < LIMIT_XML_TEXT ? s.n : LIMIT_XML_TEXT;

		buf_put(&m->text, s.p, n);
		s = (struct str){ s.p + n, s.n - n };
		/* The rest may still hold what is left of an end tag. */
		if (m->text.n <= LIMIT_XML_TEXT)
			continue;
		n = whole(m->text.p, m->text.n - 256);
		if (in_leaf(m))
			put_text(m, n);
		else
			buf_skip(&m->text, n);
	}
}

static void
text(struct mend *m, struct str s)
{
	struct str seen = str_trim(s);

	if (m->place == BEFORE_ROOT && seen.n > 0)
		note(m, m->declared ? "declaration-repaired" : "bytes-before-root", seen);
	else if (m->place == AFTER_ROOT && seen.n > 0)
		note(m, "bytes-after-root", seen);
	else if (m->place == IN_ROOT && m->skipped == 0)
		add_text(m, s);
	m->any = true;
}

static int
record_row(const struct mend *m)
{
	return fields_find(m->fields, 0, STR("record"));
}

static void
open_element(struct mend *m, int row)
{
	if (row == record_row(m))
		m->seen = 0;
	m->open[m->depth++] = (int8_t)row;
	put(m, "<", m->fields->names[row], ">");
}

static void
close_element(struct mend *m)
{
	if (in_leaf(m))
		put_text(m, m->text.n);
	buf_reset(&m->text);
	m->seen |= (uint64_t)1 << current(m);
	put(m, "</", m->fields->names[current(m)], ">");
	if (--m->depth == 0)
		m->place = AFTER_ROOT;
}

/* Close until ${depth} elements are open, none of which had an end tag. */
static void
close_to(struct mend *m, unsigned depth)
{
	while (m->depth > depth) {
		note(m, "end-tag-missing", m->fields->names[current(m)]);
		close_element(m);
	}
}

/* How many elements are open around and with the innermost one of row ${row}; 0 when it is not. */
static unsigned
depth_of(const struct mend *m, int row)
{
	unsigned depth = m->depth;

	while (depth > 0 && m->open[depth - 1] != row)
		depth--;
	return depth;
}

static unsigned
depth_of_name(const struct mend *m, struct str name)
{
	unsigned depth = m->depth;

	while (depth > 0 && !str_caseeq(m->fields->names[m->open[depth - 1]], name))
		depth--;
	return depth;
}

/*
 * Where "NAME>" or "/NAME>" of the innermost element stands in the text: its end tag, damaged.
 * Without the "/" only a name of some length is told from text.
 */
static bool
broken_end(const struct mend *m, size_t *from, size_t *to)
{
	struct str name = m->fields->names[current(m)];
	const char *p = m->text.p, *end = m->text.p + m->text.n, *gt;

	while ((gt = memchr(p, '>', (size_t)(end - p))) != NULL) {
		size_t before = (size_t)(gt - m->text.p);
		struct str s = { gt - name.n, name.n };

		p = gt + 1;
		if (before < name.n || !str_caseeq(s, name))
			continue;
		*from = before - name.n;
		*to = before + 1;
		if (*from > 0 && m->text.p[*from - 1] == '/') {
			(*from)--;
			return true;
		}
		if (name.n >= 4)
			return true;
	}
	return false;
}

/* A tag comes that does not end the innermost element: perhaps that has ended before. */
static void
settle(struct mend *m)
{
	size_t from, to;

	while (m->depth > 1 && m->text.n > 0 && broken_end(m, &from, &to)) {
		struct buf *b = &m->text;

		note(m, "end-tag-broken", (struct str){ b->p + from, to - from });
		if (in_leaf(m))
			put_text(m, from);
		else
			buf_skip(b, from);
		buf_skip(b, to - from);
		m->seen |= (uint64_t)1 << current(m);
		put(m, "</", m->fields->names[current(m)], ">");
		m->depth--;
	}
	if (!in_leaf(m))
		buf_reset(&m->text);
}

static void
open_root(struct mend *m, const struct markup_tag *tag)
{
	struct str uri = { NULL, 0 };

	if (tag != NULL)
		uri = markup_namespace(tag);
	m->place = IN_ROOT;
	m->open[m->depth++] = 0;
	if (uri.n > 0)
		put(m, "<feedback xmlns=\"", uri, "\">");
	else
		m->write(m->arg, STR("<feedback>"));
}

/* The record that is open, if one is, is not whole. */
static void
give_up_record(struct mend *m)
{
	if (depth_of(m, record_row(m)) == 0)
		return;
	note(m, "record-incomplete", m->fields->names[current(m)]);
	if (in_leaf(m))
		buf_reset(&m->text);
	m->write(m->arg, STR("<?" MEND_INCOMPLETE "?>"));
}

/* Whether the record at ${depth} lost nothing but its own end tag. */
static bool
is_whole(const struct mend *m, unsigned depth)
{
	static const char *const parts[] = { "row", "identifiers", "auth_results" };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if ((m->seen >> fields_find(m->fields, record_row(m), str_of(parts[i])) & 1) == 0)
			return false;
	return m->depth == depth;
}

/* Close until ${depth} elements are open; a record that lost more than its own end tag is lost. */
static void
close_around(struct mend *m, unsigned depth)
{
	unsigned record = depth_of(m, record_row(m));

	if (in_leaf(m) && m->depth > depth)
		close_to(m, m->depth - 1);
	if (record > depth && !is_whole(m, record)) {
		give_up_record(m);
		m->result.lost = true;
	}
	close_to(m, depth);
}

/* An element of the schema opens: end what cannot hold it. */
static void
make_way(struct mend *m, int row)
{
	unsigned depth = depth_of(m, row);

	if (row == record_row(m))
		close_around(m, 1);
	else if (depth > 0)
		close_around(m, depth - 1);
	else if (in_leaf(m))
		close_to(m, m->depth - 1);
}

static uint32_t
hash(struct str name)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < name.n; i++)
		h = (h ^ ((unsigned char)name.p[i] | 0x20u)) * 16777619u;
	return h;
}

static void
skip_element(struct mend *m, struct str name)
{
	if (m->skipped == LIMIT_XML_DEPTH) {
		m->result.refused = "elements are nested too deep";
		return;
	}
	if (m->skipped > 0)
		m->skip[m->skipped - 1].parent = true;
	m->skip[m->skipped++] = (struct unknown){ .name = hash(name) };
}

static bool
is_wrapper(struct str name)
{
	return str_caseeq(name, STR("schema"));
}

/* Whether an element of this name, at first level, shows that a report lost its root. */
static bool
shows_report(const struct mend *m, struct str name)
{
	int row = fields_find(m->fields, 0, name);

	return row > 0 && !fields_is_leaf(m->fields, row);
}

/* A second root: of a report that is wrapped in its own name, or another report. */
static void
root_again(struct mend *m, const struct markup_tag *tag)
{
	if (m->place == IN_ROOT && !m->parent) {
		note(m, "element-twice", tag->name);
		return;
	}
	if (m->place == IN_ROOT)
		close_around(m, 0);
	m->result.lost = true;
	note(m, "bytes-after-root", tag->name);
}

/* A "<" that is text.  Returns the bytes used. */
static size_t
less_than(struct mend *m, struct str s)
{
	if (m->place == IN_ROOT && m->skipped == 0) {
		note(m, "bare-less-than", (struct str){ s.p, s.n < 40 ? s.n : 40 });
		add_text(m, STR("&lt;"));
	} else {
		text(m, STR("<"));
	}
	return 1;
}

static void
open_known(struct mend *m, const struct markup_tag *tag, int row)
{
	make_way(m, row);
	buf_reset(&m->text);
	m->parent = true;
	fields_spelling(m->fields, row, tag->name, m->quirks);
	open_element(m, row);
	if (tag->empty)
		close_element(m);
}

static size_t
start_in_root(struct mend *m, const struct markup_tag *tag, struct str s)
{
	int in = current(m), row = fields_find(m->fields, in, tag->name);

	if (row == FIELDS_UNKNOWN && in_leaf(m))
		return less_than(m, s);
	if (row == in && in_leaf(m) && str_trim(buf_str(&m->text)).n > 0 && !tag->empty) {
		note(m, "end-tag-broken", tag->name);
		close_element(m);
		return tag->n;
	}
	settle(m);
	if (row >= 0)
		open_known(m, tag, row);
	else if (is_wrapper(tag->name))
		note(m, "schema-wrapper", tag->name);
	else if (!tag->empty)
		skip_element(m, tag->name);
	return tag->n;
}

/* Returns the bytes of ${s}, which opens with ${tag}, that were used. */
static size_t
start_tag(struct mend *m, const struct markup_tag *tag, struct str s)
{
	bool root = str_caseeq(tag->name, m->fields->names[0]);

	if (m->skipped > 0) {
		m->swallowed |= shows_report(m, tag->name);
		if (!tag->empty)
			skip_element(m, tag->name);
		return tag->n;
	}
	if (root && m->place != BEFORE_ROOT) {
		root_again(m, tag);
		return tag->n;
	}
	if (m->place == IN_ROOT)
		return start_in_root(m, tag, s);
	if (m->place == AFTER_ROOT) {
		note(m, "bytes-after-root", tag->name);
		return tag->n;
	}
	m->any = true;
	if (root) {
		fields_spelling(m->fields, 0, tag->name, m->quirks);
		open_root(m, tag);
		if (tag->empty)
			close_element(m);
	} else if (shows_report(m, tag->name)) {
		note(m, "root-missing", tag->name);
		m->result.root_missing = true;
		open_root(m, NULL);
		return start_in_root(m, tag, s);
	} else if (is_wrapper(tag->name)) {
		note(m, "schema-wrapper", tag->name);
	}
	return tag->n;
}

/* Whether an element of this name holds elements, wherever it may stand. */
static bool
holds_elements(const struct mend *m, struct str name)
{
	int n;

	schema_rows(&n);
	for (int row = 0; row < n; row++)
		if (!fields_is_leaf(m->fields, row) && str_caseeq(m->fields->names[row], name))
			return true;
	return false;
}

static size_t
end_in_root(struct mend *m, const struct markup_tag *tag, struct str name, struct str s)
{
	unsigned depth = depth_of_name(m, name);
	int row = fields_find(m->fields, current(m), name);

	if (depth == 0 && in_leaf(m) && row == FIELDS_UNKNOWN && !holds_elements(m, name))
		return less_than(m, s);
	if (tag->broken)
		note(m, "end-tag-broken", name);
	if (depth != m->depth) {
		settle(m);
		depth = depth_of_name(m, name);
	}
	if (depth > 0) {
		close_around(m, depth);
		close_element(m);
	} else if (in_leaf(m) && row >= 0 && fields_is_leaf(m->fields, row)) {
		note(m, "end-tag-broken", name);
		close_element(m);
	} else if (is_wrapper(name)) {
		note(m, "schema-wrapper", name);
	} else {
		note(m, "end-tag-stray", name);
		/* What it ended began in something that is missing. */
		m->result.lost |=
		    (row < 0 || !fields_is_leaf(m->fields, row)) && holds_elements(m, name);
	}
	return tag->n;
}

/* Returns whether it was the end of something that is skipped. */
static bool
end_in_skipped(struct mend *m, struct str name)
{
	uint32_t h = hash(name);

	for (unsigned i = m->skipped; i-- > 0;) {
		if (m->skip[i].name != h)
			continue;
		m->skipped = i;
		m->swallowed &= i > 0;
		return true;
	}
	if (depth_of_name(m, name) > 0) {
		note(m, "end-tag-missing", STR("of an unknown element"));
		m->result.lost |= m->swallowed;
		m->swallowed = false;
		m->skipped = 0;
		return false;
	}
	/* One that holds text alone ends with whatever comes. */
	if (!m->skip[m->skipped - 1].parent) {
		note(m, "end-tag-broken", name);
		m->skipped--;
	} else {
		note(m, "end-tag-stray", name);
	}
	return true;
}

static size_t
end_tag(struct mend *m, const struct markup_tag *tag, struct str s)
{
	struct str name = schema_name(tag->name);

	if (m->skipped > 0 && end_in_skipped(m, name))
		return tag->n;
	if (m->place == IN_ROOT)
		return end_in_root(m, tag, name, s);
	if (is_wrapper(name))
		note(m, "schema-wrapper", name);
	m->any = true;
	return tag->n;
}

static void
cdata(struct mend *m, struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		switch (s.p[i]) {
		case '&':
			text(m, STR("&amp;"));
			break;
		case '<':
			text(m, STR("&lt;"));
			break;
		case '>':
			text(m, STR("&gt;"));
			break;
		default:
			text(m, (struct str){ s.p + i, 1 });
		}
}

/* Inside what is no markup, until its end.  Returns the bytes used, 0 when more must come. */
static size_t
inside(struct mend *m, struct str s)
{
	static const struct str ends[] = { { "", 0 }, { "-->", 3 }, { "]]>", 3 }, { ">", 1 } };
	struct str end = ends[m->within];
	const char *p = str_find(s, end);
	size_t keep = m->last || p != NULL ? 0 : end.n - 1;
	size_t n = p != NULL ? (size_t)(p - s.p) : s.n > keep ? s.n - keep : 0;

	if (m->within == WITHIN_CDATA)
		cdata(m, (struct str){ s.p, n });
	if (p == NULL)
		return n;
	m->within = WITHIN_NOTHING;
	return n + end.n;
}

static size_t
instruction(struct mend *m, struct str s)
{
	if (str_casestarts(s, STR("<?xml")) && m->place == BEFORE_ROOT) {
		if (m->any)
			note(m, "bytes-before-root", STR("before the declaration"));
		m->declared = true;
	}
	m->any = true;
	m->within = WITHIN_INSTRUCTION;
	return 2;
}

/* "<!…" */
static size_t
declaration(struct mend *m, struct str s)
{
	if (str_casestarts(s, STR("<!DOCTYPE"))) {
		m->result.refused = "it has a DOCTYPE";
		return s.n;
	}
	if (str_casestarts(s, STR("<!--"))) {
		m->any = true;
		m->within = WITHIN_COMMENT;
		return 4;
	}
	if (!str_casestarts(s, STR("<![CDATA[")))
		return less_than(m, s);
	m->within = WITHIN_CDATA;
	return 9;
}

static size_t
ampersand(struct mend *m, struct str s, bool last)
{
	int n = markup_reference(s, last);

	if (n >= 0) {
		text(m, (struct str){ s.p, (size_t)n });
		return (size_t)n;
	}
	note(m, "bare-ampersand", (struct str){ s.p, s.n < 40 ? s.n : 40 });
	text(m, STR("&amp;"));
	return 1;
}

/* What ${s} opens with.  Returns its bytes, 0 when more must come. */
static size_t
token(struct mend *m, struct str s)
{
	bool last = m->last || s.n >= MARKUP_BYTES;
	struct markup_tag tag;
	size_t n = 0;
	int rc;

	if (m->within != WITHIN_NOTHING)
		return inside(m, s);
	while (n < s.n && s.p[n] != '<' && s.p[n] != '&')
		n++;
	if (n > 0) {
		text(m, (struct str){ s.p, n });
		return n;
	}
	if (s.p[0] == '&')
		return ampersand(m, s, last);
	if (s.n < strlen("<![CDATA[") && !last && (s.n < 2 || s.p[1] == '!' || s.p[1] == '?'))
		return 0;
	if (s.n > 1 && s.p[1] == '?')
		return instruction(m, s);
	if (s.n > 1 && s.p[1] == '!')
		return declaration(m, s);
	rc = markup_tag(s, &tag);
	/* What the end of the document cut is not text. */
	if (rc == 0 && m->last)
		return s.n;
	if (rc == 0 && last)
		rc = -1;
	if (rc <= 0)
		return rc == 0 ? 0 : less_than(m, s);
	return tag.end ? end_tag(m, &tag, s) : start_tag(m, &tag, s);
}

static void
work(struct mend *m)
{
	size_t at = 0, n = 1;

	while (at < m->in.n && n > 0 && m->result.refused == NULL) {
		const char *p = m->in.p + at;

		n = token(m, (struct str){ p, m->in.n - at });
		at += n;
		for (const char *end = p + n; (p = memchr(p, '\n', (size_t)(end - p))) != NULL; p++)
			m->line++;
	}
	buf_skip(&m->in, m->result.refused != NULL ? m->in.n : at);
	/* Looked at again only when it has doubled: linear in what comes, however small its pieces. */
	m->wanted = 2 * m->in.n < MARKUP_BYTES ? 2 * m->in.n : MARKUP_BYTES;
}

void
mend_add(struct mend *m, struct str bytes)
{
	while (bytes.n > 0 && m->result.refused == NULL) {
		size_t n = bytes.n < PIECE ? bytes.n : PIECE;

		decode_add(&m->decode, (struct str){ bytes.p, n }, &m->in);
		if (m->in.n >= m->wanted)
			work(m);
		bytes = (struct str){ bytes.p + n, bytes.n - n };
	}
}

void
mend_end(struct mend *m)
{
	if (m->result.refused != NULL)
		return;
	decode_end(&m->decode, &m->in);
	m->last = true;
	work(m);
	if (m->place != IN_ROOT)
		return;
	settle(m);
	if (m->depth > 1 || m->skipped > 0 || !m->result.root_missing) {
		m->result.truncated = true;
		note(m, "document-truncated", m->fields->names[current(m)]);
		give_up_record(m);
	}
	/* A value that was cut is none. */
	if (in_leaf(m))
		buf_reset(&m->text);
	while (m->depth > 0)
		close_element(m);
}
