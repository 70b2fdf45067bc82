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

struct address {
	uint8_t family; /* 4, 6, or 0 when the text is no address */
	unsigned char b[16];
};

/* What an override reason's comment tells of an ARC chain (RFC 8617 section 7.2.2). */
struct arc {
	enum verdict verdict;     /* unknown: it tells of none */
	uint8_t hops;             /* the highest instance; 0 when no seal is named */
	struct str sealer;        /* domain of that instance, lower case */
	struct address source_ip; /* of the client at the first instance */
};

struct reason {
	enum reason_type type;
	struct str raw_type;
	struct str comment;
	struct arc arc;
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
	enum verdict dkim, spf; /* aligned, as the reporter says */
	/* The same as it follows from the raw results; unknown: they do not tell. */
	enum verdict dkim_recomputed, spf_recomputed;
	struct str raw_disposition, raw_dkim, raw_spf;
	struct str header_from, envelope_from, envelope_to;
	struct reason *reasons;
	struct dkim_result *dkims; /* in document order */
	struct spf_result *spfs;
	uint16_t nreasons, ndkims, nspfs;
};

struct record {
	struct address source_ip;
	struct str raw_source_ip; /* as written, where that is no plain address; or empty */
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
	/*
	 * Where the document does not say it: who sent it and under which id, as far as the mail
	 * around it tells.  For people: another copy may lie in another mail, so neither makes a
	 * report another one.
	 */
	struct str submitter, given_id;
	struct str error;   /* all of them, joined by line feeds */
	int64_t begin, end; /* Unix seconds, UTC, as reported */
	struct policy policy;
	struct quirk *quirks;
	uint16_t nquirks;
	bool partial;           /* some of it is missing: never stored as whole */
	uint64_t record_count;  /* records that came before this */
	uint64_t message_count; /* the sum of their counts */
};

enum tls_policy_type {
	TLS_POLICY_UNKNOWN,
	TLS_POLICY_TLSA,
	TLS_POLICY_STS,
	TLS_POLICY_NO_POLICY_FOUND
};

/* One entry of failure-details, RFC 8460 section 4.4. */
struct tls_failure {
	struct str result_type; /* as written, lower case: the registry may grow */
	struct address sending_mta_ip, receiving_ip;
	struct str raw_sending_mta_ip, raw_receiving_ip; /* where they are no plain addresses */
	struct str receiving_mx_hostname, receiving_mx_helo;
	bool has_sessions;
	uint64_t sessions; /* that failed, at most LIMIT_COUNT */
	struct str additional_information, failure_reason_code;
};

struct tls_policy {
	enum tls_policy_type type;
	struct str raw_type; /* where it is no known type */
	struct str domain;   /* of a TLSA policy the MX host; lower case, no trailing dot */
	struct str *strings, *mx_hosts;
	bool has_successful, has_failed;
	uint64_t successful, failed; /* sessions, at most LIMIT_COUNT */
	struct tls_failure *failures;
	uint16_t nstrings, nmx_hosts, nfailures;
};

/* An SMTP TLS report, RFC 8460. */
struct tls_report {
	struct str domain; /* that it was sent to: of the mail, else of its first policy */
	struct str organization_name, contact_info, report_id;
	int64_t begin, end; /* Unix seconds, UTC */
	struct tls_policy *policies;
	struct quirk *quirks;
	uint16_t npolicies, nquirks;
};

enum delivery_result {
	DELIVERY_UNKNOWN,
	DELIVERY_DELIVERED,
	DELIVERY_SPAM,
	DELIVERY_POLICY,
	DELIVERY_REJECT,
	DELIVERY_OTHER
};

/* A failure report, RFC 6591 and RFC 9991: one message that failed.  Texts are as written. */
struct failure {
	struct str domain;   /* that was reported: lower case, no trailing dot */
	struct str reporter; /* domain of the mail's From */
	struct str user_agent, version, auth_failure, identity_alignment, reporting_mta;
	struct str original_mail_from, original_envelope_id;
	/* These may come several times: joined by line feeds. */
	struct str original_rcpt_to, authentication_results, reported_uri, spf_dns;
	struct str dkim_domain, dkim_identity, dkim_selector;
	enum delivery_result delivery_result;
	struct str raw_delivery_result; /* where it is no known word */
	struct address source_ip;
	struct str raw_source_ip; /* where it is no plain address */
	bool has_source_port, has_incidents;
	uint16_t source_port;
	uint64_t incidents; /* messages like this one, at most LIMIT_COUNT */
	int64_t arrived;    /* Unix seconds, UTC; of the mail that reports it where not said */
	/* The message itself. */
	struct str from_field, subject, message_id;
	struct str header; /* its block, at most LIMIT_SAMPLE_HEADER */
	struct str body;   /* at most LIMIT_SAMPLE_BODY; stored only where that is asked for */
	struct quirk *quirks;
	uint16_t nquirks;
};

/*
 * One part of a message and what it is.  For report and null_report one of the three pointers is
 * set, the one of its kind.
 */
struct part {
	enum outcome outcome;
	enum report_kind kind;
	struct str member; /* names on the way to it, joined by " > "; for display only */
	struct str reason; /* in words, unless all is well */
	const struct report *report;
	const struct tls_report *tls;
	const struct failure *failure;
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
