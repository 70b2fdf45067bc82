#include "ingest/certificate.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/text.h"

#define NAMES_BYTES 100      /* of the names it has, in a message */
#define FAULTS_BYTES 190     /* of what is wrong with it: the fingerprint has to fit behind it */
#define FINGERPRINT_BYTES 96 /* 32 times "AB:" */

/* What was found wrong: of each sort the first, with the certificate that has it. */
struct faults {
	int trust, time, name, other; /* X509_V_ERR_*, X509_V_OK: none */
	X509 *untrusted, *untimely;
};

static struct sha256
fingerprint_of(X509 *x)
{
	struct digest *digest = digest_new();
	unsigned char *der = NULL;
	int n = i2d_X509(x, &der);
	struct sha256 h = { { 0 } };

	if (n > 0)
		h = digest_of(digest, (struct str){ (const char *)der, (size_t)n });
	OPENSSL_free(der);
	digest_free(digest);
	return h;
}

static void
put_fingerprint(const struct sha256 *h, char out[FINGERPRINT_BYTES])
{
	for (size_t i = 0; i < sizeof(h->b); i++)
		snprintf(out + 3 * i, 4, "%02X%s", h->b[i], i + 1 < sizeof(h->b) ? ":" : "");
}

bool
certificate_none_trusted(void)
{
	DIR *dir;
	const struct dirent *d;

	if (getenv(X509_get_default_cert_file_env()) != NULL ||
	    getenv(X509_get_default_cert_dir_env()) != NULL ||
	    access(X509_get_default_cert_file(), F_OK) == 0)
		return false;
	dir = opendir(X509_get_default_cert_dir());
	if (dir == NULL)
		return true;
	while ((d = readdir(dir)) != NULL && d->d_name[0] == '.')
		continue;
	closedir(dir);
	return d == NULL;
}

static int
digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int
certificate_pin(struct certificate_rule *rule, const char *fingerprint, struct err *e)
{
	struct sha256 pin = { { 0 } };
	size_t n = 0;

	for (const char *p = fingerprint; *p != '\0'; p++) {
		int digit = digit_of(*p);

		if (*p == ':' && n % 2 == 0)
			continue;
		if (digit < 0 || n == 2 * sizeof(pin.b))
			goto bad;
		pin.b[n / 2] = (unsigned char)(pin.b[n / 2] << 4 | digit);
		n++;
	}
	if (n != 2 * sizeof(pin.b))
		goto bad;
	rule->pinned = true;
	rule->pin = pin;
	return 0;
bad:
	return err_set(e, ERR_CONFIG,
	    "\"%s\" is no fingerprint: it is a SHA-256 and has 64 hexadecimal digits", fingerprint);
}

bool
certificate_is_address(const char *host)
{
	unsigned char room[16];
	char plain[INET6_ADDRSTRLEN];
	size_t n = strcspn(host, "%"); /* a zone is no part of it */

	if (n >= sizeof(plain))
		return false;
	memcpy(plain, host, n);
	plain[n] = '\0';
	return inet_pton(AF_INET, plain, room) == 1 || inet_pton(AF_INET6, plain, room) == 1;
}

/* Quoted, and as harmless as a terminal wants it; the certificate is a stranger's. */
static void
put_quoted(struct buf *out, const void *p, size_t n)
{
	buf_puts(out, STR("\""));
	text_terminal(out, (struct str){ p, n });
	buf_puts(out, STR("\""));
}

/* The common name, or the organisation, of ${name}. */
static void
put_name(struct buf *out, const X509_NAME *name)
{
	static const int parts[] = { NID_commonName, NID_organizationName };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		int at = X509_NAME_get_index_by_NID(name, parts[i], -1);
		unsigned char *text = NULL;
		int n;

		if (at < 0)
			continue;
		n = ASN1_STRING_to_UTF8(
		    &text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
		if (n < 0)
			continue;
		put_quoted(out, text, n < 100 ? (size_t)n : 100);
		OPENSSL_free(text);
		return;
	}
	buf_puts(out, STR("somebody without a name"));
}

