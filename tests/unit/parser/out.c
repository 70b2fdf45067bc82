#include "parser/out.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "core/frame.h"
#include "core/limits.h"

/* A listener that keeps what it hears, until it leaves. */
struct listener {
	struct buf heard;
	unsigned calls;
	bool left;
};

static int
hear(void *arg, struct str bytes)
{
	struct listener *l = arg;

	if (l->left) {
		errno = EPIPE;
		return -1;
	}
	l->calls++;
	buf_puts(&l->heard, bytes);
	return 0;
}

static void
gathers_until_there_is_enough(void **state)
{
	struct listener l = { 0 };
	struct out o;
	struct err e;

	(void)state;
	buf_init(&l.heard, 1000);
	out_init(&o, hear, &l);
	assert_int_equal(out_flush(&o, 0, &e), 0);
	assert_int_equal(l.calls, 0);
	buf_puts(&o.frames, STR("abcd"));
	assert_int_equal(out_flush(&o, 4, &e), 0);
	assert_int_equal(l.calls, 0);
	buf_puts(&o.frames, STR("e"));
	assert_int_equal(out_flush(&o, 4, &e), 0);
	assert_int_equal(l.calls, 1);
	assert_int_equal(o.frames.n, 0);
	buf_puts(&o.frames, STR("f"));
	assert_int_equal(out_flush(&o, 0, &e), 0);
	assert_true(str_eq(buf_str(&l.heard), STR("abcdef")));
	out_fini(&o);
	buf_fini(&l.heard);
}

static void
nobody_listens(void **state)
{
	struct listener l = { .left = true };
	struct out o;
	struct err e;

	(void)state;
	out_init(&o, hear, &l);
	buf_puts(&o.frames, STR("abc"));
	assert_int_equal(out_flush(&o, 3, &e), 0);
	assert_int_equal(out_flush(&o, 0, &e), -1);
	assert_int_equal(e.kind, ERR_SOURCE);
	out_fini(&o);
}

/* The largest frame fits behind all that may have gathered before it. */
static void
a_largest_frame_fits(void **state)
{
	static const char payload[LIMIT_FRAME_BYTES];
	struct listener l = { 0 };
	struct out o;
	struct err e;

	(void)state;
	buf_init(&l.heard, 3 * LIMIT_FRAME_BYTES);
	out_init(&o, hear, &l);
	for (int i = 0; i < 2; i++) {
		size_t at = frame_open(&o.frames, FRAME_ORIGINAL);

		buf_put(&o.frames, payload, sizeof(payload));
		frame_close(&o.frames, at);
	}
	assert_false(o.frames.over);
	assert_int_equal(out_flush(&o, LIMIT_FRAME_BYTES, &e), 0);
	assert_int_equal(l.heard.n, 2 * (FRAME_HEAD + LIMIT_FRAME_BYTES));
	out_fini(&o);
	buf_fini(&l.heard);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gathers_until_there_is_enough),
		cmocka_unit_test(nobody_listens),
		cmocka_unit_test(a_largest_frame_fits),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
