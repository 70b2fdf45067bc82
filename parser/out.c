#include "parser/out.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "core/frame.h"
#include "core/limits.h"

void
out_init(struct out *o, int (*write)(void *arg, struct str bytes), void *arg)
{
	/* What has gathered and one more frame. */
	buf_init(&o->frames, 2 * (FRAME_HEAD + LIMIT_FRAME_BYTES));
	o->write = write;
	o->arg = arg;
}

void
out_fini(struct out *o)
{
	buf_fini(&o->frames);
}

int
out_flush(struct out *o, size_t least, struct err *e)
{
	/* A frame that was dropped would leave a report that looks whole and is not. */
	assert(!o->frames.over);
	if (o->frames.n <= least)
		return 0;
	if (o->write(o->arg, buf_str(&o->frames)) != 0)
		return err_set(
		    e, ERR_SOURCE, "could not hand on what was read: %s", strerror(errno));
	buf_reset(&o->frames);
	return 0;
}
