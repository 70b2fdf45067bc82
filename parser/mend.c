#include "parser/mend.h"

#include <stdlib.h>

#include "core/buf.h"
#include "core/ceilings.h"
#include "parser/decode.h"
#include "parser/elements.h"
#include "parser/markup.h"
#include "parser/schema.h"

#define PIECE ((size_t)16 << 10)

/* What began and has no end yet: nothing in it is markup. */
enum within { WITHIN_NOTHING, WITHIN_COMMENT, WITHIN_CDATA, WITHIN_INSTRUCTION };

/* An element that is skipped. */
struct unknown {
	uint32_t name; /* hash */
	bool parent;   /* an element opened in it */
};

struct mend {
	struct elements tree; /* that goes out */
	struct decode decode;
	struct mended result;

	struct buf in; /* UTF-8, from a "<" or "&" on whose end has not come */
	size_t wanted; /* bytes it must have before it is worth another look */
	bool last;     /* nothing comes behind it */

	enum within within;
	bool any, declared; /* anything at all, and a declaration, was seen before the root */
	bool parent;        /* an element opened below the root */
	struct unknown skip[LIMIT_XML_DEPTH];
	unsigned skipped;
	bool swallowed; /* what is skipped holds parts of a report */
};

struct mend *
mend_new(void (*write)(void *arg, struct str xml), void *arg)
{
	struct mend *m = calloc(1, sizeof(*m));

	if (m == NULL)
		abort();
	elements_init(&m->tree, write, arg);
	decode_init(&m->decode);
	/* Three bytes for each of a piece behind a tag that is not whole yet. */
	buf_init(&m->in, MARKUP_BYTES + 4 * PIECE);
	return m;
}

void
mend_free(struct mend *m)
{
	if (m == NULL)
		return;
	decode_fini(&m->decode);
	buf_fini(&m->in);
	elements_fini(&m->tree);
	free(m);
}

void
mend_start(struct mend *m, const struct fields *f, struct quirks *quirks)
{
	elements_start(&m->tree, f, quirks);
	decode_start(&m->decode, quirks);
	m->result = (struct mended){ 0 };
	buf_reset(&m->in);
	m->wanted = 0;
	m->last = m->any = m->declared = m->parent = m->swallowed = false;
	m->within = WITHIN_NOTHING;
	m->skipped = 0;
}

const struct mended *
mend_result(const struct mend *m)
{
	return &m->result;
}

static void
text(struct mend *m, struct str s)
{
	struct str seen = str_trim(s);

	if (m->tree.place == BEFORE_ROOT && seen.n > 0)
		elements_note(
		    &m->tree, m->declared ? "declaration-repaired" : "bytes-before-root", seen);
	else if (m->tree.place == AFTER_ROOT && seen.n > 0)
		elements_note(&m->tree, "bytes-after-root", seen);
	else if (m->tree.place == IN_ROOT && m->skipped == 0)
		elements_text(&m->tree, s);
	m->any = true;
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
		m->result.refused = "elements are nested more than 64 deep" CEILING_FIXED;
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
	int row = fields_find(m->tree.fields, 0, name);

	return row > 0 && !fields_is_leaf(m->tree.fields, row);
}

/* A second root: of a report that is wrapped in its own name, or another report. */
static void
root_again(struct mend *m, const struct markup_tag *tag)
{
	if (m->tree.place == IN_ROOT && !m->parent) {
		elements_note(&m->tree, "element-twice", tag->name);
		return;
	}
	if (m->tree.place == IN_ROOT)
		elements_close_around(&m->tree, 0);
	m->result.lost = true;
	elements_note(&m->tree, "bytes-after-root", tag->name);
}

/* A "<" that is text.  Returns the bytes used. */
static size_t
less_than(struct mend *m, struct str s)
{
	if (m->tree.place == IN_ROOT && m->skipped == 0) {
		elements_note(&m->tree, "bare-less-than", (struct str){ s.p, s.n < 40 ? s.n : 40 });
		elements_text(&m->tree, STR("&lt;"));
	} else {
		text(m, STR("<"));
	}
	return 1;
}

static void
open_known(struct mend *m, const struct markup_tag *tag, int row)
{
	elements_make_way(&m->tree, row);
	elements_drop_text(&m->tree, m->tree.text.n);
	m->parent = true;
	fields_spelling(m->tree.fields, row, tag->name, m->tree.quirks);
	elements_open(&m->tree, row);
	if (tag->empty)
		elements_close(&m->tree);
}

static size_t
start_in_root(struct mend *m, const struct markup_tag *tag, struct str s)
{
	int in = elements_current(&m->tree), row = fields_find(m->tree.fields, in, tag->name);

	if (row == FIELDS_UNKNOWN && elements_in_leaf(&m->tree))
		return less_than(m, s);
	if (row == in && elements_in_leaf(&m->tree) && str_trim(buf_str(&m->tree.text)).n > 0 &&
	    !tag->empty) {
		elements_note(&m->tree, "end-tag-broken", tag->name);
		elements_close(&m->tree);
		return tag->n;
	}
	elements_settle(&m->tree);
	if (row >= 0)
		open_known(m, tag, row);
	else if (is_wrapper(tag->name))
		elements_note(&m->tree, "schema-wrapper", tag->name);
	else if (!tag->empty)
		skip_element(m, tag->name);
	return tag->n;
}

