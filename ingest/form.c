#include "ingest/form.h"

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

void
form_encode(struct buf *out, struct str value)
{
	static const char plain[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
	static const char hex[] = "0123456789ABCDEF";

	for (size_t i = 0; i < value.n; i++) {
		unsigned char c = (unsigned char)value.p[i];

		if (memchr(plain, c, sizeof(plain) - 1) != NULL) {
			buf_put8(out, c);
			continue;
		}
		buf_put8(out, '%');
		buf_put8(out, (uint8_t)hex[c >> 4]);
		buf_put8(out, (uint8_t)hex[c & 15]);
	}
}

void
form_put(struct buf *out, const char *name, struct str value)
{
	if (out->n > 0)
		buf_put8(out, '&');
	buf_puts(out, str_of(name));
	buf_put8(out, '=');
	form_encode(out, value);
}

static int
decode(struct str value, struct buf *out)
{
	for (size_t i = 0; i < value.n; i++) {
		int c = value.p[i] == '+' ? ' ' : (unsigned char)value.p[i];

		if (c == '%') {
			int high = i + 2 < value.n ? hex_value(value.p[i + 1]) : -1;
			int low = high >= 0 ? hex_value(value.p[i + 2]) : -1;

			if (low < 0)
				return -1;
			c = high * 16 + low;
			i += 2;
		}
		if (c == 0)
			return -1;
		buf_put8(out, (uint8_t)c);
	}
	return 0;
}

int
form_get(struct str form, const char *name, struct buf *out)
{
	struct str wanted = str_of(name);
	int found = 0;

	while (form.n > 0) {
		const char *end = memchr(form.p, '&', form.n);
		struct str field = { form.p, end != NULL ? (size_t)(end - form.p) : form.n };
		size_t skip = field.n + (end != NULL);

		if (field.n > wanted.n && field.p[wanted.n] == '=' &&
		    memcmp(field.p, wanted.p, wanted.n) == 0) {
			struct str value = { field.p + wanted.n + 1, field.n - wanted.n - 1 };

			if (found++ > 0 || decode(value, out) < 0)
				return -1;
		}
		form.p += skip;
		form.n -= skip;
	}
	return found;
}
