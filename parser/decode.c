#include "parser/decode.h"

#include <errno.h>
#include <stdio.h>

#define NO_CONVERTER ((iconv_t)-1)
#define REPLACEMENT 0xFFFDu

/* windows-1252 from 0x80 to 0x9F; the rest of it is Unicode's. */
static const uint16_t windows_1252[32] = { 0x20AC, REPLACEMENT, 0x201A, 0x0192, 0x201E, 0x2026,
	0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, REPLACEMENT, 0x017D, REPLACEMENT,
	REPLACEMENT, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161,
	0x203A, 0x0153, REPLACEMENT, 0x017E, 0x0178 };

void
decode_init(struct decode *d)
{
	d->converter = NO_CONVERTER;
}

void
decode_fini(struct decode *d)
{
	if (d->converter != NO_CONVERTER)
		iconv_close(d->converter);
	d->converter = NO_CONVERTER;
}

void
decode_start(struct decode *d, struct quirks *quirks)
{
	decode_fini(d);
	d->form = DECODE_UNDECIDED;
	d->big_endian = d->ended = false;
	d->nheld = 0;
	d->line = 1;
	d->quirks = quirks;
}

static void
note(struct decode *d, const char *rule, unsigned value)
{
	char detail[40];

	if (quirks_has(d->quirks, rule))
		return;
	snprintf(detail, sizeof(detail), "0x%02X in line %u", value, d->line);
	quirks_add(d->quirks, rule, str_of(detail));
}

static void
put_char(struct buf *out, uint32_t c)
{
	char s[4];
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	for (size_t i = n; i-- > 1; c >>= 6)
		s[i] = (char)(0x80u | (c & 0x3Fu));
	s[0] = (char)(n == 1 ? c : (0xF00u >> n & 0xFFu) | c);
	buf_put(out, s, n);
}

/* Bytes at ${p} that are a character XML has not, of ${n} bytes of UTF-8: 0, 1 or 3. */
static size_t
forbidden(const char *p, size_t n)
{
	unsigned char c = (unsigned char)*p;

	if (c < 0x20)
		return c != '\t' && c != '\n' && c != '\r';
	if (c == 0xEF && n >= 3 && (unsigned char)p[1] == 0xBF && (unsigned char)p[2] >= 0xBE)
		return 3;
	return 0;
}

/* Append UTF-8 without what XML forbids. */
static void
clean(struct decode *d, struct str s, struct buf *out)
{
	size_t from = 0, i = 0;

	while (i < s.n) {
		size_t bad = forbidden(s.p + i, s.n - i);

		d->line += s.p[i] == '\n';
		if (bad == 0) {
			i++;
			continue;
		}
		note(d, "control-character", bad == 1 ? (unsigned char)s.p[i] : 0xFFFF);
		buf_put(out, s.p + from, i - from);
		from = i += bad;
	}
	buf_put(out, s.p + from, s.n - from);
}

/* Whether ${s} may be the beginning of a character of UTF-8 whose rest has not come. */
static bool
cut_short(struct str s)
{
	static const char *const rests[] = { "\x80", "\x80\x80", "\xBF", "\xBF\x80", "\x80\x80\x80",
		"\xBF\x80\x80" };
	char whole[8];

	if (s.n > 3 || (unsigned char)s.p[0] < 0x80)
		return false;
	for (size_t i = 0; i < sizeof(rests) / sizeof(rests[0]); i++) {
		size_t n = strlen(rests[i]);

		memcpy(whole, s.p, s.n);
		memcpy(whole + s.n, rests[i], n);
		if (str_utf8((struct str){ whole, s.n + n }) == s.n + n)
			return true;
	}
	return false;
}

/* Returns how many of the bytes were used; the rest waits for more unless ->ended. */
static size_t
from_utf8(struct decode *d, struct str s, struct buf *out)
{
	size_t at = 0;

	while (at < s.n) {
		struct str rest = { s.p + at, s.n - at };
		size_t n = str_utf8(rest);
		unsigned char c;

		clean(d, (struct str){ rest.p, n }, out);
		at += n;
		rest = (struct str){ rest.p + n, rest.n - n };
		if (rest.n == 0 || (!d->ended && cut_short(rest)))
			break;
		c = (unsigned char)rest.p[0];
		if (c == 0) {
			note(d, "control-character", c);
		} else {
			note(d, "invalid-utf-8", c);
			put_char(out, c < 0xA0 ? windows_1252[c - 0x80] : c);
		}
		at++;
	}
	return at;
}

