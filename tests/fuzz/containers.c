/* Any bytes as a winmail.dat, as S/MIME, as an mbox and as an error report. */
#include <assert.h>

#include "core/limits.h"
#include "parser/mbox.h"
#include "parser/smime.h"
#include "parser/tnef.h"
#include "parser/undelivered.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
touch(struct str s)
{
	volatile char sum = 0;

	for (size_t i = 0; i < s.n; i++)
		sum = (char)(sum ^ s.p[i]);
}

static void
read_mbox(struct arena *a, struct str in)
{
	size_t all = 0, whole = in.n;
	struct str mail;
	bool quoted;

	while (mbox_is(in) && mbox_next(&in, &mail, &quoted)) {
		touch(mbox_unquote(a, mail));
		all += mail.n;
	}
	assert(all + in.n <= whole);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct arena *a;
	const struct str in = { (const char *)p, n };
	struct tnef_attachment attachment;
	struct str content;
	struct buf reason;
	struct tnef t;
	size_t all = 0;

	if (a == NULL) {
		a = arena_new(LIMIT_MAIL_BYTES);
		smime_init();
	}
	arena_reset(a);
	tnef_start(&t, in);
	while (tnef_next(&t, &attachment)) {
		touch(attachment.name);
		touch(attachment.bytes);
		all += attachment.name.n + attachment.bytes.n;
	}
	assert(all <= n);
	if (smime_content(a, in, &content) == SMIME_HAS_CONTENT)
		touch(content);
	read_mbox(a, in);
	buf_init(&reason, (size_t)8 * LIMIT_REASON_BYTES);
	if (undelivered_parse(in, &reason))
		assert(!reason.over && str_utf8(buf_str(&reason)) == reason.n);
	buf_fini(&reason);
	return 0;
}
