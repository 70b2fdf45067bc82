#include "store/block.h"

#include <stdlib.h>
#include <sys/random.h>

#include "core/vocabulary.h"
#include "core/wire.h"
#include "store/copy.h"

#define SLOTS 2048

struct block *
block_new(void)
{
	struct block *b = calloc(1, sizeof(*b));

	if (b == NULL)
		abort();
	for (int i = 0; i < BLOCK_COLUMNS; i++)
		buf_init(&b->columns[i], 2 * LIMIT_BLOCK_BYTES + 2 * LIMIT_FRAME_BYTES);
	buf_init(&b->raw, 2 * LIMIT_BLOCK_BYTES + 2 * LIMIT_FRAME_BYTES);
	buf_init(&b->said, LIMIT_FRAME_BYTES);
	if (getrandom(&b->seed, sizeof(b->seed), 0) != (ssize_t)sizeof(b->seed))
		abort();
	return b;
}

void
block_free(struct block *b)
{
	if (b == NULL)
		return;
	for (int i = 0; i < BLOCK_COLUMNS; i++)
		buf_fini(&b->columns[i]);
	buf_fini(&b->raw);
	buf_fini(&b->said);
	free(b);
}

void
block_reset(struct block *b)
{
	for (int i = 0; i < BLOCK_COLUMNS; i++)
		buf_reset(&b->columns[i]);
	buf_reset(&b->raw);
	for (uint32_t i = 0; i < b->nsets; i++)
		for (size_t slot = b->sets[i].hash % SLOTS; b->slots[slot] != 0;
		     slot = (slot + 1) % SLOTS)
			b->slots[slot] = 0;
	b->records = 0;
	b->nsets = 0;
	b->any_envelope_to = false;
	b->any_raw_source_ip = false;
}

/* One column of a composite value: its type, then its field. */
static void
text_column(struct buf *b, const struct type_oids *oids, struct str s)
{
	buf_put32(b, oids->text);
	copy_text(b, s);
}

static void
word_column(struct buf *b, uint32_t oid, const char *word)
{
	buf_put32(b, oid);
	copy_word(b, word);
}

static void
put_arc(struct buf *b, const struct type_oids *oids, const struct arc *a)
{
	word_column(b, oids->verdict, verdict_name(a->verdict));
	buf_put32(b, oids->int2);
	if (a->hops > 0)
		copy_int2(b, a->hops);
	else
		copy_null(b);
	text_column(b, oids, a->sealer);
	buf_put32(b, oids->inet);
	copy_inet(b, &a->source_ip);
}

static void
put_reasons(struct buf *b, const struct type_oids *oids, const struct outcome_set *o)
{
	copy_array(b, oids->reason, o->nreasons);
	for (size_t i = 0; i < o->nreasons; i++) {
		size_t at = copy_open(b);

		buf_put32(b, 7);
		word_column(b, oids->reason_type, reason_name(o->reasons[i].type));
		text_column(b, oids, o->reasons[i].raw_type);
		text_column(b, oids, o->reasons[i].comment);
		put_arc(b, oids, &o->reasons[i].arc);
		copy_close(b, at);
	}
}

static void
put_dkims(struct buf *b, const struct type_oids *oids, const struct outcome_set *o)
{
	copy_array(b, oids->dkim, o->ndkims);
	for (size_t i = 0; i < o->ndkims; i++) {
		const struct dkim_result *d = &o->dkims[i];
		size_t at = copy_open(b);

		buf_put32(b, 5);
		text_column(b, oids, d->domain);
		text_column(b, oids, d->selector);
		word_column(b, oids->auth_result, result_name(d->result));
		text_column(b, oids, d->raw_result);
		text_column(b, oids, d->human_result);
		copy_close(b, at);
	}
}

static void
put_spfs(struct buf *b, const struct type_oids *oids, const struct outcome_set *o)
{
	copy_array(b, oids->spf, o->nspfs);
	for (size_t i = 0; i < o->nspfs; i++) {
		const struct spf_result *s = &o->spfs[i];
		size_t at = copy_open(b);

		buf_put32(b, 5);
		text_column(b, oids, s->domain);
		word_column(b, oids->spf_scope, scope_name(s->scope));
		word_column(b, oids->auth_result, result_name(s->result));
		text_column(b, oids, s->raw_result);
		text_column(b, oids, s->human_result);
		copy_close(b, at);
	}
}

