/* unpack.h - get the documents out of an attachment: gzip and zip, one in the other. */
#ifndef PARSER_UNPACK_H
#define PARSER_UNPACK_H

#include "core/ceilings.h"
#include "core/err.h"
#include "core/report.h"
#include "core/str.h"
#include "parser/sniff.h"

struct unpack;

struct unpack *unpack_new(struct err *e);
void unpack_free(struct unpack *u);

struct unpack_member {
	struct str path;  /* names on the way to it, joined by " > "; any bytes, display only */
	struct str head;  /* its beginning; all of it when it is small */
	enum sniff sniff; /* of ->head */
	unsigned ordinal; /* among all of the message; the same when they are unpacked again */
	bool alone;       /* nothing else is in any of the archives on the way to it */
};

/* Told in this order for each member: open, if that gave 1: data …, close. */
struct unpack_sink {
	void *arg;
	/* 1: ->data is given all of it, ->head included; 0: it is passed over; -1: stop. */
	int (*open)(void *arg, const struct unpack_member *m, struct err *e);
	/* 0; 1 when the rest is of no interest; -1 to stop everything. */
	int (*data)(void *arg, struct str bytes, struct err *e);
	/* ${reason} is NULL when the member came whole, else ${outcome} says what is wrong. */
	int (*close)(void *arg, enum outcome outcome, const char *reason, struct err *e);
	/* Of an archive, or of a member before its ->open: it cannot be read. */
	int (*failed)(
	    void *arg, struct str path, enum outcome outcome, const char *reason, struct err *e);
};

/* Go by ${c}, which must outlive that, instead of ceilings_default: from unpack_reset on. */
void unpack_limit(struct unpack *u, const struct ceilings *c);

/* Forget what was counted for the message before: bytes unpacked, and members. */
void unpack_reset(struct unpack *u);

/*
 * Unpack ${in}, which is SNIFF_GZIP or SNIFF_ZIP, and what is packed in it, LIMIT_UNPACK_DEPTH
 * deep.  Members are streamed; only an archive in a zip is gathered first, no more than a mail.
 * Bytes after the end of an archive do not matter.  ${path} is what the archive is called.
 * Of what is damaged, all that stands before the damage is handed out.  Returns 0, or -1 when a sink
 * function did.
 */
int unpack_each(struct unpack *u, struct str in, struct str path, const struct unpack_sink *sink,
    struct err *e);

/*
 * The same bytes as the last unpack_each once more: members come in the same order, and count for
 * the limits as if they had not come before.
 */
int unpack_again(struct unpack *u, struct str in, struct str path, const struct unpack_sink *sink,
    struct err *e);

#endif