/* One name of the certificate, if it is of a sort a host may have. */
static bool
put_alternative(struct buf *out, const GENERAL_NAME *name)
{
	char text[INET6_ADDRSTRLEN];
	const ASN1_OCTET_STRING *a;
	int family;

	if (name->type == GEN_DNS) {
		int n = ASN1_STRING_length(name->d.dNSName);

		put_quoted(out, ASN1_STRING_get0_data(name->d.dNSName), n < 100 ? (size_t)n : 100);
		return true;
	}
	if (name->type != GEN_IPADD)
		return false;
	a = name->d.iPAddress;
	family = ASN1_STRING_length(a) == 4 ? AF_INET : AF_INET6;
	if (ASN1_STRING_length(a) != 4 && ASN1_STRING_length(a) != 16)
		return false;
	inet_ntop(family, ASN1_STRING_get0_data(a), text, sizeof(text));
	put_quoted(out, text, strlen(text));
	return true;
}

/* Whom it is for: as many names as there is room, and how many more. */
static void
put_names(struct buf *out, X509 *leaf)
{
	GENERAL_NAMES *all = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
	size_t start = out->n, named = 0, more = 0;

	for (int i = 0; i < sk_GENERAL_NAME_num(all); i++) {
		size_t before = out->n;

		if (named > 0)
			buf_puts(out, STR(", "));
		if (!put_alternative(out, sk_GENERAL_NAME_value(all, i))) {
			out->n = before;
		} else if (named > 0 && out->n - start > NAMES_BYTES) {
			out->n = before;
			more++;
		} else {
			named++;
		}
	}
	if (named == 0) {
		buf_puts(out, STR("no host at all, only "));
		put_name(out, X509_get_subject_name(leaf));
	}
	if (more > 0)
		buf_printf(out, " and %zu more", more);
	GENERAL_NAMES_free(all);
}

/* Keep what OpenSSL objects to and let it go on: an administrator wants to hear all at once. */
static int
collect(int ok, X509_STORE_CTX *chain)
{
	struct faults *f = X509_STORE_CTX_get_app_data(chain);
	int error = X509_STORE_CTX_get_error(chain);

	if (ok)
		return 1;
	switch (error) {
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_CERT_UNTRUSTED:
		if (f->trust == X509_V_OK) {
			f->trust = error;
			f->untrusted = X509_STORE_CTX_get_current_cert(chain);
		}
		return 1;
	case X509_V_ERR_CERT_HAS_EXPIRED:
	case X509_V_ERR_CERT_NOT_YET_VALID:
		if (f->time == X509_V_OK) {
			f->time = error;
			f->untimely = X509_STORE_CTX_get_current_cert(chain);
		}
		return 1;
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		f->name = error;
		return 1;
	default:
		f->other = error;
		return 0;
	}
}

static void
put_time_fault(struct buf *out, const struct faults *f, X509 *leaf)
{
	bool expired = f->time == X509_V_ERR_CERT_HAS_EXPIRED;
	char day[32] = "a day nobody can read";
	X509 *x = f->untimely != NULL ? f->untimely : leaf;
	struct tm tm;

	if (ASN1_TIME_to_tm(expired ? X509_get0_notAfter(x) : X509_get0_notBefore(x), &tm) == 1)
		strftime(day, sizeof(day), "%Y-%m-%d", &tm);
	if (x != leaf) {
		buf_puts(out, STR("comes from "));
		put_name(out, X509_get_subject_name(x));
		buf_puts(out, STR(", whose own "));
	}
	if (expired)
		buf_printf(out, "expired on %s", day);
	else
		buf_printf(out, "is valid only from %s (is the clock right?)", day);
}

static void
put_trust_fault(struct buf *out, const struct faults *f, X509 *leaf)
{
	X509 *x = f->untrusted != NULL ? f->untrusted : leaf;

	if (f->trust == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT) {
		buf_puts(out, STR("is self-signed"));
		return;
	}
	buf_puts(out, STR("was issued by "));
	put_name(out, X509_get_issuer_name(x));
	buf_puts(out, STR(", who is not known here"));
}

static void
describe(struct buf *out, const struct faults *f, X509 *leaf, const char *host)
{
	const char *and = "";

	if (f->trust != X509_V_OK) {
		put_trust_fault(out, f, leaf);
		and = ", ";
	}
	if (f->time != X509_V_OK) {
		buf_puts(out, str_of(and));
		put_time_fault(out, f, leaf);
		and = ", ";
	}
	if (f->name != X509_V_OK) {
		buf_printf(out, "%sis not for \"%s\" but for ", and, host);
		put_names(out, leaf);
		and = ", ";
	}
	if (f->other != X509_V_OK)
		buf_printf(out, "%sis refused: %s", and, X509_verify_cert_error_string(f->other));
}

