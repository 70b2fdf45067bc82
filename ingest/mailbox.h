/*
 * mailbox.h - names of IMAP folders: what people write, and what goes over the wire.
 *
 * People write UTF-8 with '/' between the levels.  On the wire stands modified UTF-7 (RFC 3501
 * 5.1.3) with the server's separator, behind the prefix of the personal namespace.
 */
#ifndef INGEST_MAILBOX_H
#define INGEST_MAILBOX_H

#include <stdbool.h>
#include <stddef.h>

#include "core/buf.h"
#include "core/str.h"

#define MAILBOX_BYTES 1024 /* of a name, either way */

/* What NAMESPACE (RFC 2342) and LIST told. */
struct mailbox_space {
	char separator;             /* '/', '.', '\\' ...; 0: a flat list */
	char prefix[MAILBOX_BYTES]; /* of the personal namespace as on the wire, "INBOX." or "" */
	char foreign[8][MAILBOX_BYTES]; /* prefixes of others' and shared namespaces, on the wire */
	size_t nforeign;
};

/*
 * The wire name of ${name} into ${out}, whose bytes it replaces (with a NUL that ->n does not
 * count).  INBOX is INBOX in any case.  The prefix is put before a name that does not begin with it
 * or with a foreign one.  -1 when it is no UTF-8, holds a control character, an empty level or the
 * separator where that is not '/', or is too long.
 */
int mailbox_to_wire(const struct mailbox_space *s, struct str name, struct buf *out);

/*
 * What people read, likewise: the prefix taken away where mailbox_to_wire would put it back, '/'
 * between the levels.  A name that is no modified UTF-7 comes with its bytes as they are where they
 * are UTF-8 without control characters, and -1 else.  -1 too when it holds a '/' that is not the
 * separator, or is too long.
 */
int mailbox_from_wire(const struct mailbox_space *s, struct str wire, struct buf *out);

/*
 * Whether ${pattern} matches ${name}, both as people write them: '*' stands for any text, '%' for any
 * text without '/'.  INBOX is compared without regard to case, everything else exactly.
 */
bool mailbox_matches(struct str pattern, struct str name);

/* Whether it has a '*' or '%'. */
bool mailbox_is_pattern(struct str name);

/* Append ${wire} as a quoted string of IMAP, quotes included; -1 when it would need a literal. */
int mailbox_quote(struct str wire, struct buf *out);

#endif
