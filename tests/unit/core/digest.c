#include "core/digest.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

static void
assert_hex(struct sha256 h, const char *hex)
{
	char text[65];

	for (size_t i = 0; i < 32; i++)
		snprintf(text + 2 * i, 3, "%02x", h.b[i]);
	assert_string_equal(text, hex);
}

/* The examples that NIST published with FIPS 180. */
static void
published_examples(void **state)
{
	struct digest *d = digest_new();
	char thousand[1000];

	(void)state;
	memset(thousand, 'a', sizeof(thousand));
	assert_hex(digest_of(d, STR("abc")),
	    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_hex(digest_of(d, (struct str){ NULL, 0 }),
	    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	digest_start(d);
	for (size_t i = 0; i < 1000; i++)
		digest_add(d, (struct str){ thousand, sizeof(thousand) });
	assert_hex(
	    digest_end(d), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
	digest_free(d);
	digest_free(NULL);
}

static void
starting_again_forgets(void **state)
{
	struct digest *d = digest_new();

	(void)state;
	digest_start(d);
	digest_add(d, STR("dropped"));
	digest_start(d);
	digest_add(d, STR("a"));
	digest_add(d, STR("bc"));
	assert_hex(
	    digest_end(d), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	digest_free(d);
}

static struct sha256
fields(struct digest *d, struct str a, struct str b)
{
	digest_start(d);
	digest_field(d, a);
	digest_field(d, b);
	return digest_end(d);
}

static void
fields_keep_their_borders(void **state)
{
	struct digest *d = digest_new();
	struct sha256 x = fields(d, STR("ab"), STR("c"));
	struct sha256 y = fields(d, STR("a"), STR("bc"));
	struct sha256 z = digest_of(d, STR("\0\0\0\0\0\0\0\2ab\0\0\0\0\0\0\0\1c"));

	(void)state;
	assert_memory_not_equal(x.b, y.b, sizeof(x.b));
	assert_memory_equal(x.b, z.b, sizeof(x.b));
	digest_free(d);
}

static void
keys_and_ids_are_the_first_bytes(void **state)
{
	struct sha256 h;
	struct key k;

	(void)state;
	for (size_t i = 0; i < 32; i++)
		h.b[i] = (unsigned char)(0xF0 + i);
	k = key_of(h);
	assert_memory_equal(k.b, h.b, 16);
	assert_int_equal(id_of(h), (int64_t)0xF0F1F2F3F4F5F6F7ull);
	assert_true(id_of(h) < 0);
	assert_true(key_eq(k, key_of(h)));
	h.b[16] ^= 1;
	assert_true(key_eq(k, key_of(h)));
	h.b[15] ^= 1;
	assert_false(key_eq(k, key_of(h)));
}

static void
sums_carry_wrap_and_do_not_mind_the_order(void **state)
{
	struct sha256 ones = { { 0 } }, all = { { 0 } }, a = { { 0 } }, b = { { 0 } };
	const struct sha256 zero = { { 0 } };
	struct digest *d = digest_new();

	(void)state;
	ones.b[31] = 1;
	memset(all.b, 0xFF, sizeof(all.b));
	a = all;
	sha256_sum(&a, &ones);
	assert_memory_equal(a.b, zero.b, 32);
	sha256_sum(&a, &all);
	sha256_sum(&a, &all);
	b = all;
	b.b[31] = 0xFE;
	assert_memory_equal(a.b, b.b, 32);
	a = b = zero;
	for (uint64_t i = 0; i < 100; i++) {
		struct sha256 h;

		digest_start(d);
		digest_number(d, i);
		h = digest_end(d);
		sha256_sum(&a, &h);
		digest_start(d);
		digest_number(d, 99 - i);
		h = digest_end(d);
		sha256_sum(&b, &h);
	}
	assert_memory_equal(a.b, b.b, 32);
	assert_memory_not_equal(a.b, zero.b, 32);
	digest_free(d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_examples),
		cmocka_unit_test(starting_again_forgets),
		cmocka_unit_test(fields_keep_their_borders),
		cmocka_unit_test(keys_and_ids_are_the_first_bytes),
		cmocka_unit_test(sums_carry_wrap_and_do_not_mind_the_order),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
