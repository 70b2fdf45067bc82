/* certs.h - certificates made on the spot. */
#ifndef TESTS_UNIT_INGEST_CERTS_H
#define TESTS_UNIT_INGEST_CERTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define DAY 86400L

struct cert {
	X509 *x;
	EVP_PKEY *key;
};

struct cert_spec {
	const char *subject; /* its common name */
	const char *names;   /* "DNS:a.example,IP:127.0.0.1", or NULL */
	long from, to;       /* days from now; both 0: since yesterday, for 30 days */
	bool issues;         /* it is a CA */
	const char *usage;   /* extended key usage, or NULL */
};

static inline void
cert_extend(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *ext;

	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	assert_non_null(ext);
	assert_int_equal(X509_add_ext(x, ext, -1), 1);
	X509_EXTENSION_free(ext);
}

/* ${issuer} NULL: self-signed. */
static inline struct cert
cert_make(const struct cert_spec *spec, const struct cert *issuer)
{
	static long serial;
	struct cert c = { .x = X509_new(), .key = EVP_EC_gen("P-256") };
	bool ever = spec->from == 0 && spec->to == 0;
	X509_NAME *name;

	assert_non_null(c.x);
	assert_non_null(c.key);
	X509_set_version(c.x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(c.x), ++serial);
	X509_gmtime_adj(X509_getm_notBefore(c.x), ever ? -DAY : spec->from * DAY);
	X509_gmtime_adj(X509_getm_notAfter(c.x), ever ? 30 * DAY : spec->to * DAY);
	name = X509_get_subject_name(c.x);
	X509_NAME_add_entry_by_txt(
	    name, "CN", MBSTRING_UTF8, (const unsigned char *)spec->subject, -1, -1, 0);
	X509_set_issuer_name(c.x, issuer != NULL ? X509_get_subject_name(issuer->x) : name);
	X509_set_pubkey(c.x, c.key);
	if (spec->issues)
		cert_extend(c.x, c.x, NID_basic_constraints, "critical,CA:TRUE");
	if (spec->names != NULL)
		cert_extend(c.x, c.x, NID_subject_alt_name, spec->names);
	if (spec->usage != NULL)
		cert_extend(c.x, c.x, NID_ext_key_usage, spec->usage);
	assert_true(X509_sign(c.x, issuer != NULL ? issuer->key : c.key, EVP_sha256()) > 0);
	return c;
}

static inline void
cert_free(struct cert *c)
{
	X509_free(c->x);
	EVP_PKEY_free(c->key);
}

/* Write it and its key to ${path}; with a passphrase if there is one. */
static inline void
cert_save(const struct cert *c, const char *path, const char *passphrase)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(PEM_write_X509(f, c->x), 1);
	assert_int_equal(
	    PEM_write_PKCS8PrivateKey(f, c->key, passphrase != NULL ? EVP_aes_128_cbc() : NULL,
		passphrase, passphrase != NULL ? (int)strlen(passphrase) : 0, NULL, NULL),
	    1);
	assert_int_equal(fclose(f), 0);
}

/* Its SHA-256 as people write it. */
static inline void
cert_fingerprint(const struct cert *c, char out[96])
{
	unsigned char h[32];
	unsigned n;

	assert_int_equal(X509_digest(c->x, EVP_sha256(), h, &n), 1);
	for (size_t i = 0; i < sizeof(h); i++)
		snprintf(out + 3 * i, 4, "%02X%s", h[i], i + 1 < sizeof(h) ? ":" : "");
}

#endif
