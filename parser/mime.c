#include "parser/mime.h"

#include <assert.h>
#include <gmime/gmime.h>
#include <stdlib.h>

#include "core/buf.h"
#include "core/limits.h"
#include "parser/failure.h"
#include "parser/header.h"
#include "parser/normal.h"
#include "parser/prescan.h"

#define LIMIT_FIELD 8192 /* bytes of a header field that is looked at */

/* What of a message that failed can be of interest. */
#define SAMPLE_BYTES ((size_t)2 * (LIMIT_SAMPLE_HEADER + LIMIT_SAMPLE_BODY))

struct mime {
	iconv_t latin1;
	struct buf decoded[LIMIT_MIME_DEPTH + 1]; /* one for each mail around the present one */
	struct buf sample;                        /* of a failure report */
	struct buf repaired;                      /* the mail, its blank lines emptied */
	unsigned level;                           /* of mime_walk */
	unsigned depth;                           /* of entities */
	unsigned parts;
	bool told_depth, told_parts;
	struct mime_header *header; /* of the mail in work; or NULL */
	const struct hints *hints;  /* of the same, or of a mail in it */
};

/* What is handed down through a walk. */
struct walk {
	struct mime *m;
	struct str mail;
	struct str header; /* of the mail around the present object */
	bool blank_lines;  /* were undone */
	const struct mime_visitor *v;
	struct arena *arena;
	struct hints hints; /* of the mail right around */
};

struct mime *
mime_new(struct err *e)
{
	struct mime *m = calloc(1, sizeof(*m));

	(void)e;
	if (m == NULL)
		abort();
	g_mime_init();
	/* GMime's last resort for names in no charset: held open, the jail has no other. */
	m->latin1 = g_mime_iconv_open("UTF-8", "ISO-8859-1");
	for (size_t i = 0; i <= LIMIT_MIME_DEPTH; i++)
		buf_init(&m->decoded[i], LIMIT_MAIL_BYTES + (4u << 10));
	buf_init(&m->sample, SAMPLE_BYTES + 4 * SNIFF_BYTES);
	buf_init(&m->repaired, LIMIT_MAIL_BYTES);
	return m;
}

void
mime_free(struct mime *m)
{
	if (m == NULL)
		return;
	for (size_t i = 0; i <= LIMIT_MIME_DEPTH; i++)
		buf_fini(&m->decoded[i]);
	buf_fini(&m->sample);
	buf_fini(&m->repaired);
	if (m->latin1 != (iconv_t)-1)
		g_mime_iconv_close(m->latin1);
	g_mime_shutdown();
	free(m);
}

void
mime_reset(struct mime *m)
{
	m->level = m->depth = m->parts = 0;
	m->told_depth = m->told_parts = false;
	m->header = NULL;
	m->hints = NULL;
	for (size_t i = 0; i <= LIMIT_MIME_DEPTH; i++)
		if (m->decoded[i].room > (1u << 20))
			buf_fini(&m->decoded[i]);
	if (m->repaired.room > (1u << 20))
		buf_fini(&m->repaired);
}

/* The leaf's bytes as they stand in the mail: GMime keeps a window on our own buffer. */
static struct str
encoded(const struct walk *w, GMimeDataWrapper *content)
{
	GMimeStream *s = g_mime_data_wrapper_get_stream(content);
	gint64 from = s->bound_start;
	gint64 to = s->bound_end < 0 || (guint64)s->bound_end > w->mail.n ? (gint64)w->mail.n
									  : s->bound_end;

	if (from < 0 || from >= to)
		return (struct str){ NULL, 0 };
	return (struct str){ w->mail.p + from, (size_t)(to - from) };
}

static bool
is_encoded(GMimeContentEncoding how)
{
	return how == GMIME_CONTENT_ENCODING_BASE64 || how == GMIME_CONTENT_ENCODING_UUENCODE ||
	    how == GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE;
}

