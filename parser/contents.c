#include "parser/contents.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/limits.h"
#include "parser/attachment.h"
#include "parser/failure.h"
#include "parser/labels.h"
#include "parser/mbox.h"
#include "parser/mime.h"
#include "parser/smime.h"
#include "parser/tnef.h"
#include "parser/undelivered.h"

#define KEPT_ROOM ((size_t)1 << 20) /* from one message to the next */

/* What is said of them below. */
_Static_assert(LIMIT_CMS_BYTES == 4u << 20 && LIMIT_MAILS == 1000, "4 MB, 1000 mails");

int
contents_init(struct contents *c, struct err *e)
{
	*c = (struct contents){ 0 };
	smime_init();
	buf_init(&c->text, (size_t)8 * LIMIT_REASON_BYTES);
	c->arena = arena_new(LIMIT_WORKER_ARENA);
	c->owned = arena_new(LIMIT_GATHERED_BYTES);
	c->mime = mime_new(e);
	c->attachments = attachment_new(e);
	return c->mime != NULL && c->attachments != NULL ? 0 : -1;
}

void
contents_fini(struct contents *c)
{
	mime_free(c->mime);
	attachment_free(c->attachments);
	arena_free(c->arena);
	arena_free(c->owned);
	buf_fini(&c->text);
}

void
contents_reset(struct contents *c, const struct ceilings *ceilings, struct out *out)
{
	c->ceilings = ceilings;
	c->whole = (struct str){ NULL, 0 };
	c->told_limit = false;
	c->mails = c->nested = 0;
	c->within = false;
	arena_reset(c->arena);
	/* What a reset keeps may be large. */
	if (arena_size(c->owned) > KEPT_ROOM) {
		arena_free(c->owned);
		c->owned = arena_new(LIMIT_GATHERED_BYTES);
	}
	arena_reset(c->owned);
	attachment_limit(c->attachments, ceilings);
	attachment_reset(c->attachments, c->arena, out);
	mime_limit(c->mime, ceilings);
	mime_reset(c->mime);
}

int
contents_say(struct contents *c, enum outcome outcome, const char *reason, struct err *e)
{
	return attachment_say(
	    c->attachments, (struct str){ NULL, 0 }, outcome, KIND_UNKNOWN, reason, e);
}

/* A failure report that no multipart is around: all of it is in ${leaf}, whose type tells. */
static int
read_lone_failure(struct contents *c, const struct mime_leaf *leaf, struct err *e)
{
	const struct failure_source s = {
		.header = leaf->header,
		.fields = leaf->bytes,
		.plain = !str_caseeq(leaf->type, STR("message/feedback-report")),
		.odd_outer = true,
	};

	return attachment_failure(c->attachments, leaf->name, &s, e);
}

static int read_leaf(struct contents *c, const struct mime_leaf *leaf, struct err *e);
static int read_mails(
    struct contents *c, struct str bytes, struct mime_header *only, struct err *e);

/* Whether the mail around it announces a report. */
static bool
is_expected(const struct mime_leaf *leaf)
{
	return leaf->hints != NULL && sniff_report_subject(leaf->hints->subject);
}

/* message/rfc822 and its kin come here only where they were base64, which RFC 2046 forbids. */
static bool
may_be_mail(struct str type)
{
	return !str_casestarts(type, STR("message/")) || str_caseeq(type, STR("message/rfc822")) ||
	    str_caseeq(type, STR("message/global"));
}

static int
on_limit(void *arg, const char *reason, struct err *e)
{
	struct contents *c = arg;
	enum report_kind kind = KIND_UNKNOWN;

	if (c->told_limit)
		return 0;
	c->told_limit = true;
	/* Of a failure report nothing is kept, not even of one that was not read. */
	if (str_find(c->whole, STR("feedback-report")) != NULL)
		kind = KIND_FAILURE;
	return attachment_say(
	    c->attachments, (struct str){ NULL, 0 }, OUTCOME_TOO_BIG, kind, reason, e);
}

static int
on_leaf(void *arg, const struct mime_leaf *leaf, struct err *e)
{
	struct contents *c = arg;

	return read_leaf(c, leaf, e);
}

/* "the container > ${name}", in the arena. */
static struct str
inner_name(struct contents *c, struct str container, struct str name)
{
	buf_reset(&c->text);
	buf_puts(&c->text, container);
	if (container.n > 0 && name.n > 0)
		buf_puts(&c->text, STR(" > "));
	buf_puts(&c->text, name);
	return arena_str(c->arena, buf_str(&c->text));
}

