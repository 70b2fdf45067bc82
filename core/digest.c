#include "core/digest.h"

#include <assert.h>
#include <openssl/evp.h>
#include <stdlib.h>

struct digest {
	EVP_MD_CTX *ctx;
	EVP_MD *md; /* fetched once: a fetch per hash costs more than the hash */
};

struct digest *
digest_new(void)
{
	struct digest *d = calloc(1, sizeof(*d));

	if (d == NULL)
		abort();
	d->ctx = EVP_MD_CTX_new();
	d->md = EVP_MD_fetch(NULL, "SHA256", NULL);
	if (d->ctx == NULL || d->md == NULL || EVP_DigestInit_ex(d->ctx, d->md, NULL) != 1)
		abort();
	return d;
}

void
digest_free(struct digest *d)
{
	if (d == NULL)
		return;
	EVP_MD_CTX_free(d->ctx);
	EVP_MD_free(d->md);
	free(d);
}

void
digest_start(struct digest *d)
{
	int ok = EVP_DigestInit_ex(d->ctx, NULL, NULL);

	assert(ok == 1);
}

void
digest_add(struct digest *d, struct str s)
{
	int ok = EVP_DigestUpdate(d->ctx, s.p, s.n);

	assert(ok == 1);
}

struct sha256
digest_end(struct digest *d)
{
	struct sha256 h;
	int ok = EVP_DigestFinal_ex(d->ctx, h.b, NULL);

	assert(ok == 1);
	return h;
}

void
digest_number(struct digest *d, uint64_t v)
{
	char w[8];

	for (int i = 0; i < 8; i++)
		w[i] = (char)(v >> (56 - 8 * i));
	digest_add(d, (struct str){ w, sizeof(w) });
}

void
digest_field(struct digest *d, struct str s)
{
	digest_number(d, s.n);
	digest_add(d, s);
}

struct sha256
digest_of(struct digest *d, struct str s)
{
	digest_start(d);
	digest_add(d, s);
	return digest_end(d);
}

struct key
key_of(struct sha256 h)
{
	struct key k;

	memcpy(k.b, h.b, sizeof(k.b));
	return k;
}

int64_t
id_of(struct sha256 h)
{
	uint64_t v = 0;

	for (int i = 0; i < 8; i++)
		v = v << 8 | h.b[i];
	return (int64_t)v;
}

bool
key_eq(struct key a, struct key b)
{
	return memcmp(a.b, b.b, sizeof(a.b)) == 0;
}

void
sha256_sum(struct sha256 *sum, const struct sha256 *h)
{
	unsigned carry = 0;

	for (size_t i = sizeof(sum->b); i-- > 0;) {
		carry += (unsigned)sum->b[i] + h->b[i];
		sum->b[i] = (unsigned char)carry;
		carry >>= 8;
	}
}
