#include "dashboard/response.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <zlib.h>

#define BODY "{\"rows\":[],\"total\":0,\"next\":null}"

static void
body_is(const struct response *r, const char *expected)
{
	if (!str_eq(buf_str(&r->body), str_of(expected)))
		fail_msg("%.*s\ninstead of\n%s", STR_ARG(buf_str(&r->body)), expected);
}

/* An answer of ${n} bytes for who takes ${encoding}. */
static void
answer(struct response *r, size_t n, const char *type, const char *encoding)
{
	struct request q = { .accept_encoding = str_of(encoding) };

	response_init(r);
	r->type = type;
	while (r->body.n < n)
		buf_put8(&r->body, (uint8_t)('a' + r->body.n % 7));
	response_encode(r, &q);
}

/* Unpack a gzip file of ${n} such bytes. */
static void
check_gzip(const struct response *r, size_t n)
{
	static unsigned char room[300000];
	z_stream z = { .next_in = (unsigned char *)r->body.p,
		.avail_in = (unsigned)r->body.n,
		.next_out = room,
		.avail_out = sizeof(room) };

	assert_int_equal(inflateInit2(&z, 16 + 15), Z_OK);
	assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
	assert_int_equal(z.avail_in, 0);
	assert_int_equal(z.total_out, n);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(room[i], 'a' + i % 7);
	inflateEnd(&z);
}

static void
begins_empty(void **state)
{
	struct response r;
	const struct request q = { .method = METHOD_GET };

	(void)state;
	response_init(&r);
	assert_int_equal(r.status, 200);
	assert_string_equal(r.type, "application/json");
	assert_true(r.may_change);
	response_encode(&r, &q);
	assert_int_equal(r.status, 200);
	assert_int_equal(r.body.n, 0);
	assert_false(r.gzipped);
	response_fini(&r);
}

static void
refusals(void **state)
{
	struct response r;

	(void)state;
	response_init(&r);
	/* Whatever it was before. */
	buf_puts(&r.body, STR("secret"));
	r.type = "text/csv";
	snprintf(r.cookie, sizeof(r.cookie), "x=y");
	snprintf(r.disposition, sizeof(r.disposition), "attachment");
	snprintf(r.etag, sizeof(r.etag), "\"x\"");
	r.gzipped = true;
	r.may_change = false;
	r.allow = "GET";
	r.fixed = STR("secret");
	r.retry_after = 17;
	response_refuse(&r, 429, "too_many_attempts", NULL, "wait");
	body_is(&r, "{\"error\":{\"code\":\"too_many_attempts\",\"message\":\"wait\"}}");
	assert_int_equal(r.status, 429);
	assert_int_equal(r.retry_after, 0);
	assert_string_equal(r.type, "application/json");
	assert_true(r.cookie[0] == '\0' && r.disposition[0] == '\0' && r.etag[0] == '\0');
	assert_true(!r.gzipped && r.may_change && r.allow == NULL && r.fixed.n == 0);
	response_refuse(&r, 400, "bad_parameter", "a\"b\xFF\x1B", "\"x\"\n\xE2\x80\xAE");
	body_is(&r,
	    "{\"error\":{\"code\":\"bad_parameter\",\"parameter\":\"a\\\"b\xEF\xBF\xBD\\u001b\","
	    "\"message\":\"\\\"x\\\"\\u000a\\u202e\"}}");
	response_refuse(&r, 400, "bad_parameter", "", "");
	body_is(&r, "{\"error\":{\"code\":\"bad_parameter\",\"parameter\":\"\",\"message\":\"\"}}");
	response_fini(&r);
}

