#include "parser/undelivered.h"

#include "core/limits.h"
#include "core/text.h"

enum { DOMAIN, ID, SIZE, SUBMITTER, URI, FIELDS };

static const struct str names[FIELDS] = {
	[DOMAIN] = { "report-domain:", 14 },
	[ID] = { "report-id:", 10 },
	[SIZE] = { "report-size:", 12 },
	[SUBMITTER] = { "submitter:", 10 },
	[URI] = { "submitting-uri:", 15 },
};

/* The first of each counts. */
static void
take_line(struct str line, struct str values[FIELDS])
{
	for (size_t i = 0; i < FIELDS; i++)
		if (values[i].n == 0 && str_casestarts(line, names[i]))
			values[i] =
			    str_trim((struct str){ line.p + names[i].n, line.n - names[i].n });
}

static void
put(struct buf *out, const char *before, struct str value, const char *after)
{
	if (value.n == 0)
		return;
	if (value.n > LIMIT_DOMAIN_BYTES)
		value.n = LIMIT_DOMAIN_BYTES;
	buf_puts(out, str_of(before));
	text_utf8(out, value);
	buf_puts(out, str_of(after));
}

bool
undelivered_parse(struct str text, struct buf *reason)
{
	struct str v[FIELDS] = { 0 };

	while (text.n > 0) {
		const char *end = memchr(text.p, '\n', text.n);
		size_t n = end != NULL ? (size_t)(end + 1 - text.p) : text.n;

		take_line((struct str){ text.p, n }, v);
		text = (struct str){ text.p + n, text.n - n };
	}
	if (v[DOMAIN].n == 0 || v[URI].n == 0 || (v[ID].n == 0 && v[SIZE].n == 0))
		return false;
	buf_puts(reason, STR("an error report (RFC 7489 7.2.2): "));
	put(reason, "", v[SUBMITTER], "'s ");
	put(reason, "report about ", v[DOMAIN], "");
	put(reason, " of ", v[SIZE], " bytes");
	put(reason, " could not be delivered to ", v[URI], "");
	return true;
}
