/* Raw results against the domain in the From field: what gives an aligned pass, and what may. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/limits.h"
#include "parser/alignment.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define R ALIGNMENT_RELAXED
#define S ALIGNMENT_STRICT
#define PASS VERDICT_PASS
#define FAIL VERDICT_FAIL
#define OPEN VERDICT_UNKNOWN

static struct orgdomain *orgdomains;

/* A result and, of SPF, its scope. */
struct result {
	const char *domain;
	enum auth_result result;
	enum spf_scope scope;
};

struct row {
	enum alignment mode;
	const char *from;
	struct result results[3]; /* up to one without a domain (NULL) */
	enum verdict want;
};

static enum verdict
dkim_of(const struct row *row)
{
	struct dkim_result dkims[3] = { 0 };
	struct record r = { .outcome = { .header_from = str_of(row->from), .dkims = dkims } };

	for (; r.outcome.ndkims < 3 && row->results[r.outcome.ndkims].domain != NULL;
	     r.outcome.ndkims++) {
		dkims[r.outcome.ndkims].domain = str_of(row->results[r.outcome.ndkims].domain);
		dkims[r.outcome.ndkims].result = row->results[r.outcome.ndkims].result;
	}
	alignment_recompute(orgdomains, row->mode, ALIGNMENT_UNKNOWN, &r);
	return r.outcome.dkim_recomputed;
}

static enum verdict
spf_of(const struct row *row, const char *envelope_from)
{
	struct spf_result spfs[3] = { 0 };
	struct record r = { .outcome = { .header_from = str_of(row->from),
				.envelope_from = str_of(envelope_from),
				.spfs = spfs } };

	for (; r.outcome.nspfs < 3 && row->results[r.outcome.nspfs].domain != NULL;
	     r.outcome.nspfs++) {
		spfs[r.outcome.nspfs].domain = str_of(row->results[r.outcome.nspfs].domain);
		spfs[r.outcome.nspfs].result = row->results[r.outcome.nspfs].result;
		spfs[r.outcome.nspfs].scope = row->results[r.outcome.nspfs].scope;
	}
	alignment_recompute(orgdomains, ALIGNMENT_UNKNOWN, row->mode, &r);
	return r.outcome.spf_recomputed;
}

/* The same for one signature and for one SPF result. */
static void
test_domains(void **state)
{
	static const struct {
		const char *from, *domain;
		enum verdict relaxed, strict, either;
	} table[] = {
		{ "example.org", "example.org", PASS, PASS, PASS },
		{ "example.org", "mail.example.org", PASS, FAIL, OPEN },
		{ "a.example.org", "b.example.org", PASS, FAIL, OPEN },
		{ "a.example.org", "example.org", PASS, FAIL, OPEN },
		{ "example.org", "esp.example", FAIL, FAIL, FAIL },
		{ "example.org", "badexample.org", FAIL, FAIL, FAIL },
		/* suffixes */
		{ "a.co.uk", "b.co.uk", FAIL, FAIL, FAIL },
		{ "x.a.co.uk", "y.a.co.uk", PASS, FAIL, OPEN },
		{ "co.uk", "a.co.uk", FAIL, FAIL, FAIL },
		{ "co.uk", "co.uk", PASS, PASS, PASS },
		{ "one.github.io", "two.github.io", FAIL, FAIL, FAIL },
		{ "one.github.io", "github.io", FAIL, FAIL, FAIL },
		{ "x.one.github.io", "one.github.io", PASS, FAIL, OPEN },
		/* A-labels */
		{ "xn--mller-kva.de", "mail.xn--mller-kva.de", PASS, FAIL, OPEN },
		{ "a.xn--55qx5d.cn", "b.xn--55qx5d.cn", FAIL, FAIL, FAIL },
		/* what cannot be compared */
		{ "m\xC3\xBCller.de", "m\xC3\xBCller.de", PASS, PASS, PASS },
		{ "m\xC3\xBCller.de", "xn--mller-kva.de", OPEN, OPEN, OPEN },
		{ "example.org", "a b.example.org", OPEN, OPEN, OPEN },
		{ "example.org", "", OPEN, OPEN, OPEN },
		{ "", "example.org", OPEN, OPEN, OPEN },
		{ "", "", OPEN, OPEN, OPEN },
	};

	(void)state;
	for (size_t i = 0; i < 3 * COUNT(table); i++) {
		enum alignment mode = i % 3 == 0 ? R : i % 3 == 1 ? S : ALIGNMENT_UNKNOWN;
		struct row row = { mode, table[i / 3].from,
			{ { table[i / 3].domain, RESULT_PASS, SCOPE_MFROM } }, 0 };
		enum verdict want = mode == R ? table[i / 3].relaxed
		    : mode == S               ? table[i / 3].strict
					      : table[i / 3].either;

		if (dkim_of(&row) != want || spf_of(&row, "other.example") != want)
			fail_msg("%s, %s, mode %d", row.from, table[i / 3].domain, mode);
	}
}

