#include "ingest/response.h"

#include <assert.h>
#include <stdlib.h>

#include "core/arena.h"
#include "core/buf.h"

#define INPUT_BYTES ((size_t)64 << 10)
#define ARENA_BYTES ((size_t)8 << 20)   /* RESPONSE_VALUES of 64 bytes each, and text */
#define KEPT_BYTES ((uint64_t)16 << 10) /* of a section of a mail; a longer one is streamed */
#define EMPTY_LINES 16
#define LITERAL_MOST INT64_MAX /* RFC 9051: number64 */
#define HEAD_BYTES 60

struct reader {
	struct response_io io;
	struct arena *arena;
	struct buf token;
	struct err err;
	bool failed;
	const char *at, *end; /* bytes at hand, of input or of a response code */
	bool in_code;         /* at end stands a line's end, and nothing is read */
	bool fetch;           /* the response is FETCH of message ${number} */
	uint32_t number;
	size_t used; /* bytes of the response, but for what is streamed */
	size_t nvalues;
	char head[HEAD_BYTES]; /* how the response opens, for messages */
	size_t nhead;
	char input[INPUT_BYTES];
};

struct reader *
reader_new(const struct response_io *io)
{
	struct reader *r = calloc(1, sizeof(*r));

	if (r == NULL)
		abort();
	assert(io->read != NULL && io->begin != NULL && io->piece != NULL);
	r->io = *io;
	r->arena = arena_new(ARENA_BYTES);
	buf_init(&r->token, RESPONSE_BYTES);
	reader_reset(r);
	return r;
}

void
reader_free(struct reader *r)
{
	if (r == NULL)
		return;
	arena_free(r->arena);
	buf_fini(&r->token);
	free(r);
}

void
reader_reset(struct reader *r)
{
	r->at = r->end = r->input;
	r->in_code = false;
	r->failed = false;
}

bool
reader_has_bytes(const struct reader *r)
{
	return r->at < r->end;
}

static int
broken(struct reader *r, const char *what)
{
	return err_set(
	    &r->err, ERR_SOURCE, "the server sent %s: \"%.*s\"", what, (int)r->nhead, r->head);
}

static int
fill(struct reader *r)
{
	ssize_t n = r->io.read(r->io.arg, r->input, sizeof(r->input), &r->err);

	if (n < 0)
		return -1;
	assert(n > 0 && (size_t)n <= sizeof(r->input));
	r->at = r->input;
	r->end = r->input + n;
	return 0;
}

/* The next byte, or -1: then nothing more is asked for. */
static int
peek(struct reader *r)
{
	if (r->at == r->end) {
		if (r->in_code)
			return '\n';
		if (fill(r) != 0)
			return -1;
	}
	return (unsigned char)*r->at;
}

/* The same, and go on behind it; -1 also at RESPONSE_BYTES.  Behind a peek it never reads. */
static int
take(struct reader *r)
{
	int c = peek(r);

	if (c < 0 || r->at == r->end)
		return c;
	if (r->used == RESPONSE_BYTES)
		return broken(r, "a response that is too long");
	r->used++;
	if (!r->in_code && r->nhead < HEAD_BYTES && c >= ' ')
		r->head[r->nhead++] = (char)c;
	r->at++;
	return c;
}

static bool
is_blank(int c)
{
	return c == ' ' || c == '\t';
}

static bool
is_control(int c)
{
	return c < ' ' || c == 0x7F;
}

/* Whether no atom goes on with ${c}. */
static bool
ends_atom(int c)
{
	return is_blank(c) || c == '\r' || c == '\n' || c == '(' || c == ')' || c == '"';
}

/* Skip blanks; the byte behind them, or -1. */
static int
skip_blanks(struct reader *r)
{
	int c;

	while (is_blank(c = peek(r)))
		if (take(r) < 0)
			return -1;
	return c;
}

/* Likewise, and the CR before a line's end. */
static int
skip_to_value(struct reader *r)
{
	int c = skip_blanks(r);

	if (c != '\r')
		return c;
	while (c == '\r') {
		if (take(r) < 0)
			return -1;
		c = skip_blanks(r);
	}
	return c == '\n' || c < 0 ? c : broken(r, "a CR in the midst of a line");
}

/* ${s} for as long as the response lives. */
static int
keep(struct reader *r, struct str s, struct str *out)
{
	*out = arena_str(r->arena, s);
	return out->p != NULL ? 0 : broken(r, "a response that is too long");
}

static struct value *
new_value(struct reader *r)
{
	struct value *v = NULL;

	if (r->nvalues < RESPONSE_VALUES)
		v = arena_alloc(r->arena, sizeof(*v));
	if (v == NULL)
		broken(r, "a response of too many values");
	r->nvalues++;
	return v;
}

