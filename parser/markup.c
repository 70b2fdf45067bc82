#include "parser/markup.h"

#include <stdio.h>

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool
opens_name(char c)
{
	return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_' || (unsigned char)c >= 0x80;
}

static bool
in_name(char c)
{
	return opens_name(c) || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == ':';
}

/*
 * Where the tag's ">" is, from ${at} on; ${s}.n when it is not in ${s}.  A ">" in quotes counts only
 * when the quotes are never closed.
 */
static size_t
find_close(struct str s, size_t at, bool *cut)
{
	size_t quoted = s.n;
	char quote = '\0';

	*cut = false;
	for (; at < s.n; at++) {
		char c = s.p[at];

		if (c == '<') {
			*cut = quoted == s.n;
			return *cut ? at : quoted;
		}
		if (c == '>' && quote == '\0')
			return at;
		if (c == '>' && quoted == s.n)
			quoted = at;
		if (quote != '\0' && c == quote)
			quote = '\0';
		else if (quote == '\0' && (c == '"' || c == '\''))
			quote = c;
	}
	return at;
}

int
markup_tag(struct str s, struct markup_tag *tag)
{
	size_t at = 1, from, close;
	const char *colon;
	bool cut;

	*tag = (struct markup_tag){ 0 };
	tag->end = s.n > 1 && s.p[1] == '/';
	from = at += tag->end;
	while (at < s.n && in_name(s.p[at]))
		at++;
	if (at == s.n)
		return 0;
	if (at == from || !opens_name(s.p[from]) ||
	    !(is_blank(s.p[at]) || s.p[at] == '/' || s.p[at] == '>' || s.p[at] == '<'))
		return -1;
	tag->name = (struct str){ s.p + from, at - from };
	colon = memrchr(tag->name.p, ':', tag->name.n);
	if (colon != NULL) {
		tag->prefix = (struct str){ tag->name.p, (size_t)(colon - tag->name.p) };
		tag->name.n -= tag->prefix.n + 1;
		tag->name.p = colon + 1;
	}
	close = find_close(s, at, &cut);
	if (close == s.n && !cut)
		return 0;
	tag->attributes = (struct str){ s.p + at, close - at };
	if (cut && (!tag->end || str_trim(tag->attributes).n > 0))
		return -1;
	tag->broken = cut;
	tag->empty = !tag->end && s.p[close - 1] == '/';
	tag->n = close + !cut;
	return 1;
}

/* Whether XML 1.0 section 2.2 has the character ${c}. */
static bool
is_char(uint32_t c)
{
	return c == '\t' || c == '\n' || c == '\r' || (c >= 0x20 && c < 0xD800) ||
	    (c >= 0xE000 && c < 0xFFFE) || (c >= 0x10000 && c <= 0x10FFFF);
}

/* Of "#64" or "#x40". */
static bool
is_number(struct str s)
{
	bool hex = s.n > 1 && s.p[1] == 'x';
	uint32_t base = hex ? 16 : 10, c = 0;

	s = (struct str){ s.p + 1 + hex, s.n - 1 - hex };
	for (size_t i = 0; i < s.n; i++) {
		char lower = (char)(s.p[i] | 0x20);
		uint32_t digit = s.p[i] >= '0' && s.p[i] <= '9' ? (uint32_t)(s.p[i] - '0')
		    : lower >= 'a' && lower <= 'f'              ? (uint32_t)(lower - 'a') + 10
								: 16;

		if (digit >= base || c > 0x10FFFF)
			return false;
		c = c * base + digit;
	}
	return s.n > 0 && is_char(c);
}

int
markup_reference(struct str s, bool last)
{
	static const struct str entities[] = { { "amp", 3 }, { "lt", 2 }, { "gt", 2 },
		{ "quot", 4 }, { "apos", 4 } };
	struct str name = { s.p + 1, 0 };
	size_t most = s.n < 12 ? s.n : 12;

	while (name.n + 1 < most && name.p[name.n] != ';' &&
	    (name.p[name.n] == '#' || in_name(name.p[name.n])))
		name.n++;
	if (name.n + 1 == s.n && s.n < 12)
		return last ? -1 : 0;
	if (name.n + 1 == most || name.p[name.n] != ';')
		return -1;
	for (size_t i = 0; i < sizeof(entities) / sizeof(entities[0]); i++)
		if (str_eq(name, entities[i]))
			return (int)name.n + 2;
	return name.n > 1 && name.p[0] == '#' && is_number(name) ? (int)name.n + 2 : -1;
}

struct str
markup_namespace(const struct markup_tag *tag)
{
	const struct str none = { NULL, 0 };
	char key[64];
	struct str value = tag->attributes;
	const char *p;
	int n = tag->prefix.n > 0 && tag->prefix.n < 40
	    ? snprintf(key, sizeof(key), "xmlns:%.*s=", (int)tag->prefix.n, tag->prefix.p)
	    : snprintf(key, sizeof(key), "xmlns=");

	p = str_find(value, (struct str){ key, (size_t)n });
	if (p == NULL)
		return none;
	value.n -= (size_t)(p + n - value.p);
	value.p = p + n;
	if (value.n < 2 || (value.p[0] != '"' && value.p[0] != '\''))
		return none;
	p = memchr(value.p + 1, value.p[0], value.n - 1);
	if (p == NULL)
		return none;
	value = (struct str){ value.p + 1, (size_t)(p - value.p - 1) };
	for (size_t i = 0; i < value.n; i++)
		if (strchr("<>&\"'", value.p[i]) != NULL || (unsigned char)value.p[i] <= 0x20)
			return none;
	return value;
}
