/*
 * mbox.h - where the mails of an mbox begin and end (RFC 4155, and the forms mboxo, mboxrd, mboxcl and
 * mboxcl2 that MTAs write).  Whoever has the bytes hands them over in pieces, so that a file of any
 * size needs no memory here; the work grows with its size.
 */
#ifndef CORE_MBOX_H
#define CORE_MBOX_H

#include "core/str.h"

#define MBOX_LINE_BYTES ((size_t)1000) /* of a separator's line that are looked at; RFC 5322: 998 */
#define MBOX_AHEAD_BYTES (2 * MBOX_LINE_BYTES) /* what has to be seen to judge a separator */

/* Bytes that can be looked at anywhere. */
struct mbox_bytes {
	/*
	 * What stands at ${offset}: at least ${want} bytes of it, or all there are; borrowed until
	 * the next call.  ${want} is at most MBOX_WANT_BYTES.
	 */
	struct str (*at)(void *arg, uint64_t offset, size_t want);
	void *arg;
	uint64_t size;
};

#define MBOX_WANT_BYTES \
	((size_t)264 << 10) /* a header block that is worth reading, and some more */

struct mbox_mail {
	uint64_t at;    /* where its separator stands */
	uint64_t start; /* the mail itself, behind the separator */
	uint64_t body;  /* behind the empty line that ends its header; ->start: there is none */
	uint64_t end;   /* behind it: the next separator, or the end */
	bool quoted;    /* From_ lines in its body have a ">" before them */
	bool internal;  /* no mail, but what a mail server keeps of the folder in it */
};

/*
 * Whether ${in} opens with a separator, "From SENDER DAY MONTH N…", a line that ends within
 * MBOX_LINE_BYTES or with the bytes.  The "From " line that is left over in front of a mail exported
 * by hand need not be one.
 */
bool mbox_is(struct str in);

/*
 * The first separator in ${s} at byte ${from} or behind it but before ${to}, or ${to}: it begins a line,
 * behind an empty one, or is followed by what a delivery writes first (Return-path, Received, ...):
 * where the last mail's end is lost, the next one is not.  MBOX_AHEAD_BYTES behind ${to} are looked
 * at, and three before ${from}.
 */
size_t mbox_find(struct str s, size_t from, size_t to);

/*
 * Where the mails begin: behind empty lines and, where a separator follows, behind one line that
 * begins no header.  ${bare}: what stands there has no separator.
 */
uint64_t mbox_first(const struct mbox_bytes *b, bool *bare);

/*
 * The mail at ${at} into ${m}: false where no separator stands there.  It ends at the next separator,
 * or where its Content-Length says if a separator or the end stands exactly there and no mail that was
 * delivered begins before: what is in it unquoted is then part of it.
 */
bool mbox_mail(const struct mbox_bytes *b, uint64_t at, struct mbox_mail *m);

/* As mbox_mail for the mail without a separator that ${b} begins with at ${at}. */
void mbox_bare(const struct mbox_bytes *b, uint64_t at, struct mbox_mail *m);

/*
 * The first ">" in ${s}, at ${from} or behind it, that quotes a line ">From ", ">>From ", …, or s.n.
 * ${s} begins with the beginning of a line.
 */
size_t mbox_quoted(struct str s, size_t from);

#endif