/* A value of ruastat_data.outcome_set. */
static void
put_set(struct buf *b, const struct type_oids *oids, const struct outcome_set *o)
{
	size_t whole = copy_open(b), at;

	buf_put32(b, 10);
	text_column(b, oids, o->raw_disposition);
	text_column(b, oids, o->raw_dkim);
	text_column(b, oids, o->raw_spf);
	text_column(b, oids, o->header_from);
	text_column(b, oids, o->envelope_from);
	buf_put32(b, oids->reason_array);
	at = copy_open(b);
	put_reasons(b, oids, o);
	copy_close(b, at);
	buf_put32(b, oids->dkim_array);
	at = copy_open(b);
	put_dkims(b, oids, o);
	copy_close(b, at);
	buf_put32(b, oids->spf_array);
	at = copy_open(b);
	put_spfs(b, oids, o);
	copy_close(b, at);
	word_column(b, oids->verdict, verdict_name(o->dkim_recomputed));
	word_column(b, oids->verdict, verdict_name(o->spf_recomputed));
	copy_close(b, whole);
}

static struct set_flags
flags_of(const struct outcome_set *o)
{
	struct set_flags f = { .disposition = o->disposition, .dkim = o->dkim, .spf = o->spf };

	for (size_t i = 0; i < o->ndkims; i++)
		f.dkim_authenticated |= o->dkims[i].result == RESULT_PASS;
	for (size_t i = 0; i < o->nspfs; i++)
		f.spf_authenticated |= o->spfs[i].result == RESULT_PASS;
	return f;
}

/* The reporter's verdict beside ours: whether both are there, and whether they differ. */
static void
compare(enum verdict claim, enum verdict recomputed, struct block_set *s)
{
	bool both = claim != VERDICT_UNKNOWN && recomputed != VERDICT_UNKNOWN;

	s->checked |= both;
	s->disagrees |= both && claim != recomputed;
}

unsigned
set_flags_number(const struct set_flags *f)
{
	return (((f->disposition * 3u + f->dkim) * 3u + f->spf) * 2u + f->dkim_authenticated) * 2u +
	    f->spf_authenticated;
}

struct set_flags
set_flags_of(unsigned number)
{
	return (struct set_flags){ .disposition = number / 36,
		.dkim = number / 12 % 3,
		.spf = number / 4 % 3,
		.dkim_authenticated = number / 2 % 2,
		.spf_authenticated = number % 2 };
}

/* Eight bytes at a time, each step a bijection: quick, and good enough with a secret seed. */
static uint64_t
hash_of(uint64_t seed, struct str s)
{
	uint64_t h = seed ^ s.n, word;

	for (; s.n >= sizeof(word); s.p += sizeof(word), s.n -= sizeof(word)) {
		memcpy(&word, s.p, sizeof(word));
		h = (h ^ word) * UINT64_C(0x9E3779B97F4A7C15);
		h ^= h >> 32;
	}
	word = 0;
	memcpy(&word, s.p, s.n);
	h = (h ^ word) * UINT64_C(0x9E3779B97F4A7C15);
	return h ^ h >> 32;
}

/* What names the set ${o} in a report's identity; ${set} are its bytes. */
static struct str
said(struct block *b, const struct outcome_set *o, struct str set)
{
	if (o->nreasons == 0)
		return set;
	buf_reset(&b->said);
	outcome_set_said(&b->said, o);
	return buf_str(&b->said);
}

/* Check a set that is new to the block and put it at the end. */
static int
add_set(struct block *b, const struct type_oids *oids, struct arena *scratch, struct digest *d,
    const struct record *r, uint64_t hash, struct str set, struct err *e)
{
	struct outcome_set o;
	int rc = outcome_set_get(scratch, set, &o, e);

	if (rc == 0) {
		/* They follow from the set and the report's policy: all its records have the same. */
		o.dkim_recomputed = r->outcome.dkim_recomputed;
		o.spf_recomputed = r->outcome.spf_recomputed;
		put_set(&b->columns[BLOCK_OUTCOMES], oids, &o);
		b->sets[b->nsets++] = (struct block_set){ .at = b->raw.n,
			.n = set.n,
			.hash = hash,
			.key = key_of(digest_of(d, said(b, &o, set))),
			.flags = flags_of(&o) };
		compare(o.dkim, o.dkim_recomputed, &b->sets[b->nsets - 1]);
		compare(o.spf, o.spf_recomputed, &b->sets[b->nsets - 1]);
		buf_puts(&b->raw, set);
	}
	arena_reset(scratch);
	return rc;
}

