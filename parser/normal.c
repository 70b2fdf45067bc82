#include "parser/normal.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "core/limits.h"

#define FINER UINT64_C(100000000000) /* seconds end in the year 5138 */

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

static bool
all_digits(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return true;
}

int
normal_count(struct str s, uint64_t *out)
{
	const char *dot;

	if (str_u64(s, LIMIT_COUNT, out) == 0)
		return 0;
	dot = s.n > 0 ? memchr(s.p, '.', s.n) : NULL;
	if (dot == NULL)
		return -1;
	for (const char *p = dot + 1; p < s.p + s.n; p++)
		if (*p != '0')
			return -1;
	return str_u64((struct str){ s.p, (size_t)(dot - s.p) }, LIMIT_COUNT, out) == 0 ? 1 : -1;
}

/* The number of exactly ${digits} digits that opens ${s}, which moves behind it and ${then}. */
static bool
take_number(struct str *s, size_t digits, char then, unsigned max, unsigned *out)
{
	uint64_t v;

	if (s->n < digits || str_u64((struct str){ s->p, digits }, max, &v) != 0)
		return false;
	*s = (struct str){ s->p + digits, s->n - digits };
	*out = (unsigned)v;
	if (then == '\0')
		return true;
	if (s->n == 0 || s->p[0] != then)
		return false;
	*s = (struct str){ s->p + 1, s->n - 1 };
	return true;
}

/* Days from 1970 to a day of the Gregorian calendar; false when there is no such day. */
static bool
take_date(struct str *s, int64_t *days)
{
	static const unsigned char lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	static const unsigned short before[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304,
		334 };
	unsigned year, month, day;
	int64_t past;
	bool leap;

	if (!take_number(s, 4, '-', 9999, &year) || !take_number(s, 2, '-', 12, &month) ||
	    !take_number(s, 2, '\0', 31, &day) || year == 0 || month == 0 || day == 0)
		return false;
	leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	if (day > lengths[month - 1] + (unsigned)(leap && month == 2))
		return false;
	past = (int64_t)year - 1;
	*days = past * 365 + past / 4 - past / 100 + past / 400 - 719162 + before[month - 1] +
	    (leap && month > 2) + day - 1;
	return true;
}

/* "Z", "UTC", "+01:00", "-0500", "+01", or nothing: seconds to take away. */
static bool
take_zone(struct str s, int64_t *seconds)
{
	unsigned hours, minutes = 0;
	char sign;

	s = str_trim(s);
	*seconds = 0;
	if (s.n == 0 || str_caseeq(s, STR("Z")) || str_caseeq(s, STR("UTC")) ||
	    str_caseeq(s, STR("GMT")))
		return true;
	sign = s.p[0];
	s = (struct str){ s.p + 1, s.n - 1 };
	if ((sign != '+' && sign != '-') || !take_number(&s, 2, '\0', 14, &hours))
		return false;
	if (s.n > 0 && s.p[0] == ':')
		s = (struct str){ s.p + 1, s.n - 1 };
	if (s.n > 0 && (!take_number(&s, 2, '\0', 59, &minutes) || s.n > 0))
		return false;
	*seconds = (int64_t)hours * 3600 + (int64_t)minutes * 60;
	if (sign == '-')
		*seconds = -*seconds;
	return true;
}

/* ISO 8601 in its long form, also with a blank for the T. */
static int
calendar(struct str s, int64_t *out)
{
	unsigned hour = 0, minute = 0, second = 0;
	int64_t days, zone = 0;

	if (!take_date(&s, &days))
		return -1;
	if (s.n > 0 && s.p[0] != 'T' && s.p[0] != 't' && s.p[0] != ' ')
		return -1;
	if (s.n > 0) {
		s = (struct str){ s.p + 1, s.n - 1 };
		if (!take_number(&s, 2, ':', 23, &hour) || !take_number(&s, 2, '\0', 59, &minute))
			return -1;
		if (s.n > 0 && s.p[0] == ':') {
			s = (struct str){ s.p + 1, s.n - 1 };
			if (!take_number(&s, 2, '\0', 60, &second))
				return -1;
		}
		if (s.n > 0 && s.p[0] == '.')
			do
				s = (struct str){ s.p + 1, s.n - 1 };
			while (s.n > 0 && s.p[0] >= '0' && s.p[0] <= '9');
		if (!take_zone(s, &zone))
			return -1;
	}
	*out = days * 86400 + hour * 3600 + minute * 60 + second - zone;
	return TIME_CALENDAR;
}

int
normal_time(struct str s, int64_t *out)
{
	const char *dot = s.n > 0 ? memchr(s.p, '.', s.n) : NULL;
	struct str whole = { s.p, dot != NULL ? (size_t)(dot - s.p) : s.n };
	struct str rest = { NULL, 0 };
	uint64_t v;
	int how;

	if (dot != NULL)
		rest = (struct str){ dot + 1, s.n - whole.n - 1 };
	if (!all_digits(whole) || !all_digits(rest))
		return calendar(s, out);
	if (str_u64(whole, INT64_MAX, &v) != 0)
		return -1;
	how = v >= FINER ? TIME_FINER : dot != NULL ? TIME_FRACTION : TIME_PLAIN;
	while (v >= FINER)
		v /= 1000;
	*out = (int64_t)v;
	return how;
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

/* ":" and a port. */
static bool
is_port(struct str s)
{
	uint64_t port;

	return s.n > 1 && s.p[0] == ':' &&
	    str_u64((struct str){ s.p + 1, s.n - 1 }, 65535, &port) == 0;
}

/* An address without what some write around it; all of ${s} when that is not understood. */
static struct str
undress(struct str s)
{
	struct str label = STR("ipv6:");
	const char *end = NULL;
	size_t open = 0;

	if (s.n > 0 && s.p[0] == '[') {
		end = memchr(s.p, ']', s.n);
		open = 1;
	} else if (!str_casestarts(s, label)) {
		end = memchr(s.p, ':', s.n);
		end = end != NULL && is_port((struct str){ end, s.n - (size_t)(end - s.p) }) ? end
											     : NULL;
	}
	if (open == 1 && end == NULL)
		return s;
	if (open == 1 && end + 1 < s.p + s.n &&
	    !is_port((struct str){ end + 1, s.n - (size_t)(end + 1 - s.p) }))
		return s;
	if (end != NULL)
		s = (struct str){ s.p + open, (size_t)(end - s.p) - open };
	if (str_casestarts(s, label))
		s = (struct str){ s.p + label.n, s.n - label.n };
	end = s.n > 0 ? memchr(s.p, '%', s.n) : NULL;
	if (end != NULL)
		s.n = (size_t)(end - s.p);
	return str_trim(s);
}

struct address
normal_client(struct str s, bool *plain)
{
	static const unsigned char mapped[12] = { [10] = 0xFF, [11] = 0xFF };
	struct address a = normal_address(s);

	*plain = a.family != 0;
	if (a.family == 0 && s.n > 0 && s.n <= LIMIT_NAME_BYTES)
		a = normal_address(undress(s));
	if (a.family == 6 && memcmp(a.b, mapped, sizeof(mapped)) == 0) {
		memmove(a.b, a.b + sizeof(mapped), 4);
		memset(a.b + 4, 0, sizeof(a.b) - 4);
		a.family = 4;
		*plain = false;
	}
	return a;
}
