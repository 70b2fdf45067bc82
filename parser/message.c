#include "parser/message.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/arena.h"
#include "core/digest.h"
#include "core/limits.h"
#include "parser/attachment.h"
#include "parser/failure.h"
#include "parser/mbox.h"
#include "parser/mime.h"
#include "parser/smime.h"
#include "parser/tnef.h"
#include "parser/undelivered.h"

#define CHUNK ((size_t)64 << 10)
#define KEPT_ROOM ((size_t)1 << 20) /* of a buffer, from one message to the next */

struct message_parser {
	struct mime *mime;
	struct attachment_reader *attachments;
	struct digest *digest;
	struct arena *arena;
	struct arena *contents; /* of what was signed or quoted */
	struct buf input;
	struct buf text;    /* a path or a reason in work */
	struct buf header;  /* that stood before it */
	struct hints hints; /* in that */

	/* Of the message in work. */
	int fd;
	const struct job *job;
	struct out *out;
	bool told_limit;
	unsigned mails;
	unsigned nested; /* containers around the present leaf */
	bool within;     /* a mail */
};

struct message_parser *
message_parser_new(struct err *e)
{
	struct message_parser *p = calloc(1, sizeof(*p));

	if (p == NULL)
		abort();
	buf_init(&p->input, LIMIT_MAIL_BYTES + CHUNK);
	buf_init(&p->text, (size_t)8 * LIMIT_REASON_BYTES);
	smime_init();
	buf_init(&p->header, LIMIT_HEADER_BYTES);
	p->arena = arena_new(LIMIT_WORKER_ARENA);
	p->contents = arena_new(LIMIT_MAIL_BYTES);
	p->mime = mime_new(e);
	p->attachments = attachment_new(e);
	p->digest = digest_new();
	if (p->mime == NULL || p->attachments == NULL) {
		message_parser_free(p);
		return NULL;
	}
	return p;
}

void
message_parser_free(struct message_parser *p)
{
	if (p == NULL)
		return;
	mime_free(p->mime);
	attachment_free(p->attachments);
	digest_free(p->digest);
	arena_free(p->arena);
	arena_free(p->contents);
	buf_fini(&p->text);
	buf_fini(&p->input);
	buf_fini(&p->header);
	free(p);
}

static int
say(struct message_parser *p, enum outcome outcome, const char *reason, struct err *e)
{
	return attachment_say(
	    p->attachments, (struct str){ NULL, 0 }, outcome, KIND_UNKNOWN, reason, e);
}

/* Append what stands at ${offset}, at most ${most}, to ${to}: bytes read, 0 at the end, -1 with errno. */
static ssize_t
read_at(struct message_parser *p, uint64_t offset, size_t most, struct buf *to)
{
	char *room = buf_room(to, most);
	ssize_t n;

	if (room == NULL)
		return 0;
	do
		n = pread(p->fd, room, most, (off_t)offset);
	while (n < 0 && errno == EINTR);
	if (n > 0)
		buf_grown(to, (size_t)n);
	return n;
}

/* Read on in the input, from its byte ${offset}; returns as read_at. */
static ssize_t
read_some(struct message_parser *p, uint64_t offset)
{
	return read_at(p, p->job->header + offset, CHUNK, &p->input);
}

/* A failure report that no multipart is around: all of it is in ${leaf}, whose type tells. */
static int
read_lone_failure(struct message_parser *p, const struct mime_leaf *leaf, struct err *e)
{
	const struct failure_source s = {
		.header = leaf->header,
		.fields = leaf->bytes,
		.plain = !str_caseeq(leaf->type, STR("message/feedback-report")),
		.odd_outer = true,
	};

	return attachment_failure(p->attachments, leaf->name, &s, e);
}

static int read_leaf(struct message_parser *p, const struct mime_leaf *leaf, struct err *e);
static int read_mails(
    struct message_parser *p, struct str bytes, struct mime_header *only, struct err *e);

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
	struct message_parser *p = arg;

	if (p->told_limit)
		return 0;
	p->told_limit = true;
	return say(p, OUTCOME_TOO_BIG, reason, e);
}

static int
on_leaf(void *arg, const struct mime_leaf *leaf, struct err *e)
{
	struct message_parser *p = arg;

	return read_leaf(p, leaf, e);
}

/* "the container > ${name}", in the arena. */
static struct str
inner_name(struct message_parser *p, struct str container, struct str name)
{
	buf_reset(&p->text);
	buf_puts(&p->text, container);
	if (container.n > 0 && name.n > 0)
		buf_puts(&p->text, STR(" > "));
	buf_puts(&p->text, name);
	return arena_str(p->arena, buf_str(&p->text));
}

