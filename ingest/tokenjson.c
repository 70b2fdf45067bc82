#include "ingest/tokenjson.h"

#include <jansson.h>
#include <malloc.h>
#include <stdlib.h>

#define NUMBER_MOST INT64_C(1000000000000)

/* The object is jansson's own: this type only keeps it apart. */
static json_t *
object_of(const struct tokenjson *t)
{
	return (json_t *)(uintptr_t)t;
}

static void
wipe_and_free(void *p)
{
	if (p != NULL)
		explicit_bzero(p, malloc_usable_size(p));
	free(p);
}

/* From the first object on; what was taken before is given back the same way. */
static void
keep_clean(void)
{
	static int done;

	if (done == 0)
		json_set_alloc_funcs(malloc, wipe_and_free);
	done = 1;
}

struct tokenjson *
tokenjson_new(void)
{
	json_t *object;

	keep_clean();
	object = json_object();
	if (object == NULL)
		abort();
	return (struct tokenjson *)object;
}

struct tokenjson *
tokenjson_parse(struct str text)
{
	json_error_t why;
	json_t *object;

	keep_clean();
	object = json_loadb(text.p != NULL ? text.p : "", text.n, JSON_REJECT_DUPLICATES, &why);
	explicit_bzero(&why, sizeof(why)); /* quotes what stands near an error */
	if (json_is_object(object))
		return (struct tokenjson *)object;
	json_decref(object);
	return NULL;
}

void
tokenjson_free(struct tokenjson *t)
{
	json_decref(object_of(t));
}

const char *
tokenjson_text(const struct tokenjson *t, const char *name)
{
	const char *text = json_string_value(json_object_get(object_of(t), name));

	return text != NULL && text[0] != '\0' ? text : NULL;
}

int64_t
tokenjson_number(const struct tokenjson *t, const char *name, int64_t otherwise)
{
	const json_t *v = json_object_get(object_of(t), name);
	uint64_t number;

	if (json_is_string(v))
		return str_u64(str_of(json_string_value(v)), NUMBER_MOST, &number) == 0
		    ? (int64_t)number
		    : otherwise;
	if (!json_is_integer(v) || json_integer_value(v) < 0 || json_integer_value(v) > NUMBER_MOST)
		return otherwise;
	return json_integer_value(v);
}

void
tokenjson_put_text(struct tokenjson *t, const char *name, const char *value)
{
	if (value == NULL)
		json_object_del(object_of(t), name);
	else if (json_object_set_new(object_of(t), name, json_string(value)) < 0)
		json_object_del(object_of(t), name); /* no UTF-8 */
}

void
tokenjson_put_number(struct tokenjson *t, const char *name, int64_t value)
{
	if (json_object_set_new(object_of(t), name, json_integer(value)) < 0)
		abort();
}

static int
append(const char *piece, size_t n, void *arg)
{
	buf_put(arg, piece, n);
	return 0;
}

void
tokenjson_write(const struct tokenjson *t, struct buf *out)
{
	if (json_dump_callback(object_of(t), append, out, JSON_INDENT(1) | JSON_SORT_KEYS) < 0)
		abort();
	buf_put8(out, '\n');
}
