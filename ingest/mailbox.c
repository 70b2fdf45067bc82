#include "ingest/mailbox.h"

/* RFC 3501 5.1.3: base64 with ',' for '/'. */
static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

/* Bits on their way between UTF-16 and base64. */
struct bits {
	uint32_t held;
	unsigned n;
};

static bool
is_direct(char c)
{
	return c >= ' ' && c <= '~';
}

static void
put_digits(struct buf *out, struct bits *b)
{
	while (b->n >= 6) {
		b->n -= 6;
		buf_put(out, &digits[b->held >> b->n & 63], 1);
	}
}

static void
put_unit(struct buf *out, struct bits *b, uint32_t unit)
{
	b->held = b->held << 16 | unit;
	b->n += 16;
	put_digits(out, b);
}

/* The code point at ${*i} of the well-formed ${s}, and go on behind it. */
static uint32_t
code_point(struct str s, size_t *i)
{
	unsigned char lead = (unsigned char)s.p[*i];
	size_t n = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
	uint32_t c = n == 1 ? lead : lead & (0xFFu >> (n + 1));

	for (size_t k = 1; k < n; k++)
		c = c << 6 | ((unsigned char)s.p[*i + k] & 0x3Fu);
	*i += n;
	return c;
}

static void
put_utf8(struct buf *out, uint32_t c)
{
	if (c < 0x80) {
		buf_put8(out, (uint8_t)c);
		return;
	}
	if (c < 0x800) {
		buf_put8(out, (uint8_t)(0xC0 | c >> 6));
	} else {
		if (c < 0x10000) {
			buf_put8(out, (uint8_t)(0xE0 | c >> 12));
		} else {
			buf_put8(out, (uint8_t)(0xF0 | c >> 18));
			buf_put8(out, (uint8_t)(0x80 | (c >> 12 & 0x3F)));
		}
		buf_put8(out, (uint8_t)(0x80 | (c >> 6 & 0x3F)));
	}
	buf_put8(out, (uint8_t)(0x80 | (c & 0x3F)));
}

/* UTF-8 with '/' to modified UTF-7 with ${separator}. */
static void
encode(struct str s, char separator, struct buf *out)
{
	for (size_t i = 0; i < s.n;) {
		struct bits b = { 0, 0 };

		if (is_direct(s.p[i])) {
			char c = s.p[i++];

			if (c == '/' && separator != '\0')
				c = separator;
			buf_put(out, &c, 1);
			if (c == '&')
				buf_put8(out, '-');
			continue;
		}
		buf_put8(out, '&');
		while (i < s.n && !is_direct(s.p[i])) {
			uint32_t c = code_point(s, &i);

			if (c >= 0x10000) {
				put_unit(out, &b, 0xD800 + ((c - 0x10000) >> 10));
				c = 0xDC00 + (c & 0x3FF);
			}
			put_unit(out, &b, c);
		}
		if (b.n > 0)
			buf_put(out, &digits[b.held << (6 - b.n) & 63], 1);
		buf_put8(out, '-');
	}
}

/* The base64 at ${*i} up to its '-', and go on behind that; false when it is not UTF-16. */
static bool
decode_shifted(struct str s, size_t *i, struct buf *out)
{
	struct bits b = { 0, 0 };
	uint32_t high = 0;

	for (; *i < s.n && s.p[*i] != '-'; ++*i) {
		const char *digit = memchr(digits, s.p[*i], sizeof(digits) - 1);
		uint32_t unit;

		if (digit == NULL)
			return false;
		b.held = b.held << 6 | (uint32_t)(digit - digits);
		b.n += 6;
		if (b.n < 16)
			continue;
		b.n -= 16;
		unit = b.held >> b.n & 0xFFFF;
		if ((high != 0) != (unit >= 0xDC00 && unit <= 0xDFFF))
			return false;
		if (unit >= 0xD800 && unit <= 0xDBFF) {
			high = unit;
			continue;
		}
		put_utf8(out, high == 0 ? unit : 0x10000 + ((high & 0x3FF) << 10) + (unit & 0x3FF));
		high = 0;
	}
	return high == 0 && (*i)++ < s.n;
}

