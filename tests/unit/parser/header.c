/* Fields of a header, and what their values say. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "parser/header.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static struct arena *arena;

static void
assert_str(struct str got, const char *want)
{
	char *s = test_calloc(1, got.n + 1);

	if (got.n > 0)
		memcpy(s, got.p, got.n);
	assert_string_equal(s, want);
	test_free(s);
}

static void
test_length(void **state)
{
	(void)state;
	assert_int_equal(header_length((struct str){ NULL, 0 }), 0);
	assert_int_equal(header_length(STR("\na")), 0);
	assert_int_equal(header_length(STR("a: b\n\nc")), 5);
	assert_int_equal(header_length(STR("a: b\r\n\r\nc")), 6);
	assert_int_equal(header_length(STR("a: b\n c\n")), 8);
	assert_int_equal(header_length(STR("a: b\n \nc")), 8);
	assert_int_equal(header_length(STR("a\rb")), 3);
}

static void
test_fields(void **state)
{
	struct str block =
	    STR("A : 1\r\nno field\nlong:2\n 3\n\t4\n\nnot a name: x\n:y\nlong: 5\n");
	struct str rest = block;
	struct header_field f;

	(void)state;
	assert_true(header_next(&rest, &f));
	assert_str(f.name, "A");
	assert_str(f.value, "1");
	assert_true(header_next(&rest, &f));
	assert_str(f.name, "");
	assert_str(f.value, "no field");
	assert_true(header_next(&rest, &f));
	assert_str(f.name, "long");
	assert_str(f.value, "2\n 3\n\t4");
	assert_true(header_next(&rest, &f));
	assert_int_equal(f.name.n + f.value.n, 0);
	assert_true(header_next(&rest, &f));
	assert_int_equal(f.name.n, 0);
	assert_true(header_next(&rest, &f));
	assert_int_equal(f.name.n, 0);
	assert_true(header_next(&rest, &f));
	assert_false(header_next(&rest, &f));
	assert_str(header_get(block, STR("LONG")), "2\n 3\n\t4");
	assert_int_equal(header_get(block, STR("none")).n, 0);
}

static void
test_text(void **state)
{
	static const struct {
		const char *in, *out;
	} table[] = {
		{ "", "" },
		{ "a\r\n b\t c", "a b c" },
		{ "=?utf-8?Q?An_off=C3=A9r?= you", "An off\xC3\xA9r you" },
		{ "=?utf-8?Q?=C3?=\n =?utf-8?Q?=A9?=", "\xC3\xA9" },
		{ "=?utf-8?B?Qg==?=\n =?utf-8?B?Qw==?= =?UTF-8?B?REU=?= F", "BCDE F" },
		{ "=?utf-8?B?Cgo=?=x", "x" },
		{ "=?no-such-charset?Q?a?=", "a" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++)
		assert_str(header_text(arena, str_of(table[i].in), 100), table[i].out);
	assert_str(header_text(arena, STR("abc\xC3\xA9"), 4), "abc");
	assert_str(header_text(arena, STR("a\0b"), 10), "a?b");
}

static void
test_domain(void **state)
{
	static const struct {
		const char *in, *out;
	} table[] = {
		{ "a@B.Example", "b.example" },
		{ "\"x\" <a@b.example.>, c@d.example", "b.example" },
		{ "DMARC <a@b.example>;", "b.example" },
		{ "staff: a@b.example, c@d.example;", "b.example" },
		{ "undisclosed-recipients:;", "" },
		{ "nobody", "" },
		{ "", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++)
		assert_str(header_domain(arena, str_of(table[i].in)), table[i].out);
}

static void
test_date(void **state)
{
	static const struct {
		const char *in;
		int64_t at;
	} table[] = {
		{ "Tue, 14 Nov 2023 12:34:56 +0100", 1699961696 },
		{ "8 Oct 2011 20:15:58 +0000 (GMT)", 1318104958 },
		{ "Thu, 8 Mar 2005 14:00:00 EDT", 1110304800 },
		{ "Tue,\r\n 14 Nov 2023 12:34:56 +0100", 1699961696 },
		{ "2023-11-14 11:34:56", 1699961696 },
	};
	static const char *const none[] = { "", "soon", "32 Nov 2023",
		"Mon, 99 Foo 2023 99:99:99" };
	int64_t at;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		assert_int_equal(header_date(arena, str_of(table[i].in), &at), 0);
		assert_int_equal(at, table[i].at);
	}
	at = 7;
	for (size_t i = 0; i < COUNT(none); i++)
		assert_int_equal(header_date(arena, str_of(none[i]), &at), -1);
	assert_int_equal(at, 7);
}

static int
setup(void **state)
{
	(void)state;
	header_init();
	arena = arena_new(1u << 20);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	arena_free(arena);
	header_fini();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_length),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_domain),
		cmocka_unit_test(test_date),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
