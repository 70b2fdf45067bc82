#include "parser/mbox.h"

static struct str
at(void *arg, uint64_t offset, size_t want)
{
	const struct str *s = arg;

	(void)want;
	if (offset >= s->n)
		return (struct str){ s->p, 0 };
	return (struct str){ s->p + offset, s->n - (size_t)offset };
}

bool
mbox_next(struct str *rest, struct str *mail, bool *quoted)
{
	const struct mbox_bytes b = { .at = at, .arg = rest, .size = rest->n };
	struct mbox_mail m;

	if (rest->n == 0 || !mbox_mail(&b, 0, &m))
		return false;
	*mail = (struct str){ rest->p + m.start, (size_t)(m.end - m.start) };
	*quoted = m.quoted;
	*rest = (struct str){ rest->p + m.end, rest->n - (size_t)m.end };
	return true;
}

struct str
mbox_unquote(struct arena *a, struct str mail)
{
	size_t begin = mbox_quoted(mail, 0), done = 0;
	char *to, *out;

	if (begin == mail.n)
		return mail;
	out = to = arena_alloc(a, mail.n);
	if (out == NULL)
		return mail;
	while (done < mail.n) {
		memcpy(to, mail.p + done, begin - done);
		to += begin - done;
		done = begin + (begin < mail.n);
		if (done < mail.n)
			begin = mbox_quoted(mail, done);
	}
	return (struct str){ out, (size_t)(to - out) };
}