static uint32_t
unit(const struct decode *d, const char *p)
{
	uint32_t a = (unsigned char)p[0], b = (unsigned char)p[1];

	return d->big_endian ? a << 8 | b : b << 8 | a;
}

static size_t
from_utf16(struct decode *d, struct str s, struct buf *out)
{
	size_t at = 0;

	while (s.n - at >= 2) {
		uint32_t c = unit(d, s.p + at), low;
		size_t n = 2;

		if (c >= 0xD800 && c < 0xDC00 && s.n - at < 4 && !d->ended)
			break;
		low = c >= 0xD800 && c < 0xDC00 && s.n - at >= 4 ? unit(d, s.p + at + 2) : 0;
		if (low >= 0xDC00 && low < 0xE000) {
			c = 0x10000 + ((c - 0xD800) << 10 | (low - 0xDC00));
			n = 4;
		} else if (c >= 0xD800 && c < 0xE000) {
			note(d, "invalid-utf-8", c);
			c = REPLACEMENT;
		}
		d->line += c == '\n';
		if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0xFFFE || c == 0xFFFF)
			note(d, "control-character", c);
		else
			put_char(out, c);
		at += n;
	}
	return d->ended ? s.n : at;
}

static size_t
from_converter(struct decode *d, struct str s, struct buf *out)
{
	char *in = (char *)(uintptr_t)s.p;
	size_t left = s.n;

	while (left > 0) {
		char room[4096];
		char *to = room;
		size_t space = sizeof(room);
		size_t rc = iconv(d->converter, &in, &left, &to, &space);

		clean(d, (struct str){ room, (size_t)(to - room) }, out);
		if (rc != (size_t)-1 || errno == E2BIG)
			continue;
		if (errno == EINVAL && !d->ended)
			break;
		note(d, "invalid-utf-8", (unsigned char)*in);
		put_char(out, REPLACEMENT);
		in++;
		left--;
	}
	return s.n - left;
}

/* The value of encoding="…" in the XML declaration that opens ${head}, or empty. */
static struct str
declared(struct str head)
{
	const char *xml = str_find(head, STR("<?xml"));
	struct str none = { NULL, 0 }, rest;
	const char *p, *end;

	if (xml == NULL)
		return none;
	rest = (struct str){ xml, head.n - (size_t)(xml - head.p) };
	end = memchr(rest.p, '>', rest.n);
	if (end != NULL)
		rest.n = (size_t)(end - rest.p);
	p = str_find(rest, STR("encoding"));
	if (p == NULL)
		return none;
	p += strlen("encoding");
	end = rest.p + rest.n;
	while (p < end && (*p == ' ' || *p == '=' || *p == '"' || *p == '\''))
		p++;
	rest = (struct str){ p, 0 };
	while (p < end && *p != '"' && *p != '\'' && *p != ' ' && *p != '?')
		p++;
	rest.n = (size_t)(p - rest.p);
	return rest;
}

/* A converter from ${name} that reads the ASCII of ${head} as it stands there. */
static iconv_t
converter(struct str name, struct str head)
{
	char c_name[40], room[DECODE_HEAD * 4];
	char *in = (char *)(uintptr_t)head.p, *to = room;
	size_t left = 0, space = sizeof(room);
	iconv_t cd;

	while (left < head.n && (unsigned char)head.p[left] < 0x80)
		left++;
	for (size_t i = 0; i < name.n; i++)
		if (strchr("-_.:", name.p[i]) == NULL &&
		    !((name.p[i] | 0x20) >= 'a' && (name.p[i] | 0x20) <= 'z') &&
		    !(name.p[i] >= '0' && name.p[i] <= '9'))
			return NO_CONVERTER;
	if (name.n == 0 || name.n >= sizeof(c_name))
		return NO_CONVERTER;
	memcpy(c_name, name.p, name.n);
	c_name[name.n] = '\0';
	cd = iconv_open("UTF-8", c_name);
	if (cd == NO_CONVERTER)
		return cd;
	head.n = left;
	iconv(cd, &in, &left, &to, &space);
	if (left == 0 && str_eq(head, (struct str){ room, (size_t)(to - room) })) {
		iconv(cd, NULL, NULL, NULL, NULL);
		return cd;
	}
	iconv_close(cd);
	return NO_CONVERTER;
}

