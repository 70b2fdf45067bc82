#include "core/text.h"

#include <stdio.h>

#define REPLACEMENT STR("\xEF\xBF\xBD")

/* The code point of the well-formed sequence of ${n} bytes at ${p}. */
static uint32_t
decode(const char *p, size_t n)
{
	uint32_t c = (unsigned char)p[0];

	if (n > 1)
		c &= 0xFFu >> (n + 1);
	for (size_t i = 1; i < n; i++)
		c = c << 6 | ((unsigned char)p[i] & 0x3Fu);
	return c;
}

/* Length of the well-formed sequence that opens ${s}, or 0. */
static size_t
sequence(struct str s)
{
	unsigned char lead = (unsigned char)s.p[0];
	size_t n = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;

	return n <= s.n && str_utf8((struct str){ s.p, n }) == n ? n : 0;
}

static bool
moves_the_cursor(uint32_t c)
{
	return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x061C || (c >= 0x200B && c <= 0x200F) ||
	    (c >= 0x2028 && c <= 0x202E) || (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF;
}

void
text_terminal(struct buf *out, struct str s)
{
	while (s.n > 0) {
		size_t n = sequence(s);
		uint32_t c = n > 0 ? decode(s.p, n) : 0;

		if (n == 0) {
			buf_printf(out, "\\x%02x", (unsigned char)s.p[0]);
			n = 1;
		} else if (moves_the_cursor(c)) {
			buf_printf(out, c < 0x80 ? "\\x%02x" : "\\u{%04x}", c);
		} else {
			buf_put(out, s.p, n);
		}
		s.p += n;
		s.n -= n;
	}
}

void
text_json(struct buf *out, struct str s)
{
	buf_put8(out, '"');
	while (s.n > 0) {
		size_t n = sequence(s);

		if (n == 0) {
			buf_puts(out, s.p[0] == '\0' ? STR("\\u0000") : REPLACEMENT);
			n = 1;
		} else if (s.p[0] == '"' || s.p[0] == '\\') {
			buf_put8(out, '\\');
			buf_put(out, s.p, 1);
		} else if (moves_the_cursor(decode(s.p, n))) {
			buf_printf(out, "\\u%04x", decode(s.p, n));
		} else {
			buf_put(out, s.p, n);
		}
		s.p += n;
		s.n -= n;
	}
	buf_put8(out, '"');
}

void
text_json_or_null(struct buf *out, struct str s)
{
	if (s.n == 0)
		buf_puts(out, STR("null"));
	else
		text_json(out, s);
}

static bool
number(struct str s)
{
	size_t i = s.n > 0 && s.p[0] == '-';

	if (i == s.n)
		return false;
	for (; i < s.n; i++)
		if ((s.p[i] < '0' || s.p[i] > '9') && s.p[i] != '.')
			return false;
	return true;
}

/* Whether a spreadsheet takes it for a formula; some do so for the wide forms of the signs, too. */
static bool
formula(struct str s)
{
	static const char *const wide[] = { "\xEF\xBC\x9D", "\xEF\xBC\x8B", "\xEF\xBC\x8D",
		"\xEF\xBC\xA0" };

	for (size_t i = 0; i < sizeof(wide) / sizeof(wide[0]); i++)
		if (s.n >= 3 && memcmp(s.p, wide[i], 3) == 0)
			return true;
	return s.n > 0 && memchr("=+-@\t\r\n", s.p[0], 7) != NULL && !number(s);
}

void
text_csv(struct buf *out, struct str s)
{
	bool guard = formula(s);
	bool quote = guard;

	for (size_t i = 0; i < s.n && !quote; i++)
		quote = memchr(",\"\r\n", s.p[i], 4) != NULL;
	if (quote)
		buf_put8(out, '"');
	if (guard)
		buf_put8(out, '\'');
	while (s.n > 0) {
		size_t n = sequence(s);

		if (n == 0)
			n = 1;
		if (s.p[0] == '"')
			buf_put8(out, '"');
		if (memchr("\t\r\n", s.p[0], 3) != NULL)
			buf_put(out, s.p, 1);
		else
			text_terminal(out, (struct str){ s.p, n });
		s.p += n;
		s.n -= n;
	}
	if (quote)
		buf_put8(out, '"');
}

void
text_utf8(struct buf *out, struct str s)
{
	while (s.n > 0) {
		size_t n = str_utf8(s);

		buf_put(out, s.p, n);
		s.p += n;
		s.n -= n;
		if (s.n > 0) {
			buf_puts(out, REPLACEMENT);
			s.p++;
			s.n--;
		}
	}
}