const struct block_set *
block_add(struct block *b, const struct type_oids *oids, struct arena *scratch, struct digest *d,
    const struct record *r, struct str set, struct err *e)
{
	uint64_t hash = hash_of(b->seed, set);
	size_t slot = hash % SLOTS;
	const struct block_set *s = NULL;

	for (; b->slots[slot] != 0; slot = (slot + 1) % SLOTS) {
		s = &b->sets[b->slots[slot] - 1];
		if (s->hash == hash && str_eq((struct str){ b->raw.p + s->at, s->n }, set))
			break;
	}
	if (b->slots[slot] == 0) {
		if (add_set(b, oids, scratch, d, r, hash, set, e) < 0)
			return NULL;
		b->slots[slot] = (uint16_t)b->nsets;
		s = &b->sets[b->nsets - 1];
	}
	copy_inet(&b->columns[BLOCK_SOURCE_IP], &r->source_ip);
	if (r->has_count)
		copy_int8(&b->columns[BLOCK_MESSAGES], (int64_t)r->count);
	else
		copy_null(&b->columns[BLOCK_MESSAGES]);
	copy_word(&b->columns[BLOCK_DISPOSITION], disposition_name(s->flags.disposition));
	copy_word(&b->columns[BLOCK_DKIM_ALIGNED], verdict_name(s->flags.dkim));
	copy_word(&b->columns[BLOCK_SPF_ALIGNED], verdict_name(s->flags.spf));
	copy_bool(&b->columns[BLOCK_DKIM_AUTHENTICATED], s->flags.dkim_authenticated);
	copy_bool(&b->columns[BLOCK_SPF_AUTHENTICATED], s->flags.spf_authenticated);
	copy_int2(&b->columns[BLOCK_OUTCOME], (int16_t)b->slots[slot]);
	copy_text(&b->columns[BLOCK_ENVELOPE_TO], r->outcome.envelope_to);
	copy_text(&b->columns[BLOCK_RAW_SOURCE_IP], r->raw_source_ip);
	b->any_envelope_to |= r->outcome.envelope_to.n > 0;
	b->any_raw_source_ip |= r->raw_source_ip.n > 0;
	b->records++;
	return s;
}

bool
block_full(const struct block *b)
{
	return b->records == LIMIT_BLOCK_RECORDS ||
	    b->columns[BLOCK_OUTCOMES].n > LIMIT_BLOCK_BYTES || b->raw.n > LIMIT_BLOCK_BYTES ||
	    b->columns[BLOCK_ENVELOPE_TO].n + b->columns[BLOCK_RAW_SOURCE_IP].n > LIMIT_BLOCK_BYTES;
}

/* A field that is an array; elements may be NULL, which the array must say. */
static void
array_field(struct buf *out, uint32_t oid, uint32_t n, const struct buf *elements)
{
	copy_length(out, 20 + (uint32_t)elements->n);
	buf_put32(out, 1);
	buf_put32(out, 1);
	buf_put32(out, oid);
	buf_put32(out, n);
	buf_put32(out, 1);
	buf_puts(out, buf_str(elements));
}

void
block_put(const struct block *b, const struct type_oids *oids, struct buf *out)
{
	const uint32_t oid[BLOCK_COLUMNS] = { oids->inet, oids->int8, oids->disposition,
		oids->verdict, oids->verdict, oids->boolean, oids->boolean, oids->int2, oids->text,
		oids->text, oids->outcome_set };

	for (int i = 0; i < BLOCK_COLUMNS; i++)
		if ((i == BLOCK_ENVELOPE_TO && !b->any_envelope_to) ||
		    (i == BLOCK_RAW_SOURCE_IP && !b->any_raw_source_ip))
			copy_null(out);
		else
			array_field(out, oid[i], i == BLOCK_OUTCOMES ? b->nsets : b->records,
			    &b->columns[i]);
}