static bool
starts(struct str s, const char *two)
{
	return s.n >= 2 && memcmp(s.p, two, 2) == 0;
}

/* Decide by the beginning; returns how many bytes of it are a mark and no text. */
static size_t
decide(struct decode *d, struct str head)
{
	struct str name;

	if (starts(head, "\xFE\xFF") || starts(head, "\0<")) {
		d->form = DECODE_UTF16;
		d->big_endian = true;
		return starts(head, "\xFE\xFF") ? 2 : 0;
	}
	if (starts(head, "\xFF\xFE") || starts(head, "<\0")) {
		d->form = DECODE_UTF16;
		return starts(head, "\xFF\xFE") ? 2 : 0;
	}
	d->form = DECODE_UTF8;
	if (head.n >= 3 && memcmp(head.p, "\xEF\xBB\xBF", 3) == 0)
		return 3;
	name = declared(head);
	if (name.n == 0 || str_caseeq(name, STR("utf-8")) || str_caseeq(name, STR("utf8")) ||
	    str_caseeq(name, STR("us-ascii")))
		return 0;
	d->converter = converter(name, head);
	if (d->converter != NO_CONVERTER)
		d->form = DECODE_ICONV;
	else
		quirks_add(d->quirks, "declaration-repaired", name);
	return 0;
}

static size_t
decode(struct decode *d, struct str s, struct buf *out)
{
	switch (d->form) {
	case DECODE_UTF8:
		return from_utf8(d, s, out);
	case DECODE_UTF16:
		return from_utf16(d, s, out);
	case DECODE_ICONV:
		return from_converter(d, s, out);
	default:
		return 0;
	}
}

/* What is held, and as much of ${bytes} as makes it whole. */
static void
use_held(struct decode *d, struct str *bytes, struct buf *out)
{
	while (d->nheld > 0 && (bytes->n > 0 || d->ended)) {
		size_t n = bytes->n < 8 ? bytes->n : 8;
		size_t before = d->nheld, used;

		if (n > sizeof(d->held) - d->nheld)
			n = sizeof(d->held) - d->nheld;
		memcpy(d->held + d->nheld, bytes->p, n);
		used = decode(d, (struct str){ d->held, d->nheld + n }, out);
		if (used == 0 && n == 0)
			break;
		if (used >= before) {
			d->nheld = 0;
			*bytes =
			    (struct str){ bytes->p + (used - before), bytes->n - (used - before) };
		} else {
			d->nheld = before + n - used;
			memmove(d->held, d->held + used, d->nheld);
			*bytes = (struct str){ bytes->p + n, bytes->n - n };
		}
	}
}

void
decode_add(struct decode *d, struct str bytes, struct buf *out)
{
	size_t used;

	if (d->form == DECODE_UNDECIDED) {
		size_t n = DECODE_HEAD - d->nheld < bytes.n ? DECODE_HEAD - d->nheld : bytes.n;

		memcpy(d->held + d->nheld, bytes.p, n);
		d->nheld += n;
		bytes = (struct str){ bytes.p + n, bytes.n - n };
		if (d->nheld < DECODE_HEAD && !d->ended)
			return;
		used = decide(d, (struct str){ d->held, d->nheld });
		used += decode(d, (struct str){ d->held + used, d->nheld - used }, out);
		d->nheld -= used;
		memmove(d->held, d->held + used, d->nheld);
	}
	use_held(d, &bytes, out);
	if (bytes.n == 0)
		return;
	used = decode(d, bytes, out);
	bytes = (struct str){ bytes.p + used, bytes.n - used };
	d->nheld = bytes.n < sizeof(d->held) ? bytes.n : sizeof(d->held);
	memcpy(d->held, bytes.p, d->nheld);
}

void
decode_end(struct decode *d, struct buf *out)
{
	d->ended = true;
	decode_add(d, (struct str){ "", 0 }, out);
}
