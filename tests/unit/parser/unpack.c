/* Archives, one in the other, whole and damaged: what is handed out of them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>
#include <zlib.h>

#include "core/limits.h"
#include "core/deflate.h"
#include "parser/unpack.h"

static struct unpack *unpack;
static struct deflate *deflater;

/* What was told: "[path alone]", its bytes, "." at its end or the reason; "!path: reason" else. */
static struct buf told;
static uint64_t bytes;

static int
on_open(void *arg, const struct unpack_member *m, struct err *e)
{
	(void)arg, (void)e;
	if (m->sniff == SNIFF_TLSRPT)
		return 0;
	buf_printf(&told, "[%.*s%s]", STR_ARG(m->path), m->alone ? " alone" : "");
	return 1;
}

static int
on_data(void *arg, struct str s, struct err *e)
{
	(void)arg, (void)e;
	bytes += s.n;
	buf_puts(&told, (struct str){ s.p, s.n < 20 ? s.n : 20 });
	return s.n >= 4 && memcmp(s.p, "stop", 4) == 0;
}

static int
on_close(void *arg, enum outcome outcome, const char *reason, struct err *e)
{
	(void)arg, (void)e, (void)outcome;
	buf_puts(&told, str_of(reason != NULL ? reason : "."));
	return 0;
}

static int
on_failed(void *arg, struct str path, enum outcome outcome, const char *reason, struct err *e)
{
	(void)arg, (void)e;
	buf_printf(&told, "!%.*s %d: %s", STR_ARG(path), (int)outcome, reason);
	return 0;
}

static const char *
tell(struct str in)
{
	const struct unpack_sink sink = { NULL, on_open, on_data, on_close, on_failed };
	struct err e;

	buf_reset(&told);
	bytes = 0;
	unpack_reset(unpack);
	assert_int_equal(unpack_each(unpack, in, STR("a"), &sink, &e), 0);
	buf_put8(&told, 0);
	return told.p;
}

static void
put_le(struct buf *b, uint64_t v, size_t n)
{
	for (; n > 0; n--, v >>= 8)
		buf_put8(b, (uint8_t)v);
}

struct member {
	const char *name;
	struct str data;
};

static void
zip_header(struct buf *b, const struct member *m, bool local, uint16_t flags, uint32_t at)
{
	uint32_t crc = (uint32_t)crc32(0, (const unsigned char *)m->data.p, (unsigned)m->data.n);

	buf_puts(b, local ? STR("PK\x03\x04\x14\0") : STR("PK\x01\x02\x14\0\x14\0"));
	put_le(b, flags, 2);
	put_le(b, 0, 6); /* stored, no time */
	put_le(b, crc, 4);
	put_le(b, m->data.n, 4);
	put_le(b, m->data.n, 4);
	put_le(b, strlen(m->name), 2);
	put_le(b, 0, local ? 2 : 12);
	if (!local)
		put_le(b, at, 4);
	buf_puts(b, str_of(m->name));
}

static struct str
zip(struct buf *b, const struct member *m, size_t n, uint16_t flags)
{
	static uint32_t at[2000];
	size_t directory;

	buf_reset(b);
	for (size_t i = 0; i < n; i++) {
		at[i] = (uint32_t)b->n;
		zip_header(b, &m[i], true, flags, 0);
		buf_puts(b, m[i].data);
	}
	directory = b->n;
	for (size_t i = 0; i < n; i++)
		zip_header(b, &m[i], false, flags, at[i]);
	put_le(b, 0x06054B50, 4);
	put_le(b, 0, 4);
	put_le(b, n, 2);
	put_le(b, n, 2);
	put_le(b, b->n - 12 - directory, 4);
	put_le(b, directory, 4);
	put_le(b, 0, 2);
	return buf_str(b);
}

static struct str
gzip(struct buf *b, struct str s)
{
	deflate_start(deflater, b);
	deflate_add(deflater, s);
	deflate_end(deflater);
	return buf_str(b);
}

static struct buf one, two;

static void
test_gzip(void **state)
{
	struct str s;

	(void)state;
	assert_string_equal(tell(gzip(&one, STR("text"))), "[a alone]text.");
	buf_puts(&one, STR("\r\ntail"));
	assert_string_equal(tell(buf_str(&one)), "[a alone]text.");
	gzip(&one, STR("te"));
	buf_puts(&one, gzip(&two, STR("xt")));
	s = buf_str(&one);
	assert_non_null(strstr(tell(s), "[a alone]te"));
	assert_int_equal(bytes, 4);
	assert_string_equal(tell(gzip(&two, gzip(&one, STR("text")))), "[a alone]text.");
	gzip(&one, STR("text"));
	assert_string_equal(tell((struct str){ one.p, 10 }), "!a 3: truncated gzip input");
	/* All that stands before the damage comes, whatever it is. */
	assert_string_equal(
	    tell((struct str){ one.p, one.n - 1 }), "[a alone]texttruncated gzip input");
	one.p[one.n - 5] ^= 1;
	assert_string_equal(tell(buf_str(&one)), "[a alone]textgzip bad CRC");
	one.p[3] = (char)0xFF;
	assert_string_equal(tell(buf_str(&one)), "!a 3: the gzip header is damaged");
}