static int
read_tnef(struct message_parser *p, const struct mime_leaf *leaf, struct err *e)
{
	struct tnef_attachment a;
	struct tnef t;
	unsigned n = 0;
	char reason[100];

	tnef_start(&t, leaf->bytes);
	while (tnef_next(&t, &a)) {
		struct mime_leaf inner = { .name = inner_name(p, leaf->name, a.name),
			.type = STR("application/octet-stream"),
			.bytes = a.bytes,
			.sniff = sniff_bytes(a.bytes),
			.hints = leaf->hints };

		if (n++ == LIMIT_MIME_PARTS)
			return on_limit(p, "winmail.dat has too many attachments", e);
		if (read_leaf(p, &inner, e) != 0)
			return -1;
	}
	if (n > 0 || !t.cut || !is_expected(leaf))
		return 0;
	snprintf(reason, sizeof(reason), "winmail.dat is damaged: %u of its checksums are wrong",
	    t.checksum_bad);
	return attachment_say(p->attachments, leaf->name, OUTCOME_CORRUPT, KIND_UNKNOWN, reason, e);
}

static int
read_smime(struct message_parser *p, const struct mime_leaf *leaf, struct err *e)
{
	const struct mime_visitor v = { p, on_leaf, on_limit };
	struct mime_leaf inner = { .name = leaf->name, .hints = leaf->hints };
	bool likely = is_expected(leaf) || sniff_report_name(leaf->name);
	enum outcome outcome = OUTCOME_UNSUPPORTED;
	const char *reason;

	switch (smime_content(p->contents, leaf->bytes, &inner.bytes)) {
	case SMIME_HAS_CONTENT:
		inner.sniff = sniff_bytes(inner.bytes);
		if (inner.sniff == SNIFF_MAIL)
			return mime_walk(p->mime, p->arena, inner.bytes, NULL, &v, e);
		return read_leaf(p, &inner, e);
	case SMIME_ENCRYPTED:
		reason = "the mail is encrypted (S/MIME)";
		break;
	case SMIME_OTHER_TYPE:
		reason = "this kind of S/MIME is not read, only signed mail";
		break;
	case SMIME_TOO_BIG:
		return on_limit(p, "the signed content is too large", e);
	case SMIME_DAMAGED:
		outcome = OUTCOME_CORRUPT;
		reason = "the S/MIME structure is damaged";
		break;
	default:
		return 0;
	}
	if (!likely)
		return 0;
	return attachment_say(p->attachments, leaf->name, outcome, KIND_UNKNOWN, reason, e);
}

/* What is no container, or a file that is: ${t} says which. */
static int
read_attachment(
    struct message_parser *p, const struct attachment *t, struct mime_header *only, struct err *e)
{
	if (attachment_read(p->attachments, t, e) != 0)
		return -1;
	for (struct gathered *g = attachment_gathered(p->attachments); g != NULL; g = g->next) {
		struct mime_leaf leaf = {
			.name = g->path, .bytes = g->bytes, .sniff = g->sniff, .hints = t->hints
		};
		int rc = g->sniff == SNIFF_MAIL ? read_mails(p, g->bytes, g->alone ? only : NULL, e)
						: read_leaf(p, &leaf, e);

		if (rc != 0)
			return -1;
	}
	return 0;
}

static int
read_container(struct message_parser *p, const struct mime_leaf *leaf, struct err *e)
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
		return read_tnef(p, leaf, e);
	if (leaf->sniff == SNIFF_CMS)
		return read_smime(p, leaf, e);
	if (leaf->sniff == SNIFF_MAIL && may_be_mail(leaf->type))
		return read_mails(p, leaf->bytes, NULL, e);
	return read_attachment(p, &t, NULL, e);
}

static int
read_leaf(struct message_parser *p, const struct mime_leaf *leaf, struct err *e)
{
	int rc;

	if (leaf->failure != NULL)
		return attachment_failure(p->attachments, leaf->name, leaf->failure, e);
	if (str_caseeq(leaf->type, STR("message/feedback-report")) ||
	    (str_caseeq(leaf->type, STR("text/plain")) && failure_is_plain(leaf->bytes)))
		return read_lone_failure(p, leaf, e);
	buf_reset(&p->text);
	if (str_casestarts(leaf->type, STR("text/")) && undelivered_parse(leaf->bytes, &p->text)) {
		buf_put8(&p->text, '\0');
		return say(p, OUTCOME_NOT_A_REPORT, p->text.p, e);
	}
	if (p->nested == LIMIT_MIME_DEPTH)
		return on_limit(p, "the mail is nested too deep", e);
	p->nested++;
	rc = read_container(p, leaf, e);
	p->nested--;
	return rc;
}

