#include "store/feed.h"

#include "core/limits.h"
#include "store/copy.h"
#include "store/rows.h"

#define PIECE ((size_t)64 << 10)

void
feed_start(struct transaction *t, const struct claims *of)
{
	feed_stop(t);
	t->of = of;
	t->at = 0;
	t->row = t->batch->head;
	t->offset = 0;
	buf_reset(&t->out);
	copy_head(&t->out);
}

void
feed_stop(struct transaction *t)
{
	if (t->reading)
		spool_done(&t->reader);
	t->reading = false;
}

/* The next claim that is ${wanted}, or NULL at the end of them. */
static struct claim *
next(struct transaction *t, bool (*wanted)(const struct claim *))
{
	for (; t->at < claims_count(t->of); t->at++)
		if (wanted(claims_at(t->of, t->at)))
			return claims_at(t->of, t->at);
	return NULL;
}

bool
feed_has(const struct claims *of, bool (*wanted)(const struct claim *))
{
	for (size_t i = 0; i < claims_count(of); i++)
		if (wanted(claims_at(of, i)))
			return true;
	return false;
}

int
feed_reports(struct transaction *t, struct err *e)
{
	struct claim *c;

	(void)e;
	while (t->out.n < PIECE && (c = next(t, claim_is_stored)) != NULL) {
		rows_report(&t->out, t->oids, c->in, c->p, c->fate == FATE_NEW);
		t->at++;
	}
	return next(t, claim_is_stored) != NULL;
}

/* The next item of ${s}, the spool in hand: 1; 0 when it is over and the next claim's turn. */
static int
next_item(struct transaction *t, struct spool *s, struct str *item, struct err *e)
{
	int more;

	if (!t->reading)
		spool_read(&t->reader, s);
	t->reading = true;
	more = spool_next(&t->reader, item, e);
	if (more == 0) {
		feed_stop(t);
		t->at++;
	}
	return more;
}

static int
feed_records(struct transaction *t, bool (*wanted)(const struct claim *), struct err *e)
{
	struct claim *c;
	struct str item;

	while (t->out.n < PIECE && (c = next(t, wanted)) != NULL) {
		int more = next_item(t, &c->p->blocks, &item, e);

		if (more < 0)
			return -1;
		if (more > 0)
			rows_block(&t->out, c->p, item);
	}
	return next(t, wanted) != NULL;
}

int
feed_blocks(struct transaction *t, struct err *e)
{
	return feed_records(t, claim_is_counted, e);
}

int
feed_aside(struct transaction *t, struct err *e)
{
	return feed_records(t, claim_is_aside, e);
}

int
feed_originals(struct transaction *t, struct err *e)
{
	struct claim *c;
	struct str item;

	while (t->out.n < PIECE && (c = next(t, claim_has_original)) != NULL) {
		int more;

		if (!t->reading)
			rows_original(&t->out, c->p);
		more = next_item(t, &c->p->original, &item, e);
		if (more < 0)
			return -1;
		if (more > 0)
			buf_puts(&t->out, item);
	}
	return next(t, claim_has_original) != NULL;
}

int
feed_intake(struct transaction *t, struct err *e)
{
	(void)e;
	for (; t->out.n < PIECE && t->row != NULL; t->row = t->row->next)
		rows_intake(&t->out, t->row);
	return t->row != NULL;
}

int
feed_parts(struct transaction *t, struct err *e)
{
	(void)e;
	for (; t->out.n < PIECE && t->row != NULL; t->row = t->row->next)
		rows_parts(&t->out, t->row);
	return t->row != NULL;
}

bool
feed_keeps(const struct intake *in)
{
	return intake_keeps_bytes(in) && !intake_has_failure(in) && in->fd >= 0 && in->size > 0 &&
	    !intake_is_too_large_to_keep(in);
}

int
feed_kept(struct transaction *t, struct err *e)
{
	while (t->row != NULL && !feed_keeps(t->row))
		t->row = t->row->next;
	if (t->row == NULL)
		return 0;
	if (rows_kept(&t->out, t->row, &t->offset, e) < 0)
		return -1;
	if (t->offset == t->row->size) {
		t->row = t->row->next;
		t->offset = 0;
	}
	return 1;
}
