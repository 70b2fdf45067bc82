#include "parser/hints.h"

#include "parser/idn.h"
#include "parser/normal.h"

/* Where ${label} stands in ${s} as a word, behind it; or NULL. */
static const char *
behind(struct str s, struct str label, const char **at)
{
	for (size_t i = 0; i + label.n <= s.n; i++) {
		struct str rest = { s.p + i, s.n - i };

		if (str_casestarts(rest, label) &&
		    (i == 0 || s.p[i - 1] == ' ' || s.p[i - 1] == '\t')) {
			*at = s.p + i;
			return s.p + i + label.n;
		}
	}
	return NULL;
}

static struct str
unwrap(struct str s)
{
	s = str_trim(s);
	if (s.n >= 2 &&
	    ((s.p[0] == '<' && s.p[s.n - 1] == '>') || (s.p[0] == '{' && s.p[s.n - 1] == '}')))
		s = str_trim((struct str){ s.p + 1, s.n - 2 });
	return s;
}

struct hints_subject
hints_subject(struct str subject)
{
	static const struct str labels[] = { { "domain:", 7 }, { "submitter:", 10 },
		{ "report-id:", 10 }, { "date:", 5 } };
	enum { LABELS = sizeof(labels) / sizeof(labels[0]) };
	const char *from[LABELS], *at[LABELS];
	struct str values[LABELS] = { { NULL, 0 } };

	for (size_t i = 0; i < LABELS; i++)
		from[i] = behind(subject, labels[i], &at[i]);
	for (size_t i = 0; i < LABELS; i++) {
		const char *end;

		if (from[i] == NULL)
			continue;
		end = subject.p + subject.n;
		for (size_t k = 0; k < LABELS; k++)
			if (from[k] != NULL && at[k] >= from[i] && at[k] < end)
				end = at[k];
		values[i] = unwrap((struct str){ from[i], (size_t)(end - from[i]) });
	}
	return (struct hints_subject){ values[0], values[1], values[2] };
}

/* What stands before the next "!", which is dropped from ${s} too. */
static bool
next_part(struct str *s, struct str *part)
{
	const char *mark = s->n > 0 ? memchr(s->p, '!', s->n) : NULL;

	if (mark == NULL)
		return false;
	*part = (struct str){ s->p, (size_t)(mark - s->p) };
	*s = (struct str){ mark + 1, s->n - part->n - 1 };
	return true;
}

static struct str
without_extensions(struct str s)
{
	static const struct str known[] = { { ".xml", 4 }, { ".gz", 3 }, { ".zip", 4 },
		{ ".json", 5 } };
	size_t i = 0;

	while (i < sizeof(known) / sizeof(known[0])) {
		struct str tail = known[i++];

		if (s.n >= tail.n && str_caseeq((struct str){ s.p + s.n - tail.n, tail.n }, tail)) {
			s.n -= tail.n;
			i = 0;
		}
	}
	return s;
}

/* ${s} behind its last path separator; members of archives are named with the way to them. */
static struct str
last_name(struct str s)
{
	for (size_t i = s.n; i > 0; i--)
		if (s.p[i - 1] == '/' || s.p[i - 1] == '\\' ||
		    (i > 2 && memcmp(s.p + i - 3, " > ", 3) == 0))
			return (struct str){ s.p + i, s.n - i };
	return s;
}

bool
hints_name(struct str name, struct hints_name *out)
{
	struct str s = without_extensions(str_trim(last_name(name))), begin, end;

	if (!next_part(&s, &out->receiver) || !next_part(&s, &out->domain) ||
	    !next_part(&s, &begin))
		return false;
	out->id = (struct str){ NULL, 0 };
	if (next_part(&s, &end))
		out->id = s;
	else
		end = s;
	return normal_time(begin, &out->begin) >= 0 && normal_time(end, &out->end) >= 0;
}

struct str
hints_domain(struct str s, char *to)
{
	struct str none = { NULL, 0 };
	bool any = false;

	if (s.n == 0 || s.n > LIMIT_DOMAIN_BYTES)
		return none;
	s = idn_needed(s) ? idn_ascii(s, to) : s;
	s = normal_domain(s, to);
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
			any = true;
		else if (c != '-' && c != '.' && c != '_')
			return none;
	}
	return any ? s : none;
}

struct str
hints_tls_domain(const struct hints *h, struct str name, char *to)
{
	const struct hints none = { 0 };
	struct hints_name parts = { 0 };
	struct str s;

	h = h != NULL ? h : &none;
	s = hints_domain(h->tls_domain, to);
	if (s.n == 0)
		s = hints_domain(hints_subject(h->subject).domain, to);
	if (s.n == 0 && hints_name(name, &parts))
		s = hints_domain(parts.domain, to);
	return s;
}
