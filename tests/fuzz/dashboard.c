/* dashboard.c - what browsers send and what the database answers: JSON bodies, CSV, parameters. */
#include <stdint.h>
#include <stdlib.h>

#include "core/limits.h"
#include "dashboard/json.h"
#include "dashboard/param.h"
#include "dashboard/response.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct param params[] = { { "domain", PARAM_TEXT, false, NULL },
	{ "from", PARAM_FROM, false, NULL }, { "to", PARAM_DAY, false, NULL },
	{ "within", PARAM_NETWORK_OF_DOMAIN, false, NULL }, { "key", PARAM_KEY, false, NULL },
	{ "sort", PARAM_WORD, false, "one two three" }, { "limit", PARAM_LIMIT, false, NULL },
	{ NULL, PARAM_TEXT, false, NULL } };

static void
try_body(struct arena *a, struct str text)
{
	static const char *const names[] = { "name", "password" };
	struct str values[2];
	struct err e;

	if (json_strings(a, text, names, 2, values, &e) == 0)
		for (size_t i = 0; i < 2; i++)
			if (values[i].n > 0 && memchr(values[i].p, '\0', values[i].n) != NULL)
				abort();
}

static void
try_csv(struct str text)
{
	struct buf out;
	struct err e;
	bool more;

	buf_init(&out, 16u << 20);
	json_csv(text, &out, &more, &e);
	buf_fini(&out);
}

static void
try_parameters(struct arena *a, struct str text)
{
	struct field query[8];
	struct request q = { .query = query, .arena = a };
	const char *values[PARAMS_MOST], *culprit;
	struct err e;

	while (q.nquery < 8 && text.n > 0) {
		const char *end = memchr(text.p, '&', text.n);
		size_t n = end != NULL ? (size_t)(end - text.p) : text.n;
		const char *is = memchr(text.p, '=', n);
		size_t name = is != NULL ? (size_t)(is - text.p) : n;

		query[q.nquery++] = (struct field){ { text.p, name },
			{ is != NULL ? is + 1 : text.p + n, is != NULL ? n - name - 1 : 0 } };
		text.p += n + (end != NULL);
		text.n -= n + (end != NULL);
	}
	if (params_read(&q, params, values, &culprit, &e) == 0 && culprit != NULL)
		abort();
}

static void
try_headers(struct arena *a, struct str text)
{
	struct request q = { .if_none_match = text, .accept_encoding = text, .arena = a };
	struct response r;

	response_init(&r);
	for (int i = 0; i < 100; i++)
		buf_puts(&r.body, STR("0123456789abcdef"));
	response_encode(&r, &q);
	response_fini(&r);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };
	struct arena *a;

	if (size > LIMIT_HTTP_BODY)
		return 0;
	a = arena_new(LIMIT_HTTP_ARENA);
	try_body(a, text);
	try_csv(text);
	try_parameters(a, text);
	try_headers(a, text);
	arena_free(a);
	return 0;
}
