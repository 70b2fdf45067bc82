/*
 * Any bytes as what a worker that was taken over sends: a frame that is taken is written back as the
 * same bytes, and what the parent gathers of them adds up.  The first three bytes say which frame is
 * sent again, how often, and whether the memory for it has run out, so that it lies in a file.
 */
#include <assert.h>
#include <stdlib.h>

#include "core/limits.h"
#include "core/wire.h"
#include "store/intake.h"

#define HEAD 3   /* bytes before the frames */
#define AGAIN 4u /* enough for more than a block of records */

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
size_t LLVMFuzzerCustomMutator(uint8_t *p, size_t n, size_t max, unsigned seed);
/* libFuzzer's; where inputs are only played back there is none. */
__attribute__((weak)) size_t LLVMFuzzerMutate(uint8_t *p, size_t n, size_t max);

static int
record_again(struct arena *a, struct str in, struct buf *out)
{
	struct record r;
	struct str set;
	struct err e;

	if (record_get(in, &r, &set, &e) < 0 || outcome_set_get(a, set, &r.outcome, &e) < 0)
		return -1;
	assert(r.count <= LIMIT_COUNT && (r.has_count || r.count == 0));
	record_put(out, &r);
	return 0;
}

/* The frame that ${payload} gives when it is read and written; -1 when it is wrong. */
static int
write_again(struct arena *a, enum frame_type type, struct str payload, struct buf *out)
{
	struct message m;
	uint64_t ticket;
	struct part p;
	struct job j;
	struct err e;

	switch (type) {
	case FRAME_JOB:
		if (job_get(payload, &j, &e) < 0)
			return -1;
		job_put(out, &j);
		return 0;
	case FRAME_BEGIN:
		if (begin_get(payload, &ticket, &e) < 0)
			return -1;
		begin_put(out, ticket);
		return 0;
	case FRAME_RECORD:
		return record_again(a, payload, out);
	case FRAME_PART:
		if (part_get(a, payload, &p, &e) < 0)
			return -1;
		part_put(out, &p);
		return 0;
	case FRAME_END:
		if (message_get(payload, &m, &e) < 0)
			return -1;
		message_put(out, &m);
		return 0;
	default:
		return -1;
	}
}

static void
check_frame(enum frame_type type, struct str payload)
{
	static struct arena *a;
	static struct buf b;

	if (a == NULL) {
		a = arena_new(LIMIT_WORKER_ARENA);
		buf_init(&b, FRAME_HEAD + LIMIT_FRAME_BYTES);
	}
	arena_reset(a);
	buf_reset(&b);
	if (write_again(a, type, payload, &b) < 0)
		return;
	assert(!b.over && b.n == FRAME_HEAD + payload.n && b.p[4] == (char)type);
	assert(memcmp(b.p + FRAME_HEAD, payload.p, payload.n) == 0);
}

/* The rows of records, in their order. */
static void
check_blocks(struct intake_part *p)
{
	struct spool_reader r;
	struct str item;
	uint64_t after = 0;
	struct err e;
	int rc;

	spool_read(&r, &p->blocks);
	while ((rc = spool_next(&r, &item, &e)) == 1) {
		const unsigned char *u = (const unsigned char *)item.p;
		uint64_t first;

		assert(item.n > 4);
		first = (uint64_t)u[0] << 24 | (uint64_t)u[1] << 16 | (uint64_t)u[2] << 8 | u[3];
		assert(first > after && first <= p->records && (after > 0 || first == 1));
		after = first;
	}
	assert(rc == 0 && (p->part.report == NULL || (after > 0) == (p->records > 0)));
	spool_done(&r);
}

static void
check_part(struct intake_part *p)
{
	struct spool_reader r;
	uint64_t bytes = 0, messages = 0;
	struct str item;
	struct err e;

	assert(p->records <= LIMIT_RECORDS && p->messages <= LIMIT_COUNT);
	assert(p->records_disagreeing <= p->records_checked && p->records_checked <= p->records);
	assert(
	    p->messages_disagreeing <= p->messages_checked && p->messages_checked <= p->messages);
	for (size_t i = 0; i < SET_FLAGS_COUNT; i++)
		messages += p->by_flags[i];
	assert(messages == p->messages);
	assert(intake_part_holds(p) == (p->part.outcome <= OUTCOME_NULL_REPORT));
	if (p->part.report != NULL)
		assert(p->part.report->record_count == p->records &&
		    p->part.report->message_count == p->messages);
	assert(str_utf8(p->part.reason) == p->part.reason.n);
	check_blocks(p);
	spool_read(&r, &p->original);
	while (spool_next(&r, &item, &e) == 1)
		bytes += item.n;
	spool_done(&r);
	assert(bytes == spool_payload(&p->original) && bytes <= LIMIT_MAIL_BYTES);
}