static void
test_dkim(void **state)
{
	static const struct row table[] = {
		{ R, "example.org", { { 0 } }, FAIL },
		{ R, "", { { 0 } }, OPEN },
		{ R, "example.org", { { "example.org", RESULT_FAIL, 0 } }, FAIL },
		{ R, "example.org", { { "example.org", RESULT_NONE, 0 } }, FAIL },
		{ R, "example.org", { { "example.org", RESULT_TEMPERROR, 0 } }, FAIL },
		{ R, "example.org", { { "example.org", RESULT_PERMERROR, 0 } }, FAIL },
		{ R, "example.org", { { "example.org", RESULT_POLICY, 0 } }, FAIL },
		{ R, "example.org", { { "example.org", RESULT_NEUTRAL, 0 } }, FAIL },
		/* a word that is not known may mean a pass, where that would count */
		{ R, "example.org", { { "example.org", RESULT_UNKNOWN, 0 } }, OPEN },
		{ R, "example.org", { { "", RESULT_UNKNOWN, 0 } }, OPEN },
		{ R, "example.org", { { "esp.example", RESULT_UNKNOWN, 0 } }, FAIL },
		/* several: any */
		{ R, "example.org",
		    { { "esp.example", RESULT_PASS, 0 }, { "example.org", RESULT_FAIL, 0 },
			{ "a.example.org", RESULT_PASS, 0 } },
		    PASS },
		{ S, "example.org",
		    { { "esp.example", RESULT_PASS, 0 }, { "a.example.org", RESULT_PASS, 0 } },
		    FAIL },
		{ R, "example.org",
		    { { "", RESULT_PASS, 0 }, { "example.org", RESULT_UNKNOWN, 0 },
			{ "example.org", RESULT_PASS, 0 } },
		    PASS },
		{ R, "example.org", { { "", RESULT_FAIL, 0 }, { "esp.example", RESULT_PASS, 0 } },
		    FAIL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++)
		if (dkim_of(&table[i]) != table[i].want)
			fail_msg("row %zu", i);
}

static void
test_spf(void **state)
{
	static const struct {
		struct row row;
		const char *envelope_from;
	} table[] = {
		/* none at all: every message has one */
		{ { R, "example.org", { { 0 } }, OPEN }, "" },
		{ { R, "example.org", { { "example.org", RESULT_PASS, 0 } }, PASS }, "" },
		{ { R, "example.org", { { "example.org", RESULT_SOFTFAIL, SCOPE_MFROM } }, FAIL },
		    "example.org" },
		{ { R, "example.org", { { "example.org", RESULT_UNKNOWN, SCOPE_MFROM } }, OPEN },
		    "example.org" },
		/* the HELO name, where there is no envelope sender */
		{ { R, "example.org", { { "mx.example.org", RESULT_PASS, SCOPE_HELO } }, PASS },
		    "" },
		{ { S, "example.org", { { "mx.example.org", RESULT_PASS, SCOPE_HELO } }, FAIL },
		    "" },
		{ { R, "example.org", { { "mx.esp.example", RESULT_PASS, SCOPE_HELO } }, FAIL },
		    "" },
		{ { R, "example.org", { { "", RESULT_PASS, SCOPE_HELO } }, OPEN }, "" },
		{ { R, "example.org", { { "mx.example.org", RESULT_PASS, SCOPE_HELO } }, OPEN },
		    "bounce.example" },
		{ { R, "example.org",
		      { { "mx.example.org", RESULT_PASS, SCOPE_HELO },
			  { "bounce.example", RESULT_PASS, SCOPE_MFROM } },
		      FAIL },
		    "" },
		{ { R, "example.org",
		      { { "mx.example.org", RESULT_PASS, SCOPE_HELO },
			  { "bounce.example.org", RESULT_PASS, SCOPE_MFROM } },
		      PASS },
		    "bounce.example.org" },
		/* several: any */
		{ { R, "example.org",
		      { { "example.org", RESULT_FAIL, SCOPE_MFROM },
			  { "b.example.org", RESULT_PASS, SCOPE_MFROM } },
		      PASS },
		    "b.example.org" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++)
		if (spf_of(&table[i].row, table[i].envelope_from) != table[i].row.want)
			fail_msg("row %zu", i);
}

/* A full list may have been longer. */
static void
test_cut(void **state)
{
	static struct dkim_result dkims[LIMIT_RESULTS];
	static struct spf_result spfs[LIMIT_RESULTS];
	struct record r = { .outcome = { .header_from = STR("example.org"),
				.dkims = dkims,
				.spfs = spfs,
				.ndkims = LIMIT_RESULTS,
				.nspfs = LIMIT_RESULTS } };

	(void)state;
	for (size_t i = 0; i < LIMIT_RESULTS; i++) {
		dkims[i].result = RESULT_FAIL;
		spfs[i].result = RESULT_FAIL;
	}
	alignment_recompute(orgdomains, R, R, &r);
	assert_int_equal(r.outcome.dkim_recomputed, OPEN);
	assert_int_equal(r.outcome.spf_recomputed, OPEN);
	r.outcome.ndkims--, r.outcome.nspfs--;
	alignment_recompute(orgdomains, R, R, &r);
	assert_int_equal(r.outcome.dkim_recomputed, FAIL);
	assert_int_equal(r.outcome.spf_recomputed, FAIL);
}

static int
setup(void **state)
{
	(void)state;
	orgdomains = orgdomain_new(NULL, &(struct err){ 0 });
	return orgdomains == NULL;
}

static int
teardown(void **state)
{
	(void)state;
	orgdomain_free(orgdomains);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_domains),
		cmocka_unit_test(test_dkim),
		cmocka_unit_test(test_spf),
		cmocka_unit_test(test_cut),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
