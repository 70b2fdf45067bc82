#include "parser/sniff.h"

#define JUNK_BYTES ((size_t)1 << 10) /* that a gateway may put in front of a document */

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
	{ { "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", 8 }, SNIFF_OLE },
	{ { "\x78\x9F\x3E\x22", 4 }, SNIFF_TNEF },
	{ { "-----BEGIN PKCS7-----", 21 }, SNIFF_CMS },
	{ { "-----BEGIN CMS-----", 19 }, SNIFF_CMS },
};

static struct str
skip_blank(struct str s)
{
	if (str_starts(s, STR("\xEF\xBB\xBF")))
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

/* Whether a start tag of ${name}, with any prefix and in any case, is in ${s}. */
static bool
has_tag(struct str s, struct str name)
{
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

static bool
has_feedback(struct str s)
{
	return has_tag(s, STR("feedback"));
}

/* Whether ${s} is a report whose root is missing or has another name. */
static bool
is_fragment(struct str s)
{
	return has_tag(s, STR("report_metadata")) &&
	    (has_tag(s, STR("record")) || has_tag(s, STR("policy_published")));
}

static bool
is_html(struct str s)
{
	return str_casestarts(s, STR("<html")) || str_casestarts(s, STR("<!doctype html"));
}

/* Whether ${s} is a report with something short in front of it that does not belong there. */
static bool
is_behind_junk(struct str s)
{
	const char *lt = memchr(s.p, '<', s.n < JUNK_BYTES ? s.n : JUNK_BYTES);

	if (lt == NULL)
		return false;
	s = (struct str){ lt, s.n - (size_t)(lt - s.p) };
	return !is_html(s) && has_feedback(s) && has_tag(s, STR("report_metadata"));
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

	if (!str_starts(mail, STR("From ")) && !str_starts(mail, STR(">From ")))
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

/* Whether ${s} is text in two-byte units, with a byte order mark, a "<" or a "{" to tell it by. */
static bool
is_utf16(struct str s)
{
	return str_starts(s, STR("\xFE\xFF")) || str_starts(s, STR("\xFF\xFE")) ||
	    str_starts(s, STR("\0<")) || str_starts(s, STR("<\0")) || str_starts(s, STR("\0{")) ||
	    str_starts(s, STR("{\0"));
}

/* Whether the JSON in ${s} has a member that tells a TLS report. */
static bool
has_tls_member(struct str s)
{
	return str_find(s, STR("\"organization-name\"")) != NULL ||
	    str_find(s, STR("\"policies\"")) != NULL;
}

/*
 * ContentInfo, RFC 5652 section 3: a sequence that opens with one of the content types of PKCS #7,
 * or the compressed and authenticated ones that S/MIME added.
 */
static bool
is_cms(struct str s)
{
	static const struct str types[] = { { "\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x07", 10 },
		{ "\x06\x0B\x2A\x86\x48\x86\xF7\x0D\x01\x09\x10\x01", 12 } };
	size_t length;

	if (s.n < 2 || s.p[0] != '\x30')
		return false;
	length = (unsigned char)s.p[1] > 0x80 ? (unsigned char)s.p[1] & 0x7F : 0;
	if (length > 8 || s.n < 2 + length)
		return false;
	s = (struct str){ s.p + 2 + length, s.n - 2 - length };
	return str_starts(s, types[0]) || str_starts(s, types[1]);
}

/* The same for two-byte units: the ASCII of the first few kilobytes tells. */
static enum sniff
sniff_wide(struct str s)
{
	char narrow[2048];
	size_t n = 0;

	for (size_t i = 0; i < s.n && n < sizeof(narrow); i++)
		if (s.p[i] != '\0')
			narrow[n++] = s.p[i];
	if (has_feedback((struct str){ narrow, n }))
		return SNIFF_XML;
	return has_tls_member((struct str){ narrow, n }) ? SNIFF_TLSRPT : SNIFF_OTHER;
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
		if (str_starts(head, magics[i].bytes))
			return magics[i].kind;
	if (is_utf16(head))
		return sniff_wide(head);
	if (is_cms(head))
		return SNIFF_CMS;
	text = skip_blank(head);
	if (text.n == 0)
		return SNIFF_OTHER;
	if (is_html(text))
		return SNIFF_OTHER;
	if (text.p[0] == '<' && (has_feedback(text) || is_fragment(text)))
		return SNIFF_XML;
	if (text.p[0] == '{' && has_tls_member(text))
		return SNIFF_TLSRPT;
	if (is_mail(head))
		return SNIFF_MAIL;
	return is_behind_junk(text) ? SNIFF_XML : SNIFF_OTHER;
}

bool
sniff_opens_xml(struct str head)
{
	struct str text = skip_blank(head);

	return is_utf16(head) || (text.n > 0 && text.p[0] == '<');
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
	case SNIFF_OLE:
		return "Outlook's .msg";
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
	const char *end, *p;

	if (name.n == 0)
		return false;
	end = name.p + name.n;
	p = memchr(name.p, '!', name.n);
	p = p != NULL ? memchr(p + 1, '!', (size_t)(end - p - 1)) : NULL;
	p = p != NULL ? digits(p + 1, end) : NULL;
	if (p == NULL || p == end || *p != '!')
		return false;
	p = digits(p + 1, end);
	return p != NULL && (p == end || *p == '!' || *p == '.');
}

/* What follows ${word} in ${s}, in any case; empty where it is not. */
static struct str
behind(struct str s, struct str word)
{
	for (; s.n >= word.n; s.p++, s.n--)
		if (str_casestarts(s, word))
			return (struct str){ s.p + word.n, s.n - word.n };
	return (struct str){ NULL, 0 };
}

bool
sniff_report_subject(struct str subject)
{
	return behind(behind(subject, STR("report domain")), STR("submitter")).n > 0;
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
