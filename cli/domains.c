#include "cli/domains.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/buf.h"
#include "parser/idn.h"

#define ARENA_BYTES ((size_t)64 << 20) /* 250,000 names of the longest kind */
#define SPECIAL "*?[]\\"               /* what fnmatch(3) reads otherwise than as it stands */

struct domains {
	struct arena *arena;
	const char **names, **patterns; /* the names sorted */
	size_t nnames, npatterns;
};

/* In the order of their bytes. */
static int
by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static char
lower(char c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

/* One label of ${whole}, as DNS has it, at the end of ${out}. */
static int
put_label(struct buf *out, struct str label, const char *whole, struct err *e)
{
	char room[LIMIT_DOMAIN_BYTES];

	if (label.n == 0)
		return err_set(e, ERR_CONFIG,
		    "\"%.300s\" among domains has an empty label: \"*.example.org\" is every name "
		    "below example.org",
		    whole);
	if (idn_needed(label)) {
		for (size_t i = 0; i < label.n; i++)
			if (strchr(SPECIAL, label.p[i]) != NULL)
				return err_set(e, ERR_CONFIG,
				    "\"%.300s\" among domains: a label with a wildcard can be "
				    "ASCII alone",
				    whole);
		label = idn_ascii(label, room);
		if (label.n == 0)
			return err_set(
			    e, ERR_CONFIG, "\"%.300s\" among domains is no domain name", whole);
	}
	for (size_t i = 0; i < label.n; i++)
		buf_put8(out, (uint8_t)lower(label.p[i]));
	return 0;
}

/* ${text} label by label, in the form that DNS has, into ${out}. */
static int
put_pattern(struct buf *out, const char *text, struct err *e)
{
	struct str rest = str_of(text);
	const char *dot;

	for (size_t i = 0; i < rest.n; i++)
		if ((unsigned char)text[i] <= ' ' || text[i] == 0x7f)
			return err_set(e, ERR_CONFIG,
			    "\"%.300s\" among domains holds a space or a control character", text);
	if (rest.n == 0)
		return err_set(e, ERR_CONFIG, "domains names an empty domain");
	if (rest.n > 1 && rest.p[rest.n - 1] == '.')
		rest.n--;
	while ((dot = memchr(rest.p, '.', rest.n)) != NULL) {
		size_t n = (size_t)(dot - rest.p);

		if (put_label(out, (struct str){ rest.p, n }, text, e) < 0)
			return -1;
		buf_put8(out, '.');
		rest = (struct str){ dot + 1, rest.n - n - 1 };
	}
	return put_label(out, rest, text, e);
}

static int
add(struct domains *d, const char *text, struct err *e)
{
	const char *kept;
	struct buf out;
	int rc;

	buf_init(&out, LIMIT_DOMAIN_BYTES);
	rc = put_pattern(&out, text, e);
	if (rc == 0 && out.over)
		rc = err_set(e, ERR_CONFIG, "\"%.300s\" among domains is longer than %d bytes",
		    text, LIMIT_DOMAIN_BYTES);
	kept = rc == 0 ? arena_str(d->arena, buf_str(&out)).p : NULL;
	buf_fini(&out);
	if (rc == 0 && kept == NULL)
		rc = err_set(e, ERR_CONFIG, "domains names too many domains");
	if (rc < 0)
		return -1;
	if (strpbrk(kept, SPECIAL) != NULL)
		d->patterns[d->npatterns++] = kept;
	else
		d->names[d->nnames++] = kept;
	return 0;
}

struct domains *
domains_new(const char *const *patterns, size_t n, struct err *e)
{
	struct domains *d = calloc(1, sizeof(*d));

	if (d == NULL)
		abort();
	d->arena = arena_new(ARENA_BYTES);
	d->names = calloc(n + 1, sizeof(*d->names));
	d->patterns = calloc(n + 1, sizeof(*d->patterns));
	if (d->names == NULL || d->patterns == NULL)
		abort();
	for (size_t i = 0; i < n; i++)
		if (add(d, patterns[i], e) < 0) {
			domains_free(d);
			return NULL;
		}
	if (d->nnames > 1)
		qsort(d->names, d->nnames, sizeof(*d->names), by_name);
	return d;
}

void
domains_free(struct domains *d)
{
	if (d == NULL)
		return;
	free(d->names);
	free(d->patterns);
	arena_free(d->arena);
	free(d);
}

bool
domains_has(const struct domains *d, struct str domain)
{
	char ascii[LIMIT_DOMAIN_BYTES], name[LIMIT_DOMAIN_BYTES + 1];
	const char *key = name;

	if (d->nnames + d->npatterns == 0)
		return true;
	if (idn_needed(domain))
		domain = idn_ascii(domain, ascii);
	if (domain.n == 0 || domain.n > LIMIT_DOMAIN_BYTES)
		return false;
	for (size_t i = 0; i < domain.n; i++)
		name[i] = lower(domain.p[i]);
	name[domain.n > 1 && name[domain.n - 1] == '.' ? domain.n - 1 : domain.n] = '\0';
	if (bsearch(&key, d->names, d->nnames, sizeof(*d->names), by_name) != NULL)
		return true;
	for (size_t i = 0; i < d->npatterns; i++)
		if (fnmatch(d->patterns[i], name, 0) == 0)
			return true;
	return false;
}
