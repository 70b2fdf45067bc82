#include "core/password.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "core/digest.h"
#include "core/limits.h"

/* RFC 7914, 2: 128 * r * N bytes of memory. */
#define LOG2_N 15
#define R 8
#define P 1
#define SALT 16
#define KEY 32
#define WITHIN_MOST 2 /* one at it, one waiting: threads that wait answer nobody else */

static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
static atomic_int within;

struct hashed {
	unsigned log2_n, r, p;
	unsigned char salt[SALT + 2], key[KEY + 2]; /* base64 is decoded in threes */
};

int
password_check(struct str password, struct err *e)
{
	if (password.n < LIMIT_PASSWORD_LEAST)
		return err_set(
		    e, ERR_MESSAGE, "a password has at least %d bytes", LIMIT_PASSWORD_LEAST);
	if (password.n > LIMIT_PASSWORD_BYTES)
		return err_set(
		    e, ERR_MESSAGE, "a password has at most %d bytes", LIMIT_PASSWORD_BYTES);
	return 0;
}

static void
fill_random(void *to, size_t n)
{
	if (getrandom(to, n, 0) !=
	    (ssize_t)n) /* up to 256 bytes it never falls short: getrandom(2) */
		abort();
}

static int
derive(struct str password, const struct hashed *h, unsigned char key[KEY], struct err *e)
{
	uint64_t n = UINT64_C(1) << h->log2_n, memory = UINT64_C(128) * h->r * n + (4u << 20);
	uint32_t r = h->r, p = h->p;
	char empty[] = "";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PASSWORD,
		    password.n > 0 ? (void *)(uintptr_t)password.p : empty, password.n),
		OSSL_PARAM_construct_octet_string(
		    OSSL_KDF_PARAM_SALT, (void *)(uintptr_t)h->salt, SALT),
		OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_N, &n),
		OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_R, &r),
		OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_P, &p),
		OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_MAXMEM, &memory),
		OSSL_PARAM_construct_end(),
	};
	EVP_KDF *kdf;
	EVP_KDF_CTX *ctx;
	int ok;

	if (atomic_fetch_add(&within, 1) >= WITHIN_MOST) {
		atomic_fetch_sub(&within, 1);
		return err_set(e, ERR_DATABASE, "too many are logging in at the moment");
	}
	pthread_mutex_lock(&one_at_a_time);
	kdf = EVP_KDF_fetch(NULL, "SCRYPT", NULL);
	ctx = kdf != NULL ? EVP_KDF_CTX_new(kdf) : NULL;
	ok = ctx != NULL && EVP_KDF_derive(ctx, key, KEY, params) == 1;
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	pthread_mutex_unlock(&one_at_a_time);
	atomic_fetch_sub(&within, 1);
	return ok ? 0 : err_set(e, ERR_CONFIG, "cannot compute scrypt: is there memory for it?");
}

int
password_hash(struct str password, char out[PASSWORD_HASH_BYTES], struct err *e)
{
	struct hashed h = { .log2_n = LOG2_N, .r = R, .p = P };
	char salt[2 * SALT], key[2 * KEY];

	fill_random(h.salt, SALT);
	if (derive(password, &h, h.key, e) < 0)
		return -1;
	EVP_EncodeBlock((unsigned char *)salt, h.salt, SALT);
	EVP_EncodeBlock((unsigned char *)key, h.key, KEY);
	snprintf(out, PASSWORD_HASH_BYTES, "scrypt$%u$%u$%u$%s$%s", h.log2_n, h.r, h.p, salt, key);
	return 0;
}

/* Read what password_hash wrote. */
static bool
read_hash(const char *text, struct hashed *h)
{
	char salt[25], key[45];
	int end = 0;

	return sscanf(text, "scrypt$%2u$%2u$%2u$%24[A-Za-z0-9+/=]$%44[A-Za-z0-9+/=]%n", &h->log2_n,
		   &h->r, &h->p, salt, key, &end) == 5 &&
	    text[end] == '\0' && strlen(salt) == 24 && strlen(key) == 44 && h->log2_n <= 20 &&
	    h->r <= 32 && h->p <= 4 &&
	    EVP_DecodeBlock(h->salt, (const unsigned char *)salt, 24) == SALT + 2 &&
	    EVP_DecodeBlock(h->key, (const unsigned char *)key, 44) == KEY + 1;
}

int
password_verify(struct str password, const char *hash, struct err *e)
{
	struct hashed h = { .log2_n = LOG2_N, .r = R, .p = P };
	unsigned char key[KEY];

	if (hash != NULL && !read_hash(hash, &h))
		return err_set(e, ERR_CONFIG, "a password's hash in the database cannot be read");
	if (derive(password, &h, key, e) < 0)
		return -1;
	return hash != NULL &&
	    token_eq(
		(struct str){ (const char *)key, KEY }, (struct str){ (const char *)h.key, KEY });
}

void
token_new(char out[TOKEN_BYTES])
{
	unsigned char random[32], text[48];

	fill_random(random, sizeof(random));
	EVP_EncodeBlock(text, random, sizeof(random));
	for (size_t i = 0; i < TOKEN_BYTES - 1; i++) /* base64url (RFC 4648, 5) without the = */
		out[i] = (char)(text[i] == '+' ? '-' : text[i] == '/' ? '_' : text[i]);
	out[TOKEN_BYTES - 1] = '\0';
}

static void
hash(struct str purpose, struct str token, char out[TOKEN_HASH_BYTES])
{
	struct digest *d = digest_new();
	struct sha256 h;

	digest_start(d);
	digest_add(d, purpose);
	digest_add(d, token);
	h = digest_end(d);
	digest_free(d);
	for (size_t i = 0; i < sizeof(h.b); i++)
		snprintf(out + 2 * i, 3, "%02x", h.b[i]);
}

void
token_hash(struct str token, char out[TOKEN_HASH_BYTES])
{
	hash(STR(""), token, out);
}

void
token_csrf(struct str token, char out[TOKEN_HASH_BYTES])
{
	hash(STR("csrf:"), token, out);
}

bool
token_eq(struct str a, struct str b)
{
	volatile unsigned char differ = 0;

	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		differ |= (unsigned char)(a.p[i] ^ b.p[i]);
	return differ == 0;
}
