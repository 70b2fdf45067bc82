#include "parser/normal.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "core/limits.h"

struct str
normal_domain(struct str s, char *to)
{
	if (s.n > 1 && s.p[s.n - 1] == '.')
		s.n--;
	for (size_t i = 0; i < s.n; i++)
		to[i] = (char)(s.p[i] >= 'A' && s.p[i] <= 'Z' ? s.p[i] - 'A' + 'a' : s.p[i]);
	return (struct str){ to, s.n };
}

struct str
normal_line(struct str s, char *to)
{
	size_t n = 0;
	bool gap = false;

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
			gap = n > 0;
			continue;
		}
		if (gap)
			to[n++] = ' ';
		gap = false;
		to[n++] = c;
	}
	return (struct str){ to, n };
}

struct str
normal_keyword(struct str s)
{
	while (s.n > 0 && s.p[s.n - 1] == ';')
		s = str_trim((struct str){ s.p, s.n - 1 });
	return s;
}

struct str
normal_report_id(struct str s)
{
	if (s.n < 2 || s.p[0] != '<' || s.p[s.n - 1] != '>')
		return s;
	return str_trim((struct str){ s.p + 1, s.n - 2 });
}

struct str
normal_cut(struct str s, size_t max)
{
	if (s.n <= max)
		return s;
	while (max > 0 && ((unsigned char)s.p[max] & 0xC0) == 0x80)
		max--;
	return (struct str){ s.p, max };
}

int
normal_count(struct str s, uint64_t *out)
{
	return str_u64(s, LIMIT_COUNT, out);
}

int
normal_time(struct str s, int64_t *out)
{
	const char *dot = s.n > 0 ? memchr(s.p, '.', s.n) : NULL;
	struct str whole = { s.p, dot != NULL ? (size_t)(dot - s.p) : s.n };
	uint64_t v;

	if (str_u64(whole, INT64_MAX, &v) != 0)
		return -1;
	for (size_t i = whole.n + 1; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return -1;
	*out = (int64_t)v;
	return dot != NULL;
}

struct address
normal_address(struct str s)
{
	struct address a = { 0 };
	char text[INET6_ADDRSTRLEN];

	if (s.n == 0 || s.n >= sizeof(text))
		return a;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	if (inet_pton(AF_INET, text, a.b) == 1)
		a.family = 4;
	else if (inet_pton(AF_INET6, text, a.b) == 1)
		a.family = 6;
	return a;
}
