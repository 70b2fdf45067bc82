#include "cli/size.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "core/str.h"

int
size_parse(const char *text, uint64_t *bytes)
{
	static const char *const units[] = { "B", "KB", "MB", "GB" };
	struct str s = str_trim(str_of(text));
	size_t digits = 0;
	struct str unit;
	uint64_t n;

	while (digits < s.n && s.p[digits] >= '0' && s.p[digits] <= '9')
		digits++;
	if (str_u64((struct str){ s.p, digits }, INT64_MAX, &n) != 0)
		return -1;
	unit = str_trim((struct str){ s.p + digits, s.n - digits });
	if (unit.n == 0) {
		*bytes = n;
		return 0;
	}
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (str_caseeq(unit, str_of(units[i])) && n <= (uint64_t)INT64_MAX >> (10 * i)) {
			*bytes = n << (10 * i);
			return 0;
		}
	return -1;
}

const char *
size_text(uint64_t bytes, char room[SIZE_TEXT_BYTES])
{
	static const char *const units[] = { "KB", "MB", "GB", "TB" };
	double v = (double)bytes / 1024;
	size_t unit = 0;

	for (; v >= 1024 && unit < 3; unit++)
		v /= 1024;
	snprintf(room, SIZE_TEXT_BYTES, "%.1f %s", v, units[unit]);
	return room;
}
