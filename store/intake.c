#include "store/intake.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/limits.h"
#include "core/wire.h"
#include "store/partcopy.h"

/* A block at its fullest: one column may pass its limit by one record. */
#define ITEM_BYTES (8u << 20)

/* Its arena is full. */
#define TOO_MUCH "the mail's reports take more than 64 MB of memory" CEILING_FIXED
_Static_assert(LIMIT_WORKER_ARENA == 64u << 20, "64 MB");

/* The message takes the worst outcome of its parts: the one an operator must hear of. */
static const unsigned char badness[OUTCOME_COUNT] = {
	[OUTCOME_NOT_A_REPORT] = 0,
	[OUTCOME_NULL_REPORT] = 1,
	[OUTCOME_DUPLICATE] = 2,
	[OUTCOME_REPORT] = 3,
	[OUTCOME_IMPORTED] = 3,
	[OUTCOME_CONFLICT] = 4,
	[OUTCOME_REFUSED] = 5,
	[OUTCOME_UNSUPPORTED] = 6,
	[OUTCOME_TOO_BIG] = 7,
	[OUTCOME_CORRUPT] = 8,
};

struct intake *
intake_new(struct intake_env *env, const char *name)
{
	struct intake *in = calloc(1, sizeof(*in));

	if (in == NULL)
		abort();
	in->arena = arena_new(LIMIT_WORKER_ARENA);
	in->env = env;
	spool_file_init(&in->file, env->dir);
	in->fd = -1;
	in->name = arena_str(in->arena, str_of(name));
	in->last = &in->parts;
	in->outcome = OUTCOME_NOT_A_REPORT;
	return in;
}

void
intake_env_init(struct intake_env *env, const char *dir, const struct type_oids *oids)
{
	*env = (struct intake_env){ .digest = digest_new(),
		.scratch = arena_new(LIMIT_WORKER_ARENA),
		.oids = oids,
		.ceilings = ceilings_default,
		.dir = dir };
	buf_init(&env->item, ITEM_BYTES);
}

void
intake_env_fini(struct intake_env *env)
{
	for (size_t i = 0; i < env->nspare; i++)
		block_free(env->spare[i]);
	buf_fini(&env->item);
	arena_free(env->scratch);
	digest_free(env->digest);
}

static void
drop_parts(struct intake *in)
{
	if (in->open != NULL)
		*in->last = in->open;
	for (struct intake_part *p = in->parts; p != NULL; p = p->next) {
		spool_fini(&p->blocks);
		spool_fini(&p->original);
	}
	in->parts = NULL;
	in->last = &in->parts;
	in->open = NULL;
	in->nparts = 0;
	in->outcome = OUTCOME_NOT_A_REPORT;
}

static void
give_back(struct intake *in)
{
	struct intake_env *env = in->env;

	if (in->block == NULL)
		return;
	block_reset(in->block);
	if (env->nspare < sizeof(env->spare) / sizeof(env->spare[0]))
		env->spare[env->nspare++] = in->block;
	else
		block_free(in->block);
	in->block = NULL;
}

void
intake_free(struct intake *in)
{
	if (in == NULL)
		return;
	drop_parts(in);
	give_back(in);
	if (in->fd >= 0)
		close(in->fd);
	spool_file_fini(&in->file);
	arena_free(in->arena);
	free(in);
}

void
intake_restart(struct intake *in)
{
	char name[LIMIT_PATH_BYTES];
	size_t n = in->name.n < sizeof(name) ? in->name.n : sizeof(name) - 1;

	memcpy(name, in->name.p, n);
	name[n] = '\0';
	drop_parts(in);
	give_back(in);
	arena_reset(in->arena);
	in->name = arena_str(in->arena, str_of(name));
	in->message = (struct message){ 0 };
}

static struct intake_part *
open_part(struct intake *in)
{
	struct intake_part *p = in->open;

	if (p != NULL)
		return p;
	p = arena_alloc(in->arena, sizeof(*p));
	if (p == NULL)
		return NULL;
	spool_init(&p->blocks, &in->file);
	spool_init(&p->original, &in->file);
	in->open = p;
	return p;
}