static void
test_zip(void **state)
{
	const struct member m[] = { { "x", STR("one") }, { "d/", STR("") }, { "y", STR("two") } };
	const struct member stop[] = { { "x", STR("stop") }, { "y", STR("two") } };

	(void)state;
	assert_string_equal(tell(zip(&one, m, 1, 0)), "[a > x alone]one.");
	assert_string_equal(tell(zip(&one, m, 3, 0)), "[a > x]one.[a > y]two.");
	assert_string_equal(tell(zip(&one, stop, 2, 0)), "[a > x]stop.[a > y]two.");
	assert_string_equal(tell(zip(&one, m, 0, 0)), "!a 2: the archive is empty");
	assert_string_equal(tell(zip(&one, m, 1, 1)), "!a > x 4: the zip is encrypted");
	zip(&one, m, 1, 0);
	one.p[31] = 'O'; /* the data, not its checksum */
	assert_non_null(strstr(tell(buf_str(&one)), "CRC"));
	zip(&one, m, 1, 0);
	buf_puts(&one, STR("\r\n"));
	assert_string_equal(tell(buf_str(&one)), "[a > x alone]one.");
}

/* Who claims one member and has two gives one: else the original would be another archive. */
static void
test_false_directory(void **state)
{
	const struct member m[] = { { "x", STR("one") }, { "y", STR("two") } };

	(void)state;
	zip(&one, m, 2, 0);
	one.p[one.n - 12] = 1;
	assert_null(strstr(tell(buf_str(&one)), "two"));
}

static void
test_nested(void **state)
{
	struct member m[] = { { "i", STR("text") }, { "j", STR("more") } };

	(void)state;
	m[0].data = gzip(&one, STR("text"));
	assert_string_equal(tell(zip(&two, m, 1, 0)), "[a > i alone]text.");
	assert_string_equal(tell(zip(&two, m, 2, 0)), "[a > i]text.[a > j]more.");
	m[0].data = STR("text");
	m[0].data = zip(&one, m, 2, 0);
	assert_string_equal(tell(zip(&two, m, 1, 0)), "[a > i > i]text.[a > i > j]more.");
}

static void
test_depth(void **state)
{
	struct member m[] = { { "i", STR("text") } };
	struct buf *from = &one, *to = &two;

	(void)state;
	zip(from, m, 1, 0);
	for (int depth = 1; depth <= LIMIT_UNPACK_DEPTH + 1; depth++) {
		bool fits = depth <= LIMIT_UNPACK_DEPTH;
		struct buf *t = from;

		assert_int_equal(strstr(tell(buf_str(from)), "text") != NULL, fits);
		assert_int_equal(
		    strstr(told.p,
			"5: archives are nested more than 3 deep; this limit is fixed") != NULL,
		    !fits);
		m[0].data = buf_str(from);
		zip(to, m, 1, 0);
		from = to;
		to = t;
	}
	gzip(&one, STR("text"));
	gzip(&two, buf_str(&one));
	gzip(&one, buf_str(&two));
	assert_non_null(strstr(tell(buf_str(&one)), "text"));
	gzip(&two, buf_str(&one));
	assert_string_equal(
	    tell(buf_str(&two)), "!a 5: archives are nested more than 3 deep; this limit is fixed");
}

static void
test_members(void **state)
{
	static struct member m[LIMIT_UNPACK_MEMBERS + 1];

	(void)state;
	for (size_t i = 0; i <= LIMIT_UNPACK_MEMBERS; i++)
		m[i] = (struct member){ "x", STR("y") };
	assert_null(strstr(tell(zip(&one, m, LIMIT_UNPACK_MEMBERS, 0)), "!"));
	assert_non_null(strstr(tell(zip(&one, m, LIMIT_UNPACK_MEMBERS + 1, 0)),
	    "!a 5: the archive has more than 1000 members; max_members raises it"));
}

/* A bomb: 1000:1 packed twice is stopped by the bytes it unpacks to, not by its ratio. */
static void
test_bomb(void **state)
{
	static char zeros[1u << 20];

	(void)state;
	memset(zeros, ' ', sizeof(zeros));
	deflate_start(deflater, &one);
	for (uint64_t n = 0; n <= LIMIT_XML_BYTES; n += sizeof(zeros))
		deflate_add(deflater, (struct str){ zeros, sizeof(zeros) });
	deflate_end(deflater);
	assert_false(one.over);
	assert_non_null(
	    strstr(tell(gzip(&two, buf_str(&one))), "more than 1 GB; max_unpacked_size raises it"));
	assert_true(bytes <= LIMIT_XML_BYTES);
}

static void
test_name(void **state)
{
	struct member m[] = { { "", STR("text") } };

	(void)state;
	assert_non_null(strstr(tell(zip(&one, m, 1, 0)), "text."));
	m[0].name = "\xFF\xFE.xml";
	assert_non_null(strstr(tell(zip(&one, m, 1, 0)), "text."));
	m[0].name = "M\xC3\xBCller.xml";
	assert_string_equal(tell(zip(&one, m, 1, 0x800)), "[a > M\xC3\xBCller.xml alone]text.");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gzip),
		cmocka_unit_test(test_zip),
		cmocka_unit_test(test_false_directory),
		cmocka_unit_test(test_nested),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_members),
		cmocka_unit_test(test_bomb),
		cmocka_unit_test(test_name),
	};
	struct err e;
	int rc;

	unpack = unpack_new(&e);
	deflater = deflate_new(&e);
	buf_init(&one, 32u << 20);
	buf_init(&two, 32u << 20);
	buf_init(&told, 32u << 20);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	unpack_free(unpack);
	deflate_free(deflater);
	buf_fini(&one);
	buf_fini(&two);
	buf_fini(&told);
	return rc;
}
