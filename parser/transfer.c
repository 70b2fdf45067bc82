#include "parser/transfer.h"

/* GMime keeps a window on our own buffer. */
struct str
transfer_bytes(struct str mail, GMimeDataWrapper *content)
{
	GMimeStream *s = g_mime_data_wrapper_get_stream(content);
	gint64 from = s->bound_start;
	gint64 to =
	    s->bound_end < 0 || (guint64)s->bound_end > mail.n ? (gint64)mail.n : s->bound_end;

	if (from < 0 || from >= to)
		return (struct str){ NULL, 0 };
	return (struct str){ mail.p + from, (size_t)(to - from) };
}

bool
transfer_is_encoded(GMimeContentEncoding how)
{
	return how == GMIME_CONTENT_ENCODING_BASE64 || how == GMIME_CONTENT_ENCODING_UUENCODE ||
	    how == GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE;
}

struct str
transfer_uu_file(struct str in, struct str *name)
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

enum sniff
transfer_undo(GMimeContentEncoding how, struct str in, struct buf *out)
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

enum sniff
transfer_decode(struct str mail, GMimeDataWrapper *content, struct buf *out, struct str *bytes)
{
	GMimeContentEncoding how = g_mime_data_wrapper_get_encoding(content);
	struct str in = transfer_bytes(mail, content);
	enum sniff sniff;
	struct str name;

	/* Yahoo wrote this where base64 was announced. */
	if (str_eq(str_trim(in), STR("unused")))
		how = GMIME_CONTENT_ENCODING_7BIT;
	if (!transfer_is_encoded(how)) {
		*bytes = in;
		return sniff_bytes(in);
	}
	buf_reset(out);
	if (how == GMIME_CONTENT_ENCODING_UUENCODE)
		in = transfer_uu_file(in, &name);
	sniff = transfer_undo(how, in, out);
	*bytes = buf_str(out);
	return sniff;
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

struct str
transfer_message(struct str mail, GMimeMessage *message, const char *boundary)
{
	gint64 own = header_offset((GMimeObject *)message);
	gint64 part = header_offset(message != NULL ? g_mime_message_get_mime_part(message) : NULL);
	gint64 from = own < 0 || (part >= 0 && part < own) ? part : own;
	struct str line = str_of(boundary);
	struct str bytes, at;

	if (from < 0 || (guint64)from >= mail.n)
		return (struct str){ NULL, 0 };
	bytes = (struct str){ mail.p + from, mail.n - (size_t)from };
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
