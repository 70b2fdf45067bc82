#include "parser/mime.h"

#include <assert.h>
#include <gmime/gmime.h>
#include <stdlib.h>

#include "core/buf.h"
#include "core/limits.h"
#include "parser/failure.h"
#include "parser/feedback.h"
#include "parser/header.h"
#include "parser/normal.h"
#include "parser/prescan.h"
#include "parser/transfer.h"

#define LIMIT_FIELD 8192 /* bytes of a header field that is looked at */

struct mime {
	const struct ceilings *ceilings;
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
	m->ceilings = &ceilings_default;
	/* GMime's last resort for names in no charset: held open, the jail has no other. */
	m->latin1 = g_mime_iconv_open("UTF-8", "ISO-8859-1");
	for (size_t i = 0; i <= LIMIT_MIME_DEPTH; i++)
		buf_init(&m->decoded[i], LIMIT_MAIL_BYTES + (4u << 10));
	buf_init(&m->sample, FEEDBACK_SAMPLE_BYTES + 4 * SNIFF_BYTES);
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
mime_limit(struct mime *m, const struct ceilings *c)
{
	m->ceilings = c;
}

void
mime_reset(struct mime *m)
{
	m->repaired.max = m->ceilings->mail;
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

/* Where a leaf of the present mail is decoded: empty. */
static struct buf *
decoded(const struct walk *w)
{
	struct mime *m = w->m;
	struct buf *out = &m->decoded[m->level];
	size_t around = 0;

	/* All of them together are no larger than the first could be. */
	for (unsigned i = 0; i < m->level; i++)
		around += m->decoded[i].n;
	buf_reset(out);
	out->max = (around < m->ceilings->mail ? m->ceilings->mail - around : 0) + (4u << 10);
	return out;
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

static int
tell_too_large(const struct walk *w, struct err *e)
{
	char reason[120], room[CEILING_SIZE];

	snprintf(reason, sizeof(reason),
	    "the mail's parts decode to more than %s" CEILING_RAISED("max_mail_size"),
	    ceilings_size(w->m->ceilings->mail, room));
	return w->v->limit(w->v->arg, reason, e);
}

/* Count one part more: 1, 0 where it is one too many, -1. */
static int
count_part(const struct walk *w, struct err *e)
{
	struct mime *m = w->m;
	char reason[100];
	int rc = 0;

	if (m->parts < m->ceilings->parts) {
		m->parts++;
		return 1;
	}
	if (!m->told_parts) {
		snprintf(reason, sizeof(reason),
		    "the mail has more than %u parts" CEILING_RAISED("max_parts"),
		    (unsigned)m->ceilings->parts);
		rc = w->v->limit(w->v->arg, reason, e);
	}
	m->told_parts = true;
	return rc;
}

/* The files in a text, from before there was MIME. */
static int
walk_uuencoded(const struct walk *w, struct str text, struct err *e)
{
	struct buf *out = decoded(w);
	struct mime_leaf leaf = { .type = STR("application/octet-stream"), .hints = &w->hints };
	const char *end;
	int rc = 1;

	for (text = transfer_uu_file(text, &leaf.name); text.n > 0;
	     text = transfer_uu_file(text, &leaf.name)) {
		end = str_find(text, STR("\nend"));
		leaf.bytes =
		    (struct str){ text.p, end != NULL ? (size_t)(end - text.p) + 1 : text.n };
		text = (struct str){ text.p + leaf.bytes.n, text.n - leaf.bytes.n };
		rc = count_part(w, e);
		if (rc != 1)
			return rc;
		buf_reset(out);
		leaf.sniff = transfer_undo(GMIME_CONTENT_ENCODING_UUENCODE, leaf.bytes, out);
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
	struct buf *out = decoded(w);
	int rc;

	if (content != NULL)
		leaf.sniff = transfer_decode(w->mail, content, out, &leaf.bytes);
	if (out->over) {
		g_free(mime_type);
		return tell_too_large(w, e);
	}
	leaf.name = str_of(g_mime_part_get_filename(part));
	leaf.type = str_of(mime_type);
	leaf.hints = &w->hints;
	leaf.header = w->header;
	rc = w->v->leaf(w->v->arg, &leaf, e);
	if (rc == 0 && leaf.sniff == SNIFF_OTHER && content != NULL &&
	    !transfer_is_encoded(g_mime_data_wrapper_get_encoding(content)))
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
	struct buf *out = decoded(w);

	if (type == NULL || !str_caseeq(str_trim(str_of(how)), STR("base64")))
		return 0;
	buf_printf(out, "Content-Type: %s\n\n", type);
	(void)transfer_undo(GMIME_CONTENT_ENCODING_BASE64, in, out);
	if (out->over)
		return tell_too_large(w, e);
	return mime_walk(w->m, w->arena, buf_str(out), NULL, w->v, e);
}

/*
 * A failure report, shown as one leaf.  Nothing in it is walked: a mail that failed, which is to
 * say a forged one, may carry anything that looks like a report.
 */
static int
walk_failure(
    const struct walk *w, const struct feedback *f, GMimeMultipart *multipart, int i, struct err *e)
{
	struct mime_leaf leaf = { .sniff = SNIFF_EMPTY, .header = w->header, .hints = &w->hints };
	struct failure_source s = { .header = w->header, .blank_lines = w->blank_lines };

	leaf.failure = &s;
	feedback_read(f, multipart, i, &leaf, &s);
	return w->v->leaf(w->v->arg, &leaf, e);
}

static int
walk_multipart(const struct walk *w, GMimeMultipart *multipart, struct err *e)
{
	const struct feedback f = { w->mail, decoded(w), &w->m->sample };
	struct mime_header none;
	int n = g_mime_multipart_get_count(multipart);
	int failure;

	if (is_passed_over(multipart, w->m->header != NULL ? w->m->header : &none))
		return 0;
	failure = feedback_part(&f, multipart);
	if (failure >= 0)
		return walk_failure(w, &f, multipart, failure, e);
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
	inner.header = transfer_message(w->mail, message, NULL);
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
			rc = w->v->limit(w->v->arg, MIME_TOO_DEEP, e);
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
	w.blank_lines = m->level == 0 && feedback_undo_blank_lines(w.mail, &m->repaired);
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