/* What went wrong inside is the log's, not the client's. */
static void
failures(void **state)
{
	const struct {
		enum err_kind kind;
		unsigned status;
		const char *code;
		bool again;
	} cases[] = {
		{ ERR_DATABASE, 503, "\"database_away\"", true },
		{ ERR_MESSAGE, 400, "\"bad_parameter\"", false },
		{ ERR_CONFIG, 500, "\"internal\"", false },
		{ ERR_SOURCE, 500, "\"internal\"", false },
		{ ERR_NONE, 500, "\"internal\"", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct response r;
		struct err e;

		err_set(&e, cases[i].kind, "SELECT hunter2");
		response_init(&r);
		response_fail(&r, &e);
		assert_int_equal(r.status, cases[i].status);
		assert_non_null(str_find(buf_str(&r.body), str_of(cases[i].code)));
		assert_null(str_find(buf_str(&r.body), STR("hunter2")));
		assert_int_equal(r.retry_after > 0, cases[i].again);
		response_fini(&r);
	}
}

static void
encode(struct response *r, const char *body, const char *if_none_match)
{
	const struct request q = { .method = METHOD_GET, .if_none_match = str_of(if_none_match) };

	response_init(r);
	buf_puts(&r->body, str_of(body));
	response_encode(r, &q);
}

static void
etags(void **state)
{
	struct response r, other;
	size_t n;

	(void)state;
	encode(&r, BODY, NULL);
	encode(&other, BODY, NULL);
	assert_string_equal(r.etag, other.etag);
	n = strlen(r.etag);
	assert_true(n > 12 && strncmp(r.etag, "W/\"", 3) == 0 && r.etag[n - 1] == '"');
	assert_ptr_equal(strchr(r.etag + 3, '"'), r.etag + n - 1);
	response_fini(&other);
	encode(&other, BODY " ", NULL);
	assert_string_not_equal(r.etag, other.etag);
	response_fini(&other);
	response_fini(&r);
}

static void
not_modified(void **state)
{
	struct response r, first;
	char tag[40], list[200];
	const struct {
		const char *before, *behind; /* the tag without W/; NULL: without the tag */
		unsigned status;
	} cases[] = {
		{ "", "", 304 },
		{ "W/", "", 304 },
		{ "\"x\", ", "", 304 },
		{ "\"x\",W/", " ,\"y\"", 304 },
		{ "\"\", W/\"\", ", "", 304 },
		{ "", NULL, 200 },
		{ "\"\"", NULL, 200 },
		{ "W/\"\"", NULL, 200 },
		{ "\"", NULL, 200 },
		{ "W/", NULL, 200 },
		{ "\"x\"", NULL, 200 },
	};

	(void)state;
	encode(&first, BODY, NULL);
	memcpy(tag, first.etag + 2, sizeof(tag) - 2);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(list, sizeof(list), "%s%s%s", cases[i].before,
		    cases[i].behind != NULL ? tag : "",
		    cases[i].behind != NULL ? cases[i].behind : "");
		encode(&r, BODY, list);
		if (r.status != cases[i].status)
			fail_msg("%s: %u", list, r.status);
		assert_string_equal(r.etag, first.etag);
		body_is(&r, r.status == 304 ? "" : BODY);
		response_fini(&r);
	}
	/* Part of a tag is none, nor is the tag of something else. */
	tag[strlen(tag) - 2] = '\0';
	encode(&r, BODY, tag);
	assert_int_equal(r.status, 200);
	response_fini(&r);
	encode(&r, BODY "x", first.etag);
	assert_int_equal(r.status, 200);
	body_is(&r, BODY "x");
	response_fini(&r);
	response_fini(&first);
}

/* What may be 304: the answer to a GET, when it went well. */
static void
no_etag(void **state)
{
	struct response r;
	struct request q = { .method = METHOD_POST, .if_none_match = STR("*") };

	(void)state;
	response_init(&r);
	buf_puts(&r.body, STR(BODY));
	response_encode(&r, &q);
	assert_int_equal(r.status, 200);
	assert_string_equal(r.etag, "");
	response_fini(&r);
	q.method = METHOD_GET;
	response_init(&r);
	response_refuse(&r, 404, "not_found", NULL, "no");
	response_encode(&r, &q);
	assert_int_equal(r.status, 404);
	assert_string_equal(r.etag, "");
	assert_true(r.body.n > 0);
	response_fini(&r);
	/* What never changes has its own, or none. */
	response_init(&r);
	r.may_change = false;
	buf_puts(&r.body, STR(BODY));
	response_encode(&r, &q);
	assert_string_equal(r.etag, "");
	response_fini(&r);
}