/* Why a mail has no report, where its structure or its header says it; else it is ordinary mail. */
static int
say_what_it_is(struct message_parser *p, const struct mime_header *h, struct err *e)
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
	return reason != NULL ? say(p, OUTCOME_NOT_A_REPORT, reason, e) : 0;
}

static int
read_mail(struct message_parser *p, struct str mail, struct mime_header *h, struct err *e)
{
	const struct mime_visitor v = { p, on_leaf, on_limit };
	bool within = p->within;
	unsigned parts = attachment_parts(p->attachments);
	int rc;

	if (p->mails == LIMIT_MAILS)
		return on_limit(p, "there are too many mails in it", e);
	p->mails++;
	p->within = true;
	rc = mime_walk(p->mime, p->arena, mail, h, &v, e);
	p->within = within;
	if (rc != 0 || attachment_parts(p->attachments) != parts)
		return rc;
	if (h->encrypted && sniff_report_subject(h->hints.subject))
		return say(p, OUTCOME_UNSUPPORTED, "the mail is encrypted (PGP)", e);
	/* Of a mail within a mail only the outer one is named. */
	return !within ? say_what_it_is(p, h, e) : 0;
}

/* A mail, or an mbox of them; ${only} is filled in where there is one. */
static int
read_mails(struct message_parser *p, struct str bytes, struct mime_header *only, struct err *e)
{
	struct mime_header h = { 0 };
	struct str mail;
	unsigned n = 0;

	if (!mbox_is(bytes))
		return read_mail(p, bytes, only != NULL ? only : &h, e);
	/* One more than the limit allows, so that it is told. */
	for (bool more = true; more && mbox_next(&bytes, &mail); n++) {
		more = p->mails < LIMIT_MAILS;
		if (read_mail(p, mbox_unquote(p->contents, mail), &h, e) != 0)
			return -1;
	}
	if (n == 1 && only != NULL)
		*only = h;
	return 0;
}

/* A file: all of the message is in the input. */
static int
read_file(
    struct message_parser *p, const struct attachment *t, struct mime_header *h, struct err *e)
{
	struct mime_leaf leaf = { .bytes = t->bytes, .sniff = t->sniff };

	switch (t->sniff) {
	case SNIFF_EMPTY:
		return 0;
	case SNIFF_MAIL:
		return read_mails(p, t->bytes, h, e);
	case SNIFF_TNEF:
	case SNIFF_CMS:
		return read_leaf(p, &leaf, e);
	default:
		return read_attachment(p, t, h, e);
	}
}

static int
pass_over(void *arg, const struct mime_leaf *leaf, struct err *e)
{
	(void)arg;
	(void)leaf;
	(void)e;
	return 0;
}

static int
pass_limit(void *arg, const char *reason, struct err *e)
{
	(void)arg;
	(void)reason;
	(void)e;
	return 0;
}

/* The header block that stands before a bare report: of a mail that is not here any more. */
static int
read_header(struct message_parser *p, struct message *m, struct err *e)
{
	const struct mime_visitor v = { NULL, pass_over, pass_limit };
	struct mime_header h = { 0 };
	ssize_t n = 1;

	while (n > 0 && p->header.n < p->job->header)
		n = read_at(p, p->header.n, p->job->header - p->header.n, &p->header);
	if (p->header.n == 0)
		return 0;
	if (mime_walk(p->mime, p->arena, buf_str(&p->header), &h, &v, e) < 0)
		return -1;
	m->message_id = h.message_id;
	m->from_domain = h.hints.from_domain;
	p->hints = h.hints;
	mime_reset(p->mime);
	return 0;
}

/* All of the message is in the input. */
static int
read_whole(struct message_parser *p, struct message *m, struct err *e)
{
	struct attachment t = {
		.name = p->job->name, .bytes = buf_str(&p->input), .hints = &p->hints
	};
	struct sha256 hash = digest_of(p->digest, t.bytes);
	struct mime_header h = { 0 };
	int rc;

	memcpy(m->sha256, hash.b, sizeof(hash.b));
	m->size = t.bytes.n;
	t.sniff = sniff_bytes(t.bytes);
	t.is_message = true;
	t.is_mail = !p->job->bare;
	if (t.is_mail && t.sniff != SNIFF_GZIP)
		rc = read_mail(p, t.bytes, &h, e);
	else
		rc = read_file(p, &t, &h, e);
	if (p->job->header > 0)
		return rc;
	m->message_id = h.message_id;
	m->from_domain = h.hints.from_domain;
	m->header = h.header;
	return rc;
}

