#include "parser/header.h"

#include <gmime/gmime.h>

#include "core/limits.h"
#include "parser/normal.h"
#include "parser/rfc3339.h"

#define MAX_VALUE 8192 /* bytes of a field that GMime gets to see */

void
header_init(void)
{
	g_mime_init();
}

void
header_fini(void)
{
	g_mime_shutdown();
}

size_t
header_length(struct str mail)
{
	const char *p = mail.p;
	const char *end;

	if (mail.n == 0)
		return 0;
	end = mail.p + mail.n;
	while (p < end && *p != '\n' && !(*p == '\r' && p + 1 < end && p[1] == '\n')) {
		p = memchr(p, '\n', (size_t)(end - p));
		p = p != NULL ? p + 1 : end;
	}
	return (size_t)(p - mail.p);
}

bool
header_next(struct str *rest, struct header_field *f)
{
	const char *start = rest->p;
	const char *p = start;
	const char *end, *colon;

	if (rest->n == 0)
		return false;
	end = start + rest->n;
	do {
		p = memchr(p, '\n', (size_t)(end - p));
		p = p != NULL ? p + 1 : end;
	} while (p < end && (*p == ' ' || *p == '\t'));
	*rest = (struct str){ p, (size_t)(end - p) };
	f->value = (struct str){ start, (size_t)(p - start) };
	f->name = (struct str){ start, 0 };
	colon = memchr(start, ':', f->value.n);
	if (colon != NULL) {
		f->name = str_trim((struct str){ start, (size_t)(colon - start) });
		f->value = (struct str){ colon + 1, (size_t)(p - colon - 1) };
	}
	/* A word, not a sentence with a colon in it. */
	for (size_t i = 0; i < f->name.n; i++)
		if (f->name.p[i] <= ' ' || f->name.p[i] > '~')
			f->name.n = 0;
	f->value = str_trim(f->value);
	return true;
}

struct str
header_get(struct str block, struct str name)
{
	struct header_field f;

	while (header_next(&block, &f))
		if (str_caseeq(f.name, name))
			return f.value;
	return (struct str){ NULL, 0 };
}

/* ${value} unfolded, as a C string of the arena; NULL when there is none or it is absurd. */
static char *
unfolded(struct arena *a, struct str value)
{
	struct str line;
	char *to;

	if (value.n == 0 || value.n > MAX_VALUE || memchr(value.p, '\0', value.n) != NULL)
		return NULL;
	to = arena_alloc(a, value.n + 1);
	if (to == NULL)
		return NULL;
	line = normal_line(value, to);
	to[line.n] = '\0';
	return to;
}

/* Good UTF-8 of at most ${max} bytes, in the arena: whatever is not becomes '?'. */
static struct str
clean(struct arena *a, struct str s, size_t max)
{
	struct str all = arena_str(a, normal_cut(s, max));
	char *p = (char *)(uintptr_t)all.p;
	size_t n = 0;

	while ((n += str_utf8((struct str){ all.p + n, all.n - n })) < all.n)
		p[n++] = '?';
	return all;
}

/*
 * Decode a C string with encoded words.  GMime takes those that follow one another for one, whose
 * base64 ends at the first padding: so it gets to see them apart.
 */
static GString *
decode_words(char *line)
{
	GString *all = g_string_new(NULL);

	while (line != NULL) {
		char *next = strstr(line, "=?= =?");
		char *decoded;

		if (next != NULL) {
			next += strlen("=?= ");
			next[-1] = '\0';
		}
		decoded = g_mime_utils_header_decode_text(NULL, line);
		g_string_append(all, decoded != NULL ? decoded : line);
		g_free(decoded);
		line = next;
	}
	return all;
}

struct str
header_text(struct arena *a, struct str value, size_t max)
{
	char *line = unfolded(a, value);
	GString *decoded = line != NULL ? decode_words(line) : NULL;
	struct str text =
	    clean(a, decoded != NULL ? (struct str){ decoded->str, decoded->len } : value, max);

	if (decoded != NULL)
		g_string_free(decoded, TRUE);
	/* An encoded word may hold line ends of its own. */
	return text.p != NULL ? normal_line(text, (char *)(uintptr_t)text.p) : text;
}

struct str
header_domain(struct arena *a, struct str value)
{
	char *line = unfolded(a, value);
	/* Groups in groups cost GMime its stack: hence MAX_VALUE. */
	InternetAddressList *all = line != NULL ? internet_address_list_parse(NULL, line) : NULL;
	InternetAddressList *list = all;
	InternetAddress *one = NULL;
	struct str domain = { NULL, 0 };
	const char *at = NULL;

	/* A group has no address of its own: look at its first member. */
	for (int depth = 0; list != NULL && depth < 4; depth++) {
		one = internet_address_list_get_address(list, 0);
		if (one == NULL || !INTERNET_ADDRESS_IS_GROUP(one))
			break;
		list = internet_address_group_get_members(INTERNET_ADDRESS_GROUP(one));
	}
	if (one != NULL && INTERNET_ADDRESS_IS_MAILBOX(one))
		at = internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(one));
	at = at != NULL ? strrchr(at, '@') : NULL;
	if (at != NULL)
		domain = clean(a, str_of(at + 1), LIMIT_DOMAIN_BYTES);
	g_clear_object(&all);
	return domain.n > 0 ? normal_domain(domain, (char *)(uintptr_t)domain.p) : domain;
}

int
header_date(struct arena *a, struct str value, int64_t *out)
{
	char *line = unfolded(a, value);
	GDateTime *date;

	if (line == NULL)
		return -1;
	if (rfc3339_parse(str_of(line), out) >= 0)
		return 0;
	date = g_mime_utils_header_decode_date(line);
	if (date == NULL)
		return -1;
	*out = g_date_time_to_unix(date);
	g_date_time_unref(date);
	return 0;
}
