#include "parser/attachment.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/frame.h"
#include "core/limits.h"
#include "core/text.h"
#include "core/wire.h"
#include "parser/aggregate.h"
#include "core/deflate.h"
#include "parser/normal.h"
#include "parser/unpack.h"

#define CHUNK ((size_t)256 << 10) /* of an original, in a frame */

struct attachment_reader {
	struct unpack *unpack;
	struct aggregate *aggregate;
	struct deflate *deflate;
	struct arena *arena;
	struct out *out;
	struct buf packed; /* a document gzipped by us */
	struct buf member; /* a path made fit to be shown */
	struct buf mail;

	const struct attachment *now;
	struct str path; /* of the present document */
	bool as_found;   /* the original is ->now as it came */
	bool gathering;  /* into ->mail */
	bool told;       /* that something in ->now cannot be read */
	bool any_report; /* in ->now, or what was meant to be one */
};

struct attachment_reader *
attachment_new(struct err *e)
{
	struct attachment_reader *r = calloc(1, sizeof(*r));

	if (r == NULL)
		abort();
	buf_init(&r->packed, LIMIT_MAIL_BYTES);
	buf_init(&r->member, (size_t)16 * LIMIT_NAME_BYTES);
	buf_init(&r->mail, LIMIT_MAIL_BYTES);
	r->unpack = unpack_new(e);
	r->aggregate = r->unpack != NULL ? aggregate_new(e) : NULL;
	r->deflate = r->aggregate != NULL ? deflate_new(e) : NULL;
	if (r->deflate == NULL) {
		attachment_free(r);
		return NULL;
	}
	return r;
}

void
attachment_free(struct attachment_reader *r)
{
	if (r == NULL)
		return;
	unpack_free(r->unpack);
	aggregate_free(r->aggregate);
	deflate_free(r->deflate);
	buf_fini(&r->packed);
	buf_fini(&r->member);
	buf_fini(&r->mail);
	free(r);
}

void
attachment_reset(struct attachment_reader *r, struct arena *a, struct out *out)
{
	unpack_reset(r->unpack);
	r->arena = a;
	r->out = out;
	r->now = NULL;
	buf_reset(&r->mail);
	if (r->packed.room > (1u << 20))
		buf_fini(&r->packed);
	if (r->mail.room > (1u << 20))
		buf_fini(&r->mail);
}

struct str
attachment_mail(const struct attachment_reader *r)
{
	return buf_str(&r->mail);
}

/* ${path} as it may be shown; good until the next call. */
static struct str
shown(struct attachment_reader *r, struct str path)
{
	buf_reset(&r->member);
	text_utf8(&r->member, normal_cut(path, (size_t)4 * LIMIT_NAME_BYTES));
	return normal_cut(buf_str(&r->member), LIMIT_NAME_BYTES);
}

int
attachment_say(struct attachment_reader *r, struct str path, enum outcome outcome,
    enum report_kind kind, const char *reason, struct err *e)
{
	struct part part = { .outcome = outcome, .kind = kind, .member = shown(r, path) };

	part.reason = normal_cut(str_of(reason), LIMIT_REASON_BYTES);
	part.reason.n = str_utf8(part.reason);
	part_put(&r->out->frames, &part);
	return out_flush(r->out, CHUNK, e);
}

static int
send_original(struct attachment_reader *r, struct str bytes, struct err *e)
{
	while (bytes.n > 0) {
		size_t n = bytes.n < CHUNK ? bytes.n : CHUNK;
		size_t at = frame_open(&r->out->frames, FRAME_ORIGINAL);

		buf_put(&r->out->frames, bytes.p, n);
		frame_close(&r->out->frames, at);
		if (out_flush(r->out, CHUNK, e) != 0)
			return -1;
		bytes = (struct str){ bytes.p + n, bytes.n - n };
	}
	return 0;
}

static void
start_document(struct attachment_reader *r, bool as_found)
{
	r->as_found = as_found;
	r->any_report = true;
	aggregate_start(r->aggregate, r->arena, r->out);
	if (!as_found)
		deflate_start(r->deflate, &r->packed);
}

static int
add_document(struct attachment_reader *r, struct str bytes, struct err *e)
{
	if (!r->as_found)
		deflate_add(r->deflate, bytes);
	return aggregate_add(r->aggregate, bytes, e);
}

static int
end_document(struct attachment_reader *r, struct str path, enum outcome outcome,
    const char *trouble, struct err *e)
{
	struct part part = { .member = shown(r, path) };
	struct str original = { NULL, 0 };

	if (aggregate_end(r->aggregate, outcome, trouble, &part, e) != 0)
		return -1;
	if (part.outcome == OUTCOME_NOT_A_REPORT)
		return 0;
	if (part.report != NULL && r->as_found) {
		original = r->now->bytes;
	} else if (part.report != NULL) {
		deflate_end(r->deflate);
		if (!r->packed.over)
			original = buf_str(&r->packed);
	}
	if (send_original(r, original, e) != 0)
		return -1;
	part.has_original = original.n > 0;
	part.reason = normal_cut(part.reason, LIMIT_REASON_BYTES);
	part_put(&r->out->frames, &part);
	return out_flush(r->out, CHUNK, e);
}