/*
 * The file that a uuencoded text (POSIX) holds: what follows its line "begin MODE NAME", or empty.
 */
static struct str
uu_file(struct str in, struct str *name)
{
	while (in.n > 0) {
		const char *end = memchr(in.p, '\n', in.n);
		size_t n = end != NULL ? (size_t)(end + 1 - in.p) : in.n;
		struct str line = { in.p, n };
		size_t i = 6;

		in = (struct str){ in.p + n, in.n - n };
		if (line.n < 6 || memcmp(line.p, "begin ", 6) != 0)
			continue;
		while (i < line.n && line.p[i] >= '0' && line.p[i] <= '7')
			i++;
		if (i < 9 || i > 10 || i == line.n || line.p[i] != ' ')
			continue;
		*name = str_trim((struct str){ line.p + i, line.n - i });
		return in;
	}
	return in;
}

/* Append to ${out} what ${in} decodes to, until the first of it says that it is nothing for us. */
static enum sniff
undo(GMimeContentEncoding how, struct str in, struct buf *out)
{
	enum sniff sniff = SNIFF_EMPTY;
	GMimeEncoding state;

	g_mime_encoding_init_decode(&state, how);
	while (in.n > 0 && sniff != SNIFF_OTHER) {
		size_t n = in.n < 2 * SNIFF_BYTES ? in.n : 2 * SNIFF_BYTES;
		char *to = buf_room(out, g_mime_encoding_outlen(&state, n));

		if (to == NULL)
			break;
		buf_grown(out, g_mime_encoding_step(&state, in.p, n, to));
		in = (struct str){ in.p + n, in.n - n };
		if (sniff == SNIFF_EMPTY)
			sniff = sniff_bytes(buf_str(out));
	}
	return sniff;
}

/*
 * Undo the transfer encoding as far as the bytes are of interest: their beginning always, the rest
 * unless that beginning says that they are nothing for us.
 */
static void
decode(const struct walk *w, GMimeDataWrapper *content, struct mime_leaf *leaf)
{
	GMimeContentEncoding how = g_mime_data_wrapper_get_encoding(content);
	struct str in = encoded(w, content);
	struct buf *out = &w->m->decoded[w->m->level];
	struct str name;

	/* Yahoo wrote this where base64 was announced. */
	if (str_eq(str_trim(in), STR("unused")))
		how = GMIME_CONTENT_ENCODING_7BIT;
	if (!is_encoded(how)) {
		leaf->bytes = in;
		leaf->sniff = sniff_bytes(in);
		return;
	}
	buf_reset(out);
	if (how == GMIME_CONTENT_ENCODING_UUENCODE)
		in = uu_file(in, &name);
	leaf->sniff = undo(how, in, out);
	leaf->bytes = buf_str(out);
}

/* A GMime string made good UTF-8 of at most ${max} bytes, in the arena. */
static struct str
text(struct arena *a, const char *s, size_t max)
{
	struct str in = str_of(s);

	in = normal_cut((struct str){ in.p, str_utf8(in) }, max);
	return arena_str(a, in);
}

/* A field of the header, decoded (RFC 2047) and unfolded. */
static struct str
field(struct arena *a, GMimeObject *mail, const char *name)
{
	GMimeHeaderList *list = g_mime_object_get_header_list(mail);
	GMimeHeader *h = g_mime_header_list_get_header(list, name);
	const char *raw = h != NULL ? g_mime_header_get_raw_value(h) : NULL;

	if (raw == NULL || strlen(raw) > LIMIT_FIELD)
		return (struct str){ NULL, 0 };
	return str_trim(text(a, g_mime_header_get_value(h), LIMIT_NAME_BYTES));
}

static struct hints
read_hints(struct arena *a, GMimeObject *mail)
{
	struct hints h = { .subject = field(a, mail, "Subject"),
		.from_domain = header_domain(a, str_of(g_mime_object_get_header(mail, "From"))),
		.tls_domain = field(a, mail, "TLS-Report-Domain"),
		.tls_submitter = field(a, mail, "TLS-Report-Submitter") };
	return h;
}

