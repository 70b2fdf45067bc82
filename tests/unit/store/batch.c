#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/limits.h"
#include "store/batch.h"

static const struct type_oids oids;
static struct intake_env env;

static int
setup(void **state)
{
	(void)state;
	intake_env_init(&env, "/tmp", &oids);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	intake_env_fini(&env);
	return 0;
}

static struct intake *
mail(bool held, uint64_t size)
{
	struct intake *in = intake_new(&env, "INBOX;UID=1");

	in->held = held;
	in->size = size;
	return in;
}

/* How many mails of one size a batch takes. */
static size_t
taken(bool held, uint64_t size)
{
	struct intake *in = mail(held, size);
	struct batch b;
	size_t n;

	batch_init(&b);
	while (!batch_full_for(&b, in)) {
		batch_add(&b, in);
		in = mail(held, size);
	}
	n = b.messages;
	intake_free(in);
	batch_fini(&b);
	assert_int_equal(b.bytes, 0);
	return n;
}

static void
what_is_held_weighs_its_size(void **state)
{
	(void)state;
	assert_int_equal(taken(false, 50u << 20), LIMIT_BATCH_MESSAGES);
	assert_int_equal(taken(true, 100), LIMIT_BATCH_MESSAGES);
	assert_in_range(taken(true, LIMIT_BATCH_BYTES / 10), 5, 9);
}

static void
a_large_mail_is_alone(void **state)
{
	struct intake *in = mail(true, 50u << 20), *small = mail(true, 1000);
	struct batch b;

	(void)state;
	assert_int_equal(taken(true, 50u << 20), 1);
	batch_init(&b);
	assert_false(batch_full_for(&b, in));
	batch_add(&b, small);
	assert_true(batch_full_for(&b, in));
	assert_ptr_equal(batch_take(&b), small);
	batch_add(&b, in);
	assert_true(batch_full_for(&b, small));
	intake_free(small);
	batch_fini(&b);
}

static void
halves_weigh_what_is_in_them(void **state)
{
	struct batch b, rest;

	(void)state;
	batch_init(&b);
	batch_init(&rest);
	for (size_t i = 0; i < 5; i++)
		batch_add(&b, mail(true, 100000));
	batch_split(&b, &rest);
	assert_int_equal(b.messages, 3);
	assert_int_equal(rest.messages, 2);
	assert_true(b.bytes > 300000 && rest.bytes > 200000 && rest.bytes < 300000);
	batch_fini(&b);
	batch_fini(&rest);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_held_weighs_its_size),
		cmocka_unit_test(a_large_mail_is_alone),
		cmocka_unit_test(halves_weigh_what_is_in_them),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("batch", tests, setup, teardown);
}
