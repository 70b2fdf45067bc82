#include "parser/sniff.h"

static const struct magic {
	struct str bytes;
	enum sniff kind;
} magics[] = {
	{ { "\x1F\x8B", 2 }, SNIFF_GZIP },
	{ { "PK\x03\x04", 4 }, SNIFF_ZIP },
	{ { "PK\x05\x06", 4 }, SNIFF_ZIP }, /* an empty one */
	{ { "PK\x07\x08", 4 }, SNIFF_ZIP }, /* one that was meant to be split */
	{ { "BZh", 3 }, SNIFF_BZIP2 },
	{ { "\xFD"
	    "7zXZ\0",
	      6 },
	    SNIFF_XZ },
	{ { "\x28\xB5\x2F\xFD", 4 }, SNIFF_ZSTD },
	{ { "7z\xBC\xAF\x27\x1C", 6 }, SNIFF_7ZIP },
	{ { "Rar!\x1A\x07", 6 }, SNIFF_RAR },
};

static bool
starts(struct str s, struct str prefix)
{
	return s.n >= prefix.n && memcmp(s.p, prefix.p, prefix.n) == 0;
}

static struct str
skip_blank(struct str s)
{
	if (starts(s, STR("\xEF\xBB\xBF")))
		s = (struct str){ s.p + 3, s.n - 3 };
	while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t' || s.p[0] == '\r' || s.p[0] == '\n'))
		s = (struct str){ s.p + 1, s.n - 1 };
	return s;
}

static bool
ends_name(char c)
{
	return c == '>' || c == '/' || c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Whether a start tag of <feedback>, with any prefix and in any case, is in ${s}. */
static bool
has_feedback(struct str s)
{
	static const struct str name = { "feedback", 8 };
	struct str tag = s;

	while (tag.n > 0) {
		const char *lt = memchr(tag.p, '<', tag.n);
		const char *colon;
		struct str at;

		if (lt == NULL)
			return false;
		tag = (struct str){ lt + 1, tag.n - (size_t)(lt + 1 - tag.p) };
		at = tag;
		colon = memchr(at.p, ':', at.n < 64 ? at.n : 64);
		if (str_casestarts(at, name) && (at.n == name.n || ends_name(at.p[name.n])))
			return true;
		if (colon == NULL || colon == at.p)
			continue;
		for (const char *p = at.p; p < colon; p++)
			if (ends_name(*p) || *p == '<' || *p == '!' || *p == '?')
				colon = NULL;
		if (colon == NULL)
			continue;
		at = (struct str){ colon + 1, at.n - (size_t)(colon + 1 - at.p) };
		if (str_casestarts(at, name) && (at.n == name.n || ends_name(at.p[name.n])))
			return true;
	}
	return false;
}

/* "Name:" at the beginning of a line, of letters, digits and what else real names have. */
static bool
is_field(struct str line)
{
	size_t i = 0;

	while (i < line.n && i < 76 &&
	    ((line.p[i] >= 'a' && line.p[i] <= 'z') || (line.p[i] >= 'A' && line.p[i] <= 'Z') ||
		(line.p[i] >= '0' && line.p[i] <= '9') || line.p[i] == '-' || line.p[i] == '_'))
		i++;
	return i > 0 && i < line.n && line.p[i] == ':';
}

static struct str
next_line(struct str *s)
{
	const char *end = s->n > 0 ? memchr(s->p, '\n', s->n) : NULL;
	size_t n = end != NULL ? (size_t)(end - s->p) + 1 : s->n;
	struct str line = { s->p, n };

	*s = (struct str){ s->p + n, s->n - n };
	return line;
}

size_t
sniff_from_line(struct str mail)
{
	struct str rest = mail;

	if (!starts(mail, STR("From ")) && !starts(mail, STR(">From ")))
		return 0;
	return next_line(&rest).n;
}

/* Two lines of a header, or a header of one line. */
static bool
is_mail(struct str s)
{
	size_t from = sniff_from_line(s);
	struct str line;

	s = (struct str){ s.p + from, s.n - from };
	if (!is_field(next_line(&s)))
		return false;
	line = next_line(&s);
	return line.n == 0 || line.p[0] == '\n' || line.p[0] == '\r' || line.p[0] == ' ' ||
	    line.p[0] == '\t' || is_field(line);
}

/* Whether ${s} is text in two-byte units, with a byte order mark or a "<" to tell it by. */
static bool
is_utf16(struct str s)
{
	return starts(s, STR("\xFE\xFF")) || starts(s, STR("\xFF\xFE")) || starts(s, STR("\0<")) ||
	    starts(s, STR("<\0"));
}

/* The same for two-byte units: the ASCII of the first few kilobytes tells. */
static bool
has_wide_feedback(struct str s)
{
	char narrow[2048];
	size_t n = 0;

	for (size_t i = 0; i < s.n && n < sizeof(narrow); i++)
		if (s.p[i] != '\0')
			narrow[n++] = s.p[i];
	return has_feedback((struct str){ narrow, n });
}

enum sniff
sniff_bytes(struct str head)
{
	struct str text;

	if (head.n > SNIFF_BYTES)
		head.n = SNIFF_BYTES;
	if (head.n == 0)
		return SNIFF_EMPTY;
	for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++)
		if (starts(head, magics[i].bytes))
			return magics[i].kind;
	if (is_utf16(head))
		return has_wide_feedback(head) ? SNIFF_XML : SNIFF_OTHER;
	text = skip_blank(head);
	if (text.n == 0)
		return SNIFF_OTHER;
	if (str_casestarts(text, STR("<html")) || str_casestarts(text, STR("<!doctype html")))
		return SNIFF_OTHER;
	if (text.p[0] == '<')
		return has_feedback(text) ? SNIFF_XML : SNIFF_OTHER;
	if (text.p[0] == '{' &&
	    (str_find(text, STR("\"organization-name\"")) != NULL ||
		str_find(text, STR("\"policies\"")) != NULL))
		return SNIFF_TLSRPT;
	return is_mail(head) ? SNIFF_MAIL : SNIFF_OTHER;
}

const char *
sniff_unread(enum sniff v)
{
	switch (v) {
	case SNIFF_BZIP2:
		return "bzip2";
	case SNIFF_XZ:
		return "xz";
	case SNIFF_ZSTD:
		return "zstd";
	case SNIFF_7ZIP:
		return "7-Zip";
	case SNIFF_RAR:
		return "RAR";
	default:
		return NULL;
	}
}

/* The number between two "!" (or before "!" or "."), at least one digit; returns what follows. */
static const char *
digits(const char *p, const char *end)
{
	const char *first = p;

	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return p > first ? p : NULL;
}

bool
sniff_report_name(struct str name)
{
	const char *end = name.p + name.n;
	const char *p = name.n > 0 ? memchr(name.p, '!', name.n) : NULL;

	p = p != NULL ? memchr(p + 1, '!', (size_t)(end - p - 1)) : NULL;
	p = p != NULL ? digits(p + 1, end) : NULL;
	if (p == NULL || p == end || *p != '!')
		return false;
	p = digits(p + 1, end);
	return p != NULL && (p == end || *p == '!' || *p == '.');
}

bool
sniff_report_extension(struct str name)
{
	static const struct str known[] = { { ".xml", 4 }, { ".gz", 3 }, { ".zip", 4 } };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		struct str tail = known[i];

		if (name.n > tail.n &&
		    str_caseeq((struct str){ name.p + name.n - tail.n, tail.n }, tail))
			return true;
	}
	return false;
}