static void
check_intake(struct intake *in, size_t memory)
{
	uint64_t records = 0;
	size_t n = 0;

	for (struct intake_part *p = in->parts; p != NULL; p = p->next) {
		check_part(p);
		records += p->records;
		n++;
		memory += p->blocks.tail.n + p->original.tail.n;
	}
	assert(in->open == NULL && memory == in->file.memory);
	assert(n <= LIMIT_MESSAGE_REPORTS && intake_records(in) == records);
	assert(intake_reports(in) <= n && (n > 0 || in->outcome == OUTCOME_NOT_A_REPORT));
}

/* One frame, ${times} times; what is wrong costs the message, as it does in cli/stream.c. */
static void
take(struct intake *in, enum frame_type type, struct str payload, unsigned times, size_t memory)
{
	struct err e = { 0 };

	for (unsigned i = 0; i < times; i++) {
		int rc = intake_frame(in, type, payload, &e);

		if (rc < 0) {
			assert(e.kind == ERR_MESSAGE);
			intake_only(in, OUTCOME_CORRUPT, e.text);
			assert(in->outcome == OUTCOME_CORRUPT && in->parts->next == NULL);
		}
		if (rc < 0 || type == FRAME_END) {
			check_intake(in, memory);
			intake_restart(in);
		}
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const struct type_oids oids;
	static struct intake_env env;
	struct str rest, payload;
	enum frame_type type;
	struct intake *in;
	size_t used, memory;
	unsigned i = 0;

	if (n < HEAD)
		return 0;
	if (env.digest == NULL)
		intake_env_init(&env, "/tmp", &oids);
	rest = (struct str){ (const char *)p + HEAD, n - HEAD };
	in = intake_new(&env, "mail");
	memory = in->file.memory = (p[2] & 1) != 0 ? LIMIT_SPOOL_MEMORY : 0;
	while (frame_next(rest, &type, &payload, &used) == 1) {
		assert(used == FRAME_HEAD + payload.n && used <= rest.n && type < FRAME_TYPES);
		check_frame(type, payload);
		take(in, type, payload, i++ == p[0] % 16 ? 1u + p[1] * AGAIN : 1, memory);
		rest = (struct str){ rest.p + used, rest.n - used };
	}
	intake_free(in);
	return 0;
}

/* What follows makes frames that are right, so that more than lengths is tried. */

static unsigned
draw(unsigned *seed, unsigned below)
{
	*seed = *seed * 1103515245u + 12345u;
	return (*seed >> 16) % below;
}

static struct str
some_text(unsigned *seed)
{
	static const char *const texts[] = { "", "", "example.org", "s1", "mail.example", "x" };

	return str_of(texts[draw(seed, sizeof(texts) / sizeof(texts[0]))]);
}

static void
put_some_record(struct buf *b, unsigned *seed)
{
	struct reason reason = { .type = draw(seed, REASON_POLICY_TEST_MODE + 1),
		.comment = some_text(seed) };
	struct dkim_result dkim = { .domain = some_text(seed),
		.selector = some_text(seed),
		.result = draw(seed, RESULT_PERMERROR + 1) };
	struct spf_result spf = { .domain = some_text(seed),
		.result = draw(seed, RESULT_PERMERROR + 1) };
	struct record r = { .source_ip.family = (uint8_t)(4 + 2 * draw(seed, 2)),
		.has_count = true,
		.count = draw(seed, 1000) };
	struct outcome_set *o = &r.outcome;

	r.source_ip.b[3] = (unsigned char)draw(seed, 256);
	o->dkim = draw(seed, 3);
	o->spf = draw(seed, 3);
	o->dkim_recomputed = draw(seed, 3);
	o->disposition = draw(seed, DISPOSITION_REJECT + 1);
	o->header_from = some_text(seed);
	o->envelope_to = some_text(seed);
	o->reasons = &reason;
	o->dkims = &dkim;
	o->spfs = &spf;
	o->nreasons = (uint16_t)draw(seed, 2);
	o->ndkims = (uint16_t)draw(seed, 2);
	o->nspfs = (uint16_t)draw(seed, 2);
	record_put(b, &r);
}

/* What the records since the last part add up to. */
static void
add_up(struct str frames, struct report *r)
{
	enum frame_type type;
	struct str payload, set;
	struct record record;
	size_t used;
	struct err e;

	while (frame_next(frames, &type, &payload, &used) == 1) {
		if (type == FRAME_RECORD && record_get(payload, &record, &set, &e) == 0) {
			r->record_count++;
			r->message_count += record.count;
		} else if (type != FRAME_RECORD && type != FRAME_ORIGINAL) {
			r->record_count = r->message_count = 0;
		}
		frames = (struct str){ frames.p + used, frames.n - used };
	}
}

static void
put_some_part(struct buf *b, struct str before, unsigned *seed)
{
	struct quirk quirk = { STR("rule"), some_text(seed) };
	struct str strings[2] = { some_text(seed), some_text(seed) };
	struct tls_failure tls_failure = { .result_type = some_text(seed), .has_sessions = true };
	struct tls_policy policy = { .domain = some_text(seed),
		.strings = strings,
		.nstrings = 2,
		.failures = &tls_failure,
		.nfailures = 1 };
	struct report report = { .kind = KIND_AGGREGATE,
		.policy.domain = STR("example.org"),
		.quirks = &quirk,
		.nquirks = 1 };
	struct tls_report tls = { .policies = &policy, .npolicies = 1 };
	struct failure failure = { .domain = some_text(seed), .header = some_text(seed) };
	struct part p = { .member = some_text(seed), .has_original = draw(seed, 2) != 0 };

	p.kind = (enum report_kind)draw(seed, KIND_TLSRPT + 1);
	p.outcome = p.kind == KIND_UNKNOWN ? OUTCOME_CORRUPT : OUTCOME_REPORT;
	add_up(before, &report);
	if (p.kind == KIND_AGGREGATE)
		p.report = &report;
	else if (p.kind == KIND_TLSRPT)
		p.tls = &tls;
	else if (p.kind == KIND_FAILURE)
		p.failure = &failure;
	part_put(b, &p);
}

static void
put_some_frame(struct buf *b, struct str before, unsigned *seed)
{
	struct message m = { .message_id = some_text(seed), .header = some_text(seed) };
	unsigned kind = draw(seed, 10);
	size_t at;

	if (kind < 5) {
		put_some_record(b, seed);
	} else if (kind < 8) {
		put_some_part(b, before, seed);
	} else if (kind < 9) {
		at = frame_open(b, FRAME_ORIGINAL);
		buf_puts(b, some_text(seed));
		frame_close(b, at);
	} else {
		message_put(b, &m);
	}
}

/* Mutate the payload of one frame and keep its length right. */
static size_t
mutate_payload(uint8_t *p, size_t n, size_t max, unsigned *seed)
{
	struct str rest = { (const char *)p + HEAD, n - HEAD }, payload;
	unsigned skip = draw(seed, 8);
	enum frame_type type;
	struct buf tail;
	size_t used, at, size;

	while (frame_next(rest, &type, &payload, &used) == 1 && skip-- > 0)
		rest = (struct str){ rest.p + used, rest.n - used };
	if (frame_next(rest, &type, &payload, &used) != 1 || payload.n == 0)
		return LLVMFuzzerMutate(p, n, max);
	buf_init(&tail, SIZE_MAX / 4);
	buf_put(&tail, rest.p + used, rest.n - used);
	at = (size_t)(payload.p - (const char *)p);
	size = LLVMFuzzerMutate(p + at, payload.n, max - at - tail.n);
	for (size_t i = 0; i < 4; i++)
		p[at - FRAME_HEAD + i] = (uint8_t)(size >> (24 - 8 * i));
	if (tail.n > 0)
		memcpy(p + at + size, tail.p, tail.n);
	size += at + tail.n;
	buf_fini(&tail);
	return size;
}

size_t
LLVMFuzzerCustomMutator(uint8_t *p, size_t n, size_t max, unsigned seed)
{
	unsigned what = draw(&seed, 4);
	struct buf b;

	if (n < HEAD || what < 1)
		return LLVMFuzzerMutate(p, n, max);
	if (what < 3)
		return mutate_payload(p, n, max, &seed);
	buf_init(&b, SIZE_MAX / 4);
	put_some_frame(&b, (struct str){ (const char *)p + HEAD, n - HEAD }, &seed);
	if (b.n <= max - n)
		memcpy(p + n, b.p, b.n);
	else
		b.n = 0;
	n += b.n;
	buf_fini(&b);
	return n;
}
