/* The right certificate, the wrong ones, and what is said of them. */
#include "tests/unit/ingest/certs.h"

#include <stdlib.h>

#include "ingest/certificate.h"

static struct cert root, other_root, old_root;

static int
make_roots(void **state)
{
	(void)state;
	root = cert_make(&(struct cert_spec){ .subject = "Test Root", .issues = true }, NULL);
	other_root =
	    cert_make(&(struct cert_spec){ .subject = "Other Root", .issues = true }, NULL);
	old_root = cert_make(
	    &(struct cert_spec){ .subject = "Old Root", .issues = true, .from = -20, .to = -10 },
	    NULL);
	return 0;
}

static int
free_roots(void **state)
{
	(void)state;
	cert_free(&root);
	cert_free(&other_root);
	cert_free(&old_root);
	return 0;
}

/* Judge ${leaf} as TLS would, trusting Test Root and Old Root. */
static int
judge(const struct cert *leaf, const struct certificate_rule *rule, struct err *e, int *error)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *chain = X509_STORE_CTX_new();
	int rc;

	X509_STORE_add_cert(store, root.x);
	X509_STORE_add_cert(store, old_root.x);
	assert_int_equal(X509_STORE_CTX_init(chain, store, leaf->x, NULL), 1);
	X509_STORE_CTX_set_default(chain, "ssl_server");
	*e = (struct err){ .kind = ERR_NONE };
	rc = certificate_judge(chain, rule, e);
	*error = X509_STORE_CTX_get_error(chain);
	X509_STORE_CTX_free(chain);
	X509_STORE_free(store);
	return rc;
}

static const struct judged {
	const char *host;
	struct cert_spec spec;
	const struct cert *issuer; /* NULL: itself */
	const char *wrong[3];      /* what is said; none: it is right */
} cases[] = {
	{ "imap.example.org", { "x", "DNS:imap.example.org", 0, 0, false, NULL }, &root, { NULL } },
	{ "IMAP.Example.ORG", { "x", "DNS:imap.example.org", 0, 0, false, NULL }, &root, { NULL } },
	{ "imap.example.org",
	    { "x", "DNS:example.org,DNS:imap.example.org", 0, 0, false, "serverAuth" }, &root,
	    { NULL } },
	/* wildcards: the whole leftmost label, one level (RFC 9525 6.3) */
	{ "imap.example.org", { "x", "DNS:*.example.org", 0, 0, false, NULL }, &root, { NULL } },
	{ "a.b.example.org", { "x", "DNS:*.example.org", 0, 0, false, NULL }, &root,
	    { "is not for \"a.b.example.org\" but for \"*.example.org\"" } },
	{ "example.org", { "x", "DNS:*.example.org", 0, 0, false, NULL }, &root, { "is not for" } },
	{ "imap.example.org", { "x", "DNS:im*.example.org", 0, 0, false, NULL }, &root,
	    { "is not for" } },
	{ "example", { "x", "DNS:*", 0, 0, false, NULL }, &root, { "is not for" } },
	/* a host's name in the subject counts no more (RFC 9525 2) */
	{ "imap.example.org", { "imap.example.org", NULL, 0, 0, false, NULL }, &root,
	    { "but for no host at all, only \"imap.example.org\"" } },
	{ "imap.example.org", { "imap.example.org", "DNS:a.example", 0, 0, false, NULL }, &root,
	    { "but for \"a.example\"" } },
	{ "imap.example.org", { "x", "email:a@example.org,DNS:b.example", 0, 0, false, NULL },
	    &root, { "but for \"b.example\"" } },
	/* addresses are no names */
	{ "127.0.0.1", { "x", "IP:127.0.0.1", 0, 0, false, NULL }, &root, { NULL } },
	{ "::1", { "x", "IP:::1", 0, 0, false, NULL }, &root, { NULL } },
	{ "0:0::1", { "x", "IP:::1", 0, 0, false, NULL }, &root, { NULL } },
	{ "127.0.0.1", { "x", "DNS:127.0.0.1", 0, 0, false, NULL }, &root, { "is not for" } },
	{ "127.0.0.2", { "x", "IP:127.0.0.1,IP:::1", 0, 0, false, NULL }, &root,
	    { "is not for \"127.0.0.2\" but for \"127.0.0.1\", \"::1\"" } },
	{ "", { "x", "DNS:a", 0, 0, false, NULL }, &root, { "that is no host" } },
	/* time */
	{ "a.test", { "x", "DNS:a.test", -30, -20, false, NULL }, &root, { "expired on 20" } },
	{ "a.test", { "x", "DNS:a.test", 10, 20, false, NULL }, &root,
	    { "is valid only from 20", "is the clock right?" } },
	{ "a.test", { "x", "DNS:a.test", 0, 0, false, NULL }, &old_root,
	    { "comes from \"Old Root\", whose own expired on 20" } },
	/* trust */
	{ "a.test", { "x", "DNS:a.test", 0, 0, false, NULL }, NULL,
	    { "its certificate is self-signed", "ca_file names its issuer" } },
	{ "a.test", { "x", "DNS:a.test", 0, 0, false, NULL }, &other_root,
	    { "was issued by \"Other Root\", who is not known here", "ca_file names its issuer" } },
	{ "a.test", { "x", "DNS:a.test", 0, 0, false, "clientAuth" }, &root, { "is refused: " } },
	/* all that is wrong, at once */
	{ "a.test", { "x", "DNS:b.test", -30, -20, false, NULL }, NULL,
	    { "is self-signed, expired on 20", ", is not for \"a.test\" but for \"b.test\"",
		"nevertheless, fingerprint says so" } },
};

