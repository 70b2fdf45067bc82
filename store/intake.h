/*
 * intake.h - what one message gave, gathered from the worker's frames on its way to the database.
 * One row of ruastat.intake, its parts, and the reports in them.
 */
#ifndef STORE_INTAKE_H
#define STORE_INTAKE_H

#include "core/arena.h"
#include "core/ceilings.h"
#include "core/frame.h"
#include "core/keyset.h"
#include "core/limits.h"
#include "core/report.h"
#include "store/block.h"
#include "store/identity.h"
#include "store/spool.h"

/* What all intakes of a process share; made once, borrowed by each. */
struct intake_env {
	struct digest *digest;
	struct arena *scratch; /* emptied after each frame */
	struct buf item;       /* likewise */
	const struct type_oids *oids;
	struct ceilings ceilings;           /* ceilings_default, until the caller sets it */
	const char *dir;                    /* where large reports are spooled */
	bool bodies;                        /* of failure reports are kept */
	struct block *spare[LIMIT_WORKERS]; /* blocks between two reports */
	size_t nspare;
};

struct intake_part {
	struct intake_part *next;
	struct part part;         /* its texts and its report live in the intake's arena */
	struct identity identity; /* of a report */
	bool passed_over;         /* see intake_pass_over */
	struct spool blocks;      /* first_n (32 bits), then the columns block_put gives */
	struct spool original;    /* chunks of the compressed original */
	struct sha256 records_hash;
	uint64_t records, messages;
	uint64_t records_checked, messages_checked;         /* struct block_set says when */
	uint64_t records_disagreeing, messages_disagreeing; /* likewise */
	uint64_t by_flags[SET_FLAGS_COUNT];                 /* messages, for the daily sums */
};

struct intake {
	struct intake *next; /* in a batch */
	struct arena *arena;
	struct intake_env *env;
	struct spool_file file;
	void *from; /* the caller's: whom to tell when it is committed */
	int64_t source_id;
	struct key keys[2]; /* what names the mail in its source */
	unsigned nkeys;
	struct str name;   /* in its source: for people, and for acknowledging */
	int fd;            /* the mail, read-only; closed with the intake */
	uint64_t size;     /* bytes */
	bool held;         /* they are memory of ours, or a temporary file */
	int64_t read_at;   /* Unix seconds */
	int64_t intake_id; /* 0 until the database gave one */
	struct message message;
	struct intake_part *parts, **last;
	struct intake_part *open; /* gathers records until its PART frame comes */
	struct block *block;      /* its newest records */
	enum outcome outcome;     /* the worst of its parts */
	size_t nparts;
	uint64_t weight; /* what it counted in its batch, in bytes */
	bool unreadable; /* its bytes could not be read again: they are not kept */
	/* Of a mail that is in the ledger already, as ->intake_id, and is tried again. */
	bool again;
	const struct key *stored; /* keys of the reports that are stored from it; borrowed */
	size_t nstored;
	struct str left; /* why it stays as it was; empty: it does not */
};

void intake_env_init(struct intake_env *env, const char *dir, const struct type_oids *oids);
void intake_env_fini(struct intake_env *env);

/* ${env} must outlive the intake. */
struct intake *intake_new(struct intake_env *env, const char *name);
void intake_free(struct intake *in);

/* Take in one frame of the worker's, which is hostile.  ERR_MESSAGE when wrong, ERR_DATABASE when
 * there is no room for it. */
int intake_frame(struct intake *in, enum frame_type type, struct str payload, struct err *e);

/* Forget all frames. */
void intake_restart(struct intake *in);

/* Drop what came and put one part in its place: ${outcome} because of ${reason}. */
void intake_only(struct intake *in, enum outcome outcome, const char *reason);

/* Set ${outcome} of part ${p}, with a reason or NULL, and the message's with it. */
void intake_judge(
    struct intake *in, struct intake_part *p, enum outcome outcome, const char *reason);

/* What the batch counts by: reports to be stored, their records, bytes held in memory. */
size_t intake_reports(const struct intake *in);
uint64_t intake_records(const struct intake *in);

/* Whether the part holds a report that is to be stored or is stored, of whichever kind. */
bool intake_part_holds(const struct intake_part *p);

/* Whether a report is stored from this mail, from when it was read before. */
bool intake_was_stored(const struct intake *in, const struct key *report_key);

/* Whether the mail's own bytes are kept: it held something that could not be stored. */
bool intake_keeps_bytes(const struct intake *in);

/* Whether they would be kept, but for the ceiling of a kept mail. */
bool intake_is_too_large_to_keep(const struct intake *in);

/* Whether ${outcome} is that of what could not be stored. */
bool intake_is_failure(enum outcome outcome);

/* Whether a part is a failure report, read or not: of such a mail nothing else is kept. */
bool intake_has_failure(const struct intake *in);

/* Drop the report of part ${p}, which is wanted by nobody: the mail is recorded and left alone. */
void intake_pass_over(struct intake *in, struct intake_part *p, const char *reason);

/* Whether some part was dropped so: then nothing is done to the mail. */
bool intake_passed_over(const struct intake *in);

#endif