static void
retract(struct intake *in, struct intake_part *p)
{
	spool_reset(&p->blocks);
	memset(&p->records_hash, 0, sizeof(p->records_hash));
	memset(p->by_flags, 0, sizeof(p->by_flags));
	p->records = p->messages = 0;
	p->records_checked = p->messages_checked = 0;
	p->records_disagreeing = p->messages_disagreeing = 0;
	if (in->block != NULL)
		block_reset(in->block);
}

static struct block *
open_block(struct intake *in)
{
	struct intake_env *env = in->env;

	if (in->block == NULL)
		in->block = env->nspare > 0 ? env->spare[--env->nspare] : block_new();
	return in->block;
}

/* Spool the block as one row and start the next. */
static int
close_block(struct intake *in, struct intake_part *p, struct err *e)
{
	struct buf *item = &in->env->item;

	if (in->block == NULL || in->block->records == 0)
		return 0;
	buf_reset(item);
	buf_put32(item, (uint32_t)(p->records - in->block->records + 1));
	block_put(in->block, in->env->oids, item);
	block_reset(in->block);
	if (item->over)
		return err_set(e, ERR_MESSAGE, "the report's records are too long");
	return spool_put(&p->blocks, buf_str(item), e);
}

/* All that a record says, in one piece: most records need one block of SHA-256. */
static struct sha256
hash_record(struct digest *d, const struct record *r, struct key key)
{
	size_t n = r->source_ip.family == 4 ? 4 : r->source_ip.family == 6 ? 16 : 0;
	struct str envelope_to = r->outcome.envelope_to;
	uint64_t count = r->has_count ? r->count : UINT64_MAX;
	char fixed[sizeof(key.b) + sizeof(count) + 1 + sizeof(r->source_ip.b)];
	char *p = fixed;

	memcpy(p, key.b, sizeof(key.b));
	p += sizeof(key.b);
	for (int shift = 56; shift >= 0; shift -= 8)
		*p++ = (char)(count >> shift);
	*p++ = (char)n;
	memcpy(p, r->source_ip.b, n);
	p += n;
	digest_start(d);
	digest_add(d, (struct str){ fixed, (size_t)(p - fixed) });
	if (r->raw_source_ip.n > 0 || envelope_to.n > 0) {
		digest_field(d, r->raw_source_ip);
		digest_field(d, envelope_to);
	}
	return digest_end(d);
}

static int
take_record(struct intake *in, struct str payload, struct err *e)
{
	struct intake_part *p = open_part(in);
	struct block *b = open_block(in);
	const struct block_set *known;
	struct sha256 hash;
	struct record r;
	struct str set;

	if (p == NULL)
		return err_set(e, ERR_MESSAGE, TOO_MUCH);
	if (p->records == LIMIT_RECORDS)
		return err_set(e, ERR_MESSAGE, "the report has more than %d records" CEILING_FIXED,
		    LIMIT_RECORDS);
	if (record_get(payload, &r, &set, e) < 0)
		return -1;
	known = block_add(b, in->env->oids, in->env->scratch, in->env->digest, &r, set, e);
	if (known == NULL)
		return -1;
	hash = hash_record(in->env->digest, &r, known->key);
	sha256_sum(&p->records_hash, &hash);
	p->records++;
	p->messages += r.count;
	if (p->messages > LIMIT_COUNT)
		return err_set(e, ERR_MESSAGE,
		    "the report counts more than %llu messages" CEILING_FIXED,
		    (unsigned long long)LIMIT_COUNT);
	p->by_flags[set_flags_number(&known->flags)] += r.count;
	p->records_checked += known->checked;
	p->messages_checked += known->checked ? r.count : 0;
	p->records_disagreeing += known->disagrees;
	p->messages_disagreeing += known->disagrees ? r.count : 0;
	return block_full(b) ? close_block(in, p, e) : 0;
}