static void
judged(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct judged *t = &cases[i];
		struct certificate_rule rule = { .host = t->host };
		struct cert leaf = cert_make(&t->spec, t->issuer);
		char hex[96];
		struct err e;
		int error, rc = judge(&leaf, &rule, &e, &error);

		cert_fingerprint(&leaf, hex);
		if (rc != (t->wrong[0] == NULL))
			fail_msg("%zu: %s: %d %s", i, t->host, rc, e.text);
		assert_int_equal(e.kind, rc ? ERR_NONE : ERR_CONFIG);
		assert_int_equal(rc != 0, error == X509_V_OK);
		for (size_t w = 0; w < 3 && t->wrong[w] != NULL; w++)
			if (strstr(e.text, t->wrong[w]) == NULL)
				fail_msg("%zu: \"%s\" without \"%s\"", i, e.text, t->wrong[w]);
		if (rc == 0 && t->host[0] != '\0')
			assert_non_null(strstr(e.text, hex));
		cert_free(&leaf);
	}
}

/* A certificate is a stranger's text: what it says is cut and cannot move a cursor. */
static void
hostile_names(void **state)
{
	struct certificate_rule rule = { .host = "a.test" };
	char many[64 * 200] = "DNS:b.test", hex[96];
	struct cert leaf;
	struct err e;
	int error;

	(void)state;
	for (int i = 0; i < 200; i++)
		snprintf(many + strlen(many), sizeof(many) - strlen(many),
		    ",DNS:host-%d.with.a.long.name.test", i);
	leaf = cert_make(&(struct cert_spec){ .subject = "x", .names = many }, &root);
	assert_int_equal(judge(&leaf, &rule, &e, &error), 0);
	cert_fingerprint(&leaf, hex);
	assert_non_null(strstr(e.text, "\"b.test\", \"host-0.with"));
	assert_non_null(strstr(e.text, " more; its SHA-256 is "));
	assert_non_null(strstr(e.text, hex));
	cert_free(&leaf);
	leaf = cert_make(&(struct cert_spec){ .subject = "\033[2J\n\xE2\x80\xAE" }, NULL);
	assert_int_equal(judge(&leaf, &rule, &e, &error), 0);
	for (const char *p = e.text; *p != '\0'; p++)
		assert_in_range(*p, ' ', '~');
	cert_free(&leaf);
}

