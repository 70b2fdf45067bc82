/* What is packed comes out of gunzip as it went in. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <zlib.h>

#include "core/deflate.h"

static void
assert_unpacks(struct str packed, const char *want, size_t n)
{
	z_stream z = { .next_in = (unsigned char *)(uintptr_t)packed.p,
		.avail_in = (unsigned)packed.n };
	char *room = malloc(n + 1);

	assert_non_null(room);
	assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
	z.next_out = (unsigned char *)room;
	z.avail_out = (unsigned)n + 1;
	assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
	assert_int_equal(z.total_out, n);
	assert_int_equal(z.avail_in, 0);
	assert_memory_equal(room, want, n);
	inflateEnd(&z);
	free(room);
}

/* Sizes around the step from careful to fast, in pieces, with one packer for all. */
static void
test_round_trip(void **state)
{
	static const size_t sizes[] = { 0, 1, 5000, (1u << 20) - 1, (1u << 20) + 1, 3u << 20, 100 };
	struct err e;
	struct deflate *d = deflate_new(&e);
	char *data = malloc(3u << 20);
	uint32_t seed = 1;
	struct buf out;

	(void)state;
	assert_non_null(data);
	for (size_t i = 0; i < 3u << 20; i++) {
		seed = seed * 1664525 + 1013904223;
		data[i] = (char)(seed >> 24 & 0x3F);
	}
	buf_init(&out, 8u << 20);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		deflate_start(d, &out);
		for (size_t at = 0; at < sizes[i]; at += 40000) {
			size_t n = sizes[i] - at < 40000 ? sizes[i] - at : 40000;

			deflate_add(d, (struct str){ data + at, n });
		}
		deflate_end(d);
		assert_false(out.over);
		assert_int_equal((unsigned char)out.p[0], 0x1F);
		assert_int_equal((unsigned char)out.p[1], 0x8B);
		assert_unpacks(buf_str(&out), data, sizes[i]);
	}
	buf_fini(&out);
	deflate_free(d);
	free(data);
}

/* A full buf is said, and the packer works again afterwards. */
static void
test_over(void **state)
{
	struct err e;
	struct deflate *d = deflate_new(&e);
	static char data[100000];
	struct buf small, large;
	uint32_t seed = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++) {
		seed = seed * 1664525 + 1013904223;
		data[i] = (char)(seed >> 24);
	}
	buf_init(&small, 20000);
	buf_init(&large, 1u << 20);
	deflate_start(d, &small);
	deflate_add(d, (struct str){ data, sizeof(data) });
	deflate_end(d);
	assert_true(small.over);
	deflate_start(d, &large);
	deflate_add(d, STR("again"));
	deflate_end(d);
	assert_unpacks(buf_str(&large), "again", 5);
	buf_fini(&small);
	buf_fini(&large);
	deflate_free(d);
}

/* Both ways of a connection, cut at every byte and read in small pieces. */
static void
test_stream(void **state)
{
	static const char first[] = "* 1 FETCH (UID 1)", second[] = "a OK";
	static char many[40000], got[40000];
	struct err e;
	struct zstream *pack = zstream_new(&e);
	struct buf out;
	uint32_t seed = 3;
	size_t whole;

	(void)state;
	for (size_t i = 0; i < sizeof(many); i++) {
		seed = seed * 1664525 + 1013904223;
		many[i] = (char)(seed >> 28);
	}
	buf_init(&out, 1u << 20);
	zstream_pack(pack, str_of(first), &out);
	zstream_flush(pack, &out);
	whole = out.n;
	zstream_pack(pack, str_of(second), &out);
	zstream_pack(pack, (struct str){ NULL, 0 }, &out);
	zstream_pack(pack, (struct str){ many, sizeof(many) }, &out);
	zstream_flush(pack, &out);
	for (size_t cut = 0; cut <= out.n; cut += cut < 2 * whole ? 1 : 97) {
		struct zstream *z = zstream_new(&e);
		struct str in = { out.p, cut };
		size_t n = 0, piece = 1 + cut % 7;
		ssize_t rc;

		for (int half = 0; half < 2; half++) {
			while ((rc = zstream_unpack(z, &in, got + n,
				    n + piece < sizeof(got) ? piece : sizeof(got) - n)) > 0 &&
			    (n += (size_t)rc) < sizeof(got))
				continue;
			if (half == 0) {
				assert_int_equal(rc, 0);
				assert_int_equal(in.n, 0);
				/* what was flushed can be read before what follows comes */
				assert_true(cut < whole || n >= sizeof(first) - 1);
			}
			in = (struct str){ out.p + cut, out.n - cut };
		}
		assert_memory_equal(got, "* 1 FETCH (UID 1)a OK", 21);
		assert_memory_equal(got + 21, many, n - 21);
		assert_int_equal(n, sizeof(got));
		zstream_free(z);
	}
	buf_fini(&out);
	zstream_free(pack);
	zstream_free(NULL);
}

static void
test_no_stream(void **state)
{
	const struct {
		struct str in;
		const char *out; /* what comes before it breaks */
	} t[] = {
		{ STR("\xFF\xFF"), "" },
		{ STR("plain text, not packed"), "" },
		{ STR("\x4B\x04\x00"), "a" }, /* a stream with an end */
		{ STR("\x1F\x8B\x08"), "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct err e;
		struct zstream *z = zstream_new(&e);
		struct str in = t[i].in;
		char got[100];
		size_t n = 0;
		ssize_t rc;

		while ((rc = zstream_unpack(z, &in, got + n, sizeof(got) - n)) > 0)
			n += (size_t)rc;
		assert_int_equal(rc, -1);
		assert_int_equal(n, strlen(t[i].out));
		assert_memory_equal(got, t[i].out, n);
		assert_int_equal(zstream_unpack(z, &in, got, sizeof(got)), -1);
		zstream_free(z);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_over),
		cmocka_unit_test(test_stream),
		cmocka_unit_test(test_no_stream),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