static struct str
keep(struct intake *in, struct str s)
{
	return s.n > 0 ? arena_str(in->arena, s) : (struct str){ NULL, 0 };
}

/* Copy what ${from} borrows from its frame into the intake's arena; false when that is full. */
static bool
keep_report(struct intake *in, const struct report *from, struct part *to)
{
	struct report *r = arena_alloc(in->arena, sizeof(*r));
	struct quirk *q = arena_alloc(in->arena, (size_t)from->nquirks * sizeof(*q));

	if (r == NULL || q == NULL)
		return false;
	*r = *from;
	r->org_name = keep(in, from->org_name);
	r->email = keep(in, from->email);
	r->extra_contact_info = keep(in, from->extra_contact_info);
	r->report_id = keep(in, from->report_id);
	r->submitter = keep(in, from->submitter);
	r->given_id = keep(in, from->given_id);
	r->generator = keep(in, from->generator);
	r->version = keep(in, from->version);
	r->xml_namespace = keep(in, from->xml_namespace);
	r->error = keep(in, from->error);
	r->policy.domain = keep(in, from->policy.domain);
	r->policy.pct = keep(in, from->policy.pct);
	r->policy.fo = keep(in, from->policy.fo);
	r->policy.testing = keep(in, from->policy.testing);
	for (size_t i = 0; i < from->nquirks; i++) {
		q[i].rule = keep(in, from->quirks[i].rule);
		q[i].detail = keep(in, from->quirks[i].detail);
	}
	r->quirks = q;
	to->report = r;
	return true;
}

/* Copy whichever report ${part} borrows from its frame; false when the arena is full. */
static bool
keep_content(struct intake *in, const struct part *part, struct intake_part *p)
{
	if (part->tls != NULL)
		p->part.tls = partcopy_tls(in->arena, part->tls);
	else if (part->failure != NULL)
		p->part.failure = partcopy_failure(in->arena, part->failure, in->env->bodies);
	else if (part->report != NULL)
		return keep_report(in, part->report, &p->part);
	return part->outcome > OUTCOME_NULL_REPORT || intake_part_holds(p);
}

static int
take_part(struct intake *in, struct str payload, struct err *e)
{
	struct intake_part *p = open_part(in);
	struct part part;
	int rc = -1;

	if (p == NULL)
		return err_set(e, ERR_MESSAGE, TOO_MUCH);
	if (part_get(in->env->scratch, payload, &part, e) < 0)
		goto out;
	if (++in->nparts > LIMIT_MESSAGE_REPORTS) {
		err_set(e, ERR_MESSAGE, "the mail holds more than %d reports" CEILING_FIXED,
		    LIMIT_MESSAGE_REPORTS);
		goto out;
	}
	p->part = part;
	p->part.member = keep(in, part.member);
	p->part.reason = keep(in, part.reason);
	if (part.report == NULL)
		retract(in, p);
	else if (close_block(in, p, e) < 0)
		goto out;
	if (!keep_content(in, &part, p)) {
		err_set(e, ERR_MESSAGE, TOO_MUCH);
		goto out;
	}
	if (part.report != NULL &&
	    (part.report->record_count != p->records ||
		part.report->message_count != p->messages)) {
		err_set(e, ERR_MESSAGE, "the parser's totals do not match its records");
		goto out;
	}
	if (!part.has_original || part.kind == KIND_FAILURE)
		spool_reset(&p->original);
	*in->last = p;
	in->last = &p->next;
	in->open = NULL;
	intake_judge(in, p, part.outcome, NULL);
	rc = 0;
out:
	arena_reset(in->env->scratch);
	return rc;
}

static int
take_end(struct intake *in, struct str payload, struct err *e)
{
	struct message m;

	if (in->open != NULL)
		return err_set(e, ERR_MESSAGE, "the parser ended in the middle of a report");
	if (message_get(payload, &m, e) < 0)
		return -1;
	in->message = m;
	in->message.message_id = keep(in, m.message_id);
	in->message.from_domain = keep(in, m.from_domain);
	in->message.header = keep(in, m.header);
	give_back(in);
	return 0;
}

