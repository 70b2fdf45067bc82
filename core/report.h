/*
 * report.h - what a report says, and what a message turned out to be: plain data, no functions.
 *
 * The words are those of RFC 7489 and RFC 9990.  Every str is UTF-8 without NUL; every pointer
 * belongs to the arena of whoever filled the struct in, so there is nothing to free.  Enums are 0
 * where the report does not say, or says something that cannot be mapped; what it said then stands
 * in the field called raw_.  The codec is core/wire.h, the names of the values core/vocabulary.h.
 */
#ifndef CORE_REPORT_H
#define CORE_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/str.h"

enum report_kind { KIND_UNKNOWN, KIND_AGGREGATE, KIND_FAILURE, KIND_TLSRPT };

/*
 * What became of one part of a message.  The parser knows the first six; the store decides between
 * imported, duplicate, conflict and refused for what the parser calls a report.
 */
enum outcome {
	OUTCOME_REPORT,
	OUTCOME_NULL_REPORT,
	OUTCOME_NOT_A_REPORT,
	OUTCOME_CORRUPT,
	OUTCOME_UNSUPPORTED,
	OUTCOME_TOO_BIG,
	OUTCOME_IMPORTED,
	OUTCOME_DUPLICATE,
	OUTCOME_CONFLICT,
	OUTCOME_REFUSED,
	OUTCOME_COUNT
};

enum policy_action { ACTION_UNKNOWN, ACTION_NONE, ACTION_QUARANTINE, ACTION_REJECT };
enum alignment { ALIGNMENT_UNKNOWN, ALIGNMENT_RELAXED, ALIGNMENT_STRICT };
enum discovery { DISCOVERY_UNKNOWN, DISCOVERY_PSL, DISCOVERY_TREEWALK };

/* What was done with the message; pass is RFC 9990's "no action, it passed". */
enum disposition {
	DISPOSITION_UNKNOWN,
	DISPOSITION_NONE,
	DISPOSITION_PASS,
	DISPOSITION_QUARANTINE,
	DISPOSITION_REJECT
};

/* The aligned result, as policy_evaluated gives it. */
enum verdict { VERDICT_UNKNOWN, VERDICT_PASS, VERDICT_FAIL };

/* The raw result of a check, RFC 8601 section 2.7: softfail is SPF's alone. */
enum auth_result {
	RESULT_UNKNOWN,
	RESULT_NONE,
	RESULT_PASS,
	RESULT_FAIL,
	RESULT_SOFTFAIL,
	RESULT_POLICY,
	RESULT_NEUTRAL,
	RESULT_TEMPERROR,
	RESULT_PERMERROR
};

enum spf_scope { SCOPE_UNKNOWN, SCOPE_MFROM, SCOPE_HELO };

enum reason_type {
	REASON_UNKNOWN,
	REASON_FORWARDED,
	REASON_SAMPLED_OUT,
	REASON_TRUSTED_FORWARDER,
	REASON_MAILING_LIST,
	REASON_LOCAL_POLICY,
	REASON_OTHER,
	REASON_POLICY_TEST_MODE
};

struct reason {
	enum reason_type type;
	struct str raw_type;
	struct str comment;
};

struct dkim_result {
	struct str domain, selector;
	enum auth_result result;
	struct str raw_result, human_result;
};

struct spf_result {
	struct str domain;
	enum spf_scope scope;
	enum auth_result result;
	struct str raw_result, human_result;
};

/* Everything a record says but who sent how many: the few dozen sets of these recur for ever. */
struct outcome_set {
	enum disposition disposition;
	enum verdict dkim, spf; /* aligned */
	struct str raw_disposition, raw_dkim, raw_spf;
	struct str header_from, envelope_from, envelope_to;
	struct reason *reasons;
	struct dkim_result *dkims; /* in document order */
	struct spf_result *spfs;
	uint16_t nreasons, ndkims, nspfs;
};

struct address {
	uint8_t family; /* 4, 6, or 0 when the text is no address */
	unsigned char b[16];
};

struct record {
	struct address source_ip;
	struct str raw_source_ip; /* when family is 0 */
	bool has_count;
	uint64_t count; /* messages, at most LIMIT_COUNT */
	struct outcome_set outcome;
};

struct policy {
	struct str domain; /* lower case, no trailing dot */
	enum policy_action p, sp, np;
	enum alignment adkim, aspf;
	struct str pct, fo, testing; /* as written, trimmed */
	enum discovery discovery_method;
};

/* A rule that had to be applied to read the report (parser/QUIRKS.md) and what it met. */
struct quirk {
	struct str rule, detail;
};

struct report {
	enum report_kind kind;
	struct str org_name, email, extra_contact_info, report_id, generator, version,
	    xml_namespace;
	struct str error;   /* all of them, joined by line feeds */
	int64_t begin, end; /* Unix seconds, UTC, as reported */
	struct policy policy;
	struct quirk *quirks;
	uint16_t nquirks;
	bool partial;           /* the document ended early: never stored as whole */
	uint64_t record_count;  /* records that came before this */
	uint64_t message_count; /* the sum of their counts */
};

/* One part of a message and what it is; ${report} is set for report and null_report. */
struct part {
	enum outcome outcome;
	enum report_kind kind;
	struct str member; /* names on the way to it, joined by " > "; for display only */
	struct str reason; /* in words, unless it is a report */
	const struct report *report;
	bool has_original; /* its compressed original came before this */
};

/* What the worker knows of a whole message; no parts means it held no report. */
struct message {
	struct str message_id, from_domain;
	struct str
	    header; /* the block as it came, at most LIMIT_HEADER_BYTES; empty for a bare file */
	unsigned char sha256[32];
	uint64_t size; /* bytes */
};

#endif
