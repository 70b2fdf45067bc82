#include "store/batch.h"

#include <assert.h>

#include "core/limits.h"

void
batch_init(struct batch *b)
{
	*b = (struct batch){ .head = NULL };
	b->last = &b->head;
}

void
batch_fini(struct batch *b)
{
	struct intake *in;

	while ((in = batch_take(b)) != NULL)
		intake_free(in);
}

/* A mail of more than LIMIT_BATCH_BYTES is alone in its batch. */
static uint64_t
weight(const struct intake *in)
{
	return arena_size(in->arena) + in->file.memory + (in->held ? in->size : 0);
}

void
batch_add(struct batch *b, struct intake *in)
{
	in->next = NULL;
	*b->last = in;
	b->last = &in->next;
	b->messages++;
	b->reports += intake_reports(in);
	b->records += intake_records(in);
	in->weight = weight(in);
	b->bytes += in->weight;
}

struct intake *
batch_take(struct batch *b)
{
	struct intake *in = b->head;

	if (in == NULL)
		return NULL;
	b->head = in->next;
	if (b->head == NULL)
		b->last = &b->head;
	b->messages--;
	b->reports -= intake_reports(in);
	b->records -= intake_records(in);
	b->bytes -= in->weight;
	in->next = NULL;
	return in;
}

bool
batch_full_for(const struct batch *b, const struct intake *in)
{
	return b->messages > 0 &&
	    (b->messages >= LIMIT_BATCH_MESSAGES ||
		b->reports + intake_reports(in) > LIMIT_BATCH_REPORTS ||
		b->bytes + weight(in) > LIMIT_BATCH_BYTES ||
		b->records + intake_records(in) > LIMIT_BATCH_RECORDS);
}

void
batch_split(struct batch *b, struct batch *rest)
{
	struct batch whole = *b;
	struct intake *in;
	size_t half = (b->messages + 1) / 2;

	assert(rest->head == NULL);
	if (whole.head != NULL && whole.last == &b->head)
		whole.last = &whole.head;
	batch_init(b);
	while ((in = batch_take(&whole)) != NULL)
		batch_add(b->messages < half ? b : rest, in);
}
