/*
 * Any bytes as the parts of a failure report: the mail's header, the fields and the message that
 * failed, with a NUL between them.  What comes of it survives its frame.
 */
#include <assert.h>

#include "core/frame.h"
#include "core/limits.h"
#include "core/wire.h"
#include "parser/failure.h"
#include "parser/feedback.h"
#include "parser/labels.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static struct str
take(struct str *rest)
{
	const char *end = rest->n > 0 ? memchr(rest->p, '\0', rest->n) : NULL;
	struct str s = *rest;

	if (end != NULL)
		s.n = (size_t)(end - s.p);
	*rest = (struct str){ s.p + s.n, rest->n - s.n };
	if (rest->n > 0)
		*rest = (struct str){ rest->p + 1, rest->n - 1 };
	return s;
}

static void
parse(const struct failure_source *s)
{
	static struct failure_reader *r;
	static struct arena *a;
	static struct buf b;
	struct part part = { 0 }, again;
	enum frame_type type;
	struct str payload;
	struct err e;
	size_t used;

	if (r == NULL) {
		r = failure_new();
		a = arena_new(LIMIT_WORKER_ARENA);
		buf_init(&b, FRAME_HEAD + LIMIT_FRAME_BYTES);
	}
	arena_reset(a);
	buf_reset(&b);
	failure_parse(r, s, &part);
	part_put(&b, &part);
	assert(!b.over && frame_next(buf_str(&b), &type, &payload, &used) == 1);
	assert(part_get(a, payload, &again, &e) == 0);
	assert((again.failure != NULL) == (again.outcome == OUTCOME_REPORT));
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct buf undone;
	struct str rest = { (const char *)p, n };
	struct failure_source s = { 0 };

	if (undone.max == 0)
		buf_init(&undone, LIMIT_MAIL_BYTES);
	if (n > 0 && feedback_undo_blank_lines(rest, &undone))
		assert(str_find(buf_str(&undone), STR("feedback-report")) != NULL);
	s.header = take(&rest);
	s.fields = take(&rest);
	s.sample = rest;
	parse(&s);
	s.plain = labels_are_failure(s.fields);
	if (s.plain)
		parse(&s);
	return 0;
}
