#include "store/rows.h"

#include <errno.h>
#include <unistd.h>

#include "core/text.h"
#include "core/vocabulary.h"
#include "store/copy.h"

#define PIECE ((size_t)64 << 10)

static void
key_columns(struct buf *out, const struct intake_part *p)
{
	copy_int8(out, p->identity.domain_id);
	copy_date(out, p->identity.day);
	copy_key(out, p->identity.report_key);
}

static void
quirks_column(struct buf *out, const struct type_oids *oids, const struct report *r)
{
	size_t whole = copy_open(out);

	copy_array(out, oids->quirk, r->nquirks);
	for (size_t i = 0; i < r->nquirks; i++) {
		size_t at = copy_open(out);

		buf_put32(out, 2);
		buf_put32(out, oids->text);
		copy_text(out, r->quirks[i].rule);
		buf_put32(out, oids->text);
		copy_text(out, r->quirks[i].detail);
		copy_close(out, at);
	}
	copy_close(out, whole);
}

void
rows_report(struct buf *out, const struct type_oids *oids, const struct intake *in,
    const struct intake_part *p, bool counted)
{
	const struct report *r = p->part.report;
	const struct policy *policy = &r->policy;

	copy_row(out, 37);
	key_columns(out, p);
	copy_key(out, p->identity.identity_key);
	copy_int8(out, p->identity.reporter_id);
	copy_int2(out, p->identity.days);
	copy_bool(out, counted);
	copy_time(out, r->begin);
	copy_time(out, r->end);
	copy_int8(out, (int64_t)p->records);
	copy_int8(out, (int64_t)p->messages);
	copy_bytes(out, p->records_hash.b, sizeof(p->records_hash.b));
	copy_int8(out, in->intake_id);
	copy_time(out, in->read_at);
	copy_text(out, identity_report_id(r));
	copy_text(out, r->org_name);
	copy_text(out, r->email);
	copy_text(out, r->extra_contact_info);
	copy_text(out, r->generator);
	copy_text(out, r->version);
	copy_text(out, r->xml_namespace);
	copy_text(out, r->error);
	copy_word(out, action_name(policy->p));
	copy_word(out, action_name(policy->sp));
	copy_word(out, action_name(policy->np));
	copy_word(out, alignment_name(policy->adkim));
	copy_word(out, alignment_name(policy->aspf));
	copy_text(out, policy->pct);
	copy_text(out, policy->fo);
	copy_text(out, policy->testing);
	copy_word(out, discovery_name(policy->discovery_method));
	quirks_column(out, oids, r);
	copy_bool(out, r->partial);
	copy_int8(out, (int64_t)p->records_checked);
	copy_int8(out, (int64_t)p->records_disagreeing);
	copy_int8(out, (int64_t)p->messages_checked);
	copy_int8(out, (int64_t)p->messages_disagreeing);
}

void
rows_block(struct buf *out, const struct intake_part *p, struct str item)
{
	copy_row(out, 5 + BLOCK_COLUMNS);
	key_columns(out, p);
	copy_bytes(out, item.p, 4);
	copy_int2(out, p->identity.days);
	buf_put(out, item.p + 4, item.n - 4);
}

void
rows_original(struct buf *out, const struct intake_part *p)
{
	copy_row(out, 4);
	key_columns(out, p);
	copy_length(out, (uint32_t)spool_payload(&p->original));
}

/* Names are bytes; the database holds text. */
static void
name_column(struct buf *out, struct str name)
{
	size_t at = copy_open(out);

	text_terminal(out, name);
	copy_close(out, at);
}

void
rows_intake(struct buf *out, const struct intake *in)
{
	static const unsigned char none[32];
	const struct message *m = &in->message;

	copy_row(out, 10);
	copy_int8(out, in->intake_id);
	copy_time(out, in->read_at);
	copy_int8(out, in->source_id);
	name_column(out, in->name);
	copy_word(out, outcome_name(in->outcome));
	copy_text(out, m->message_id);
	copy_text(out, m->from_domain);
	copy_int8(out, (int64_t)in->size);
	if (memcmp(m->sha256, none, sizeof(none)) == 0)
		copy_null(out);
	else
		copy_bytes(out, m->sha256, sizeof(m->sha256));
	/*
	 * Of a mail that is no report nothing more is kept: it may be somebody's private mail.  Nor of
	 * one with a failure report: it tells of a person's mail, and must go when that report goes.
	 */
	copy_text(out,
	    in->outcome == OUTCOME_NOT_A_REPORT || intake_has_failure(in) ? STR("") : m->header);
}

/* What is lost with a mail that is not kept must be said where its fate is. */
static void
reason_column(struct buf *out, const struct intake *in, const struct intake_part *p)
{
	struct str reason = p->part.reason;
	char room[CEILING_SIZE];
	size_t at;

	if (!intake_is_failure(p->part.outcome) || !intake_is_too_large_to_keep(in)) {
		copy_text(out, reason);
		return;
	}
	at = copy_open(out);
	buf_puts(out, reason);
	buf_printf(out, " (a mail longer than %s is not kept" CEILING_RAISED("max_kept_size") ")",
	    ceilings_size(in->env->ceilings.kept, room));
	copy_close(out, at);
}

void
rows_parts(struct buf *out, const struct intake *in)
{
	int32_t n = 0;

	for (const struct intake_part *p = in->parts; p != NULL; p = p->next) {
		copy_row(out, 10);
		copy_int8(out, in->intake_id);
		copy_time(out, in->read_at);
		copy_int4(out, ++n);
		copy_word(out, outcome_name(p->part.outcome));
		copy_word(out, kind_name(p->part.kind));
		copy_text(out, p->part.member);
		reason_column(out, in, p);
		if (intake_part_holds(p)) {
			key_columns(out, p);
		} else {
			copy_null(out);
			copy_null(out);
			copy_null(out);
		}
	}
}

/* One of the keys by which its source knows the mail. */
static void
seen_key(struct buf *out, const struct intake *in, unsigned i)
{
	if (i < in->nkeys)
		copy_key(out, in->keys[i]);
	else
		copy_null(out);
}

int
rows_kept(struct buf *out, struct intake *in, uint64_t *offset, struct err *e)
{
	size_t want = in->size - *offset < PIECE ? (size_t)(in->size - *offset) : PIECE;
	ssize_t n;

	if (*offset == 0) {
		copy_row(out, 5);
		copy_int8(out, in->intake_id);
		copy_int8(out, (int64_t)in->size);
		seen_key(out, in, 0);
		seen_key(out, in, 1);
		copy_length(out, (uint32_t)in->size);
	}
	do
		n = pread(in->fd, buf_room(out, want), want, (off_t)*offset);
	while (n < 0 && errno == EINTR);
	if (n <= 0) {
		close(in->fd);
		in->fd = -1;
		in->unreadable = true;
		return err_set(e, ERR_MESSAGE, "the mail cannot be read any more: %s",
		    n < 0 ? strerror(errno) : "it is shorter than it was");
	}
	buf_grown(out, (size_t)n);
	*offset += (uint64_t)n;
	return 0;
}

enum seen_class
rows_class(const struct intake *in)
{
	if (in->outcome == OUTCOME_NOT_A_REPORT || intake_passed_over(in))
		return SEEN_OTHER;
	return intake_keeps_bytes(in) ? SEEN_FAILURE : SEEN_SUCCESS;
}