static bool
is_body(const struct value *item)
{
	return item != NULL && str_casestarts(item->text, STR("BODY[]"));
}

static bool
is_streamed(const struct value *item, uint64_t size)
{
	return is_body(item) ||
	    (item != NULL && size > KEPT_BYTES && str_casestarts(item->text, STR("BODY[")));
}

/* "{", digits, "}" and the line's end. */
static int
literal_size(struct reader *r, uint64_t *out)
{
	uint64_t size = 0;
	size_t digits = 0;
	int c;

	for (take(r); (c = take(r)) >= '0' && c <= '9'; digits++) {
		uint64_t digit = (uint64_t)(c - '0');

		if (size > (LITERAL_MOST - digit) / 10)
			return broken(r, "a literal of impossible size");
		size = size * 10 + digit;
	}
	if (c == '+')
		c = take(r);
	if (c < 0)
		return -1;
	if (digits == 0 || c != '}')
		return broken(r, "\"{\" without a size");
	c = skip_to_value(r);
	if (c < 0)
		return -1;
	if (c != '\n' || r->in_code)
		return broken(r, "a literal's size in the midst of a line");
	*out = size;
	return take(r) < 0 ? -1 : 0;
}

static int
stream(struct reader *r, uint64_t size)
{
	if (r->io.begin(r->io.arg, r->number, size, &r->err) != 0)
		return -1;
	while (size > 0) {
		size_t n;

		if (r->at == r->end && fill(r) != 0)
			return -1;
		n = (size_t)(r->end - r->at);
		if (n > size)
			n = (size_t)size;
		if (r->io.piece(r->io.arg, (struct str){ r->at, n }, &r->err) != 0)
			return -1;
		r->at += n;
		size -= n;
	}
	return 0;
}

static int
read_literal(struct reader *r, struct value *v, const struct value *item)
{
	uint64_t size = 0;
	char *p;

	if (literal_size(r, &size) != 0)
		return -1;
	if (is_streamed(item, size)) {
		v->kind = VALUE_STREAMED;
		v->size = size;
		return stream(r, size);
	}
	if (size > RESPONSE_BYTES - r->used)
		return broken(r, "a literal that is too long");
	p = arena_alloc(r->arena, (size_t)size + 1);
	if (p == NULL)
		return broken(r, "a literal that is too long");
	v->kind = VALUE_STRING;
	v->text = (struct str){ p, (size_t)size };
	r->used += (size_t)size;
	while (size > 0) {
		size_t n;

		if (r->at == r->end && fill(r) != 0)
			return -1;
		n = (size_t)(r->end - r->at);
		if (n > size)
			n = (size_t)size;
		memcpy(p, r->at, n);
		p += n;
		r->at += n;
		size -= n;
	}
	return 0;
}

static int
read_quoted(struct reader *r, struct value *v, const struct value *item)
{
	int c;

	buf_reset(&r->token);
	for (take(r); (c = take(r)) != '"';) {
		/* A backslash that escapes nothing is one: some servers never escape. */
		if (c == '\\') {
			c = peek(r);
			c = c == '"' || c == '\\' ? take(r) : c < 0 ? -1 : '\\';
		}
		if (c < 0)
			return -1;
		if (c == '\r' || c == '\n' || c == '\0')
			return broken(r, "a quoted string without its end");
		buf_put8(&r->token, (uint8_t)c);
	}
	if (!is_body(item)) {
		v->kind = VALUE_STRING;
		return keep(r, buf_str(&r->token), &v->text);
	}
	v->kind = VALUE_STREAMED;
	v->size = r->token.n;
	if (r->io.begin(r->io.arg, r->number, v->size, &r->err) != 0)
		return -1;
	return v->size > 0 ? r->io.piece(r->io.arg, buf_str(&r->token), &r->err) : 0;
}

/* "[HEADER.FIELDS (MESSAGE-ID)]": all of it belongs to the atom, blanks and quoted strings too. */
static int
read_section(struct reader *r)
{
	bool quoted = false, escaped = false;
	int c;

	do {
		c = take(r);
		if (c < 0)
			return -1;
		if (is_control(c))
			return broken(r, "\"[\" without its end");
		buf_put8(&r->token, (uint8_t)c);
		if (c == '"' && !escaped)
			quoted = !quoted;
		escaped = quoted && c == '\\' && !escaped;
	} while (quoted || c != ']');
	return 0;
}

