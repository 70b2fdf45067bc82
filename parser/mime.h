/* mime.h - a mail taken apart (RFC 2045-2049, 2183, 2231, 5322): its leaves, decoded. */
#ifndef PARSER_MIME_H
#define PARSER_MIME_H

#include "core/arena.h"
#include "core/ceilings.h"
#include "core/err.h"
#include "core/limits.h"
#include "core/str.h"
#include "parser/hints.h"
#include "parser/sniff.h"

struct mime;

#define MIME_STRING_(n) #n
#define MIME_STRING(n) MIME_STRING_(n)
/* Of mails in mails, archives aside. */
#define MIME_TOO_DEEP \
	"the mail is nested more than " MIME_STRING(LIMIT_MIME_DEPTH) " deep" CEILING_FIXED

struct mime *mime_new(struct err *e);
void mime_free(struct mime *m);

/* What Auto-Submitted (RFC 3834) and its forerunners say; reports are often generated ones, too. */
enum mime_automatic { MIME_BY_HAND, MIME_REPLIED, MIME_GENERATED };

/*
 * What the header says; texts belong to the arena, ->header borrows from the mail.  What was passed
 * over in the mail is known when mime_walk returns.
 */
struct mime_header {
	struct str message_id; /* without its angle brackets */
	struct hints hints;    /* its Subject, and the domain of the first address in From */
	struct str header;     /* the block as it came, at most LIMIT_HEADER_BYTES */
	enum mime_automatic automatic;
	bool bounce;      /* a delivery status notification was passed over, RFC 3464 */
	bool disposition; /* one of what became of a mail, RFC 8098 */
	bool encrypted;   /* multipart/encrypted, RFC 1847: PGP */
};

struct failure_source;

struct mime_leaf {
	struct str name;  /* file name as declared, for display and as a hint; or empty */
	struct str type;  /* media type as declared, any case: "application/gzip" */
	struct str bytes; /* decoded, not charset-converted; only the beginning when SNIFF_OTHER */
	enum sniff sniff;
	const struct hints *hints; /* of the mail right around it; texts belong to the arena */
	struct str header;         /* of the mail it stands in; what is no header is not in it */
	/* A failure report: what is at hand of it; nothing of the mail that failed is shown. */
	const struct failure_source *failure;
};

struct mime_visitor {
	void *arg;
	/* 0, or -1 to stop there. */
	int (*leaf)(void *arg, const struct mime_leaf *leaf, struct err *e);
	/* Something was left out because of a limit: ${reason}.  At most once per limit. */
	int (*limit)(void *arg, const char *reason, struct err *e);
};

/* Go by ${c}, which must outlive that, instead of ceilings_default: from mime_reset on. */
void mime_limit(struct mime *m, const struct ceilings *c);

/* Forget the counts of the message before: parts, and bytes decoded. */
void mime_reset(struct mime *m);

/*
 * Show ${v} the leaves of ${mail} in document order, those of attached messages too; none of a
 * delivery status notification, whose enclosures are somebody's returned mail.  Uuencoded files in
 * a text are leaves of their own behind it.  LIMIT_MIME_DEPTH, LIMIT_HEADER_BYTES and the ceiling
 * of parts hold.  A leaf that is itself a mail (SNIFF_MAIL) may be given to mime_walk from
 * within ->leaf; depths add up.  With ${header} == NULL it is a piece of the mail around it and the
 * parts add up, too; else it is a mail of its own, and its parts are counted anew.
 *
 * Fills in ${header} before the first leaf.  Returns 0, or what ->leaf returned.
 */
int mime_walk(struct mime *m, struct arena *a, struct str mail, struct mime_header *header,
    const struct mime_visitor *v, struct err *e);

#endif