/*
 * Hand on a bare report too large to hold, whose beginning is in the input: the bytes, or -1.  The
 * first time they are digested.
 */
static int64_t
stream_once(struct message_parser *p, bool first, struct err *e)
{
	uint64_t size = 0;
	ssize_t n = 1;
	int rc = 0;

	while (n > 0 && (first || rc == 0)) {
		if (first)
			digest_add(p->digest, buf_str(&p->input));
		size += p->input.n;
		if (rc == 0)
			rc = attachment_add(p->attachments, buf_str(&p->input), e);
		if (rc < 0)
			return -1;
		buf_reset(&p->input);
		n = read_some(p, size);
	}
	return (int64_t)size;
}

static int
read_stream(struct message_parser *p, struct message *m, struct err *e)
{
	struct attachment t = { .name = p->job->name, .sniff = SNIFF_XML, .hints = &p->hints };
	struct sha256 hash;
	int64_t size;
	int rc;

	digest_start(p->digest);
	attachment_start(p->attachments, &t);
	size = stream_once(p, true, e);
	if (size < 0)
		return -1;
	m->size = (uint64_t)size;
	hash = digest_end(p->digest);
	memcpy(m->sha256, hash.b, sizeof(hash.b));
	rc = attachment_end(p->attachments, e);
	if (rc <= 0)
		return rc;
	if (read_some(p, 0) >= 0 && stream_once(p, false, e) < 0)
		return -1;
	return attachment_end(p->attachments, e);
}

static int
too_big(struct message_parser *p, struct message *m, uint64_t size, uint64_t limit, struct err *e)
{
	char reason[100];

	m->size = size;
	snprintf(reason, sizeof(reason), "it has %llu bytes, more than %llu",
	    (unsigned long long)size, (unsigned long long)limit);
	return say(p, OUTCOME_TOO_BIG, reason, e);
}

static int
unreadable(struct message_parser *p, struct err *e)
{
	char reason[100];

	snprintf(reason, sizeof(reason), "could not be read: %s", strerror(errno));
	return say(p, OUTCOME_CORRUPT, reason, e);
}

static int
read_input(struct message_parser *p, struct message *m, struct err *e)
{
	struct stat st;
	uint64_t size;
	ssize_t n;

	if (fstat(p->fd, &st) != 0)
		return unreadable(p, e);
	size = st.st_size > p->job->header ? (uint64_t)st.st_size - p->job->header : 0;
	if (read_header(p, m, e) < 0)
		return -1;
	if (size > (p->job->bare ? LIMIT_XML_BYTES : LIMIT_MAIL_BYTES))
		return too_big(p, m, size, p->job->bare ? LIMIT_XML_BYTES : LIMIT_MAIL_BYTES, e);
	n = read_some(p, 0);
	if (n > 0 && size > LIMIT_MAIL_BYTES) {
		if (sniff_bytes(buf_str(&p->input)) != SNIFF_XML)
			return too_big(p, m, size, LIMIT_MAIL_BYTES, e);
		return read_stream(p, m, e);
	}
	while (n > 0 && p->input.n <= LIMIT_MAIL_BYTES)
		n = read_some(p, p->input.n);
	if (n < 0)
		return unreadable(p, e);
	/* It grew while it was read. */
	if (p->input.n > LIMIT_MAIL_BYTES)
		return too_big(p, m, p->input.n, LIMIT_MAIL_BYTES, e);
	return read_whole(p, m, e);
}

int
message_parse(
    struct message_parser *p, int fd, const struct job *job, struct out *out, struct err *e)
{
	struct message m = { 0 };
	int rc;

	p->fd = fd;
	p->job = job;
	p->out = out;
	p->told_limit = false;
	p->mails = p->nested = 0;
	p->within = false;
	p->hints = (struct hints){ 0 };
	arena_reset(p->arena);
	/* What a reset keeps may be large. */
	if (arena_size(p->contents) > KEPT_ROOM) {
		arena_free(p->contents);
		p->contents = arena_new(LIMIT_MAIL_BYTES);
	}
	arena_reset(p->contents);
	attachment_reset(p->attachments, p->arena, out);
	mime_reset(p->mime);
	buf_reset(&p->input);
	buf_reset(&p->header);
	rc = read_input(p, &m, e);
	if (rc == 0)
		message_put(&out->frames, &m);
	if (p->input.room > KEPT_ROOM)
		buf_fini(&p->input);
	return rc;
}