/* ->token may hold its first byte already. */
static int
read_atom(struct reader *r, struct value *v, bool is_item)
{
	int c;

	while (!ends_atom(c = peek(r))) {
		if (c < 0)
			return -1;
		if (is_control(c))
			return broken(r, "a control character");
		if (is_item && c == '[') {
			if (read_section(r) != 0)
				return -1;
			is_item = false;
			continue;
		}
		if (take(r) < 0)
			return -1;
		buf_put8(&r->token, (uint8_t)c);
	}
	v->kind = str_caseeq(buf_str(&r->token), STR("NIL")) ? VALUE_NIL : VALUE_ATOM;
	return keep(r, buf_str(&r->token), &v->text);
}

static int read_values(struct reader *r, unsigned depth, struct value **first);

/*
 * The value that begins with ${c}, which is not taken yet.  ${item} is the FETCH item it belongs to
 * or NULL; ${is_item}: it is the name of one.
 */
static struct value *
read_value(struct reader *r, int c, unsigned depth, const struct value *item, bool is_item)
{
	struct value *v = new_value(r);
	int rc;

	if (v == NULL)
		return NULL;
	buf_reset(&r->token);
	if (c == '~') {
		take(r);
		buf_put8(&r->token, '~');
		c = peek(r);
	}
	if (c == '(' && r->token.n == 0) {
		v->kind = VALUE_LIST;
		if (depth == RESPONSE_DEPTH)
			rc = broken(r, "lists in lists too deep");
		else if (take(r) < 0)
			rc = -1;
		else
			rc = read_values(r, depth + 1, &v->first);
	} else if (c == '"' && r->token.n == 0) {
		rc = read_quoted(r, v, item);
	} else if (c == '{') {
		rc = read_literal(r, v, item);
	} else {
		rc = read_atom(r, v, is_item);
	}
	return rc == 0 ? v : NULL;
}

/*
 * The values up to the line's end, or inside a list up to its ")", that too.  Between two values
 * there may be no blank: NAMESPACE has "(...)(...)".
 */
static int
read_values(struct reader *r, unsigned depth, struct value **first)
{
	const bool pairs = r->fetch && depth == 1;
	const struct value *item = NULL;
	struct value **tail = first;

	for (;;) {
		int c = skip_to_value(r);
		struct value *v;

		if (c < 0)
			return -1;
		if (c == (depth == 0 ? '\n' : ')'))
			return take(r) < 0 ? -1 : 0;
		if (c == '\n')
			return broken(r, "a list without its end");
		if (c == ')')
			return broken(r, "a \")\" too many");
		v = read_value(r, c, depth, item, pairs && item == NULL);
		if (v == NULL)
			return -1;
		*tail = v;
		tail = &v->next;
		item = pairs && item == NULL ? v : NULL;
	}
}

/* What is left of the line, after what ->token holds. */
static int
read_text(struct reader *r, struct str *out)
{
	int c;

	while ((c = take(r)) != '\n') {
		if (c < 0)
			return -1;
		buf_put8(&r->token, (uint8_t)c);
	}
	return keep(r, str_trim(buf_str(&r->token)), out);
}

/* The values of a response code; what is no list of values is one atom. */
static int
read_code_values(struct reader *r, struct str s, struct value **out)
{
	const char *at = r->at, *end = r->end;
	size_t used = r->used;
	int rc;

	r->at = s.p;
	r->end = s.p + s.n;
	r->in_code = true;
	r->used = 0;
	rc = read_values(r, 0, out);
	r->at = at;
	r->end = end;
	r->in_code = false;
	r->used = used;
	if (rc == 0)
		return 0;
	*out = new_value(r);
	if (*out == NULL)
		return -1;
	(*out)->kind = VALUE_ATOM;
	(*out)->text = s;
	return 0;
}

/* "[CODE values] text", either of them or nothing.  A "[" without "]" is text. */
static int
read_condition(struct reader *r, struct response *out)
{
	struct str s;
	size_t n = 0;
	int c;

	buf_reset(&r->token);
	c = skip_blanks(r);
	if (c != '[')
		return c < 0 ? -1 : read_text(r, &out->text);
	while ((c = peek(r)) != ']' && c != '\n') {
		if (c < 0 || take(r) < 0)
			return -1;
		buf_put8(&r->token, (uint8_t)c);
	}
	if (c == '\n')
		return read_text(r, &out->text);
	if (take(r) < 0 || keep(r, buf_str(&r->token), &s) != 0)
		return -1;
	s = str_trim((struct str){ s.p + 1, s.n - 1 });
	while (n < s.n && !is_blank(s.p[n]))
		n++;
	out->code = (struct str){ s.p, n };
	s = str_trim((struct str){ s.p + n, s.n - n });
	if (s.n > 0 && read_code_values(r, s, &out->code_values) != 0)
		return -1;
	buf_reset(&r->token);
	return read_text(r, &out->text);
}