/* What is told of bytes that hold nothing readable, by what their name promised. */
static int
nothing_in(
    struct attachment_reader *r, struct str path, struct str name, enum sniff sniff, struct err *e)
{
	bool meant = sniff_report_name(name);
	char reason[80];

	if (sniff == SNIFF_TLSRPT)
		return attachment_say(r, path, OUTCOME_UNSUPPORTED, KIND_TLSRPT,
		    "SMTP TLS reports are not read yet", e);
	if (sniff == SNIFF_EMPTY && (meant || sniff_report_extension(name)))
		return attachment_say(r, path, OUTCOME_CORRUPT, KIND_UNKNOWN, "it is empty", e);
	if (sniff_unread(sniff) != NULL && (meant || str_find(name, STR(".xml")) != NULL)) {
		snprintf(reason, sizeof(reason), "%s is not read, only gzip and zip",
		    sniff_unread(sniff));
		return attachment_say(r, path, OUTCOME_UNSUPPORTED, KIND_UNKNOWN, reason, e);
	}
	if (meant)
		return attachment_say(r, path, OUTCOME_CORRUPT, KIND_UNKNOWN,
		    "it is named like a report but is no XML, gzip or zip", e);
	return 0;
}

static int
on_open(void *arg, const struct unpack_member *m, struct err *e)
{
	struct attachment_reader *r = arg;

	r->gathering = r->now->is_message && m->alone && m->sniff == SNIFF_MAIL;
	if (r->gathering)
		return 1;
	if (r->now->is_mail)
		return 0;
	if (m->sniff != SNIFF_XML)
		return nothing_in(r, m->path, m->path.n > 0 ? m->path : r->now->name, m->sniff, e);
	start_document(r, m->alone);
	r->path = m->path;
	return 1;
}

static int
on_data(void *arg, struct str bytes, struct err *e)
{
	struct attachment_reader *r = arg;

	if (!r->gathering)
		return add_document(r, bytes, e);
	buf_puts(&r->mail, bytes);
	return r->mail.over;
}

static int
on_close(void *arg, enum outcome outcome, const char *reason, struct err *e)
{
	struct attachment_reader *r = arg;

	if (!r->gathering)
		return end_document(r, r->path, outcome, reason, e);
	if (reason == NULL && !r->mail.over)
		return 0;
	buf_reset(&r->mail);
	return attachment_say(r, r->now->path, outcome, KIND_UNKNOWN,
	    reason != NULL ? reason : "the mail in it is too large", e);
}

/* Of an archive that is damaged we tell; of its members only where they may have been reports. */
static int
on_failed(void *arg, struct str path, enum outcome outcome, const char *reason, struct err *e)
{
	struct attachment_reader *r = arg;
	struct str name = r->now->name;
	bool itself = path.n == r->now->path.n;
	bool meant =
	    sniff_report_name(path) || sniff_report_extension(path) || sniff_report_name(name);

	if (outcome == OUTCOME_NOT_A_REPORT) {
		if (!sniff_report_name(name) && str_find(name, STR(".xml")) == NULL)
			return 0;
		outcome = OUTCOME_CORRUPT;
	} else if (outcome == OUTCOME_TOO_BIG && !r->any_report && !meant) {
		return 0;
	} else if (r->told || (!itself && !meant)) {
		return 0;
	}
	r->told = true;
	return attachment_say(r, path, outcome, KIND_UNKNOWN, reason, e);
}

void
attachment_start(struct attachment_reader *r, const struct attachment *t)
{
	r->now = t;
	start_document(r, false);
}

int
attachment_add(struct attachment_reader *r, struct str bytes, struct err *e)
{
	return add_document(r, bytes, e);
}

int
attachment_end(struct attachment_reader *r, struct err *e)
{
	return end_document(r, r->now->path, OUTCOME_CORRUPT, NULL, e);
}

int
attachment_read(struct attachment_reader *r, const struct attachment *t, struct err *e)
{
	const struct unpack_sink sink = { r, on_open, on_data, on_close, on_failed };

	r->now = t;
	r->told = r->any_report = r->gathering = false;
	buf_reset(&r->mail);
	switch (t->sniff) {
	case SNIFF_GZIP:
	case SNIFF_ZIP:
		return unpack_each(r->unpack, t->bytes, t->path, &sink, e);
	case SNIFF_XML:
		attachment_start(r, t);
		if (attachment_add(r, t->bytes, e) < 0)
			return -1;
		return attachment_end(r, e);
	default:
		return nothing_in(r, t->path, t->name, t->sniff, e);
	}
}
