#include "cli/lanes.h"

#include "core/limits.h"
#include "core/now.h"

void
lanes_init(struct lanes *l)
{
	for (size_t i = 0; i < LANES; i++) {
		l->lane[i] = (struct lane){ .writer = NULL };
		batch_init(&l->lane[i].filling);
	}
}

void
lanes_open(struct lanes *l, struct database *db, const struct type_oids *oids, unsigned patience,
    const volatile sig_atomic_t *stop)
{
	for (size_t i = 0; i < LANES; i++)
		l->lane[i].writer = writer_new(db, oids, patience, stop);
}

void
lanes_rehearse(struct lanes *l)
{
	for (size_t i = 0; i < LANES; i++)
		writer_rehearse(l->lane[i].writer);
}

void
lanes_connect(struct lanes *l)
{
	for (size_t i = 0; i < LANES; i++)
		if (l->lane[i].writer != NULL)
			writer_connect(l->lane[i].writer);
}

void
lanes_fini(struct lanes *l)
{
	for (size_t i = 0; i < LANES; i++) {
		writer_free(l->lane[i].writer);
		batch_fini(&l->lane[i].filling);
	}
}

static struct lane *
lane_of(struct lanes *l, const struct intake *in)
{
	struct lane *least = &l->lane[0];

	for (const struct intake_part *p = in->parts; p != NULL; p = p->next)
		if (intake_part_holds(p))
			return &l->lane[(uint64_t)p->identity.domain_id % LANES];
	for (size_t i = 1; i < LANES; i++)
		if (l->lane[i].filling.messages < least->filling.messages)
			least = &l->lane[i];
	return least;
}

void
lanes_add(struct lanes *l, struct intake *in)
{
	struct lane *lane = lane_of(l, in);

	if (batch_full_for(&lane->filling, in)) {
		lane->overdue = writer_busy(lane->writer);
		if (!lane->overdue)
			writer_start(lane->writer, &lane->filling);
	}
	if (lane->filling.messages == 0)
		lane->since = now_ms();
	batch_add(&lane->filling, in);
}

bool
lanes_clogged(const struct lanes *l)
{
	for (size_t i = 0; i < LANES; i++)
		if (l->lane[i].overdue)
			return true;
	return false;
}

bool
lanes_busy(const struct lanes *l)
{
	for (size_t i = 0; i < LANES; i++)
		if (l->lane[i].writer != NULL && writer_busy(l->lane[i].writer))
			return true;
	return false;
}

static bool
is_due(const struct lane *lane)
{
	return lane->overdue || lane->filling.messages >= LIMIT_BATCH_MESSAGES ||
	    now_ms() - lane->since >= LANES_WAIT_MS;
}

int64_t
lanes_due(const struct lanes *l)
{
	int64_t due = INT64_MAX;

	for (size_t i = 0; i < LANES; i++) {
		const struct lane *lane = &l->lane[i];

		if (lane->writer != NULL && !writer_busy(lane->writer) &&
		    lane->filling.messages > 0 && lane->since + LANES_WAIT_MS < due)
			due = lane->since + LANES_WAIT_MS;
	}
	return due;
}

void
lanes_start(struct lanes *l, bool last)
{
	for (size_t i = 0; i < LANES; i++) {
		struct lane *lane = &l->lane[i];

		if (lane->writer == NULL || writer_busy(lane->writer))
			continue;
		if (lane->filling.messages > 0 && (last || is_due(lane)))
			writer_start(lane->writer, &lane->filling);
		lane->overdue = false;
	}
}

size_t
lanes_pollfds(const struct lanes *l, struct pollfd *fds, bool *at_once)
{
	size_t n = 0;

	for (size_t i = 0; i < LANES; i++) {
		const struct writer *w = l->lane[i].writer;

		if (w == NULL || !writer_busy(w))
			continue;
		*at_once |= writer_fd(w) < 0;
		fds[n++] = (struct pollfd){ .fd = writer_fd(w), .events = writer_events(w) };
	}
	return n;
}

int
lanes_service(struct lanes *l, size_t i, struct batch *done, struct err *e)
{
	if (l->lane[i].writer == NULL || !writer_busy(l->lane[i].writer))
		return 0;
	return writer_service(l->lane[i].writer, done, e);
}
