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
#include "parser/mime.h"

#define CHUNK ((size_t)64 << 10)
#define KEPT_ROOM ((size_t)1 << 20) /* of a buffer, from one message to the next */

struct message_parser {
	struct mime *mime;
	struct attachment_reader *attachments;
	struct digest *digest;
	struct arena *arena;
	struct buf input;

	/* Of the message in work. */
	int fd;
	const struct job *job;
	struct out *out;
	bool told_limit;
};

struct message_parser *
message_parser_new(struct err *e)
{
	struct message_parser *p = calloc(1, sizeof(*p));

	if (p == NULL)
		abort();
	buf_init(&p->input, LIMIT_MAIL_BYTES + CHUNK);
	p->arena = arena_new(LIMIT_WORKER_ARENA);
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
	buf_fini(&p->input);
	free(p);
}

static int
say(struct message_parser *p, enum outcome outcome, const char *reason, struct err *e)
{
	return attachment_say(
	    p->attachments, (struct str){ NULL, 0 }, outcome, KIND_UNKNOWN, reason, e);
}

/*
 * Append what stands at ${offset}, at most CHUNK, to the input: the bytes read, 0 at the end, -1
 * with errno.
 */
static ssize_t
read_some(struct message_parser *p, uint64_t offset)
{
	char *to = buf_room(&p->input, CHUNK);
	ssize_t n;

	if (to == NULL)
		return 0;
	do
		n = pread(p->fd, to, CHUNK, (off_t)offset);
	while (n < 0 && errno == EINTR);
	if (n > 0)
		buf_grown(&p->input, (size_t)n);
	return n;
}

/* ARF, RFC 5965 and RFC 6591: only failure reports of authentication are of this trade. */
static bool
is_failure_report(const struct mime_leaf *leaf)
{
	const char *at;
	struct str s = leaf->bytes;

	if (!str_caseeq(leaf->type, STR("message/feedback-report")))
		return false;
	while (s.n > 0 && !str_casestarts(s, STR("feedback-type:"))) {
		at = memchr(s.p, '\n', s.n);
		if (at == NULL)
			return false;
		s = (struct str){ at + 1, s.n - (size_t)(at + 1 - s.p) };
	}
	s = s.n > 14 ? str_trim((struct str){ s.p + 14, s.n - 14 }) : (struct str){ NULL, 0 };
	return str_casestarts(s, STR("auth-failure"));
}

static int on_limit(void *arg, const char *reason, struct err *e);

static int
on_leaf(void *arg, const struct mime_leaf *leaf, struct err *e)
{
	struct message_parser *p = arg;
	const struct mime_visitor v = { p, on_leaf, on_limit };
	struct attachment t = {
		.path = leaf->name, .name = leaf->name, .bytes = leaf->bytes, .sniff = leaf->sniff
	};

	if (is_failure_report(leaf))
		return attachment_say(p->attachments, leaf->name, OUTCOME_UNSUPPORTED, KIND_FAILURE,
		    "failure reports are not read yet", e);
	if (leaf->sniff == SNIFF_MAIL && !str_casestarts(leaf->type, STR("message/")))
		return mime_walk(p->mime, p->arena, leaf->bytes, NULL, &v, e);
	return attachment_read(p->attachments, &t, e);
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
read_mail(struct message_parser *p, struct str mail, struct message *m, struct err *e)
{
	const struct mime_visitor v = { p, on_leaf, on_limit };
	struct mime_header h = { 0 };
	int rc = mime_walk(p->mime, p->arena, mail, &h, &v, e);

	m->message_id = h.message_id;
	m->from_domain = h.from_domain;
	m->header = h.header;
	return rc;
}

/* All of the message is in the input. */
static int
read_whole(struct message_parser *p, struct message *m, struct err *e)
{
	struct attachment t = { .name = p->job->name, .bytes = buf_str(&p->input) };
	struct str mail;
	struct sha256 hash = digest_of(p->digest, t.bytes);

	memcpy(m->sha256, hash.b, sizeof(hash.b));
	m->size = t.bytes.n;
	t.sniff = sniff_bytes(t.bytes);
	if (t.sniff == SNIFF_MAIL || (!p->job->bare && t.sniff != SNIFF_GZIP))
		return read_mail(p, t.bytes, m, e);
	if (t.sniff == SNIFF_EMPTY)
		return 0;
	t.is_message = true;
	t.is_mail = !p->job->bare;
	if (attachment_read(p->attachments, &t, e) != 0)
		return -1;
	mail = attachment_mail(p->attachments);
	return mail.n > 0 ? read_mail(p, mail, m, e) : 0;
}

/* A bare report too large to hold: its beginning is in the input. */
static int
read_stream(struct message_parser *p, struct message *m, struct err *e)
{
	struct attachment t = { .name = p->job->name, .sniff = SNIFF_XML };
	struct sha256 hash;
	ssize_t n = 1;
	int rc = 0;

	digest_start(p->digest);
	attachment_start(p->attachments, &t);
	while (n > 0) {
		digest_add(p->digest, buf_str(&p->input));
		m->size += p->input.n;
		if (rc == 0)
			rc = attachment_add(p->attachments, buf_str(&p->input), e);
		if (rc < 0)
			return -1;
		buf_reset(&p->input);
		n = read_some(p, m->size);
	}
	hash = digest_end(p->digest);
	memcpy(m->sha256, hash.b, sizeof(hash.b));
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
	size = st.st_size > 0 ? (uint64_t)st.st_size : 0;
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
	arena_reset(p->arena);
	attachment_reset(p->attachments, p->arena, out);
	mime_reset(p->mime);
	buf_reset(&p->input);
	rc = read_input(p, &m, e);
	if (rc == 0)
		message_put(&out->frames, &m);
	if (p->input.room > KEPT_ROOM)
		buf_fini(&p->input);
	return rc;
}
