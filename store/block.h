/*
 * block.h - records, as they come from the worker, gathered into rows of ruastat_data.record_block.
 *
 * A block is encoded for PostgreSQL's binary COPY at once, all but its first columns, which need
 * the report's key: so a record is looked at once, and never kept in another form.
 */
#ifndef STORE_BLOCK_H
#define STORE_BLOCK_H

#include "core/arena.h"
#include "core/buf.h"
#include "core/digest.h"
#include "core/err.h"
#include "core/limits.h"
#include "core/report.h"

/* Object ids of the types inside composite values, as sql/query/type_oids.sql lists them. */
struct type_oids {
	uint32_t text, inet, int8, int2, boolean, disposition, verdict, auth_result, spf_scope,
	    reason_type, reason, reason_array, dkim, dkim_array, spf, spf_array, outcome_set, quirk;
};

/* Columns of record_block after domain_id, day, report_key, first_n, days. */
enum block_column {
	BLOCK_SOURCE_IP,
	BLOCK_MESSAGES,
	BLOCK_DISPOSITION,
	BLOCK_DKIM_ALIGNED,
	BLOCK_SPF_ALIGNED,
	BLOCK_DKIM_AUTHENTICATED,
	BLOCK_SPF_AUTHENTICATED,
	BLOCK_OUTCOME,
	BLOCK_ENVELOPE_TO,
	BLOCK_RAW_SOURCE_IP,
	BLOCK_OUTCOMES,
	BLOCK_COLUMNS
};

/* What a record's set says that sums need. */
struct set_flags {
	enum disposition disposition;
	enum verdict dkim, spf;
	bool dkim_authenticated, spf_authenticated; /* any raw result is pass */
};

/* So many different set_flags there are. */
#define SET_FLAGS_COUNT (5 * 3 * 3 * 2 * 2)

/* A number below SET_FLAGS_COUNT for ${f}, and back. */
unsigned set_flags_number(const struct set_flags *f);
struct set_flags set_flags_of(unsigned number);

/* An outcome set of a block. */
struct block_set {
	size_t at, n; /* its bytes in raw */
	uint64_t hash;
	struct key key;
	struct set_flags flags;
	bool checked;   /* of DKIM or SPF, what the reporter says and what follows are known */
	bool disagrees; /* and for one of them differ */
};

struct block {
	struct buf columns[BLOCK_COLUMNS]; /* array elements */
	struct buf raw;                    /* the sets' bytes, to know them again */
	struct buf said;                   /* of one set, to hash it */
	uint32_t records, nsets;
	bool any_envelope_to, any_raw_source_ip;
	uint64_t seed; /* of the hash: strangers choose the bytes */
	struct block_set sets[LIMIT_BLOCK_RECORDS];
	uint16_t slots[2048]; /* number of the set + 1, or 0 */
};

/* Large: made once and used again. */
struct block *block_new(void);
void block_free(struct block *b);
void block_reset(struct block *b);

/*
 * Add a record whose set has the bytes ${set}.  A set new to the block is checked (core/wire.h)
 * with the help of ${scratch} and hashed by ${d}.  Answers the set, which is the block's; NULL with
 * ERR_MESSAGE when it is wrong.
 */
const struct block_set *block_add(struct block *b, const struct type_oids *oids,
    struct arena *scratch, struct digest *d, const struct record *r, struct str set, struct err *e);

/* Whether the block must be closed before another record. */
bool block_full(const struct block *b);

/* Append the block's columns, BLOCK_COLUMNS fields of binary COPY, to ${out}. */
void block_put(const struct block *b, const struct type_oids *oids, struct buf *out);

#endif