/* Modified UTF-7 with ${separator} to UTF-8 with '/'; false when it is none. */
static bool
decode(struct str s, char separator, struct buf *out)
{
	for (size_t i = 0; i < s.n;) {
		char c = s.p[i++];

		if (!is_direct(c))
			return false;
		if (c == separator && separator != '\0') {
			buf_put8(out, '/');
		} else if (c != '&') {
			buf_put(out, &c, 1);
		} else if (i < s.n && s.p[i] == '-') {
			buf_put(out, &c, 1);
			i++;
		} else if (!decode_shifted(s, &i, out)) {
			return false;
		}
	}
	return true;
}

/* Whether ${s} is UTF-8 that names something: no control characters (C0, DEL, C1). */
static bool
is_name(struct str s)
{
	if (s.n == 0 || str_utf8(s) != s.n)
		return false;
	for (size_t i = 0; i < s.n;) {
		uint32_t c = code_point(s, &i);

		if (c < 0x20 || (c >= 0x7F && c < 0xA0))
			return false;
	}
	return true;
}

static bool
is_inbox(struct str s)
{
	return str_caseeq(s, STR("INBOX"));
}

/* Whether ${wire} stands below ${prefix}, in which INBOX has no case. */
static bool
is_below(struct str wire, struct str prefix)
{
	size_t inbox = str_casestarts(prefix, STR("INBOX")) ? 5 : 0;

	return prefix.n > 0 && wire.n > prefix.n &&
	    str_casestarts(wire, (struct str){ prefix.p, inbox }) &&
	    memcmp(wire.p + inbox, prefix.p + inbox, prefix.n - inbox) == 0;
}

/* Whether ${wire} is complete: no prefix belongs before it. */
static bool
is_complete(const struct mailbox_space *s, struct str wire)
{
	if (is_inbox(wire) || s->prefix[0] == '\0' || is_below(wire, str_of(s->prefix)))
		return true;
	for (size_t i = 0; i < s->nforeign; i++)
		if (is_below(wire, str_of(s->foreign[i])))
			return true;
	return false;
}

/* Whether a level of ${name} is empty, or holds ${separator}. */
static bool
has_bad_level(struct str name, char separator)
{
	char last = '/';

	for (size_t i = 0; i < name.n; i++) {
		if (name.p[i] == '/' ? last == '/' : name.p[i] == separator && separator != '\0')
			return true;
		last = name.p[i];
	}
	return last == '/';
}

/* End ${out} with a NUL that does not count. */
static int
finish(struct buf *out)
{
	buf_put8(out, '\0');
	if (out->over || out->n > MAILBOX_BYTES + 1)
		return -1;
	out->n--;
	return 0;
}

int
mailbox_to_wire(const struct mailbox_space *s, struct str name, struct buf *out)
{
	struct buf wire;
	size_t prefix = strlen(s->prefix);
	int rc;

	buf_reset(out);
	if (name.n > MAILBOX_BYTES || !is_name(name) || has_bad_level(name, s->separator))
		return -1;
	buf_init(&wire, 4 * MAILBOX_BYTES);
	if (is_inbox(name))
		buf_puts(&wire, STR("INBOX"));
	else
		encode(name, s->separator, &wire);
	/* The prefix as the server writes it, also where a name came with it. */
	if (!is_complete(s, buf_str(&wire)))
		buf_put(out, s->prefix, prefix);
	else if (is_below(buf_str(&wire), str_of(s->prefix)))
		memcpy(wire.p, s->prefix, prefix);
	buf_puts(out, buf_str(&wire));
	rc = wire.over ? -1 : finish(out);
	buf_fini(&wire);
	return rc;
}

