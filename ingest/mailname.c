#include "ingest/mailname.h"

struct str
mailname_base(struct str name)
{
	for (size_t i = 0; i + 2 < name.n; i++)
		if ((name.p[i] == ':' || name.p[i] == ';' || name.p[i] == '!') &&
		    (name.p[i + 1] == '2' || name.p[i + 1] == '1') && name.p[i + 2] == ',')
			return (struct str){ name.p, i };
	return name;
}

/*
 * Servers keep their files beside new and cur, where nobody looks; these are the names that strayed
 * copies of them have.  A mail's name opens with its second of delivery.
 */
static bool
of_a_server(struct str name)
{
	static const char *const prefixes[] = { "dovecot-", "dovecot.", "courierimap",
		"courierpop3", "~syncthing~" };
	static const char *const names[] = { "maildirfolder", "maildirsize", "subscriptions" };

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (str_starts(name, str_of(prefixes[i])))
			return true;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (str_eq(name, str_of(names[i])))
			return true;
	return false;
}

bool
mailname_foreign(struct str name)
{
	if (name.n == 0 || name.p[0] == '.')
		return true;
	if ((name.p[0] < '0' || name.p[0] > '9') && of_a_server(name))
		return true;
	return str_find(name, STR(".sync-conflict-")) != NULL;
}

void
mailname_seen(struct buf *out, struct str name)
{
	struct str base = mailname_base(name);
	size_t i = base.n + 3, at = 0;

	if (base.n == name.n) {
		buf_puts(out, name);
		buf_puts(out, STR(":2,S"));
		return;
	}
	/* flags end at a comma: what follows it is somebody's extension */
	for (; i < name.n && name.p[i] != ',' && name.p[i] != 'S'; i++)
		if (at == 0 && name.p[i] > 'S')
			at = i;
	if (name.p[base.n + 1] != '2' || (i < name.n && name.p[i] == 'S')) {
		buf_puts(out, name);
		return;
	}
	if (at == 0)
		at = i;
	buf_put(out, name.p, at);
	buf_put8(out, 'S');
	buf_put(out, name.p + at, name.n - at);
}

void
mailname_informed(struct buf *out, struct str name)
{
	buf_puts(out, name);
	if (mailname_base(name).n == name.n)
		buf_puts(out, STR(":2,"));
}

void
mailname_other(struct buf *out, struct str name, unsigned n)
{
	struct str base = mailname_base(name);
	const char *comma = memchr(name.p, ',', base.n);
	size_t unique = comma != NULL ? (size_t)(comma - name.p) : base.n;

	buf_put(out, name.p, unique);
	buf_printf(out, "_%u", n);
	buf_put(out, name.p + unique, name.n - unique);
}