static bool
is_condition(struct str name)
{
	static const char *const names[] = { "OK", "NO", "BAD", "BYE", "PREAUTH" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (str_caseeq(name, str_of(names[i])))
			return true;
	return false;
}

/* A tag, a number or a name, and the blanks behind it. */
static int
read_word(struct reader *r, struct str *out)
{
	int c;

	buf_reset(&r->token);
	while (!ends_atom(c = peek(r)) && c != '[') {
		if (c < 0)
			return -1;
		if (is_control(c) || c > 0x7F)
			return broken(r, "what is no IMAP");
		if (take(r) < 0)
			return -1;
		buf_put8(&r->token, (uint8_t)c);
	}
	if (r->token.n == 0)
		return broken(r, "what is no IMAP");
	if (keep(r, buf_str(&r->token), out) != 0)
		return -1;
	return skip_blanks(r) < 0 ? -1 : 0;
}

/* Some servers send an empty line after a literal. */
static int
skip_empty_lines(struct reader *r)
{
	unsigned lines = 0;
	int c;

	while (is_blank(c = peek(r)) || c == '\r' || c == '\n') {
		if (c == '\n' && ++lines > EMPTY_LINES)
			return broken(r, "nothing but empty lines");
		if (take(r) < 0)
			return -1;
	}
	return c;
}

/* What comes behind "* ". */
static int
read_untagged(struct reader *r, struct response *out)
{
	uint64_t number;

	if (read_word(r, &out->name) != 0)
		return -1;
	if (out->name.p[0] >= '0' && out->name.p[0] <= '9') {
		if (str_u64(out->name, UINT32_MAX, &number) != 0)
			return broken(r, "what is no number");
		out->numbered = true;
		out->number = r->number = (uint32_t)number;
		if (read_word(r, &out->name) != 0)
			return -1;
	} else if (is_condition(out->name)) {
		return read_condition(r, out);
	}
	r->fetch = out->numbered && str_caseeq(out->name, STR("FETCH"));
	return read_values(r, 0, &out->values);
}

static int
read_response(struct reader *r, struct response *out)
{
	int c = skip_empty_lines(r);

	if (c < 0)
		return -1;
	if (c == '+') {
		take(r);
		buf_reset(&r->token);
		out->kind = RESPONSE_CONTINUE;
		return read_text(r, &out->text);
	}
	if (c == '*') {
		take(r);
		out->kind = RESPONSE_UNTAGGED;
		c = peek(r);
		if (c < 0 || !is_blank(c))
			return c < 0 ? -1 : broken(r, "what is no IMAP");
		return skip_blanks(r) < 0 ? -1 : read_untagged(r, out);
	}
	out->kind = RESPONSE_TAGGED;
	if (read_word(r, &out->tag) != 0 || read_word(r, &out->name) != 0)
		return -1;
	return is_condition(out->name) ? read_condition(r, out) : broken(r, "what is no IMAP");
}

int
reader_next(struct reader *r, struct response *out, struct err *e)
{
	struct response got = { .kind = RESPONSE_UNTAGGED };

	if (!r->failed) {
		arena_reset(r->arena);
		r->used = r->nhead = r->nvalues = 0;
		r->fetch = false;
		r->failed = read_response(r, &got) != 0;
	}
	if (r->failed) {
		*e = r->err;
		return -1;
	}
	*out = got;
	return 0;
}

const struct value *
value_of(const struct value *list, struct str name)
{
	const struct value *v = list != NULL && list->kind == VALUE_LIST ? list->first : NULL;

	for (; v != NULL && v->next != NULL; v = v->next->next)
		if (v->kind == VALUE_ATOM && str_caseeq(v->text, name))
			return v->next;
	return NULL;
}

const struct value *
value_opening(const struct value *list, struct str prefix)
{
	const struct value *v = list != NULL && list->kind == VALUE_LIST ? list->first : NULL;

	for (; v != NULL && v->next != NULL; v = v->next->next)
		if (v->kind == VALUE_ATOM && str_casestarts(v->text, prefix))
			return v->next;
	return NULL;
}

int
value_u64(const struct value *v, uint64_t *out)
{
	return v != NULL && v->kind == VALUE_ATOM ? str_u64(v->text, UINT64_MAX, out) : -1;
}

int
value_u32(const struct value *v, uint32_t *out)
{
	uint64_t n;

	if (v == NULL || v->kind != VALUE_ATOM || str_u64(v->text, UINT32_MAX, &n) != 0)
		return -1;
	*out = (uint32_t)n;
	return 0;
}