/* ${wire} as it is, but for its separator. */
static void
copy(struct str wire, char separator, struct buf *out)
{
	for (size_t i = 0; i < wire.n; i++)
		buf_put8(
		    out, wire.p[i] == separator && separator != '\0' ? '/' : (uint8_t)wire.p[i]);
}

/* Only the one spelling that encoding gives is a name: others could hide a second one. */
static bool
is_canonical(struct str name, struct str wire, char separator)
{
	struct buf again;
	bool yes;

	if (!is_name(name))
		return false;
	buf_init(&again, 4 * MAILBOX_BYTES);
	encode(name, separator, &again);
	yes = str_eq(buf_str(&again), wire);
	buf_fini(&again);
	return yes;
}

int
mailbox_from_wire(const struct mailbox_space *s, struct str wire, struct buf *out)
{
	struct str prefix = str_of(s->prefix), rest = wire;

	buf_reset(out);
	if (wire.n == 0 || wire.n > MAILBOX_BYTES)
		return -1;
	/* A '/' that separates nothing could not be told from one that does. */
	if (s->separator != '/' && s->separator != '\0' && memchr(wire.p, '/', wire.n) != NULL)
		return -1;
	if (is_inbox(wire)) {
		buf_puts(out, STR("INBOX"));
		return finish(out);
	}
	/* "INBOX.INBOX" and the like keep the prefix: without it they would be others. */
	if (is_below(wire, prefix)) {
		rest = (struct str){ wire.p + prefix.n, wire.n - prefix.n };
		if (is_complete(s, rest))
			rest = wire;
	}
	if (!decode(rest, s->separator, out) ||
	    (!out->over && !is_canonical(buf_str(out), rest, s->separator))) {
		buf_reset(out);
		copy(rest, s->separator, out);
		if (!out->over && !is_name(buf_str(out)))
			return -1;
	}
	return finish(out);
}

static char
fold(char c)
{
	return (char)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
}

static bool
is_wild(char c)
{
	return c == '*' || c == '%';
}

/*
 * All places of the pattern that a part of the name leads to, at once: the work is the product of
 * both lengths, whatever the pattern.
 */
bool
mailbox_matches(struct str pattern, struct str name)
{
	bool reached[MAILBOX_BYTES + 1] = { true };
	size_t inbox = 0;

	if (pattern.n > MAILBOX_BYTES || name.n > MAILBOX_BYTES)
		return false;
	if (str_casestarts(name, STR("INBOX")) && (name.n == 5 || name.p[5] == '/'))
		inbox = 5;
	for (size_t i = 0; i < pattern.n && reached[i]; i++)
		reached[i + 1] = is_wild(pattern.p[i]);
	for (size_t k = 0; k < name.n; k++) {
		char c = name.p[k];

		for (size_t i = pattern.n + 1; i-- > 0;) {
			char before = i > 0 ? pattern.p[i - 1] : '*';
			bool same = k < inbox ? fold(before) == fold(c) : before == c;

			reached[i] =
			    (i < pattern.n && reached[i] &&
				(pattern.p[i] == '*' || (pattern.p[i] == '%' && c != '/'))) ||
			    (i > 0 && reached[i - 1] && !is_wild(before) && same);
		}
		for (size_t i = 0; i < pattern.n; i++)
			if (reached[i] && is_wild(pattern.p[i]))
				reached[i + 1] = true;
	}
	return reached[pattern.n];
}

bool
mailbox_is_pattern(struct str name)
{
	return name.n > 0 &&
	    (memchr(name.p, '*', name.n) != NULL || memchr(name.p, '%', name.n) != NULL);
}

int
mailbox_quote(struct str wire, struct buf *out)
{
	for (size_t i = 0; i < wire.n; i++)
		if (!is_direct(wire.p[i]))
			return -1;
	buf_put8(out, '"');
	for (size_t i = 0; i < wire.n; i++) {
		if (wire.p[i] == '"' || wire.p[i] == '\\')
			buf_put8(out, '\\');
		buf_put(out, &wire.p[i], 1);
	}
	buf_put8(out, '"');
	return out->over ? -1 : 0;
}