static enum mime_automatic
automatic(GMimeObject *top)
{
	struct str said = str_trim(str_of(g_mime_object_get_header(top, "Auto-Submitted")));
	struct str precedence = str_trim(str_of(g_mime_object_get_header(top, "Precedence")));

	if (str_casestarts(said, STR("auto-replied")) ||
	    str_caseeq(precedence, STR("auto_reply")) ||
	    g_mime_object_get_header(top, "X-Autoreply") != NULL ||
	    g_mime_object_get_header(top, "X-Autorespond") != NULL)
		return MIME_REPLIED;
	return said.n > 0 && !str_casestarts(said, STR("no")) ? MIME_GENERATED : MIME_BY_HAND;
}

static void
read_header(struct arena *a, GMimeObject *top, struct mime_header *h)
{
	const char *id = g_mime_object_get_header(top, "Message-ID");
	char *bare = id != NULL ? g_mime_utils_decode_message_id(id) : NULL;

	h->message_id = text(a, bare, LIMIT_NAME_BYTES);
	h->automatic = automatic(top);
	g_free(bare);
}

static int walk_object(const struct walk *w, GMimeObject *object, struct err *e);

/* Count one part more: 1, 0 where it is one too many, -1. */
static int
count_part(const struct walk *w, struct err *e)
{
	struct mime *m = w->m;
	int rc = 0;

	if (m->parts < LIMIT_MIME_PARTS) {
		m->parts++;
		return 1;
	}
	if (!m->told_parts)
		rc = w->v->limit(w->v->arg, "the mail has too many parts", e);
	m->told_parts = true;
	return rc;
}

/* The files in a text, from before there was MIME. */
static int
walk_uuencoded(const struct walk *w, struct str text, struct err *e)
{
	struct buf *out = &w->m->decoded[w->m->level];
	struct mime_leaf leaf = { .type = STR("application/octet-stream"), .hints = &w->hints };
	const char *end;
	int rc = 1;

	for (text = uu_file(text, &leaf.name); text.n > 0; text = uu_file(text, &leaf.name)) {
		end = str_find(text, STR("\nend"));
		leaf.bytes =
		    (struct str){ text.p, end != NULL ? (size_t)(end - text.p) + 1 : text.n };
		text = (struct str){ text.p + leaf.bytes.n, text.n - leaf.bytes.n };
		rc = count_part(w, e);
		if (rc != 1)
			return rc;
		buf_reset(out);
		leaf.sniff = undo(GMIME_CONTENT_ENCODING_UUENCODE, leaf.bytes, out);
		leaf.bytes = buf_str(out);
		rc = w->v->leaf(w->v->arg, &leaf, e);
		if (rc != 0)
			return rc;
	}
	return 0;
}

static int
walk_leaf(const struct walk *w, GMimePart *part, struct err *e)
{
	struct mime_leaf leaf = { .sniff = SNIFF_EMPTY };
	GMimeContentType *type = g_mime_object_get_content_type(GMIME_OBJECT(part));
	GMimeDataWrapper *content = g_mime_part_get_content(part);
	char *mime_type = type != NULL ? g_mime_content_type_get_mime_type(type) : NULL;
	int rc;

	if (content != NULL)
		decode(w, content, &leaf);
	leaf.name = str_of(g_mime_part_get_filename(part));
	leaf.type = str_of(mime_type);
	leaf.hints = &w->hints;
	leaf.header = w->header;
	rc = w->v->leaf(w->v->arg, &leaf, e);
	if (rc == 0 && leaf.sniff == SNIFF_OTHER && content != NULL &&
	    !is_encoded(g_mime_data_wrapper_get_encoding(content)))
		rc = walk_uuencoded(w, leaf.bytes, e);
	g_free(mime_type);
	return rc;
}

