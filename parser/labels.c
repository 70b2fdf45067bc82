#include "parser/labels.h"

#include <string.h>

/* How much of a text is looked at for the lines that tell what it is. */
#define PLAIN_BYTES ((size_t)4 << 10)

bool
labels_next(struct str *rest, struct str *label, struct str *value)
{
	const char *end = rest->n > 0 ? memchr(rest->p, '\n', rest->n) : NULL;
	size_t n = end != NULL ? (size_t)(end - rest->p) + 1 : rest->n;
	const char *colon = n > 0 ? memchr(rest->p, ':', n) : NULL;
	size_t before = colon != NULL ? (size_t)(colon - rest->p) : n;

	*label = str_trim((struct str){ rest->p, before });
	*value = (struct str){ NULL, 0 };
	if (colon != NULL)
		*value = str_trim((struct str){ colon + 1, n - before - 1 });
	if (n == 0)
		return false;
	*rest = (struct str){ rest->p + n, rest->n - n };
	return true;
}

bool
labels_end(struct str line)
{
	return str_casestarts(line, STR("------"));
}

bool
labels_are_failure(struct str text)
{
	struct str label, value;
	bool domain = false, address = false, result = false;

	if (text.n > PLAIN_BYTES)
		text.n = PLAIN_BYTES;
	while (labels_next(&text, &label, &value) && !labels_end(label)) {
		domain |= str_caseeq(label, STR("sender domain"));
		address |= str_caseeq(label, STR("sender ip address"));
		result |= str_caseeq(label, STR("spf alignment")) ||
		    str_caseeq(label, STR("dkim alignment")) ||
		    str_caseeq(label, STR("dmarc results"));
	}
	return domain && address && result;
}
