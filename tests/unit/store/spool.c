#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "core/limits.h"
#include "store/spool.h"

/* Item ${i} of spool ${s}: lengths and bytes that no other item has. */
static struct str
item(char *room, size_t most, unsigned s, unsigned i)
{
	size_t n = (i * 7919u + s) % most;

	memset(room, (int)('a' + (i + s) % 26), n);
	if (n >= sizeof(i))
		memcpy(room, &i, sizeof(i));
	return (struct str){ room, n };
}

static void
check(struct spool *s, unsigned number, unsigned items, size_t most)
{
	static char room[1 << 16];
	struct spool_reader r;
	struct str got;
	struct err e;
	unsigned i = 0;
	int more;

	spool_read(&r, s);
	while ((more = spool_next(&r, &got, &e)) > 0) {
		struct str want = item(room, most, number, i++);

		assert_true(str_eq(got, want));
	}
	spool_done(&r);
	assert_int_equal(more, 0);
	assert_int_equal(i, items);
}

/* Several spools of one message, written in turns, small enough for memory and far beyond. */
static void
test_order(void **state)
{
	static const struct {
		unsigned items;
		size_t most;
	} cases[] = { { 0, 10 }, { 1, 10 }, { 3000, 100 }, { 3000, 5000 }, { 300, 1 << 16 } };
	static char room[1 << 16];

	(void)state;
	for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
		struct spool_file file;
		struct spool s[3];
		struct err e;
		uint64_t bytes = 0;

		spool_file_init(&file, "/tmp");
		for (unsigned k = 0; k < 3; k++)
			spool_init(&s[k], &file);
		for (unsigned i = 0; i < cases[c].items; i++)
			for (unsigned k = 0; k < 3; k++) {
				struct str it = item(room, cases[c].most, k, i);

				assert_int_equal(spool_put(&s[k], it, &e), 0);
				bytes += it.n;
				assert_true(
				    file.memory <= LIMIT_SPOOL_MEMORY + (1 << 16) + 3 * 4096);
			}
		assert_int_equal(
		    spool_payload(&s[0]) + spool_payload(&s[1]) + spool_payload(&s[2]), bytes);
		assert_int_equal(file.size > 0, bytes > LIMIT_SPOOL_MEMORY);
		for (unsigned round = 0; round < 2; round++)
			for (unsigned k = 0; k < 3; k++)
				check(&s[k], k, cases[c].items, cases[c].most);
		spool_reset(&s[1]);
		check(&s[1], 1, 0, cases[c].most);
		for (unsigned k = 0; k < 3; k++)
			spool_fini(&s[k]);
		assert_int_equal(file.memory, 0);
		spool_file_fini(&file);
	}
}

static void
test_no_room(void **state)
{
	static char room[1 << 16];
	struct spool_file file;
	struct spool s;
	struct err e = { 0 };
	int rc = 0;

	(void)state;
	spool_file_init(&file, "/nonexistent");
	spool_init(&s, &file);
	for (unsigned i = 0; i < 100 && rc == 0; i++)
		rc = spool_put(&s, (struct str){ room, sizeof(room) }, &e);
	assert_int_equal(rc, -1);
	assert_int_equal(e.kind, ERR_DATABASE);
	assert_non_null(strstr(e.text, "/nonexistent"));
	spool_fini(&s);
	spool_file_fini(&file);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_no_room),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
