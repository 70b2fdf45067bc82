#include "core/password.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "core/limits.h"

/* By node's crypto.scryptSync(password, salt, 32, { N, r: 8, p: 1 }), salt 00 01 ... 0f. */
#define SALT "AAECAwQFBgcICQoLDA0ODw=="
#define KEY "eo40JB24mNWRdcaWU4xBdGepdf/laQaEJfFhiNMVnFg="
#define MADE_ELSEWHERE "scrypt$15$8$1$" SALT "$" KEY
#define PASSWORD STR("correct horse battery staple")

static void
length(void **state)
{
	static char text[LIMIT_PASSWORD_BYTES + 1];
	const struct {
		size_t n;
		int rc;
	} cases[] = { { 0, -1 }, { 1, -1 }, { LIMIT_PASSWORD_LEAST - 1, -1 },
		{ LIMIT_PASSWORD_LEAST, 0 }, { LIMIT_PASSWORD_BYTES, 0 },
		{ LIMIT_PASSWORD_BYTES + 1, -1 } };

	(void)state;
	memset(text, 'x', sizeof(text));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err e = { 0 };

		assert_int_equal(password_check((struct str){ text, cases[i].n }, &e), cases[i].rc);
		assert_int_equal(e.kind, cases[i].rc < 0 ? ERR_MESSAGE : ERR_NONE);
		assert_int_equal(e.text[0] != '\0', cases[i].rc < 0);
	}
}

static void
verify(struct str password, const char *hash, int expected)
{
	struct err e = { 0 };
	int rc = password_verify(password, hash, &e);

	if (rc != expected)
		fail_msg("<%.*s> and %s: %d %s", STR_ARG(password), hash, rc, e.text);
	if (rc < 0)
		assert_int_equal(e.kind, ERR_CONFIG);
}

static void
made_elsewhere(void **state)
{
	(void)state;
	verify(PASSWORD, MADE_ELSEWHERE, 1);
	verify(STR("p\xC3\xA4"
		   "ssw\xC3\xB6rd-\xE6\xBC\xA2\xE5\xAD\x97!"),
	    "scrypt$15$8$1$" SALT "$ndv6Pukkj+i63pnfZsxkz+UHKvp/UCo6K3a8TgWV05M=", 1);
	verify(STR(""), "scrypt$15$8$1$" SALT "$KMVaQPmr2AytIKpRaywHi7ulxaDOQaO9YoGQXWPu1q4=", 1);
	verify((struct str){ NULL, 0 },
	    "scrypt$15$8$1$" SALT "$KMVaQPmr2AytIKpRaywHi7ulxaDOQaO9YoGQXWPu1q4=", 1);
	/* With other parameters than today's. */
	verify(PASSWORD, "scrypt$10$8$1$" SALT "$mp90zEQd5XGhjEv4WArVH4Z0XRSzkGWtJK2S/AXJlRU=", 1);
}

static void
wrong(void **state)
{
	(void)state;
	verify(STR(""), MADE_ELSEWHERE, 0);
	verify(STR("correct horse battery stapl"), MADE_ELSEWHERE, 0);
	verify(STR("correct horse battery staple "), MADE_ELSEWHERE, 0);
	verify(STR("correct horse battery staple\0x"), MADE_ELSEWHERE, 0);
	verify(STR("Correct horse battery staple"), MADE_ELSEWHERE, 0);
	verify(STR(KEY), MADE_ELSEWHERE, 0);
	verify(STR(MADE_ELSEWHERE), MADE_ELSEWHERE, 0);
	/* Another salt, another key, other parameters. */
	verify(PASSWORD, "scrypt$15$8$1$BAECAwQFBgcICQoLDA0ODw==$" KEY, 0);
	verify(PASSWORD, "scrypt$15$8$1$" SALT "$fo40JB24mNWRdcaWU4xBdGepdf/laQaEJfFhiNMVnFg=", 0);
	verify(PASSWORD, "scrypt$15$8$1$" SALT "$eo40JB24mNWRdcaWU4xBdGepdf/laQaEJfFhiNMVnFw=", 0);
	verify(PASSWORD, "scrypt$14$8$1$" SALT "$" KEY, 0);
	verify(PASSWORD, "scrypt$15$4$1$" SALT "$" KEY, 0);
	verify(PASSWORD, "scrypt$15$8$2$" SALT "$" KEY, 0);
	/* Nobody of that name. */
	verify(PASSWORD, NULL, 0);
	verify(STR(""), NULL, 0);
}