static int
read_tnef(struct contents *c, const struct mime_leaf *leaf, struct err *e)
{
	struct tnef_attachment a;
	struct tnef t;
	unsigned n = 0;
	char reason[100];

	tnef_start(&t, leaf->bytes);
	while (tnef_next(&t, &a)) {
		struct mime_leaf inner = { .name = inner_name(c, leaf->name, a.name),
			.type = STR("application/octet-stream"),
			.bytes = a.bytes,
			.sniff = sniff_bytes(a.bytes),
			.hints = leaf->hints };

		if (n++ == c->ceilings->parts) {
			snprintf(reason, sizeof(reason),
			    "winmail.dat has more than %u attachments" CEILING_RAISED("max_parts"),
			    (unsigned)c->ceilings->parts);
			return on_limit(c, reason, e);
		}
		if (read_leaf(c, &inner, e) != 0)
			return -1;
	}
	if (n > 0 || !t.cut || !is_expected(leaf))
		return 0;
	snprintf(reason, sizeof(reason), "winmail.dat is damaged or ends early");
	if (t.checksum_bad > 0)
		snprintf(reason, sizeof(reason),
		    "winmail.dat is damaged: %u of its checksums are wrong", t.checksum_bad);
	return attachment_say(c->attachments, leaf->name, OUTCOME_CORRUPT, KIND_UNKNOWN, reason, e);
}

static int
read_smime(struct contents *c, const struct mime_leaf *leaf, struct err *e)
{
	const struct mime_visitor v = { c, on_leaf, on_limit };
	struct mime_leaf inner = { .name = leaf->name, .hints = leaf->hints };
	bool likely = is_expected(leaf) || sniff_report_name(leaf->name);
	enum outcome outcome = OUTCOME_UNSUPPORTED;
	const char *reason;

	switch (smime_content(c->owned, leaf->bytes, &inner.bytes)) {
	case SMIME_HAS_CONTENT:
		inner.sniff = sniff_bytes(inner.bytes);
		if (inner.sniff == SNIFF_MAIL)
			return mime_walk(c->mime, c->arena, inner.bytes, NULL, &v, e);
		return read_leaf(c, &inner, e);
	case SMIME_ENCRYPTED:
		reason = "the mail is encrypted (S/MIME)";
		break;
	case SMIME_OTHER_TYPE:
		reason = "this kind of S/MIME is not read, only signed mail";
		break;
	case SMIME_TOO_BIG:
		return on_limit(c, "the signed mail is longer than 4 MB" CEILING_FIXED, e);
	case SMIME_DAMAGED:
		outcome = OUTCOME_CORRUPT;
		reason = "the S/MIME structure is damaged";
		break;
	default:
		return 0;
	}
	if (!likely)
		return 0;
	return attachment_say(c->attachments, leaf->name, outcome, KIND_UNKNOWN, reason, e);
}

/* What is no container, or a file that is: ${t} says which. */
static int
read_attachment(
    struct contents *c, const struct attachment *t, struct mime_header *only, struct err *e)
{
	if (attachment_read(c->attachments, t, e) != 0)
		return -1;
	for (struct gathered *g = attachment_gathered(c->attachments); g != NULL; g = g->next) {
		struct mime_leaf leaf = {
			.name = g->path, .bytes = g->bytes, .sniff = g->sniff, .hints = t->hints
		};
		int rc = g->sniff == SNIFF_MAIL ? read_mails(c, g->bytes, g->alone ? only : NULL, e)
						: read_leaf(c, &leaf, e);

		if (rc != 0)
			return -1;
	}
	return 0;
}

static int
read_container(struct contents *c, const struct mime_leaf *leaf, struct err *e)
{
	struct attachment t = { .path = leaf->name,
		.name = leaf->name,
		.bytes = leaf->bytes,
		.sniff = leaf->sniff,
		.hints = leaf->hints,
		.expected = is_expected(leaf) };

	/* Words before a document are a gateway's in a file, and somebody's in a text. */
	if (leaf->sniff == SNIFF_XML && str_caseeq(leaf->type, STR("text/plain")) &&
	    leaf->name.n == 0 && !sniff_opens_xml(leaf->bytes))
		return 0;
	if (leaf->sniff == SNIFF_TNEF)
		return read_tnef(c, leaf, e);
	if (leaf->sniff == SNIFF_CMS)
		return read_smime(c, leaf, e);
	if (leaf->sniff == SNIFF_MAIL && may_be_mail(leaf->type))
		return read_mails(c, leaf->bytes, NULL, e);
	return read_attachment(c, &t, NULL, e);
}