int
intake_frame(struct intake *in, enum frame_type type, struct str payload, struct err *e)
{
	struct intake_part *p;

	switch (type) {
	case FRAME_RECORD:
		return take_record(in, payload, e);
	case FRAME_RETRACT:
		if (in->open != NULL)
			retract(in, in->open);
		return 0;
	case FRAME_ORIGINAL:
		p = open_part(in);
		if (p == NULL)
			return err_set(e, ERR_MESSAGE, TOO_MUCH);
		if (spool_bytes(&p->original) + payload.n > in->env->ceilings.mail)
			return err_set(e, ERR_MESSAGE, "the parser sent back more than it got");
		return spool_put(&p->original, payload, e);
	case FRAME_PART:
		return take_part(in, payload, e);
	case FRAME_END:
		return take_end(in, payload, e);
	default:
		return err_set(e, ERR_MESSAGE, "the parser sent a frame out of place");
	}
}

void
intake_only(struct intake *in, enum outcome outcome, const char *reason)
{
	bool failure = intake_has_failure(in);
	struct intake_part *p;

	intake_restart(in);
	p = open_part(in);
	assert(p != NULL);
	p->part.kind = failure ? KIND_FAILURE : KIND_UNKNOWN;
	*in->last = p;
	in->last = &p->next;
	in->open = NULL;
	in->message.size = in->size;
	intake_judge(in, p, outcome, reason);
}

void
intake_judge(struct intake *in, struct intake_part *p, enum outcome outcome, const char *reason)
{
	p->part.outcome = outcome;
	if (reason != NULL)
		p->part.reason = arena_str(
		    in->arena, (struct str){ reason, strnlen(reason, LIMIT_REASON_BYTES) });
	in->outcome = OUTCOME_NOT_A_REPORT;
	for (p = in->parts; p != NULL; p = p->next)
		if (badness[p->part.outcome] >= badness[in->outcome])
			in->outcome = p->part.outcome;
}

size_t
intake_reports(const struct intake *in)
{
	size_t n = 0;

	for (const struct intake_part *p = in->parts; p != NULL; p = p->next)
		n += intake_part_holds(p);
	return n;
}

uint64_t
intake_records(const struct intake *in)
{
	uint64_t n = 0;

	for (const struct intake_part *p = in->parts; p != NULL; p = p->next)
		n += p->records;
	return n;
}

bool
intake_is_failure(enum outcome outcome)
{
	return badness[outcome] >= badness[OUTCOME_REFUSED];
}

bool
intake_keeps_bytes(const struct intake *in)
{
	return intake_is_failure(in->outcome);
}

bool
intake_part_holds(const struct intake_part *p)
{
	return p->part.report != NULL || p->part.tls != NULL || p->part.failure != NULL;
}

bool
intake_is_too_large_to_keep(const struct intake *in)
{
	return intake_keeps_bytes(in) && !intake_has_failure(in) &&
	    in->size > in->env->ceilings.kept;
}

bool
intake_was_stored(const struct intake *in, const struct key *report_key)
{
	for (size_t i = 0; i < in->nstored; i++)
		if (key_eq(in->stored[i], *report_key))
			return true;
	return false;
}

bool
intake_has_failure(const struct intake *in)
{
	for (const struct intake_part *p = in->parts; p != NULL; p = p->next)
		if (p->part.kind == KIND_FAILURE)
			return true;
	return false;
}

void
intake_pass_over(struct intake *in, struct intake_part *p, const char *reason)
{
	p->part.report = NULL;
	p->part.tls = NULL;
	p->part.failure = NULL;
	p->passed_over = true;
	intake_judge(in, p, OUTCOME_NULL_REPORT, reason);
}

bool
intake_passed_over(const struct intake *in)
{
	for (const struct intake_part *p = in->parts; p != NULL; p = p->next)
		if (p->passed_over)
			return true;
	return false;
}
