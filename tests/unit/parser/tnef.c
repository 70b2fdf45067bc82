/* Which attachments a winmail.dat has, whole and damaged. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/buf.h"
#include "parser/tnef.h"

#define OPENS 0x00069002
#define DATA 0x0006800F
#define TITLE 0x00018010
#define SUBJECT 0x00018004

static struct buf file;

static void
put_little(uint32_t v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_put8(&file, (uint8_t)(v >> 8 * i));
}

static void
start(void)
{
	buf_reset(&file);
	put_little(0x223E9F78, 4);
	put_little(1, 2);
}

static void
attribute(unsigned level, uint32_t id, struct str data)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < data.n; i++)
		sum += (unsigned char)data.p[i];
	put_little(level, 1);
	put_little(id, 4);
	put_little((uint32_t)data.n, 4);
	buf_puts(&file, data);
	put_little(sum, 2);
}

/* "name=bytes;" for each. */
static struct tnef
assert_found(struct str in, const char *want)
{
	struct tnef_attachment a;
	struct tnef t;
	struct buf got;

	buf_init(&got, 4096);
	tnef_start(&t, in);
	while (tnef_next(&t, &a)) {
		buf_puts(&got, a.name);
		buf_put8(&got, '=');
		buf_puts(&got, a.bytes);
		buf_put8(&got, ';');
	}
	assert_false(tnef_next(&t, &a));
	buf_put8(&got, '\0');
	assert_string_equal(got.p, want);
	buf_fini(&got);
	return t;
}

static void
test_attachments(void **state)
{
	struct tnef t;

	(void)state;
	start();
	attribute(1, SUBJECT, STR("hello\0"));
	attribute(2, OPENS, STR("icon"));
	attribute(2, DATA, STR("one"));
	attribute(2, TITLE, STR("a.gz\0"));
	attribute(2, OPENS, STR("icon"));
	attribute(2, TITLE, STR("name before data"));
	attribute(2, DATA, STR(""));
	attribute(2, OPENS, STR("embedded: no data"));
	attribute(2, TITLE, STR("c"));
	t = assert_found(buf_str(&file), "a.gz=one;name before data=;");
	assert_false(t.cut);
	assert_int_equal(t.checksum_bad, 0);
	/* Nobody opens the attachments: each one's data does. */
	start();
	attribute(2, DATA, STR("one"));
	attribute(2, DATA, STR("two"));
	attribute(2, TITLE, STR("b"));
	attribute(1, DATA, STR("of the message"));
	(void)assert_found(buf_str(&file), "=one;b=two;");
}

static void
test_damage(void **state)
{
	size_t whole;
	struct tnef t;

	(void)state;
	start();
	assert_false(assert_found(buf_str(&file), "").cut);
	attribute(2, OPENS, STR("icon"));
	attribute(2, DATA, STR("bytes"));
	whole = file.n;
	/* A wrong checksum, a missing one, and data that is longer than the file. */
	file.p[file.n - 1] ^= 1;
	t = assert_found(buf_str(&file), "=bytes;");
	assert_int_equal(t.checksum_bad, 1);
	assert_false(t.cut);
	file.n = whole - 2;
	(void)assert_found(buf_str(&file), "=bytes;");
	file.n = whole - 4;
	assert_true(assert_found(buf_str(&file), "=byt;").cut);
	file.n = whole - 9;
	assert_true(assert_found(buf_str(&file), "").cut);
	file.n = 5;
	assert_true(assert_found(buf_str(&file), "").cut);
	/* A length of 4 GiB. */
	start();
	put_little(2, 1);
	put_little(DATA, 4);
	put_little(UINT32_MAX, 4);
	buf_puts(&file, STR("x"));
	assert_true(assert_found(buf_str(&file), "=x;").cut);
}

static int
setup(void **state)
{
	(void)state;
	buf_init(&file, 4096);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	buf_fini(&file);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_attachments),
		cmocka_unit_test(test_damage),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
