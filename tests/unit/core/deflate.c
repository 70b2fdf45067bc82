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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_over),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
