/* Where one mail of an mbox ends and the next begins. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/buf.h"
#include "core/limits.h"
#include "parser/mbox.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define SEPARATOR "From a@b.example Wed Nov 15 02:00:00 2023\n"

static struct arena *arena;

static void
test_separator(void **state)
{
	static const struct {
		const char *line;
		bool is;
	} table[] = {
		{ SEPARATOR, true },
		{ "From  Wed Nov 15", true },
		{ "From MAILER-DAEMON Wed Nov  5 02:00:00 2023\r\n", true },
		{ "From \"a b\" Wed Nov 15", false },
		{ "From a@b.example\n", false },
		{ "From a@b.example\nWed Nov 15\n", false },
		{ "From me to you on 15", false },
		{ "From what I hear 15", false },
		{ "From a Wed Nov", false },
		{ "From a Wed Nov x", false },
		{ "From: a Wed Nov 15", false },
		{ ">From a Wed Nov 15", false },
		{ "From ", false },
		{ "", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		if (mbox_is(str_of(table[i].line)) != table[i].is)
			print_message("# row %zu\n", i);
		assert_true(mbox_is(str_of(table[i].line)) == table[i].is);
	}
}

static void
test_mails(void **state)
{
	static const struct {
		const char *in, *out; /* "[mail]" for each */
	} table[] = {
		{ SEPARATOR "A: 1\n\nx\n\n" SEPARATOR "B: 2\n", "[A: 1\n\nx\n\n][B: 2\n]" },
		{ SEPARATOR "A: 1\r\n\r\nx\r\n\r\n" SEPARATOR "B: 2",
		    "[A: 1\r\n\r\nx\r\n\r\n][B: 2]" },
		/* Only behind an empty line, and only what looks like one. */
		{ SEPARATOR "A: 1\n\nx\n" SEPARATOR "y\n", "[A: 1\n\nx\n" SEPARATOR "y\n]" },
		{ SEPARATOR "A: 1\n\nFrom here on\n", "[A: 1\n\nFrom here on\n]" },
		{ SEPARATOR "\n" SEPARATOR "\n", "[\n][\n]" },
		{ SEPARATOR, "[]" },
		{ "From a Wed Nov 15", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct str rest = str_of(table[i].in);
		struct str mail;
		struct buf got;
		bool quoted;

		buf_init(&got, 4096);
		while (mbox_next(&rest, &mail, &quoted))
			buf_printf(&got, "[%.*s]", STR_ARG(mail));
		buf_put8(&got, '\0');
		assert_string_equal(got.p, table[i].out);
		buf_fini(&got);
	}
}

static void
test_unquote(void **state)
{
	static const struct {
		const char *in, *out;
	} table[] = {
		{ "A: 1\n\n>From x\n>>From y\n> From z\n>Fromage\nq >From x\n",
		    "A: 1\n\nFrom x\n>From y\n> From z\n>Fromage\nq >From x\n" },
		{ "A: 1\n\nx\n>From the end", "A: 1\n\nx\nFrom the end" },
		{ "A: 1\n\nx\n", "A: 1\n\nx\n" },
		{ "", "" },
	};
	struct arena *small = arena_new(8);

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct str in = str_of(table[i].in);

		assert_true(str_eq(mbox_unquote(arena, in), str_of(table[i].out)));
		assert_true(str_eq(mbox_unquote(small, in), in));
	}
	arena_free(small);
}

static int
setup(void **state)
{
	(void)state;
	arena = arena_new(LIMIT_WORKER_ARENA);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_separator),
		cmocka_unit_test(test_mails),
		cmocka_unit_test(test_unquote),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
