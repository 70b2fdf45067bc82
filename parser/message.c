#include "parser/message.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/digest.h"
#include "core/limits.h"
#include "parser/attachment.h"
#include "parser/contents.h"
#include "parser/mime.h"

#define CHUNK ((size_t)64 << 10)
#define KEPT_ROOM ((size_t)1 << 20) /* of a buffer, from one message to the next */

struct message_parser {
	struct contents contents;
	struct digest *digest;
	struct buf input;
	struct buf header;  /* that stood before it */
	struct hints hints; /* in that */

	/* Of the message in work. */
	int fd;
	const struct job *job;
	const struct ceilings *ceilings;
};

struct message_parser *
message_parser_new(struct err *e)
{
	struct message_parser *p = calloc(1, sizeof(*p));

	if (p == NULL)
		abort();
	buf_init(&p->input, LIMIT_MAIL_BYTES + CHUNK);
	buf_init(&p->header, LIMIT_HEADER_BYTES);
	p->digest = digest_new();
	if (contents_init(&p->contents, e) < 0) {
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
	contents_fini(&p->contents);
	digest_free(p->digest);
	buf_fini(&p->input);
	buf_fini(&p->header);
	free(p);
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
	if (mime_walk(p->contents.mime, p->contents.arena, buf_str(&p->header), &h, &v, e) < 0)
		return -1;
	m->message_id = h.message_id;
	m->from_domain = h.hints.from_domain;
	p->hints = h.hints;
	mime_reset(p->contents.mime);
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
	p->contents.whole = t.bytes;
	if (t.is_mail && t.sniff != SNIFF_GZIP)
		rc = contents_mail(&p->contents, t.bytes, &h, e);
	else
		rc = contents_file(&p->contents, &t, &h, e);
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
			rc = attachment_add(p->contents.attachments, buf_str(&p->input), e);
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
	attachment_start(p->contents.attachments, &t);
	size = stream_once(p, true, e);
	if (size < 0)
		return -1;
	m->size = (uint64_t)size;
	hash = digest_end(p->digest);
	memcpy(m->sha256, hash.b, sizeof(hash.b));
	rc = attachment_end(p->contents.attachments, e);
	if (rc <= 0)
		return rc;
	if (read_some(p, 0) >= 0 && stream_once(p, false, e) < 0)
		return -1;
	return attachment_end(p->contents.attachments, e);
}

static int
too_big(struct message_parser *p, struct message *m, uint64_t size, bool bare, struct err *e)
{
	uint64_t limit = bare ? p->ceilings->unpacked : p->ceilings->mail;
	char reason[120], room[CEILING_SIZE];

	m->size = size;
	snprintf(reason, sizeof(reason), "it has %llu bytes, more than %s; %s raises it",
	    (unsigned long long)size, ceilings_size(limit, room),
	    bare ? "max_unpacked_size" : "max_mail_size");
	return contents_say(&p->contents, OUTCOME_TOO_BIG, reason, e);
}

static int
unreadable(struct message_parser *p, struct err *e)
{
	char reason[100];

	snprintf(reason, sizeof(reason), "could not be read: %s", strerror(errno));
	return contents_say(&p->contents, OUTCOME_CORRUPT, reason, e);
}

static int
read_input(struct message_parser *p, struct message *m, struct err *e)
{
	uint64_t most = p->ceilings->mail, unpacked = p->ceilings->unpacked;
	struct stat st;
	uint64_t size;
	ssize_t n;

	if (fstat(p->fd, &st) != 0)
		return unreadable(p, e);
	size = st.st_size > p->job->header ? (uint64_t)st.st_size - p->job->header : 0;
	if (read_header(p, m, e) < 0)
		return -1;
	if (size > (p->job->bare && unpacked > most ? unpacked : most))
		return too_big(p, m, size, p->job->bare && unpacked > most, e);
	n = read_some(p, 0);
	if (n > 0 && size > most) {
		if (sniff_bytes(buf_str(&p->input)) != SNIFF_XML)
			return too_big(p, m, size, false, e);
		return read_stream(p, m, e);
	}
	while (n > 0 && p->input.n <= most)
		n = read_some(p, p->input.n);
	if (n < 0)
		return unreadable(p, e);
	/* It grew while it was read. */
	if (p->input.n > most)
		return too_big(p, m, p->input.n, false, e);
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
	p->hints = (struct hints){ 0 };
	p->ceilings = job->ceilings.mail > 0 ? &job->ceilings : &ceilings_default;
	p->input.max = p->ceilings->mail + CHUNK;
	contents_reset(&p->contents, p->ceilings, out);
	buf_reset(&p->input);
	buf_reset(&p->header);
	rc = read_input(p, &m, e);
	if (rc == 0)
		message_put(&out->frames, &m);
	if (p->input.room > KEPT_ROOM)
		buf_fini(&p->input);
	return rc;
}
