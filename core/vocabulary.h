/*
 * vocabulary.h - the one table of words for each enum of core/report.h.
 * x_name gives the word, or NULL where the value is "unknown"; x_find the value of a word whose
 * ASCII case does not matter, or 0.
 */
#ifndef CORE_VOCABULARY_H
#define CORE_VOCABULARY_H

#include "core/report.h"

const char *kind_name(enum report_kind v);
const char *outcome_name(enum outcome v);
const char *action_name(enum policy_action v);
const char *alignment_name(enum alignment v);
const char *discovery_name(enum discovery v);
const char *disposition_name(enum disposition v);
const char *verdict_name(enum verdict v);
const char *result_name(enum auth_result v);
const char *scope_name(enum spf_scope v);
const char *reason_name(enum reason_type v);
const char *tls_policy_name(enum tls_policy_type v);
const char *delivery_name(enum delivery_result v);

enum policy_action action_find(struct str s);
enum alignment alignment_find(struct str s);
enum discovery discovery_find(struct str s);
enum disposition disposition_find(struct str s);
enum verdict verdict_find(struct str s);
enum auth_result result_find(struct str s);
enum spf_scope scope_find(struct str s);
enum reason_type reason_find(struct str s);
enum tls_policy_type tls_policy_find(struct str s);
enum delivery_result delivery_find(struct str s);

#endif
