#include "core/str.h"

#include <stdlib.h>

static unsigned char
fold(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

struct str
str_of(const char *s)
{
	return (struct str){ s, s != NULL ? strlen(s) : 0 };
}

bool
str_eq(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool
str_starts(struct str s, struct str prefix)
{
	return s.n >= prefix.n && memcmp(s.p, prefix.p, prefix.n) == 0;
}

bool
str_casestarts(struct str s, struct str prefix)
{
	if (s.n < prefix.n)
		return false;
	for (size_t i = 0; i < prefix.n; i++)
		if (fold(s.p[i]) != fold(prefix.p[i]))
			return false;
	return true;
}

bool
str_caseeq(struct str a, struct str b)
{
	return a.n == b.n && str_casestarts(a, b);
}

static bool
blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct str
str_trim(struct str s)
{
	while (s.n > 0 && blank(s.p[s.n - 1]))
		s.n--;
	while (s.n > 0 && blank(s.p[0])) {
		s.p++;
		s.n--;
	}
	return s;
}

const char *
str_find(struct str hay, struct str needle)
{
	if (hay.n == 0)
		return NULL;
	return memmem(hay.p, hay.n, needle.p, needle.n);
}

int
str_u64(struct str s, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;

	if (s.n == 0)
		return -1;
	for (size_t i = 0; i < s.n; i++) {
		unsigned digit = (unsigned)(s.p[i] - '0');

		if (digit > 9 || digit > max || v > (max - digit) / 10)
			return -1;
		v = v * 10 + digit;
	}
	*out = v;
	return 0;
}

/* Bytes of the sequence that opens ${p}, or 0: overlong, surrogate, beyond U+10FFFF, cut short, NUL. */
static size_t
utf8_one(const unsigned char *p, size_t n)
{
	size_t len;
	uint32_t c;

	if (p[0] < 0x80)
		return p[0] != 0;
	if (p[0] >= 0xC2 && p[0] <= 0xDF)
		len = 2;
	else if ((p[0] & 0xF0) == 0xE0)
		len = 3;
	else if (p[0] >= 0xF0 && p[0] <= 0xF4)
		len = 4;
	else
		return 0;
	if (n < len)
		return 0;
	c = p[0] & (0xFFu >> (len + 1));
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xC0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3Fu);
	}
	if (len == 3 && (c < 0x800 || (c >= 0xD800 && c <= 0xDFFF)))
		return 0;
	if (len == 4 && (c < 0x10000 || c > 0x10FFFF))
		return 0;
	return len;
}

size_t
str_utf8(struct str s)
{
	size_t i = 0;

	while (i < s.n) {
		size_t len = utf8_one((const unsigned char *)s.p + i, s.n - i);

		if (len == 0)
			break;
		i += len;
	}
	return i;
}