/* Returns the bytes of ${s}, which opens with ${tag}, that were used. */
static size_t
start_tag(struct mend *m, const struct markup_tag *tag, struct str s)
{
	bool root = str_caseeq(tag->name, m->tree.fields->names[0]);

	if (m->skipped > 0) {
		m->swallowed |= shows_report(m, tag->name);
		if (!tag->empty)
			skip_element(m, tag->name);
		return tag->n;
	}
	if (root && m->tree.place != BEFORE_ROOT) {
		root_again(m, tag);
		return tag->n;
	}
	if (m->tree.place == IN_ROOT)
		return start_in_root(m, tag, s);
	if (m->tree.place == AFTER_ROOT) {
		elements_note(&m->tree, "bytes-after-root", tag->name);
		return tag->n;
	}
	m->any = true;
	if (root) {
		fields_spelling(m->tree.fields, 0, tag->name, m->tree.quirks);
		elements_open_root(&m->tree, tag);
		if (tag->empty)
			elements_close(&m->tree);
	} else if (shows_report(m, tag->name)) {
		elements_note(&m->tree, "root-missing", tag->name);
		m->result.root_missing = true;
		elements_open_root(&m->tree, NULL);
		return start_in_root(m, tag, s);
	} else if (is_wrapper(tag->name)) {
		elements_note(&m->tree, "schema-wrapper", tag->name);
	}
	return tag->n;
}

static size_t
end_in_root(struct mend *m, const struct markup_tag *tag, struct str name, struct str s)
{
	unsigned depth = elements_depth(&m->tree, name);
	int row = fields_find(m->tree.fields, elements_current(&m->tree), name);

	if (depth == 0 && elements_in_leaf(&m->tree) && row == FIELDS_UNKNOWN &&
	    !fields_holds_elements(m->tree.fields, name))
		return less_than(m, s);
	if (tag->broken)
		elements_note(&m->tree, "end-tag-broken", name);
	if (depth != m->tree.depth) {
		elements_settle(&m->tree);
		depth = elements_depth(&m->tree, name);
	}
	if (depth > 0) {
		elements_close_around(&m->tree, depth);
		elements_close(&m->tree);
	} else if (elements_in_leaf(&m->tree) && row >= 0 && fields_is_leaf(m->tree.fields, row)) {
		elements_note(&m->tree, "end-tag-broken", name);
		elements_wrong_end(&m->tree, row);
	} else if (is_wrapper(name)) {
		elements_note(&m->tree, "schema-wrapper", name);
	} else {
		elements_note(&m->tree, "end-tag-stray", name);
		/* What it ended began in something that is missing. */
		m->result.lost |= (row < 0 || !fields_is_leaf(m->tree.fields, row)) &&
		    fields_holds_elements(m->tree.fields, name);
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
	if (elements_depth(&m->tree, name) > 0) {
		elements_note(&m->tree, "end-tag-missing", STR("of an unknown element"));
		m->result.lost |= m->swallowed;
		m->swallowed = false;
		m->skipped = 0;
		return false;
	}
	/* One that holds text alone ends with whatever comes. */
	if (!m->skip[m->skipped - 1].parent) {
		elements_note(&m->tree, "end-tag-broken", name);
		m->skipped--;
	} else {
		elements_note(&m->tree, "end-tag-stray", name);
	}
	return true;
}

static size_t
end_tag(struct mend *m, const struct markup_tag *tag, struct str s)
{
	struct str name = schema_name(tag->name);

	if (m->skipped > 0 && end_in_skipped(m, name))
		return tag->n;
	if (m->tree.place == IN_ROOT)
		return end_in_root(m, tag, name, s);
	if (is_wrapper(name))
		elements_note(&m->tree, "schema-wrapper", name);
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
	if (str_casestarts(s, STR("<?xml")) && m->tree.place == BEFORE_ROOT) {
		if (m->any)
			elements_note(&m->tree, "bytes-before-root", STR("before the declaration"));
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
	elements_note(&m->tree, "bare-ampersand", (struct str){ s.p, s.n < 40 ? s.n : 40 });
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
			m->tree.line++;
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
	m->result.lost |= m->tree.lost;
	if (m->tree.place != IN_ROOT)
		return;
	elements_settle(&m->tree);
	if (m->tree.depth > 1 || m->skipped > 0 || !m->result.root_missing) {
		m->result.truncated = true;
		elements_note(&m->tree, "document-truncated",
		    m->tree.fields->names[elements_current(&m->tree)]);
		elements_give_up_record(&m->tree);
	}
	/* A value that was cut is none. */
	if (elements_in_leaf(&m->tree))
		elements_drop_text(&m->tree, m->tree.text.n);
	while (m->tree.depth > 0)
		elements_close(&m->tree);
}