static void
odd_hashes(void **state)
{
	static const char *const hashes[] = {
		"",
		"x",
		"correct horse battery staple",
		"$2b$12$abcdefghijklmnopqrstuuJ0pXqQ8M1kV8d7vTgQzqWb8qQF8y5yO",
		"scrypt",
		"scrypt$",
		"scrypt$15$8$1$",
		"scrypt$15$8$1$" SALT,
		"scrypt$15$8$1$" SALT "$",
		"scrypt$15$8$1$$" KEY,
		"scrypt$15$8$1$" SALT "$" SALT,
		"scrypt$15$8$" SALT "$" KEY,
		"SCRYPT$15$8$1$" SALT "$" KEY,
		" " MADE_ELSEWHERE,
		"scrypt$15$8$1$AAECAwQFBgcICQoLDA0ODw=$" KEY,
		"scrypt$15$8$1$" SALT "$eo40JB24mNWRdcaWU4xBdGepdf/laQaEJfFhiNMVnFg",
		"scrypt$15$8$1$" SALT "$eo40JB24mNWRdcaWU4xBdGepdf_laQaEJfFhiNMVnFg=",
		/* Parameters that would cost too much, or are none. */
		"scrypt$21$8$1$" SALT "$" KEY,
		"scrypt$99$8$1$" SALT "$" KEY,
		"scrypt$15$33$1$" SALT "$" KEY,
		"scrypt$15$8$5$" SALT "$" KEY,
		"scrypt$15$8$99$" SALT "$" KEY,
		"scrypt$4294967311$8$1$" SALT "$" KEY,
		"scrypt$-1$8$1$" SALT "$" KEY,
		"scrypt$0$8$1$" SALT "$" KEY,
		"scrypt$15$0$1$" SALT "$" KEY,
		"scrypt$15$8$0$" SALT "$" KEY,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++)
		verify(PASSWORD, hashes[i], -1);
}

/* More than was written: a hash that was tampered with is not read in part. */
static void
longer_hashes(void **state)
{
	(void)state;
	verify(PASSWORD, MADE_ELSEWHERE "x", -1);
	verify(PASSWORD, MADE_ELSEWHERE "$x", -1);
	verify(PASSWORD, MADE_ELSEWHERE " ", -1);
	verify(PASSWORD, MADE_ELSEWHERE "====", -1);
}

static void
own_hash(void **state)
{
	char first[PASSWORD_HASH_BYTES], second[PASSWORD_HASH_BYTES];
	struct err e;

	(void)state;
	assert_int_equal(password_hash(PASSWORD, first, &e), 0);
	assert_int_equal(password_hash(PASSWORD, second, &e), 0);
	assert_int_equal(strncmp(first, "scrypt$15$8$1$", 14), 0);
	assert_int_equal(strlen(first), 14 + 24 + 1 + 44);
	/* Each has a salt of its own. */
	assert_int_not_equal(strncmp(first + 14, second + 14, 24), 0);
	assert_string_not_equal(first + 14 + 25, second + 14 + 25);
	verify(PASSWORD, first, 1);
	verify(PASSWORD, second, 1);
	verify(STR("correct horse battery stapler"), first, 0);
	/* One letter of it changed. */
	first[20] = first[20] == 'A' ? 'B' : 'A';
	verify(PASSWORD, first, 0);
	second[50] = second[50] == 'A' ? 'B' : 'A';
	verify(PASSWORD, second, 0);
}

static void
any_bytes(void **state)
{
	static char longest[LIMIT_PASSWORD_BYTES];
	char hash[PASSWORD_HASH_BYTES];
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(longest); i++)
		longest[i] = (char)(i * 7);
	assert_int_equal(password_hash((struct str){ longest, sizeof(longest) }, hash, &e), 0);
	verify((struct str){ longest, sizeof(longest) }, hash, 1);
	verify((struct str){ longest, sizeof(longest) - 1 }, hash, 0);
	longest[sizeof(longest) - 1] ^= 1;
	verify((struct str){ longest, sizeof(longest) }, hash, 0);
}

