#include "parser/prescan.h"

#include "core/ceilings.h"
#include "core/limits.h"

/* Lines beginning with "--": some 1.4 kB each in GMime if they are boundaries. */
#define MAX_BOUNDARIES (100u * LIMIT_MIME_PARTS)
/* All header fields of all parts, and their bytes: some 400 bytes of memory for each field. */
#define MAX_FIELDS (100u * LIMIT_MIME_PARTS)
#define MAX_HEADERS ((size_t)8 * LIMIT_HEADER_BYTES)

/* What is said of them below. */
_Static_assert(MAX_BOUNDARIES == 20000 && MAX_FIELDS == 20000, "20000");
_Static_assert(LIMIT_HEADER_BYTES == 256u << 10 && MAX_HEADERS == 2u << 20, "256 KB, 2 MB");

/* ${line} with what belongs to it by folding; ${rest} moves behind. */
static struct str
field(struct str *rest)
{
	const char *start = rest->p;
	const char *end = rest->p + rest->n;
	const char *p = start;

	if (rest->n == 0)
		return *rest;
	do {
		p = memchr(p, '\n', (size_t)(end - p));
		p = p != NULL ? p + 1 : end;
	} while (p < end && (*p == ' ' || *p == '\t'));
	*rest = (struct str){ p, (size_t)(end - p) };
	return (struct str){ start, (size_t)(p - start) };
}

static bool
has_word(struct str s, struct str word)
{
	for (; s.n >= word.n; s.p++, s.n--)
		if (str_casestarts(s, word))
			return true;
	return false;
}

/*
 * Pass a header block and its empty line, counting its ${fields}; ${nested} says whether another
 * block may follow, that of an attached message; ${multipart} whether parts may follow.
 */
static size_t
header(struct str *rest, size_t *fields, bool *nested, bool *multipart)
{
	const char *start = rest->p;
	size_t n;

	*nested = false;
	/* No field opens with '<': what looked like a boundary ended a comment of bare XML. */
	while (rest->n > 0 && rest->p[0] != '\n' && rest->p[0] != '\r' && rest->p[0] != '<') {
		struct str f = field(rest);

		(*fields)++;
		if (!str_casestarts(f, STR("content-type")))
			continue;
		*nested |= has_word(f, STR("message/"));
		*multipart |= has_word(f, STR("multipart"));
	}
	n = (size_t)(rest->p - start);
	(void)field(rest);
	return n;
}

/* The next place in ${s} where a line begins with "--", or its end. */
static struct str
next_boundary(struct str s)
{
	while (s.n > 0 && !(s.n > 1 && s.p[0] == '-' && s.p[1] == '-')) {
		const char *at = str_find(s, STR("\n--"));

		if (at == NULL)
			return (struct str){ s.p + s.n, 0 };
		s = (struct str){ at + 1, s.n - (size_t)(at + 1 - s.p) };
	}
	return s;
}

struct prescan
prescan_mail(struct str mail)
{
	struct prescan r = { 0, NULL };
	struct str rest = mail;
	bool nested, multipart = false;
	size_t headers, fields = 0, boundaries = 0;

	r.header = headers = header(&rest, &fields, &nested, &multipart);
	if (r.header > LIMIT_HEADER_BYTES) {
		r.excess = "the mail's header is longer than 256 KB" CEILING_FIXED;
		return r;
	}
	while (rest.n > 0 && headers <= MAX_HEADERS && fields <= MAX_FIELDS &&
	    boundaries <= MAX_BOUNDARIES) {
		if (!nested) {
			if (!multipart)
				break;
			rest = next_boundary(rest);
			if (rest.n == 0)
				break;
			(void)field(&rest);
			boundaries++;
		}
		headers += header(&rest, &fields, &nested, &multipart);
		boundaries += nested;
	}
	if (headers > MAX_HEADERS || fields > MAX_FIELDS)
		r.excess =
		    "the headers of the mail's parts are longer than 2 MB, or more than 20000 "
		    "fields" CEILING_FIXED;
	else if (boundaries > MAX_BOUNDARIES)
		r.excess = "the mail has more than 20000 lines that may begin a part" CEILING_FIXED;
	return r;
}
