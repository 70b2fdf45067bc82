/* text.c - a growing run of bytes, and the ways to write into it. */
#include "text.h"

#include <err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "rng.h"

void
text_fini(struct text *t)
{
	free(t->p);
	memset(t, 0, sizeof(*t));
}

void
text_clear(struct text *t)
{
	t->n = 0;
}

char *
text_room(struct text *t, size_t n)
{
	size_t cap = t->cap > 0 ? t->cap : 4096;

	while (cap - t->n < n)
		cap *= 2;
	if (cap != t->cap) {
		t->p = realloc(t->p, cap);
		if (t->p == NULL)
			err(1, "could not get %zu bytes", cap);
		t->cap = cap;
	}
	return t->p + t->n;
}

void
text_add(struct text *t, const void *bytes, size_t n)
{
	if (n == 0)
		return;
	memcpy(text_room(t, n), bytes, n);
	t->n += n;
}

void
text_str(struct text *t, const char *s)
{
	text_add(t, s, strlen(s));
}

void
text_fmt(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text_room(t, 256), 256, fmt, ap);
	va_end(ap);
	if (n >= 256) {
		va_start(ap, fmt);
		vsnprintf(text_room(t, (size_t)n + 1), (size_t)n + 1, fmt, ap);
		va_end(ap);
	}
	if (n > 0)
		t->n += (size_t)n;
}

void
text_xml(struct text *t, const char *s)
{
	size_t plain;

	while (*s != '\0') {
		plain = strcspn(s, "&<>");
		text_add(t, s, plain);
		s += plain;
		if (*s == '&')
			text_str(t, "&amp;");
		else if (*s == '<')
			text_str(t, "&lt;");
		else if (*s == '>')
			text_str(t, "&gt;");
		s += *s != '\0';
	}
}

void
text_json(struct text *t, const char *s)
{
	for (; *s != '\0'; s++) {
		if ((unsigned char)*s < 0x20)
			text_fmt(t, "\\u%04x", (unsigned)*s);
		else if (*s == '"' || *s == '\\')
			text_fmt(t, "\\%c", *s);
		else
			text_add(t, s, 1);
	}
}

void
text_base64(struct text *t, const void *bytes, size_t n, size_t width)
{
	static const char set[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *p = bytes;
	size_t i, left, column = 0;
	char *o;
	unsigned v;

	for (i = 0; i < n; i += 3) {
		left = n - i;
		v = (unsigned)p[i] << 16;
		v |= left > 1 ? (unsigned)p[i + 1] << 8 : 0;
		v |= left > 2 ? (unsigned)p[i + 2] : 0;
		o = text_room(t, 5);
		o[0] = set[v >> 18];
		o[1] = set[(v >> 12) & 63];
		o[2] = left > 1 ? set[(v >> 6) & 63] : '=';
		o[3] = left > 2 ? set[v & 63] : '=';
		t->n += 4;
		column += 4;
		if (width > 0 && (column >= width || left <= 3)) {
			o[4] = '\n';
			t->n++;
			column = 0;
		}
	}
}

void
text_hex(struct text *t, struct rng *r, size_t n)
{
	static const char set[] = "0123456789abcdef";
	uint64_t bits = 0;
	char *o = text_room(t, n);
	size_t i;

	for (i = 0; i < n; i++) {
		if (i % 16 == 0)
			bits = rng_next(r);
		o[i] = set[bits & 15];
		bits >>= 4;
	}
	t->n += n;
}

void
text_date(struct text *t, int64_t when)
{
	/* strftime() would ask the locale. */
	static const char days[][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug",
		"Sep", "Oct", "Nov", "Dec" };
	time_t clock = (time_t)when;
	struct tm tm;

	gmtime_r(&clock, &tm);
	text_fmt(t, "%s, %02d %s %d %02d:%02d:%02d +0000", days[tm.tm_wday], tm.tm_mday,
	    months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}