static void *
verify_once(void *arg)
{
	struct err e = { 0 };

	*(int *)arg = password_verify(PASSWORD, MADE_ELSEWHERE, &e);
	if (*(int *)arg < 0 && e.kind != ERR_DATABASE)
		*(int *)arg = -2;
	return NULL;
}

/* Several at once: each is told the truth, or to come later. */
static void
at_once(void **state)
{
	pthread_t t[8];
	int rc[8], right = 0;

	(void)state;
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(pthread_create(&t[i], NULL, verify_once, &rc[i]), 0);
	for (size_t i = 0; i < 8; i++) {
		pthread_join(t[i], NULL);
		assert_true(rc[i] == 1 || rc[i] == -1);
		right += rc[i] == 1;
	}
	assert_true(right >= 1);
}

static void
tokens(void **state)
{
	char all[200][TOKEN_BYTES], seen[256] = { 0 };

	(void)state;
	for (size_t i = 0; i < 200; i++) {
		memset(all[i], '!', TOKEN_BYTES);
		token_new(all[i]);
		assert_int_equal(strlen(all[i]), 43);
		assert_int_equal(
		    strspn(
			all[i], "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
		    43);
		/* 256 bits in 43 digits of 6: the last two bits are nobody's. */
		assert_non_null(strchr("AEIMQUYcgkosw048", all[i][42]));
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(all[i], all[k]);
		for (size_t k = 0; k < 43; k++)
			seen[(unsigned char)all[i][k]] = 1;
	}
	/* Each digit comes some time. */
	for (size_t i = 1, n = 0; i < 256; i++) {
		n += (size_t)seen[i];
		if (i == 255)
			assert_int_equal(n, 64);
	}
}

static void
hashes_of_tokens(void **state)
{
	char hash[TOKEN_HASH_BYTES], csrf[TOKEN_HASH_BYTES];
	static char huge[100000];

	(void)state;
	/* FIPS 180-4's example, and what sha256sum says. */
	token_hash(STR("abc"), hash);
	assert_string_equal(
	    hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	token_hash(STR(""), hash);
	assert_string_equal(
	    hash, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	token_csrf(STR("abc"), csrf);
	token_hash(STR("csrf:abc"), hash);
	assert_string_equal(csrf, hash);
	token_hash(STR("abc"), hash);
	assert_string_not_equal(csrf, hash);
	token_hash((struct str){ huge, sizeof(huge) }, hash);
	assert_int_equal(strlen(hash), 64);
	assert_int_equal(strspn(hash, "0123456789abcdef"), 64);
}

static void
same(void **state)
{
	const struct {
		struct str a, b;
		bool same;
	} cases[] = {
		{ STR(""), STR(""), true },
		{ { NULL, 0 }, STR(""), true },
		{ STR("abc"), STR("abc"), true },
		{ STR("abc"), STR("abd"), false },
		{ STR("abc"), STR("bbc"), false },
		{ STR("abc"), STR("ab"), false },
		{ STR("abc"), STR("abcd"), false },
		{ STR("abc"), STR(""), false },
		{ STR("a\0b"), STR("a\0b"), true },
		{ STR("a\0b"), STR("a\0c"), false },
		{ STR("abc"), STR("ABC"), false },
		{ STR("\x80"), STR("\x00"), false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(token_eq(cases[i].a, cases[i].b), cases[i].same);
		assert_int_equal(token_eq(cases[i].b, cases[i].a), cases[i].same);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(length),
		cmocka_unit_test(made_elsewhere),
		cmocka_unit_test(wrong),
		cmocka_unit_test(odd_hashes),
		cmocka_unit_test(longer_hashes),
		cmocka_unit_test(own_hash),
		cmocka_unit_test(any_bytes),
		cmocka_unit_test(at_once),
		cmocka_unit_test(tokens),
		cmocka_unit_test(hashes_of_tokens),
		cmocka_unit_test(same),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("password", tests, NULL, NULL);
}