/* A child of this type tells what a multipart is, whatever its own type says. */
static bool
has_child(GMimeMultipart *multipart, const char *subtype)
{
	for (int i = 0; i < g_mime_multipart_get_count(multipart); i++) {
		GMimeObject *child = g_mime_multipart_get_part(multipart, i);

		if (g_mime_content_type_is_type(
			g_mime_object_get_content_type(child), "message", subtype))
			return true;
	}
	return false;
}

/*
 * Note what a multipart is that is passed over: what a notification returns to its sender (RFC 3464,
 * RFC 8098) is none of ours, and what is encrypted cannot be read.
 */
static bool
is_passed_over(GMimeMultipart *multipart, struct mime_header *h)
{
	GMimeContentType *type = g_mime_object_get_content_type(GMIME_OBJECT(multipart));
	bool report = g_mime_content_type_is_type(type, "multipart", "report");
	struct str of = { NULL, 0 };

	if (report)
		of = str_of(g_mime_content_type_get_parameter(type, "report-type"));
	if (str_caseeq(of, STR("delivery-status")) || has_child(multipart, "delivery-status") ||
	    has_child(multipart, "global-delivery-status"))
		h->bounce = true;
	else if (str_caseeq(of, STR("disposition-notification")) ||
	    has_child(multipart, "disposition-notification"))
		h->disposition = true;
	else if (g_mime_content_type_is_type(type, "multipart", "encrypted"))
		h->encrypted = true;
	else
		return false;
	return true;
}

/* A multipart whose body is base64, which RFC 2045 section 6.4 forbids: GMime sees no part in it. */
static int
walk_base64(const struct walk *w, GMimeMultipart *multipart, struct err *e)
{
	GMimeObject *object = GMIME_OBJECT(multipart);
	const char *how = g_mime_object_get_header(object, "Content-Transfer-Encoding");
	const char *type = g_mime_object_get_header(object, "Content-Type");
	struct str in = str_of(g_mime_multipart_get_prologue(multipart));
	struct buf *out = &w->m->decoded[w->m->level];

	if (type == NULL || !str_caseeq(str_trim(str_of(how)), STR("base64")))
		return 0;
	buf_reset(out);
	buf_printf(out, "Content-Type: %s\n\n", type);
	(void)undo(GMIME_CONTENT_ENCODING_BASE64, in, out);
	return out->over ? 0 : mime_walk(w->m, w->arena, buf_str(out), NULL, w->v, e);
}

static bool
has_type(GMimeObject *object, const char *type, const char *subtype)
{
	return g_mime_content_type_is_type(g_mime_object_get_content_type(object), type, subtype);
}

static bool
has_subtype(GMimeObject *object, struct str prefix)
{
	GMimeContentType *type = g_mime_object_get_content_type(object);

	return str_casestarts(str_of(g_mime_content_type_get_media_subtype(type)), prefix);
}

/* Where the header of ${object} begins in the mail, or -1. */
static gint64
header_offset(GMimeObject *object)
{
	GMimeHeaderList *list = object != NULL ? g_mime_object_get_header_list(object) : NULL;
	int n = list != NULL ? g_mime_header_list_get_count(list) : 0;
	gint64 least = -1;

	for (int i = 0; i < n; i++) {
		gint64 at = g_mime_header_get_offset(g_mime_header_list_get_header_at(list, i));

		if (at >= 0 && (least < 0 || at < least))
			least = at;
	}
	return least;
}

