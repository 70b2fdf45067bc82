/* fetchconf.h - what a fetcher is told of its source: the configuration as bytes. */
#ifndef INGEST_FETCHCONF_H
#define INGEST_FETCHCONF_H

#include "core/arena.h"
#include "core/buf.h"
#include "core/err.h"

#include "ingest/imapconf.h"
#include "ingest/source.h"

struct fetch_conf {
	struct imap_conf imap;
	enum after after;
	const char *move_to, *failures; /* as people write them, or NULL */
	const char *tmp_dir;
	bool watch;
};

#define FETCHCONF_BYTES ((size_t)128 << 10)

/* Append ${c} to ${out}. */
void fetchconf_put(struct buf *out, const struct fetch_conf *c);

/* Read it back, texts into ${a}; -1 when ${in} is not what fetchconf_put writes. */
int fetchconf_get(struct arena *a, struct str in, struct fetch_conf *c);

#endif