static void
blame(const struct faults *f, X509 *leaf, const struct certificate_rule *rule, struct err *e)
{
	struct sha256 h = fingerprint_of(leaf);
	char hex[FINGERPRINT_BYTES];
	const char *cure;
	struct buf what;

	put_fingerprint(&h, hex);
	buf_init(&what, sizeof(e->text) * 4);
	describe(&what, f, leaf, rule->host);
	if (f->trust != X509_V_OK && rule->empty_store)
		cure = "nobody at all is known here: is the package ca-certificates installed?";
	else if (f->trust != X509_V_OK && f->name == X509_V_OK && f->time == X509_V_OK)
		cure = "if it is the right one, ca_file names its issuer, or fingerprint itself";
	else
		cure = "if it is the right one nevertheless, fingerprint says so";
	err_set(e, ERR_CONFIG, "its certificate %.*s; its SHA-256 is %s; %s",
	    (int)(what.n < FAULTS_BYTES ? what.n : FAULTS_BYTES), what.n > 0 ? what.p : "", hex,
	    cure);
	buf_fini(&what);
}

/* Takes the same time wherever they differ. */
static bool
is_same(const struct sha256 *a, const struct sha256 *b)
{
	unsigned differ = 0;

	for (size_t i = 0; i < sizeof(a->b); i++)
		differ |= (unsigned)(a->b[i] ^ b->b[i]);
	return differ == 0;
}

static int
judge_pin(X509_STORE_CTX *chain, const struct certificate_rule *rule, struct err *e)
{
	struct sha256 h = fingerprint_of(X509_STORE_CTX_get0_cert(chain));
	char hex[FINGERPRINT_BYTES];

	if (is_same(&h, &rule->pin)) {
		X509_STORE_CTX_set_error(chain, X509_V_OK);
		return 1;
	}
	put_fingerprint(&h, hex);
	X509_STORE_CTX_set_error(chain, X509_V_ERR_APPLICATION_VERIFICATION);
	err_set(e, ERR_CONFIG,
	    "its certificate has not the fingerprint that the configuration names, but %s; if it was "
	    "replaced, change fingerprint; if not, somebody stands between",
	    hex);
	return 0;
}

/* Tell OpenSSL the name: false when it cannot be one. */
static bool
expect_host(X509_STORE_CTX *chain, const struct certificate_rule *rule)
{
	X509_VERIFY_PARAM *p = X509_STORE_CTX_get0_param(chain);

	/* a ca_file may hold the certificate itself, or its issuer without the root */
	if (rule->own_store)
		X509_VERIFY_PARAM_set_flags(p, X509_V_FLAG_PARTIAL_CHAIN);
	X509_VERIFY_PARAM_set_hostflags(
	    p, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
	if (certificate_is_address(rule->host)) {
		char plain[INET6_ADDRSTRLEN + 1];

		snprintf(plain, sizeof(plain), "%.*s", (int)strcspn(rule->host, "%"), rule->host);
		return X509_VERIFY_PARAM_set1_ip_asc(p, plain) == 1;
	}
	return rule->host[0] != '\0' && X509_VERIFY_PARAM_set1_host(p, rule->host, 0) == 1;
}

int
certificate_judge(X509_STORE_CTX *chain, const struct certificate_rule *rule, struct err *e)
{
	struct faults f = { .trust = X509_V_OK };
	X509 *leaf = X509_STORE_CTX_get0_cert(chain);
	int rc, first;

	if (rule->pinned)
		return judge_pin(chain, rule, e);
	if (!expect_host(chain, rule)) {
		X509_STORE_CTX_set_error(chain, X509_V_ERR_HOSTNAME_MISMATCH);
		err_set(e, ERR_CONFIG, "its certificate cannot be for \"%s\": that is no host",
		    rule->host);
		return 0;
	}
	X509_STORE_CTX_set_app_data(chain, &f);
	X509_STORE_CTX_set_verify_cb(chain, collect);
	rc = X509_verify_cert(chain);
	first = f.other != X509_V_OK ? f.other
	    : f.trust != X509_V_OK   ? f.trust
	    : f.time != X509_V_OK    ? f.time
				     : f.name;
	if (rc > 0 && first == X509_V_OK)
		return 1;
	if (first == X509_V_OK)
		first = f.other = X509_STORE_CTX_get_error(chain);
	X509_STORE_CTX_set_error(chain, first != X509_V_OK ? first : X509_V_ERR_UNSPECIFIED);
	blame(&f, leaf, rule, e);
	return 0;
}