/* The bytes of an attached message up to ${boundary}, from its header on; empty without header. */
static struct str
message_bytes(const struct walk *w, GMimeMessage *message, const char *boundary)
{
	gint64 own = header_offset((GMimeObject *)message);
	gint64 part = header_offset(message != NULL ? g_mime_message_get_mime_part(message) : NULL);
	gint64 from = own < 0 || (part >= 0 && part < own) ? part : own;
	struct str line = str_of(boundary);
	struct str bytes, at;

	if (from < 0 || (guint64)from >= w->mail.n)
		return (struct str){ NULL, 0 };
	bytes = (struct str){ w->mail.p + from, w->mail.n - (size_t)from };
	at = bytes;
	while (line.n > 0 && at.n > 0) {
		const char *p = str_find(at, STR("\n--"));

		if (p == NULL)
			break;
		at = (struct str){ p + 3, at.n - (size_t)(p + 3 - at.p) };
		if (at.n >= line.n && memcmp(at.p, line.p, line.n) == 0)
			return (struct str){ bytes.p, (size_t)(p - bytes.p) };
	}
	return bytes;
}

/* The message that failed, or its header, as ${part} holds it. */
static struct str
sample_bytes(const struct walk *w, GMimeObject *part, const char *boundary, bool *undone)
{
	GMimeContentEncoding how = GMIME_CONTENT_ENCODING_DEFAULT;
	struct str in = { NULL, 0 };
	struct buf *out = &w->m->sample;
	GMimeDataWrapper *content = NULL;
	GMimeObject *inner = part;
	GMimeEncoding state;
	char *to;

	if (GMIME_IS_MESSAGE_PART(part)) {
		GMimeMessage *message = g_mime_message_part_get_message(GMIME_MESSAGE_PART(part));
		const char *encoding = g_mime_object_get_header(part, "Content-Transfer-Encoding");

		in = message_bytes(w, message, boundary);
		/* Encoded it has no header that is one: all of it is its text. */
		inner = message != NULL ? g_mime_message_get_mime_part(message) : NULL;
		if (encoding != NULL)
			how = g_mime_content_encoding_from_string(encoding);
	}
	if (in.n == 0 && inner != NULL && GMIME_IS_PART(inner))
		content = g_mime_part_get_content(GMIME_PART(inner));
	if (content != NULL)
		in = encoded(w, content);
	if (content != NULL && inner == part)
		how = g_mime_data_wrapper_get_encoding(content);
	if (content == NULL || !is_encoded(how) || in.n == 0)
		return in;
	*undone = true;
	buf_reset(out);
	g_mime_encoding_init_decode(&state, how);
	in.n = in.n < SAMPLE_BYTES ? in.n : SAMPLE_BYTES;
	to = buf_room(out, g_mime_encoding_outlen(&state, in.n));
	if (to != NULL)
		buf_grown(out, g_mime_encoding_step(&state, in.p, in.n, to));
	return buf_str(out);
}

/* The part of ${multipart} that makes it a failure report, or -1. */
static int
failure_part(const struct walk *w, GMimeMultipart *multipart)
{
	GMimeContentType *type = g_mime_object_get_content_type(GMIME_OBJECT(multipart));
	struct str of = str_of(g_mime_content_type_get_parameter(type, "report-type"));
	int n = g_mime_multipart_get_count(multipart);

	for (int i = 0; i < n; i++) {
		GMimeObject *part = g_mime_multipart_get_part(multipart, i);

		if (GMIME_IS_PART(part) && has_subtype(part, STR("feedback-report")))
			return i;
	}
	for (int i = 0; i < n; i++) {
		GMimeObject *part = g_mime_multipart_get_part(multipart, i);
		struct mime_leaf leaf = { .sniff = SNIFF_EMPTY };

		if (!GMIME_IS_PART(part) || !has_type(part, "text", "plain") ||
		    g_mime_part_get_content(GMIME_PART(part)) == NULL)
			continue;
		decode(w, g_mime_part_get_content(GMIME_PART(part)), &leaf);
		if (failure_is_plain(leaf.bytes))
			return i;
	}
	return str_caseeq(of, STR("feedback-report")) ? n : -1;
}

