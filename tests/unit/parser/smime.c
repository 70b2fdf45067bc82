/* What is found in signed mail, and what is said of the rest. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/buf.h"
#include "core/limits.h"
#include "parser/smime.h"
#include "parser/sniff.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define CONTENT "Content-Type: text/plain\n\nhello\n"

/* ContentInfo without signers, recipients or certificates: DER, BER and PEM of one content. */
#define SIGNED                                                             \
	"\x30\x47\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x07\x02\xA0\x3A\x30" \
	"\x38\x02\x01\x01\x31\x00\x30\x2F\x06\x09\x2A\x86\x48\x86\xF7\x0D" \
	"\x01\x07\x01\xA0\x22\x04\x20\x43\x6F\x6E\x74\x65\x6E\x74\x2D\x54" \
	"\x79\x70\x65\x3A\x20\x74\x65\x78\x74\x2F\x70\x6C\x61\x69\x6E\x0A" \
	"\x0A\x68\x65\x6C\x6C\x6F\x0A\x31\x00"
#define INDEFINITE                                                         \
	"\x30\x80\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x07\x02\xA0\x80\x30" \
	"\x80\x02\x01\x01\x31\x00\x30\x80\x06\x09\x2A\x86\x48\x86\xF7\x0D" \
	"\x01\x07\x01\xA0\x80\x24\x80\x04\x0A\x43\x6F\x6E\x74\x65\x6E\x74" \
	"\x2D\x54\x79\x04\x16\x70\x65\x3A\x20\x74\x65\x78\x74\x2F\x70\x6C" \
	"\x61\x69\x6E\x0A\x0A\x68\x65\x6C\x6C\x6F\x0A\x00\x00\x00\x00\x00" \
	"\x00\x31\x00\x00\x00\x00\x00\x00\x00"
#define DETACHED                                                           \
	"\x30\x23\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x07\x02\xA0\x16\x30" \
	"\x14\x02\x01\x01\x31\x00\x30\x0B\x06\x09\x2A\x86\x48\x86\xF7\x0D" \
	"\x01\x07\x01\x31\x00"
#define ENVELOPED                                                          \
	"\x30\x48\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x07\x03\xA0\x3B\x30" \
	"\x39\x02\x01\x00\x31\x00\x30\x32\x06\x09\x2A\x86\x48\x86\xF7\x0D" \
	"\x01\x07\x01\x30\x1D\x06\x09\x60\x86\x48\x01\x65\x03\x04\x01\x02" \
	"\x04\x10\x69\x69\x69\x69\x69\x69\x69\x69\x69\x69\x69\x69\x69\x69" \
	"\x69\x69\x80\x06\x73\x65\x63\x72\x65\x74"
#define DATA                                                               \
	"\x30\x14\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x07\x01\xA0\x07\x04" \
	"\x05\x70\x6C\x61\x69\x6E"
#define PEM(end) \
	"-----BEGIN PKCS7-----\r\nMEcGCSqGSIb3DQEHAqA6MDgCAQExADAvBgkqhkiG9w0BBwGgIgQgQ29udGVudC1U\r\neXBlOiB0ZXh0L3BsYWluCgpoZWxsbwoxAA==\r\n" end

static struct arena *arena;

static void
test_content(void **state)
{
	static const struct {
		struct str in;
		enum smime out;
	} table[] = {
		{ { SIGNED, sizeof(SIGNED) - 1 }, SMIME_HAS_CONTENT },
		{ { SIGNED "behind", sizeof(SIGNED) + 5 }, SMIME_HAS_CONTENT },
		{ { INDEFINITE, sizeof(INDEFINITE) - 1 }, SMIME_HAS_CONTENT },
		{ { PEM("-----END PKCS7-----\n"), sizeof(PEM("-----END PKCS7-----\n")) - 1 },
		    SMIME_HAS_CONTENT },
		{ { PEM(""), sizeof(PEM("")) - 1 }, SMIME_HAS_CONTENT },
		{ { PEM("!"), sizeof(PEM("!")) - 1 }, SMIME_DAMAGED },
		{ { "-----BEGIN CMS-----", 19 }, SMIME_DAMAGED },
		{ { DETACHED, sizeof(DETACHED) - 1 }, SMIME_NO_CONTENT },
		{ { ENVELOPED, sizeof(ENVELOPED) - 1 }, SMIME_ENCRYPTED },
		{ { DATA, sizeof(DATA) - 1 }, SMIME_OTHER_TYPE },
		{ { SIGNED, sizeof(SIGNED) - 2 }, SMIME_DAMAGED },
		{ { "\x30", 1 }, SMIME_DAMAGED },
		{ { "", 0 }, SMIME_DAMAGED },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct str content = { NULL, 0 };
		enum smime got = smime_content(arena, table[i].in, &content);

		if (got != table[i].out)
			print_message("# row %zu\n", i);
		assert_int_equal(got, table[i].out);
		assert_true(str_eq(
		    content, got == SMIME_HAS_CONTENT ? STR(CONTENT) : (struct str){ NULL, 0 }));
		if (table[i].in.n > 30)
			assert_int_equal(sniff_bytes(table[i].in), SNIFF_CMS);
	}
}

/* Any prefix of either is damaged, and nothing worse. */
static void
test_cut(void **state)
{
	static const struct str whole[] = { { SIGNED, sizeof(SIGNED) - 1 },
		{ INDEFINITE, sizeof(INDEFINITE) - 1 } };
	struct str content;

	(void)state;
	for (size_t i = 0; i < COUNT(whole); i++)
		for (size_t n = 0; n < whole[i].n; n++)
			assert_int_equal(
			    smime_content(arena, (struct str){ whole[i].p, n }, &content),
			    SMIME_DAMAGED);
}

static void
test_full(void **state)
{
	struct arena *small = arena_new(sizeof(CONTENT) - 2);
	struct str content;

	(void)state;
	assert_int_equal(smime_content(small, STR(SIGNED), &content), SMIME_TOO_BIG);
	arena_free(small);
}

/* What OpenSSL makes of it takes many times its bytes. */
static void
test_large(void **state)
{
	struct str content;
	struct buf b;

	(void)state;
	buf_init(&b, LIMIT_CMS_BYTES + sizeof(SIGNED));
	buf_puts(&b, STR(SIGNED));
	while (b.n <= LIMIT_CMS_BYTES)
		buf_put8(&b, ' ');
	assert_int_equal(smime_content(arena, buf_str(&b), &content), SMIME_TOO_BIG);
	buf_fini(&b);
}

static int
setup(void **state)
{
	(void)state;
	smime_init();
	arena = arena_new(LIMIT_WORKER_ARENA);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_content),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_large),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
