#include "parser/rfc3339.h"

#include "core/limits.h"

/* Take ${n} digits off ${s}: their number, or -1. */
static int
digits(struct str *s, size_t n)
{
	uint64_t v;

	if (s->n < n || str_u64((struct str){ s->p, n }, INT32_MAX, &v) != 0)
		return -1;
	*s = (struct str){ s->p + n, s->n - n };
	return (int)v;
}

/* Take one byte off ${s} if it is one of ${set}. */
static bool
one_of(struct str *s, struct str set)
{
	if (s->n == 0 || memchr(set.p, s->p[0], set.n) == NULL)
		return false;
	*s = (struct str){ s->p + 1, s->n - 1 };
	return true;
}

static int
month_days(int year, int month)
{
	static const unsigned char days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

/* Days from 1970-01-01; years of 365 days and the leap days before them. */
static int64_t
day_number(int year, int month, int day)
{
	int64_t before = year - 1;
	int64_t days = 365 * (int64_t)(year - 1970) + before / 4 - before / 100 + before / 400 -
	    (1969 / 4 - 1969 / 100 + 1969 / 400);

	for (int m = 1; m < month; m++)
		days += month_days(year, m);
	return days + day - 1;
}

/* "Z", "+02:00", "-0700" or nothing: seconds east of UTC; false when it is none of these. */
static bool
zone(struct str *s, int64_t *east, int *bits)
{
	bool west;
	int hours, minutes;

	*east = 0;
	if (s->n == 0)
		*bits |= RFC3339_NO_ZONE;
	if (s->n == 0 || one_of(s, STR("Zz")))
		return true;
	west = s->p[0] == '-';
	if (!one_of(s, STR("+-")))
		return false;
	hours = digits(s, 2);
	one_of(s, STR(":"));
	minutes = digits(s, 2);
	if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
		return false;
	*east = (west ? -60 : 60) * (int64_t)(hours * 60 + minutes);
	return true;
}

int
rfc3339_parse(struct str s, int64_t *out)
{
	int year, month, day, hour, minute, second;
	int64_t east;
	int bits = 0;
	bool shape;

	year = digits(&s, 4);
	shape = year >= 1 && one_of(&s, STR("-"));
	month = digits(&s, 2);
	shape = shape && month >= 1 && month <= 12 && one_of(&s, STR("-"));
	day = digits(&s, 2);
	shape = shape && day >= 1 && day <= month_days(year, month) && one_of(&s, STR("Tt "));
	hour = digits(&s, 2);
	shape = shape && hour >= 0 && hour <= 23 && one_of(&s, STR(":"));
	minute = digits(&s, 2);
	shape = shape && minute >= 0 && minute <= 59 && one_of(&s, STR(":"));
	second = digits(&s, 2);
	if (!shape || second < 0 || second > 60)
		return -1;
	if (one_of(&s, STR(".,"))) {
		bits |= RFC3339_FRACTION;
		if (digits(&s, 1) < 0)
			return -1;
		while (digits(&s, 1) >= 0)
			;
	}
	if (!zone(&s, &east, &bits) || s.n > 0)
		return -1;
	*out = day_number(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - east;
	return bits;
}
