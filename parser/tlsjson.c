#include "parser/tlsjson.h"

#include "core/text.h"

size_t
tlsjson_values(struct str json)
{
	size_t n = 1;
	bool in_string = false;

	for (size_t i = 0; i < json.n; i++) {
		char c = json.p[i];

		if (in_string && c == '\\')
			i++;
		else if (c == '"')
			in_string = !in_string;
		else if (!in_string && (c == ',' || c == '{' || c == '['))
			n++;
	}
	return n;
}

json_t *
tlsjson_load(struct str json, struct buf *repaired, struct quirks *quirks, json_error_t *why)
{
	size_t flags = JSON_REJECT_DUPLICATES;

	for (;;) {
		json_t *root = json_loadb(json.p, json.n, flags, why);
		enum json_error_code code = json_error_code(why);

		if (root != NULL)
			return root;
		if (code == json_error_duplicate_key && (flags & JSON_REJECT_DUPLICATES) != 0) {
			flags &= ~(size_t)JSON_REJECT_DUPLICATES;
			quirks_add(quirks, "tls-duplicate-key", str_of(why->text));
		} else if (code == json_error_end_of_input_expected &&
		    (flags & JSON_DISABLE_EOF_CHECK) == 0) {
			flags |= JSON_DISABLE_EOF_CHECK;
			quirks_add(quirks, "tls-bytes-after-end", (struct str){ NULL, 0 });
		} else if (code == json_error_numeric_overflow &&
		    (flags & JSON_DECODE_INT_AS_REAL) == 0) {
			flags |= JSON_DECODE_INT_AS_REAL;
		} else if (code == json_error_invalid_utf8 && json.p != repaired->p) {
			buf_reset(repaired);
			text_utf8(repaired, json);
			json = buf_str(repaired);
			quirks_add(quirks, "tls-not-utf8", (struct str){ NULL, 0 });
		} else {
			return NULL;
		}
	}
}
