/*
 * decode.h - the bytes of a damaged document as UTF-8 that XML 1.0 allows, whatever they claim to
 * be: for mend.h alone.  libxml2 does it for documents that are well-formed.
 */
#ifndef PARSER_DECODE_H
#define PARSER_DECODE_H

#include <iconv.h>

#include "core/buf.h"
#include "parser/quirks.h"

/* Where a declaration must have ended. */
#define DECODE_HEAD 512

enum decode_form { DECODE_UNDECIDED, DECODE_UTF8, DECODE_UTF16, DECODE_ICONV };

struct decode {
	enum decode_form form;
	bool big_endian;
	bool ended;
	iconv_t converter;      /* of DECODE_ICONV */
	char held[DECODE_HEAD]; /* bytes that mean nothing without those to come */
	size_t nheld;
	unsigned line; /* that the last byte stands in */
	struct quirks *quirks;
};

void decode_init(struct decode *d);
void decode_fini(struct decode *d);

/* Begin a document; what had to be repaired goes to ${quirks}. */
void decode_start(struct decode *d, struct quirks *quirks);

/*
 * Append to ${out} what the next ${bytes} are, at most three bytes for each: UTF-16 by its byte
 * order mark or its first "<", the encoding that is declared if a converter for it is at hand and
 * reads the declaration itself as written, else UTF-8.  A byte that is no UTF-8 is one of
 * windows-1252; what XML 1.0 section 2.2 forbids is left out.
 */
void decode_add(struct decode *d, struct str bytes, struct buf *out);

/* All is read: what was held back is as it is. */
void decode_end(struct decode *d, struct buf *out);

#endif
