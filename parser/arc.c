#include "parser/arc.h"

#include <string.h>

#include "parser/normal.h"

#define MOST_HOPS 50 /* RFC 8617 section 4.2.1 */

/* The next token, cut off ${s}; empty when there is none. */
static struct str
token(struct str *s)
{
	static const char between[] = " \t\r\n;,";
	struct str t;
	size_t n = 0;

	while (s->n > 0 && memchr(between, s->p[0], sizeof(between) - 1) != NULL)
		*s = (struct str){ s->p + 1, s->n - 1 };
	while (n < s->n && memchr(between, s->p[n], sizeof(between) - 1) == NULL)
		n++;
	t = (struct str){ s->p, n };
	*s = (struct str){ s->p + n, s->n - n };
	return t;
}

/* Whether ${t} begins with ${key}, which is then cut off. */
static bool
after(struct str *t, struct str key)
{
	if (!str_casestarts(*t, key))
		return false;
	*t = (struct str){ t->p + key.n, t->n - key.n };
	return true;
}

/* Cut an instance, "2]", off ${t}: 1 to MOST_HOPS, or 0. */
static unsigned
instance(struct str *t)
{
	unsigned n = 0;
	size_t i = 0;

	for (; i < t->n && i < 3 && t->p[i] >= '0' && t->p[i] <= '9'; i++)
		n = n * 10 + (unsigned)(t->p[i] - '0');
	if (i == t->n || t->p[i] != ']' || n > MOST_HOPS)
		return 0;
	*t = (struct str){ t->p + i + 1, t->n - i - 1 };
	return n;
}

static void
take_verdict(struct arc *arc, struct str word)
{
	if (arc->verdict == VERDICT_UNKNOWN && str_caseeq(word, STR("pass")))
		arc->verdict = VERDICT_PASS;
	else if (arc->verdict == VERDICT_UNKNOWN && str_caseeq(word, STR("fail")))
		arc->verdict = VERDICT_FAIL;
}

/* ${t} is what follows "as[". */
static void
take_seal(struct arc *arc, struct str t, char *room)
{
	unsigned n = instance(&t);

	if (n <= arc->hops || !after(&t, STR(".d=")) || t.n == 0 || t.n > LIMIT_DOMAIN_BYTES)
		return;
	arc->hops = (uint8_t)n;
	arc->sealer = normal_domain(t, room);
}

struct arc
arc_parse(struct str comment, char room[LIMIT_DOMAIN_BYTES])
{
	struct arc arc = { 0 };
	struct str t;

	while ((t = token(&comment)).n > 0) {
		if (after(&t, STR("arc=")))
			take_verdict(&arc, t);
		else if (after(&t, STR("as[")))
			take_seal(&arc, t, room);
		else if ((after(&t, STR("remote-ip[1]=")) || after(&t, STR("client-ip[1]="))) &&
		    arc.source_ip.family == 0)
			arc.source_ip = normal_address(t);
	}
	return arc.verdict != VERDICT_UNKNOWN ? arc : (struct arc){ 0 };
}
