#include "core/keyset.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <time.h>

#include <stdio.h>

#define KEYS 100000

static struct key
numbered(struct digest *d, uint64_t n)
{
	digest_start(d);
	digest_number(d, n);
	return key_of(digest_end(d));
}

static void
an_empty_set_knows_nothing(void **state)
{
	struct keyset *s = keyset_new();
	struct key k = { { 0 } };

	(void)state;
	assert_int_equal(keyset_size(s), 0);
	assert_int_equal(keyset_get(s, k), KNOWN_NOT);
	keyset_free(s);
	keyset_free(NULL);
}

static void
keeps_many_and_what_they_wait_for(void **state)
{
	struct keyset *s = keyset_new();
	struct digest *d = digest_new();

	(void)state;
	for (uint64_t i = 0; i < KEYS; i++)
		keyset_put(s, numbered(d, i), KNOWN_DONE + i % 3);
	assert_int_equal(keyset_size(s), KEYS);
	for (uint64_t i = 0; i < KEYS; i++)
		assert_int_equal(keyset_get(s, numbered(d, i)), KNOWN_DONE + i % 3);
	for (uint64_t i = KEYS; i < 2 * KEYS; i++)
		assert_int_equal(keyset_get(s, numbered(d, i)), KNOWN_NOT);
	/* Putting it again changes the value, not the size. */
	for (uint64_t i = 0; i < KEYS; i++)
		keyset_put(s, numbered(d, i), KNOWN_FAILURE);
	assert_int_equal(keyset_size(s), KEYS);
	for (uint64_t i = 0; i < KEYS; i++)
		assert_int_equal(keyset_get(s, numbered(d, i)), KNOWN_FAILURE);
	digest_free(d);
	keyset_free(s);
}

/* Keys that differ behind the bytes that choose the slot, and the one that is all zeros. */
static void
keys_that_collide_are_apart(void **state)
{
	struct keyset *s = keyset_new();

	(void)state;
	for (unsigned i = 0; i < 256; i++) {
		struct key k = { { [15] = (unsigned char)i } };

		assert_int_equal(keyset_get(s, k), KNOWN_NOT);
		keyset_put(s, k, KNOWN_DONE + i % 2);
	}
	for (unsigned i = 0; i < 256; i++) {
		struct key k = { { [15] = (unsigned char)i } };

		assert_int_equal(keyset_get(s, k), KNOWN_DONE + i % 2);
	}
	assert_int_equal(keyset_size(s), 256);
	keyset_free(s);
}

struct tour {
	const struct keyset *of;
	struct keyset *met;
	enum known wanted;
};

static void
meet(void *arg, struct key k)
{
	struct tour *t = arg;

	assert_int_equal(keyset_get(t->of, k), t->wanted);
	assert_int_equal(keyset_get(t->met, k), KNOWN_NOT);
	keyset_put(t->met, k, KNOWN_DONE);
}

static void
goes_once_over_those_that_wait_for_one_thing(void **state)
{
	struct keyset *s = keyset_new();
	struct digest *d = digest_new();

	(void)state;
	keyset_each(s, KNOWN_DONE, meet, NULL);
	for (uint64_t i = 0; i < 3000; i++)
		keyset_put(s, numbered(d, i), i % 3 == 0 ? KNOWN_SUCCESS : KNOWN_DONE);
	for (enum known v = KNOWN_DONE; v <= KNOWN_FAILURE; v++) {
		struct tour t = { s, keyset_new(), v };

		keyset_each(s, v, meet, &t);
		assert_int_equal(keyset_size(t.met),
		    v == KNOWN_SUCCESS    ? 1000
			: v == KNOWN_DONE ? 2000
					  : 0);
		keyset_free(t.met);
	}
	digest_free(d);
	keyset_free(s);
}

/* Keys of IMAP are no digests: folder, UIDVALIDITY and a UID that is counted up. */
static void
keys_that_are_counted_up_are_spread(void **state)
{
	struct keyset *s = keyset_new();
	clock_t start = clock();

	(void)state;
	for (uint32_t uid = 1; uid <= 300000; uid++) {
		struct key k = { { [7] = (unsigned char)(uid % 3), [11] = 1 } };

		for (int i = 0; i < 4; i++)
			k.b[15 - i] = (unsigned char)(uid >> 8 * i);
		keyset_put(s, k, KNOWN_DONE);
	}
	assert_int_equal(keyset_size(s), 300000);
	/* a twentieth of that where they are; minutes where they stand in a row */
	assert_true(clock() - start < 2 * CLOCKS_PER_SEC);
	keyset_free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_set_knows_nothing),
		cmocka_unit_test(keeps_many_and_what_they_wait_for),
		cmocka_unit_test(keys_that_collide_are_apart),
		cmocka_unit_test(goes_once_over_those_that_wait_for_one_thing),
		cmocka_unit_test(keys_that_are_counted_up_are_spread),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
