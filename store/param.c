#include "store/param.h"

#include <time.h>

void
param_init(struct buf *params, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_init(&params[i], SIZE_MAX / 2);
}

void
param_fini(struct buf *params, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_fini(&params[i]);
}

void
param_close(struct buf *params, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_puts(&params[i], params[i].n == 0 ? STR("{}\0") : STR("}\0"));
}

static void
separate(struct buf *param)
{
	buf_put8(param, param->n == 0 ? '{' : ',');
}

void
param_add_int(struct buf *param, int64_t v)
{
	uint64_t rest = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
	char text[24];
	size_t at = sizeof(text);

	do
		text[--at] = (char)('0' + rest % 10);
	while ((rest /= 10) > 0);
	if (v < 0)
		text[--at] = '-';
	separate(param);
	buf_put(param, text + at, sizeof(text) - at);
}

void
param_add_word(struct buf *param, const char *word)
{
	separate(param);
	buf_puts(param, str_of(word != NULL ? word : "NULL"));
}

void
param_add_text(struct buf *param, struct str s)
{
	separate(param);
	buf_put8(param, '"');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"' || s.p[i] == '\\')
			buf_put8(param, '\\');
		buf_put(param, s.p + i, 1);
	}
	buf_put8(param, '"');
}

void
param_add_key(struct buf *param, struct key k)
{
	static const char digits[] = "0123456789abcdef";
	char text[2 * sizeof(k.b)];

	for (size_t i = 0; i < sizeof(k.b); i++) {
		text[2 * i] = digits[k.b[i] >> 4];
		text[2 * i + 1] = digits[k.b[i] & 15];
	}
	separate(param);
	buf_put(param, text, sizeof(text));
}

void
param_add_date(struct buf *param, int32_t day)
{
	time_t t = (time_t)day * 86400;
	struct tm tm;

	gmtime_r(&t, &tm);
	separate(param);
	buf_printf(param, "%04d-%02d-%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
}