/* The part behind ${i}, whatever its type; or one before it that says it is a message. */
static GMimeObject *
failure_sample(GMimeMultipart *multipart, int i)
{
	int n = g_mime_multipart_get_count(multipart);

	if (i + 1 < n)
		return g_mime_multipart_get_part(multipart, i + 1);
	for (i = n - 1; i >= 0; i--)
		if (has_subtype(g_mime_multipart_get_part(multipart, i), STR("rfc")))
			return g_mime_multipart_get_part(multipart, i);
	return NULL;
}

/* Of the types of RFC 5965 and their international forms, RFC 6533. */
static bool
is_sample_type(GMimeObject *part)
{
	return has_type(part, "message", "rfc822") || has_type(part, "text", "rfc822-headers") ||
	    has_type(part, "message", "global") || has_type(part, "message", "global-headers");
}

/*
 * A failure report, shown as one leaf.  Nothing in it is walked: a mail that failed, which is to
 * say a forged one, may carry anything that looks like a report.
 */
static int
walk_failure(const struct walk *w, GMimeMultipart *multipart, int i, struct err *e)
{
	bool found = i < g_mime_multipart_get_count(multipart);
	GMimeObject *part = found ? g_mime_multipart_get_part(multipart, i) : NULL;
	GMimeDataWrapper *content = found ? g_mime_part_get_content(GMIME_PART(part)) : NULL;
	GMimeObject *sample = failure_sample(multipart, i);
	const char *boundary = g_mime_multipart_get_boundary(multipart);
	struct mime_leaf leaf = { .sniff = SNIFF_EMPTY, .header = w->header, .hints = &w->hints };
	struct failure_source s = { .header = w->header, .blank_lines = w->blank_lines };

	leaf.type = STR("message/feedback-report");
	leaf.failure = &s;
	s.plain = found && !has_subtype(part, STR("feedback-report"));
	s.odd_outer = !has_type(GMIME_OBJECT(multipart), "multipart", "report");
	if (content != NULL)
		decode(w, content, &leaf);
	if (content != NULL && !s.plain)
		s.encoded = is_encoded(g_mime_data_wrapper_get_encoding(content));
	if (sample != NULL) {
		s.sample = sample_bytes(w, sample, boundary, &s.encoded);
		s.odd_type = !is_sample_type(sample);
	}
	s.fields = leaf.bytes;
	if (found)
		leaf.name = str_of(g_mime_part_get_filename(GMIME_PART(part)));
	return w->v->leaf(w->v->arg, &leaf, e);
}

static int
walk_multipart(const struct walk *w, GMimeMultipart *multipart, struct err *e)
{
	struct mime_header none;
	int n = g_mime_multipart_get_count(multipart);
	int failure;

	if (is_passed_over(multipart, w->m->header != NULL ? w->m->header : &none))
		return 0;
	failure = failure_part(w, multipart);
	if (failure >= 0)
		return walk_failure(w, multipart, failure, e);
	if (n == 0)
		return walk_base64(w, multipart, e);
	for (int i = 0; i < n; i++)
		if (walk_object(w, g_mime_multipart_get_part(multipart, i), e) != 0)
			return -1;
	return 0;
}

/* Walk on with what ${w} has for hints. */
static int
walk_within(const struct walk *w, GMimeObject *object, struct err *e)
{
	const struct hints *around = w->m->hints;
	int rc;

	w->m->hints = &w->hints;
	rc = walk_object(w, object, e);
	w->m->hints = around;
	return rc;
}

/* An attached mail: what is in it is told of by its own header. */
static int
walk_message(const struct walk *w, GMimeMessage *message, struct err *e)
{
	GMimeObject *content = message != NULL ? g_mime_message_get_mime_part(message) : NULL;
	struct walk inner = *w;

	if (content == NULL)
		return 0;
	inner.hints = read_hints(w->arena, GMIME_OBJECT(message));
	inner.header = message_bytes(w, message, NULL);
	if (inner.header.n > LIMIT_HEADER_BYTES)
		inner.header.n = LIMIT_HEADER_BYTES;
	inner.header.n = header_length(inner.header);
	return walk_within(&inner, content, e);
}