static void
fixed(void **state)
{
	struct response r;
	struct request q = { .method = METHOD_GET, .accept_encoding = STR("gzip") };

	(void)state;
	for (int known = 0; known < 2; known++) {
		response_init(&r);
		r.fixed = STR("\x1F\x8B...");
		r.gzipped = true;
		snprintf(r.etag, sizeof(r.etag), "\"build\"");
		q.if_none_match = known ? STR("W/\"build\"") : STR("\"builds\"");
		response_encode(&r, &q);
		assert_int_equal(r.status, known ? 304 : 200);
		assert_int_equal(r.fixed.n, known ? 0 : 5);
		assert_int_equal(r.gzipped, !known);
		assert_string_equal(r.etag, "\"build\"");
		response_fini(&r);
	}
}

static void
gzip_where_taken(void **state)
{
	const struct {
		const char *accept;
		bool gzip;
	} cases[] = {
		{ NULL, false },
		{ "", false },
		{ "gzip", true },
		{ "gzip, deflate, br, zstd", true },
		{ "deflate, gzip", true },
		{ "br;q=1.0,gzip;q=0.8,*;q=0.1", true },
		{ "gzip;q=1", true },
		{ "gzip;q=1.000", true },
		{ "gzip;q=0.5", true },
		{ "gzip; q=0.5", true },
		{ "gzip ;q=0.05", true },
		{ "gzip;q=0.001", true },
		{ "gzip;q=0", false },
		{ "gzip; q=0", false },
		{ "gzip;q=0.0", false },
		{ "gzip;q=0.000", false },
		{ "gzip;q=0, br;q=1", false },
		{ "br;q=1, gzip;q=0", false },
		{ "br;q=0, gzip", true },
		{ "gzip, br;q=0", true },
		{ "identity", false },
		{ "identity;q=1, br", false },
		{ "gzi", false },
		{ "deflate", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct response r;

		answer(&r, 5000, "application/json", cases[i].accept);
		if (r.gzipped != cases[i].gzip)
			fail_msg("Accept-Encoding: %s", cases[i].accept);
		if (r.gzipped)
			check_gzip(&r, 5000);
		else
			assert_int_equal(r.body.n, 5000);
		assert_int_equal(r.status, 200);
		response_fini(&r);
	}
}

/* What is small, or packed already, stays as it is; the tag is of what is inside. */
static void
gzip_where_worth_it(void **state)
{
	const struct {
		size_t n;
		const char *type;
		bool gzip;
	} cases[] = {
		{ 1, "application/json", false },
		{ 1000, "application/json", false },
		{ 2000, "application/json", true },
		{ 250000, "text/csv; charset=utf-8; header=present", true },
		{ 2000, "application/gzip", false },
		{ 2000, "application/zip", false },
	};
	struct response r, plain;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		answer(&r, cases[i].n, cases[i].type, "gzip");
		answer(&plain, cases[i].n, cases[i].type, NULL);
		assert_int_equal(r.gzipped, cases[i].gzip);
		assert_string_equal(r.etag, plain.etag);
		if (cases[i].gzip) {
			assert_true(r.body.n < cases[i].n / 4);
			check_gzip(&r, cases[i].n);
		}
		response_fini(&r);
		response_fini(&plain);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(begins_empty),
		cmocka_unit_test(refusals),
		cmocka_unit_test(failures),
		cmocka_unit_test(etags),
		cmocka_unit_test(not_modified),
		cmocka_unit_test(no_etag),
		cmocka_unit_test(fixed),
		cmocka_unit_test(gzip_where_taken),
		cmocka_unit_test(gzip_where_worth_it),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("response", tests, NULL, NULL);
}
