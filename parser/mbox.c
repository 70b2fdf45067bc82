#include "parser/mbox.h"

static struct str
from(struct str s, const char *p)
{
	return (struct str){ p, s.n - (size_t)(p - s.p) };
}

/* A run of at least ${least} characters that are, or are not, white space: what follows it. */
static struct str
skip(struct str s, bool blank, size_t least, bool *ok)
{
	size_t n = 0;

	while (n < s.n && (s.p[n] == ' ' || s.p[n] == '\t') == blank && s.p[n] != '\n' &&
	    s.p[n] != '\r')
		n++;
	*ok &= n >= least;
	return (struct str){ s.p + n, s.n - n };
}

/* Three letters and what stands behind them. */
static struct str
name(struct str s, bool *ok)
{
	for (size_t i = 0; i < 3; i++)
		*ok &= i < s.n && ((s.p[i] | 32) >= 'a' && (s.p[i] | 32) <= 'z');
	*ok &= s.n > 3;
	return *ok ? (struct str){ s.p + 3, s.n - 3 } : s;
}

bool
mbox_is(struct str s)
{
	bool ok = true;

	if (s.n < 5 || memcmp(s.p, "From ", 5) != 0)
		return false;
	s = skip((struct str){ s.p + 5, s.n - 5 }, false, 0, &ok);
	s = skip(s, true, 0, &ok);
	s = skip(name(s, &ok), true, 1, &ok);
	s = skip(name(s, &ok), true, 1, &ok);
	return ok && s.n > 0 && s.p[0] >= '0' && s.p[0] <= '9';
}

/* Whether an empty line ends just before ${p}, or ${p} is where ${s} begins. */
static bool
after_empty_line(struct str s, const char *p)
{
	if (p > s.p && p[-1] == '\n')
		p--;
	if (p > s.p && p[-1] == '\r')
		p--;
	return p == s.p || p[-1] == '\n';
}

bool
mbox_next(struct str *rest, struct str *mail)
{
	const char *end = rest->n > 0 ? memchr(rest->p, '\n', rest->n) : NULL;
	struct str look;

	if (end == NULL)
		return false;
	*mail = look = from(*rest, end + 1);
	while ((end = str_find(look, STR("\nFrom "))) != NULL) {
		look = from(look, end + 1);
		if (mbox_is(look) && after_empty_line(*mail, look.p))
			break;
	}
	if (end == NULL)
		look = (struct str){ mail->p + mail->n, 0 };
	mail->n -= look.n;
	*rest = look;
	return true;
}

static bool
is_quoted(struct str s)
{
	size_t n = 0;

	while (n < s.n && s.p[n] == '>')
		n++;
	return n > 0 && s.n - n >= 5 && memcmp(s.p + n, "From ", 5) == 0;
}

struct str
mbox_unquote(struct arena *a, struct str mail)
{
	struct str rest = mail;
	char *to, *out;

	if (str_find(mail, STR(">From ")) == NULL)
		return mail;
	out = to = arena_alloc(a, mail.n);
	if (out == NULL)
		return mail;
	while (rest.n > 0) {
		const char *end = memchr(rest.p, '\n', rest.n);
		size_t n = end != NULL ? (size_t)(end + 1 - rest.p) : rest.n;
		size_t quoted = is_quoted((struct str){ rest.p, n });

		memcpy(to, rest.p + quoted, n - quoted);
		to += n - quoted;
		rest = (struct str){ rest.p + n, rest.n - n };
	}
	return (struct str){ out, (size_t)(to - out) };
}