static int
walk_object(const struct walk *w, GMimeObject *object, struct err *e)
{
	struct mime *m = w->m;
	int rc = 0;

	if (m->depth >= LIMIT_MIME_DEPTH) {
		if (!m->told_depth)
			rc = w->v->limit(w->v->arg, "the mail is nested too deep", e);
		m->told_depth = true;
		return rc;
	}
	rc = count_part(w, e);
	if (rc != 1)
		return rc;
	rc = 0;
	m->depth++;
	if (GMIME_IS_MULTIPART(object)) {
		rc = walk_multipart(w, GMIME_MULTIPART(object), e);
	} else if (GMIME_IS_MESSAGE_PART(object)) {
		rc =
		    walk_message(w, g_mime_message_part_get_message(GMIME_MESSAGE_PART(object)), e);
	} else if (GMIME_IS_PART(object)) {
		rc = walk_leaf(w, GMIME_PART(object), e);
	}
	m->depth--;
	return rc;
}

/* A mail of its own, perhaps within another. */
static int
walk_own(const struct walk *w, GMimeObject *top, struct mime_header *header, struct err *e)
{
	struct mime *m = w->m;
	struct mime_header *around = m->header;
	unsigned parts = m->parts;
	int rc;

	m->header = header;
	m->parts = 0;
	rc = walk_within(w, top, e);
	m->header = around;
	m->parts = parts;
	return rc;
}

int
mime_walk(struct mime *m, struct arena *a, struct str mail, struct mime_header *header,
    const struct mime_visitor *v, struct err *e)
{
	size_t from_line = sniff_from_line(mail);
	struct walk w = {
		.m = m, .mail = { mail.p + from_line, mail.n - from_line }, .v = v, .arena = a
	};
	/* A stream over memory that stays ours: GMime only reads the two fields. */
	GByteArray bytes;
	struct prescan scan;
	GMimeStream *stream;
	GMimeParser *parser;
	GMimeObject *top;
	int rc = 0;

	assert(w.mail.n <= G_MAXUINT);
	w.blank_lines = m->level == 0 && failure_undo_blank_lines(w.mail, &m->repaired);
	if (w.blank_lines)
		w.mail = buf_str(&m->repaired);
	bytes = (GByteArray){ (guint8 *)(uintptr_t)w.mail.p, (guint)w.mail.n };
	scan = prescan_mail(w.mail);
	w.header = (struct str){ w.mail.p, scan.header };
	if (header != NULL)
		*header = (struct mime_header){ .header = { w.mail.p, scan.header } };
	if (header != NULL && header->header.n > LIMIT_HEADER_BYTES)
		header->header.n = LIMIT_HEADER_BYTES;
	if (scan.excess != NULL)
		return v->limit(v->arg, scan.excess, e);
	if (m->level >= LIMIT_MIME_DEPTH)
		return 0;
	stream = g_mime_stream_mem_new_with_byte_array(&bytes);
	g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(stream), FALSE);
	parser = g_mime_parser_new_with_stream(stream);
	top = g_mime_parser_construct_part(parser, NULL);
	g_object_unref(parser);
	if (top != NULL)
		w.hints = read_hints(a, top);
	/* A piece of a mail has no header of its own. */
	if (header == NULL && m->hints != NULL && w.hints.subject.n + w.hints.from_domain.n == 0)
		w.hints = *m->hints;
	if (top != NULL && header != NULL) {
		read_header(a, top, header);
		header->hints = w.hints;
	}
	m->level++;
	if (top != NULL)
		rc = header != NULL ? walk_own(&w, top, header, e) : walk_within(&w, top, e);
	m->level--;
	g_clear_object(&top);
	g_object_unref(stream);
	return rc;
}