/* "a.test\0.evil" is not a.test. */
static void
nul_in_a_name(void **state)
{
	struct certificate_rule rule = { .host = "a.test" };
	struct cert leaf = cert_make(&(struct cert_spec){ .subject = "x" }, &root);
	GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_IA5STRING *text = ASN1_IA5STRING_new();
	struct err e;
	int error;

	(void)state;
	ASN1_STRING_set(text, "a.test\0.evil.test", 17);
	GENERAL_NAME_set0_value(name, GEN_DNS, text);
	sk_GENERAL_NAME_push(names, name);
	assert_int_equal(X509_add1_ext_i2d(leaf.x, NID_subject_alt_name, names, 0, 0), 1);
	assert_true(X509_sign(leaf.x, root.key, EVP_sha256()) > 0);
	assert_int_equal(judge(&leaf, &rule, &e, &error), 0);
	assert_non_null(strstr(e.text, "\"a.test\\x00.evil.test\""));
	GENERAL_NAMES_free(names);
	cert_free(&leaf);
}

/* A machine without any trusted issuer refuses all servers, and ca_file is not the cure. */
static void
empty_store(void **state)
{
	struct certificate_rule rule = { .host = "a.test", .empty_store = true };
	struct cert leaf =
	    cert_make(&(struct cert_spec){ .subject = "x", .names = "DNS:a.test" }, &other_root);
	struct err e;
	int error;

	(void)state;
	assert_int_equal(judge(&leaf, &rule, &e, &error), 0);
	assert_non_null(strstr(e.text, "ca-certificates"));
	cert_free(&leaf);
	assert_int_equal(setenv("SSL_CERT_DIR", "/", 1), 0);
	assert_false(certificate_none_trusted());
}

/* The fingerprint decides alone, both ways. */
static void
pinned(void **state)
{
	struct cert bad = cert_make(
	    &(struct cert_spec){ .subject = "x", .names = "DNS:b", .from = -30, .to = -20 }, NULL);
	struct cert good =
	    cert_make(&(struct cert_spec){ .subject = "x", .names = "DNS:a.test" }, &root);
	struct certificate_rule rule = { .host = "a.test" };
	char hex[96], other[96];
	struct err e;
	int error;

	(void)state;
	cert_fingerprint(&bad, hex);
	cert_fingerprint(&good, other);
	assert_int_equal(certificate_pin(&rule, hex, &e), 0);
	assert_int_equal(judge(&bad, &rule, &e, &error), 1);
	assert_int_equal(error, X509_V_OK);
	assert_int_equal(judge(&good, &rule, &e, &error), 0);
	assert_int_not_equal(error, X509_V_OK);
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_non_null(strstr(e.text, other));
	assert_non_null(strstr(e.text, "change fingerprint"));
	for (size_t i = 0; i < sizeof(rule.pin.b); i++) {
		rule.pin.b[i] ^= 1;
		assert_int_equal(judge(&bad, &rule, &e, &error), 0);
		rule.pin.b[i] ^= 1;
	}
	cert_free(&bad);
	cert_free(&good);
}

static void
fingerprints(void **state)
{
	static const struct {
		const char *text;
		int rc;
	} t[] = {
		{ "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF", 0 },
		{ "00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff:00:11:22:33:44:55:66:77:88:99:"
		  "AA:BB:CC:DD:EE:FF",
		    0 },
		{ "", -1 },
		{ "00", -1 },
		{ "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEF", -1 },
		{ "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF0", -1 },
		{ "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF00", -1 },
		{ "0:0112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF", -1 },
		{ "0x112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFFF", -1 },
		{ "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEF ", -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct certificate_rule rule = { .host = "a.test" };
		struct err e = { .kind = ERR_NONE };

		if (certificate_pin(&rule, t[i].text, &e) != t[i].rc)
			fail_msg("%s", t[i].text);
		assert_int_equal(rule.pinned, t[i].rc == 0);
		assert_int_equal(e.kind, t[i].rc == 0 ? ERR_NONE : ERR_CONFIG);
		for (size_t b = 0; rule.pinned && b < 32; b++)
			assert_int_equal(rule.pin.b[b], b % 16 * 17);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(judged),
		cmocka_unit_test(hostile_names),
		cmocka_unit_test(nul_in_a_name),
		cmocka_unit_test(empty_store),
		cmocka_unit_test(pinned),
		cmocka_unit_test(fingerprints),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_roots, free_roots);
}
