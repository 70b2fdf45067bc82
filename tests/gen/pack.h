/* pack.h - gzip and zip, fed piece by piece. */
#ifndef GEN_PACK_H
#define GEN_PACK_H
#include <stddef.h>
#include <stdint.h>
#include <zlib.h>

#include "text.h"

enum pack_form {
	PACK_NONE, /* the bytes as they are */
	PACK_GZIP,
	PACK_GZIP_NAMED, /* with the member's name in the header */
	PACK_ZIP,        /* one deflated member */
};

/* Only the packed bytes are held in memory.  All zero is ready for pack_start(). */
struct pack {
	enum pack_form form;
	struct text out;
	z_stream z;
	gz_header head;
	int64_t when;
	uint64_t plain; /* bytes that went in */
	uint32_t crc;
	char name[256];
};

/* Start a container whose member is called ${name}, last changed at ${when}. */
void pack_start(struct pack *, enum pack_form, const char *name, int64_t when);
void pack_feed(struct pack *, const void *bytes, size_t n);

/* Complete the container in ${out}, which lasts until the next pack_start(). */
void pack_end(struct pack *);

/* Take a complete gzip container apart again: append what went in to ${to}. */
void pack_open(const struct pack *, struct text *to);
void pack_fini(struct pack *);
#endif
