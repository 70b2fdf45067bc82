#include "dashboard/json.h"

#include <jansson.h>

#include "core/text.h"

int
json_strings(struct arena *a, struct str text, const char *const *names, size_t n,
    struct str *values, struct err *e)
{
	json_error_t why;
	json_t *object =
	    json_loadb(text.p != NULL ? text.p : "", text.n, JSON_REJECT_DUPLICATES, &why);
	size_t known = 0;
	int rc = -1;

	if (!json_is_object(object)) {
		err_set(e, ERR_MESSAGE, "the request's body is no JSON object%s%s",
		    object == NULL ? ": " : "", object == NULL ? why.text : "");
		goto out;
	}
	for (size_t i = 0; i < n; i++) {
		json_t *v = json_object_get(object, names[i]);

		values[i] = (struct str){ NULL, 0 };
		if (v == NULL)
			continue;
		known++;
		if (!json_is_string(v)) {
			err_set(e, ERR_MESSAGE, "\"%s\" is no string", names[i]);
			goto out;
		}
		values[i] =
		    arena_str(a, (struct str){ json_string_value(v), json_string_length(v) });
		if (values[i].p == NULL) {
			err_set(e, ERR_MESSAGE, "\"%s\" is too long", names[i]);
			goto out;
		}
	}
	if (known < json_object_size(object)) {
		err_set(e, ERR_MESSAGE, "the request's body has members that are not known here");
		goto out;
	}
	rc = 0;
out:
	json_decref(object);
	return rc;
}

static void put_value(struct buf *out, const json_t *v);

/* Elements with "; " between them, the values of an element with blanks. */
static void
put_list(struct buf *out, const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		buf_puts(out, i > 0 ? STR("; ") : STR(""));
		put_value(out, json_array_get(list, i));
	}
}

static void
put_value(struct buf *out, const json_t *v)
{
	const char *key;
	json_t *member;
	size_t n = 0;

	switch (json_typeof(v)) {
	case JSON_OBJECT:
		json_object_foreach((json_t *)(uintptr_t)v, key, member) if (!json_is_null(member))
		{
			buf_puts(out, n++ > 0 ? STR(" ") : STR(""));
			put_value(out, member);
		}
		break;
	case JSON_ARRAY:
		put_list(out, v);
		break;
	case JSON_STRING:
		buf_put(out, json_string_value(v), json_string_length(v));
		break;
	case JSON_INTEGER:
		buf_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
		break;
	case JSON_REAL: /* a percentage: as many digits as it needs */
		buf_printf(out, "%.12g", json_real_value(v));
		break;
	case JSON_TRUE:
		buf_puts(out, STR("true"));
		break;
	case JSON_FALSE:
		buf_puts(out, STR("false"));
		break;
	default:
		break;
	}
}

static void
put_head(struct buf *out, json_t *row)
{
	const char *key;
	json_t *v;
	size_t n = 0;

	json_object_foreach(row, key, v)
	{
		buf_puts(out, n++ > 0 ? STR(",") : STR(""));
		text_csv(out, str_of(key));
	}
	buf_puts(out, STR("\r\n"));
}

static void
put_row(struct buf *out, json_t *row, struct buf *field)
{
	const char *key;
	json_t *v;
	size_t n = 0;

	json_object_foreach(row, key, v)
	{
		buf_puts(out, n++ > 0 ? STR(",") : STR(""));
		buf_reset(field);
		put_value(field, v);
		text_csv(out, buf_str(field));
	}
	buf_puts(out, STR("\r\n"));
}

/* Step over white space and then ${token}; false where it does not stand there. */
static bool
step(struct str *rest, struct str token)
{
	size_t blanks = 0;

	while (blanks < rest->n && memchr(" \t\r\n", rest->p[blanks], 4) != NULL)
		blanks++;
	if (rest->n - blanks < token.n || memcmp(rest->p + blanks, token.p, token.n) != 0)
		return false;
	rest->p += blanks + token.n;
	rest->n -= blanks + token.n;
	return true;
}

/* Whether the last page is not reached: "next" is something else than null. */
static int
has_next(struct str rest, bool *more)
{
	struct buf whole;
	json_error_t why;
	json_t *object;

	buf_init(&whole, rest.n + 1);
	buf_put8(&whole, '{');
	buf_puts(&whole, rest);
	object = json_loadb(whole.p, whole.n, 0, &why);
	buf_fini(&whole);
	*more = json_object_get(object, "next") != NULL &&
	    !json_is_null(json_object_get(object, "next"));
	json_decref(object);
	return object != NULL ? 0 : -1;
}

int
json_csv(struct str text, struct buf *out, bool *more, struct err *e)
{
	struct str rest = text;
	struct buf field;
	json_error_t why;
	size_t n = 0;
	int rc = -1;

	buf_init(&field, SIZE_MAX / 2);
	if (!step(&rest, STR("{")) || !step(&rest, STR("\"rows\"")) || !step(&rest, STR(":")) ||
	    !step(&rest, STR("[")))
		goto out;
	while (!step(&rest, STR("]"))) {
		json_t *row;

		if (n > 0 && !step(&rest, STR(",")))
			goto out;
		row = json_loadb(rest.p, rest.n, JSON_DISABLE_EOF_CHECK, &why);
		if (!json_is_object(row)) {
			json_decref(row);
			goto out;
		}
		if (n++ == 0)
			put_head(out, row);
		put_row(out, row, &field);
		json_decref(row);
		rest.p += why.position;
		rest.n -= (size_t)why.position;
	}
	rc = step(&rest, STR(",")) ? has_next(rest, more) : -1;
out:
	buf_fini(&field);
	return rc == 0 ? 0 : err_set(e, ERR_CONFIG, "an answer of the database is no table");
}
