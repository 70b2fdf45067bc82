#include "parser/mime.h"

#include <assert.h>
#include <gmime/gmime.h>
#include <stdlib.h>

#include "core/buf.h"
#include "core/limits.h"
#include "parser/normal.h"
#include "parser/prescan.h"

#define LIMIT_FROM 8192 /* bytes of a From field that is looked at */

struct mime {
	iconv_t latin1;
	struct buf decoded[LIMIT_MIME_DEPTH + 1]; /* one for each mail around the present one */
	unsigned level;                           /* of mime_walk */
	unsigned depth;                           /* of entities */
	unsigned parts;
	bool told_depth, told_parts;
};

/* What is handed down through a walk. */
struct walk {
	struct mime *m;
	struct str mail;
	const struct mime_visitor *v;
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
	return m;
}

void
mime_free(struct mime *m)
{
	if (m == NULL)
		return;
	for (size_t i = 0; i <= LIMIT_MIME_DEPTH; i++)
		buf_fini(&m->decoded[i]);
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
	for (size_t i = 0; i <= LIMIT_MIME_DEPTH; i++)
		if (m->decoded[i].room > (1u << 20))
			buf_fini(&m->decoded[i]);
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
	GMimeEncoding state;

	if (how != GMIME_CONTENT_ENCODING_BASE64 && how != GMIME_CONTENT_ENCODING_UUENCODE &&
	    how != GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE) {
		leaf->bytes = in;
		leaf->sniff = sniff_bytes(in);
		return;
	}
	buf_reset(out);
	g_mime_encoding_init_decode(&state, how);
	while (in.n > 0 && leaf->sniff != SNIFF_OTHER) {
		size_t n = in.n < 2 * SNIFF_BYTES ? in.n : 2 * SNIFF_BYTES;
		char *to = buf_room(out, g_mime_encoding_outlen(&state, n));

		if (to == NULL)
			break;
		buf_grown(out, g_mime_encoding_step(&state, in.p, n, to));
		in = (struct str){ in.p + n, in.n - n };
		if (leaf->sniff == SNIFF_EMPTY)
			leaf->sniff = sniff_bytes(buf_str(out));
	}
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

static struct str
first_domain(struct arena *a, InternetAddressList *list)
{
	InternetAddress *one = NULL;
	const char *at;
	struct str domain;

	/* A group has no address of its own: look at its first member. */
	for (int depth = 0; list != NULL && depth < 4; depth++) {
		one = internet_address_list_get_address(list, 0);
		if (one == NULL || !INTERNET_ADDRESS_IS_GROUP(one))
			break;
		list = internet_address_group_get_members(INTERNET_ADDRESS_GROUP(one));
	}
	if (one == NULL || !INTERNET_ADDRESS_IS_MAILBOX(one))
		return (struct str){ NULL, 0 };
	at = internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(one));
	at = at != NULL ? strrchr(at, '@') : NULL;
	if (at == NULL)
		return (struct str){ NULL, 0 };
	domain = text(a, at + 1, LIMIT_DOMAIN_BYTES);
	return normal_domain(domain, (char *)(uintptr_t)domain.p);
}

static void
read_header(struct arena *a, GMimeObject *top, struct mime_header *h)
{
	const char *id = g_mime_object_get_header(top, "Message-ID");
	const char *from = g_mime_object_get_header(top, "From");
	/* Groups in groups cost GMime its stack. */
	bool fits = from != NULL && strlen(from) <= LIMIT_FROM;
	InternetAddressList *list = fits ? internet_address_list_parse(NULL, from) : NULL;
	char *bare = id != NULL ? g_mime_utils_decode_message_id(id) : NULL;

	h->message_id = text(a, bare, LIMIT_NAME_BYTES);
	h->from_domain = first_domain(a, list);
	g_free(bare);
	g_clear_object(&list);
}

static int walk_object(const struct walk *w, GMimeObject *object, struct err *e);

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
	rc = w->v->leaf(w->v->arg, &leaf, e);
	g_free(mime_type);
	return rc;
}

/* What a multipart/report returns to its sender (RFC 3464, RFC 8098) is none of ours. */
static bool
is_notification(GMimeObject *object)
{
	GMimeContentType *type = g_mime_object_get_content_type(object);
	const char *of = g_mime_content_type_get_parameter(type, "report-type");

	if (!g_mime_content_type_is_type(type, "multipart", "report"))
		return false;
	return str_caseeq(str_of(of), STR("delivery-status")) ||
	    str_caseeq(str_of(of), STR("disposition-notification"));
}

static int
walk_multipart(const struct walk *w, GMimeMultipart *multipart, struct err *e)
{
	int n = g_mime_multipart_get_count(multipart);

	if (is_notification(GMIME_OBJECT(multipart)))
		return 0;
	for (int i = 0; i < n; i++)
		if (walk_object(w, g_mime_multipart_get_part(multipart, i), e) != 0)
			return -1;
	return 0;
}

static int
walk_object(const struct walk *w, GMimeObject *object, struct err *e)
{
	struct mime *m = w->m;
	GMimeMessage *inner;
	int rc = 0;

	if (m->depth >= LIMIT_MIME_DEPTH) {
		if (!m->told_depth)
			rc = w->v->limit(w->v->arg, "the mail is nested too deep", e);
		m->told_depth = true;
		return rc;
	}
	if (m->parts >= LIMIT_MIME_PARTS) {
		if (!m->told_parts)
			rc = w->v->limit(w->v->arg, "the mail has too many parts", e);
		m->told_parts = true;
		return rc;
	}
	m->parts++;
	m->depth++;
	if (GMIME_IS_MULTIPART(object)) {
		rc = walk_multipart(w, GMIME_MULTIPART(object), e);
	} else if (GMIME_IS_MESSAGE_PART(object)) {
		inner = g_mime_message_part_get_message(GMIME_MESSAGE_PART(object));
		if (inner != NULL && g_mime_message_get_mime_part(inner) != NULL)
			rc = walk_object(w, g_mime_message_get_mime_part(inner), e);
	} else if (GMIME_IS_PART(object)) {
		rc = walk_leaf(w, GMIME_PART(object), e);
	}
	m->depth--;
	return rc;
}

int
mime_walk(struct mime *m, struct arena *a, struct str mail, struct mime_header *header,
    const struct mime_visitor *v, struct err *e)
{
	size_t from_line = sniff_from_line(mail);
	struct walk w = { m, { mail.p + from_line, mail.n - from_line }, v };
	/* A stream over memory that stays ours: GMime only reads the two fields. */
	GByteArray bytes = { (guint8 *)(uintptr_t)w.mail.p, (guint)w.mail.n };
	struct prescan scan;
	GMimeStream *stream;
	GMimeParser *parser;
	GMimeObject *top;
	int rc = 0;

	assert(w.mail.n <= G_MAXUINT);
	scan = prescan_mail(w.mail);
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
	if (top != NULL && header != NULL)
		read_header(a, top, header);
	m->level++;
	if (top != NULL)
		rc = walk_object(&w, top, e);
	m->level--;
	g_clear_object(&top);
	g_object_unref(stream);
	return rc;
}