static int
read_leaf(struct contents *c, const struct mime_leaf *leaf, struct err *e)
{
	int rc;

	if (leaf->failure != NULL)
		return attachment_failure(c->attachments, leaf->name, leaf->failure, e);
	if (str_caseeq(leaf->type, STR("message/feedback-report")) ||
	    (str_caseeq(leaf->type, STR("text/plain")) && labels_are_failure(leaf->bytes)))
		return read_lone_failure(c, leaf, e);
	buf_reset(&c->text);
	if (str_casestarts(leaf->type, STR("text/")) && undelivered_parse(leaf->bytes, &c->text)) {
		buf_put8(&c->text, '\0');
		return contents_say(c, OUTCOME_NOT_A_REPORT, c->text.p, e);
	}
	if (c->nested == LIMIT_MIME_DEPTH)
		return on_limit(c, MIME_TOO_DEEP, e);
	c->nested++;
	rc = read_container(c, leaf, e);
	c->nested--;
	return rc;
}

/* Why a mail has no report, where its structure or its header says it; else it is ordinary mail. */
static int
say_what_it_is(struct contents *c, const struct mime_header *h, struct err *e)
{
	const char *reason = NULL;

	if (h->bounce)
		reason = "a bounce (delivery status notification)";
	else if (h->disposition)
		reason = "a disposition notification (MDN)";
	else if (h->automatic == MIME_REPLIED)
		reason = "an automatic reply";
	else if (h->automatic == MIME_GENERATED)
		reason = "an automatic message";
	return reason != NULL ? contents_say(c, OUTCOME_NOT_A_REPORT, reason, e) : 0;
}

int
contents_mail(struct contents *c, struct str mail, struct mime_header *h, struct err *e)
{
	const struct mime_visitor v = { c, on_leaf, on_limit };
	bool within = c->within;
	unsigned parts = attachment_parts(c->attachments);
	int rc;

	if (c->mails == LIMIT_MAILS)
		return on_limit(c, "there are more than 1000 mails in it" CEILING_FIXED, e);
	c->mails++;
	c->within = true;
	rc = mime_walk(c->mime, c->arena, mail, h, &v, e);
	c->within = within;
	if (rc != 0 || attachment_parts(c->attachments) != parts)
		return rc;
	if (h->encrypted && sniff_report_subject(h->hints.subject))
		return contents_say(c, OUTCOME_UNSUPPORTED, "the mail is encrypted (PGP)", e);
	/* Of a mail within a mail only the outer one is named. */
	return !within ? say_what_it_is(c, h, e) : 0;
}

/* A mail, or an mbox of them; ${only} is filled in where there is one. */
static int
read_mails(struct contents *c, struct str bytes, struct mime_header *only, struct err *e)
{
	struct mime_header h = { 0 };
	struct str mail;
	bool quoted;
	unsigned n = 0;

	if (!mbox_is(bytes))
		return contents_mail(c, bytes, only != NULL ? only : &h, e);
	/* One more than the limit allows, so that it is told. */
	for (bool more = true; more && mbox_next(&bytes, &mail, &quoted); n++) {
		more = c->mails < LIMIT_MAILS;
		if (quoted)
			mail = mbox_unquote(c->owned, mail);
		if (contents_mail(c, mail, &h, e) != 0)
			return -1;
	}
	if (n == 1 && only != NULL)
		*only = h;
	return 0;
}

int
contents_file(struct contents *c, const struct attachment *t, struct mime_header *h, struct err *e)
{
	struct mime_leaf leaf = { .bytes = t->bytes, .sniff = t->sniff };

	switch (t->sniff) {
	case SNIFF_EMPTY:
		return 0;
	case SNIFF_MAIL:
		return read_mails(c, t->bytes, h, e);
	case SNIFF_TNEF:
	case SNIFF_CMS:
		return read_leaf(c, &leaf, e);
	default:
		return read_attachment(c, t, h, e);
	}
}
