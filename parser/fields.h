/* fields.h - the report that grows, and its present record, as elements of a document come by. */
#ifndef PARSER_FIELDS_H
#define PARSER_FIELDS_H

#include "core/arena.h"
#include "core/limits.h"
#include "core/report.h"
#include "parser/hints.h"
#include "parser/quirks.h"

/* What one record's texts may take together; more would not fit a frame. */
#define FIELDS_RECORD_TEXT ((size_t)768 << 10)

#define FIELDS_ROWS 64
#define FIELDS_SLOTS 256

/* What values are put into; IN_LIST is the report where each of several texts counts. */
enum fields_base { IN_REPORT, IN_LIST, IN_RECORD, IN_REASON, IN_DKIM, IN_SPF, FIELDS_BASES };

/* The modes of alignment a policy asks for, relaxed where it is silent. */
struct modes {
	bool known; /* the policy has been read */
	enum alignment adkim, aspf;
};

struct fields {
	struct report report; /* texts in the arena */
	struct quirks quirks;
	char bad[200];      /* why this can be no report, or "" */
	struct modes modes; /* as a first reading found them, else not ->known */

	struct record record;      /* texts in ->text, good until the next record */
	bool incomplete;           /* the open record is not whole and will not count */
	bool record_ready;         /* ->record is whole */
	bool lost;                 /* some of a record went, as another opened inside it */
	const struct hints *hints; /* of the mail around the document, or NULL; see fields_finish */
	/* The header_from of all records so far, unless they differ or one has none. */
	char only_from[LIMIT_DOMAIN_BYTES];
	size_t only_from_n;
	bool any_from;
	struct reason reasons[LIMIT_RESULTS];
	struct dkim_result dkims[LIMIT_RESULTS];
	struct spf_result spfs[LIMIT_RESULTS];
	char *text;
	size_t used;
	void *bases[FIELDS_BASES]; /* NULL: not open, or one too many */

	/* The table of schema.c, by number of row. */
	const struct schema_row *rows;
	struct str names[FIELDS_ROWS]; /* the last of each path */
	uint64_t below[FIELDS_ROWS];   /* a bit for each row inside */
	int8_t parents[FIELDS_ROWS];
	int8_t slots[FIELDS_SLOTS]; /* rows hashed by parent and name */
	uint64_t seen;              /* a bit per row: it has its value */
	int8_t policy[3];           /* rows of its domain, adkim, aspf */
};

void fields_init(struct fields *f);
void fields_fini(struct fields *f);

/* Begin a document; the report's texts go to ${a}. */
void fields_start(struct fields *f, struct arena *a);

/* Places that are no row. */
#define FIELDS_OUTSIDE (-1) /* around <feedback> */
#define FIELDS_UNKNOWN (-2)

/*
 * The row of an element ${name} (without prefix, any case, or an alias of schema_name) that opens in that of row ${in}: the one
 * the schema has there, else the one of the nearest element around it.
 */
int fields_find(const struct fields *f, int in, struct str name);

/* Note it where ${name}, for which fields_find gave ${row}, is not the schema's spelling. */
void fields_spelling(const struct fields *f, int row, struct str name, struct quirks *quirks);

/* The row the schema has ${row} in, and whether it holds text. */
int fields_parent(const struct fields *f, int row);
bool fields_is_leaf(const struct fields *f, int row);

/* Whether an element of this name holds elements, wherever it may stand. */
bool fields_holds_elements(const struct fields *f, struct str name);

/* An element that holds elements begins, and ends. */
void fields_open(struct fields *f, int row);
void fields_close(struct fields *f, int row);

/* A leaf's text, trimmed. */
void fields_value(struct fields *f, int row, struct str value);

/* Whether the leaf of this path of schema.c has its value in what is open; and that it has. */
bool fields_has(const struct fields *f, const char *path);
void fields_mark(struct fields *f, const char *path);

#define FIELDS_BEGIN "report_metadata/date_range/begin"
#define FIELDS_END "report_metadata/date_range/end"

/*
 * What the policy asks for as far as it has been read: RFC 7489 puts it before the records, and not
 * everybody heeds that.
 */
struct modes fields_modes(const struct fields *f);

/*
 * All is read.  What is missing is taken from ->hints, where they have it: ->bad says what an
 * aggregate report must have and this has not.
 */
void fields_finish(struct fields *f);

#endif
