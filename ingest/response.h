/*
 * response.h - what an IMAP server says, read with its literals (RFC 3501 7, 9; RFC 9051 7, 9).
 *
 * The server is a stranger: lengths, depth and numbers are bounded, and a line that follows no
 * grammar is an error, or its tail is ->text where servers are known to be loose.
 */
#ifndef INGEST_RESPONSE_H
#define INGEST_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/err.h"
#include "core/str.h"

#define RESPONSE_BYTES ((size_t)256 << 10) /* of one in memory; COPYUID of 10,000 is 120 kB */
#define RESPONSE_DEPTH 16                  /* of lists; BODYSTRUCTURE is never asked for */
#define RESPONSE_VALUES 65536              /* RESPONSE_BYTES of different UIDs are 46,000 */

enum value_kind {
	VALUE_NIL,      /* ->text as sent: where a name must stand, it is one */
	VALUE_ATOM,     /* also numbers, flags ("\\Seen") and "BODY[HEADER.FIELDS (DATE)]" as one */
	VALUE_STRING,   /* quoted or literal, unescaped */
	VALUE_LIST,     /* ->first; may be empty */
	VALUE_STREAMED, /* a literal given to the sink: ->size bytes of it */
};

struct value {
	struct value *next;
	enum value_kind kind;
	struct str text;
	struct value *first;
	uint64_t size;
};

enum response_kind { RESPONSE_UNTAGGED, RESPONSE_TAGGED, RESPONSE_CONTINUE };

/* All of it lives until the next response is read. */
struct response {
	enum response_kind kind;
	struct str tag;
	bool numbered;
	uint32_t number; /* "* 12 FETCH" */
	struct str name; /* OK NO BAD BYE PREAUTH, CAPABILITY, LIST, FETCH, EXISTS ...; as sent */
	struct str code; /* of OK, NO, BAD, BYE, PREAUTH: what stands first in "[...]"; or empty */
	struct value *code_values; /* and what stands behind it there */
	struct str text;           /* and the human text; of a continuation all that follows "+ " */
	struct value *values;      /* of all others: what follows the name */
};

/* Where bytes come from, and where a mail goes. */
struct response_io {
	void *arg;
	/* Up to ${n} bytes, at least one; -1 with ${e}. */
	ssize_t (*read)(void *arg, void *p, size_t n, struct err *e);
	/*
	 * The literal of a FETCH item whose name begins with "BODY[]" (or "BODY[" at all, when it is longer
	 * than 16 KiB) is not kept in memory: first ${begin} with its size and the message's sequence number,
	 * then its bytes in pieces.  0, or -1 with ${e}: reading ends with that error.
	 * A quoted string as the value of BODY[] is handed in the same way; NIL is VALUE_NIL.
	 */
	int (*begin)(void *arg, uint32_t number, uint64_t size, struct err *e);
	int (*piece)(void *arg, struct str piece, struct err *e);
};

struct reader;

struct reader *reader_new(const struct response_io *io);
void reader_free(struct reader *r);

/* Forget buffered bytes and what was learnt (a new connection). */
void reader_reset(struct reader *r);

/* Whether bytes were read from ->read and not yet used: before STARTTLS there must be none. */
bool reader_has_bytes(const struct reader *r);

/*
 * The next response.  ERR_SOURCE "the server sent ..." when it breaks the grammar or a limit, or the
 * error of a callback.  After -1 only reader_reset and reader_free.
 */
int reader_next(struct reader *r, struct response *out, struct err *e);

/* For walking FETCH's list: the value behind the item ${name} (ASCII case folded), or NULL. */
const struct value *value_of(const struct value *list, struct str name);

/* Likewise behind the first item whose name opens with ${prefix}: servers write sections their way. */
const struct value *value_opening(const struct value *list, struct str prefix);

/* A number of at most 32 (64) bits; -1 when ${v} is none or NULL. */
int value_u32(const struct value *v, uint32_t *out);
int value_u64(const struct value *v, uint64_t *out);

#endif
