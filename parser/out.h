/* out.h - where a parser writes its frames: a buffer that empties itself. */
#ifndef PARSER_OUT_H
#define PARSER_OUT_H

#include "core/buf.h"
#include "core/err.h"

struct out {
	struct buf frames; /* append whole frames (core/wire.h), then call out_flush */
	int (*write)(void *arg, struct str bytes); /* 0, or -1 with errno */
	void *arg;
};

void out_init(struct out *o, int (*write)(void *arg, struct str bytes), void *arg);
void out_fini(struct out *o);

/* Hand on what has gathered, if that is more than ${least} bytes.  ERR_SOURCE when nobody listens. */
int out_flush(struct out *o, size_t least, struct err *e);

#endif
