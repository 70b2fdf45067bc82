#include "dashboard/param.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <time.h>

#include "core/limits.h"

#define PAGE "100" /* rows where nothing is said */
#define DAY 86400

static bool
is_digits(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s[i] < '0' || s[i] > '9')
			return false;
	return true;
}

static unsigned
number(const char *s, size_t n)
{
	unsigned v = 0;

	for (size_t i = 0; i < n; i++)
		v = v * 10 + (unsigned)(s[i] - '0');
	return v;
}

static bool
is_day(struct str s)
{
	static const unsigned char days[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	unsigned year, month, day;

	if (s.n != 10 || s.p[4] != '-' || s.p[7] != '-' || !is_digits(s.p, 4) ||
	    !is_digits(s.p + 5, 2) || !is_digits(s.p + 8, 2))
		return false;
	year = number(s.p, 4);
	month = number(s.p + 5, 2);
	day = number(s.p + 8, 2);
	return year >= 1970 && year < 2200 && month >= 1 && month <= 12 && day >= 1 &&
	    day <= days[month - 1] &&
	    (month != 2 || day < 29 || (year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)));
}

static bool
is_word(struct str s, const char *words)
{
	for (const char *w = words; *w != '\0'; w += *w == ' ') {
		size_t n = strcspn(w, " ");

		if (str_eq(s, (struct str){ w, n }))
			return true;
		w += n;
	}
	return false;
}

/* As inet_pton takes them; PostgreSQL's inet takes these and more. */
static bool
is_network(struct str s)
{
	const char *slash = memchr(s.p, '/', s.n);
	struct str bits = { NULL, 0 };
	char address[INET6_ADDRSTRLEN] = "";
	unsigned char room[16];
	uint64_t n = 0;

	if (slash != NULL) {
		bits = (struct str){ slash + 1, s.n - (size_t)(slash + 1 - s.p) };
		s.n = (size_t)(slash - s.p);
	}
	if (s.n >= sizeof(address) || (slash != NULL && str_u64(bits, 128, &n) < 0))
		return false;
	memcpy(address, s.p, s.n);
	if (inet_pton(AF_INET, address, room) == 1)
		return n <= 32;
	return inet_pton(AF_INET6, address, room) == 1;
}

static bool
is_key(struct str s)
{
	if (s.n != 36)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (i == 8 || i == 13 || i == 18 || i == 23
			? s.p[i] != '-'
			: !((s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'a' && s.p[i] <= 'f')))
			return false;
	return true;
}

/* What is wrong with ${s} as ${p}, or NULL. */
static const char *
objection(const struct param *p, struct str s)
{
	uint64_t n;

	if (s.n > LIMIT_PARAMETER_BYTES)
		return "is too long";
	if (str_utf8(s) != s.n)
		return "is not UTF-8, or has a NUL";
	switch (p->kind) {
	case PARAM_DAY:
	case PARAM_FROM:
		return is_day(s) ? NULL : "is no day like 2026-11-21";
	case PARAM_WORD:
		return is_word(s, p->words) ? NULL : "is none of the words it can be";
	case PARAM_NETWORK:
	case PARAM_NETWORK_OF_DOMAIN:
		return is_network(s) ? NULL : "is neither an address nor a network";
	case PARAM_KEY:
		return is_key(s) ? NULL : "is no UUID";
	case PARAM_LIMIT:
		return str_u64(s, LIMIT_PAGE_ROWS, &n) == 0 && n > 0
		    ? NULL
		    : "is no number from 1 to 1000";
	default:
		return NULL;
	}
}

static const struct param *
find(const struct param *params, struct str name, size_t *i)
{
	for (*i = 0; params[*i].name != NULL; ++*i)
		if (str_eq(name, str_of(params[*i].name)))
			return &params[*i];
	return NULL;
}

static int
take(const struct request *q, const struct field *f, const struct param *params,
    const char **values, bool *given, const char **culprit, struct err *e)
{
	size_t i;
	const struct param *p = find(params, f->name, &i);
	const char *why;
	struct str copy;

	*culprit = p != NULL ? p->name : arena_str(q->arena, f->name).p;
	if (p == NULL)
		return err_set(
		    e, ERR_MESSAGE, "\"%.*s\" is no parameter of this", STR_ARG(f->name));
	if (given[i])
		return err_set(e, ERR_MESSAGE, "\"%s\" is given twice", p->name);
	given[i] = true;
	if (f->value.n == 0)
		return 0;
	why = objection(p, f->value);
	if (why != NULL)
		return err_set(e, ERR_MESSAGE, "\"%s\" %s", p->name, why);
	copy = arena_str(q->arena, f->value);
	if (copy.p == NULL)
		return err_set(e, ERR_MESSAGE, "\"%s\" is too long", p->name);
	values[i] = copy.p;
	return 0;
}

/* Days since 1970 of what is_day took; of today where nothing was said. */
static int64_t
day_number(const char *day)
{
	struct tm tm = { 0 };

	if (day == NULL)
		return time(NULL) / DAY;
	tm.tm_year = (int)number(day, 4) - 1900;
	tm.tm_mon = (int)number(day + 5, 2) - 1;
	tm.tm_mday = (int)number(day + 8, 2);
	return timegm(&tm) / DAY;
}

static int
check_period(const struct param *params, const char **values, const char **culprit, struct err *e)
{
	for (size_t i = 0; params[i].name != NULL; i++) {
		if (params[i].kind != PARAM_FROM || values[i] == NULL ||
		    day_number(values[i + 1]) - day_number(values[i]) < LIMIT_PERIOD_DAYS)
			continue;
		*culprit = params[i].name;
		return err_set(e, ERR_MESSAGE, "\"%s\" is more than %d days before the end",
		    params[i].name, LIMIT_PERIOD_DAYS);
	}
	return 0;
}

int
params_read(const struct request *q, const struct param *params, const char **values,
    const char **culprit, struct err *e)
{
	bool given[PARAMS_MOST] = { false };

	for (size_t i = 0; params[i].name != NULL; i++)
		values[i] = params[i].kind == PARAM_LIMIT ? PAGE : NULL;
	for (size_t i = 0; i < q->nquery; i++)
		if (take(q, &q->query[i], params, values, given, culprit, e) < 0)
			return -1;
	for (size_t i = 0; params[i].name != NULL; i++)
		if (params[i].required && values[i] == NULL) {
			*culprit = params[i].name;
			return err_set(e, ERR_MESSAGE, "\"%s\" is missing", params[i].name);
		}
	for (size_t i = 0; params[i].name != NULL; i++)
		if (params[i].kind == PARAM_NETWORK_OF_DOMAIN && values[i] != NULL &&
		    values[0] == NULL) {
			*culprit = params[i].name;
			return err_set(
			    e, ERR_MESSAGE, "\"%s\" is for one domain alone", params[i].name);
		}
	*culprit = NULL;
	return check_period(params, values, culprit, e);
}
