#include "parser/feedback.h"

#include "parser/failure.h"
#include "parser/header.h"
#include "parser/labels.h"
#include "parser/mime.h"
#include "parser/transfer.h"

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

/* The message that failed, or its header, as ${part} holds it. */
static struct str
sample_bytes(const struct feedback *f, GMimeObject *part, const char *boundary, bool *undone)
{
	GMimeContentEncoding how = GMIME_CONTENT_ENCODING_DEFAULT;
	struct str in = { NULL, 0 };
	struct buf *out = f->sample;
	GMimeDataWrapper *content = NULL;
	GMimeObject *inner = part;
	GMimeEncoding state;
	char *to;

	if (GMIME_IS_MESSAGE_PART(part)) {
		GMimeMessage *message = g_mime_message_part_get_message(GMIME_MESSAGE_PART(part));
		const char *encoding = g_mime_object_get_header(part, "Content-Transfer-Encoding");

		in = transfer_message(f->mail, message, boundary);
		/* Encoded it has no header that is one: all of it is its text. */
		inner = message != NULL ? g_mime_message_get_mime_part(message) : NULL;
		if (encoding != NULL)
			how = g_mime_content_encoding_from_string(encoding);
	}
	if (in.n == 0 && inner != NULL && GMIME_IS_PART(inner))
		content = g_mime_part_get_content(GMIME_PART(inner));
	if (content != NULL)
		in = transfer_bytes(f->mail, content);
	if (content != NULL && inner == part)
		how = g_mime_data_wrapper_get_encoding(content);
	if (content == NULL || !transfer_is_encoded(how) || in.n == 0)
		return in;
	*undone = true;
	buf_reset(out);
	g_mime_encoding_init_decode(&state, how);
	in.n = in.n < FEEDBACK_SAMPLE_BYTES ? in.n : FEEDBACK_SAMPLE_BYTES;
	to = buf_room(out, g_mime_encoding_outlen(&state, in.n));
	if (to != NULL)
		buf_grown(out, g_mime_encoding_step(&state, in.p, in.n, to));
	return buf_str(out);
}

int
feedback_part(const struct feedback *f, GMimeMultipart *multipart)
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
		struct str text;

		if (!GMIME_IS_PART(part) || !has_type(part, "text", "plain") ||
		    g_mime_part_get_content(GMIME_PART(part)) == NULL)
			continue;
		(void)transfer_decode(
		    f->mail, g_mime_part_get_content(GMIME_PART(part)), f->decoded, &text);
		if (labels_are_failure(text))
			return i;
	}
	return str_caseeq(of, STR("feedback-report")) ? n : -1;
}

/* The part behind ${i}, whatever its type; or one before it that says it is a message. */
static GMimeObject *
report_sample(GMimeMultipart *multipart, int i)
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

void
feedback_read(const struct feedback *f, GMimeMultipart *multipart, int i, struct mime_leaf *leaf,
    struct failure_source *s)
{
	bool found = i < g_mime_multipart_get_count(multipart);
	GMimeObject *part = found ? g_mime_multipart_get_part(multipart, i) : NULL;
	GMimeDataWrapper *content = found ? g_mime_part_get_content(GMIME_PART(part)) : NULL;
	GMimeObject *sample = report_sample(multipart, i);
	const char *boundary = g_mime_multipart_get_boundary(multipart);

	leaf->type = STR("message/feedback-report");
	s->plain = found && !has_subtype(part, STR("feedback-report"));
	s->odd_outer = !has_type(GMIME_OBJECT(multipart), "multipart", "report");
	if (content != NULL)
		leaf->sniff = transfer_decode(f->mail, content, f->decoded, &leaf->bytes);
	if (content != NULL && !s->plain)
		s->encoded = transfer_is_encoded(g_mime_data_wrapper_get_encoding(content));
	if (sample != NULL) {
		s->sample = sample_bytes(f, sample, boundary, &s->encoded);
		s->odd_type = !is_sample_type(sample);
	}
	s->fields = leaf->bytes;
	if (found)
		leaf->name = str_of(g_mime_part_get_filename(GMIME_PART(part)));
}

bool
feedback_undo_blank_lines(struct str mail, struct buf *to)
{
	struct str rest = mail;
	bool any = false;

	if (header_length(mail) < mail.n || str_find(mail, STR("feedback-report")) == NULL)
		return false;
	buf_reset(to);
	while (rest.n > 0) {
		const char *end = memchr(rest.p, '\n', rest.n);
		size_t n = end != NULL ? (size_t)(end - rest.p) + 1 : rest.n;
		struct str line = { rest.p, n };

		if (str_trim(line).n == 0)
			line = STR("\n");
		any |= line.n == 1;
		buf_puts(to, line);
		rest = (struct str){ rest.p + n, rest.n - n };
	}
	return any && !to->over;
}
