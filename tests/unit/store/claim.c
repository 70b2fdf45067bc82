#include "store/claim.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

static const struct type_oids oids;
static struct intake_env env;
static struct batch batch;
static struct claims claims;
static const struct report report;

static int
setup(void **state)
{
	(void)state;
	intake_env_init(&env, "/tmp", &oids);
	claims_init(&claims);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	claims_fini(&claims);
	intake_env_fini(&env);
	return 0;
}

/* A mail with one part for each letter of ${reports}, which says which report it is of its identity. */
static struct intake *
mail(int64_t id, bool again, const char *reports)
{
	struct intake *in = intake_new(&env, "mail");

	in->intake_id = id;
	in->again = again;
	for (; *reports != '\0'; reports++) {
		struct intake_part *p = arena_alloc(in->arena, sizeof(*p));

		spool_init(&p->blocks, &in->file);
		spool_init(&p->original, &in->file);
		p->part.report = &report;
		p->part.kind = KIND_AGGREGATE;
		p->records = 1;
		p->identity.identity_key.b[0] = 1;
		p->identity.report_key.b[0] = (unsigned char)*reports;
		*in->last = p;
		in->last = &p->next;
	}
	batch_add(&batch, in);
	return in;
}

/*
 * What becomes of the parts of the batch, mail by mail, where ${stored} names the reports that are stored
 * already and ${from} the mail each came in, by a digit.
 */
static const char *
fates(const char *stored, const char *from)
{
	static char told[64];
	static char names[] = "ndo?r";
	PGresult *r = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
	PGresAttDesc columns[3] = { { .name = "i" }, { .name = "key" }, { .name = "id" } };
	struct err e;
	size_t n = 0;
	int row = 0;

	names[FATE_NEW] = 'n';
	names[FATE_DUPLICATE] = 'd';
	names[FATE_OWN] = 'o';
	names[FATE_REVISION] = 'r';
	assert_true(PQsetResultAttrs(r, 3, columns));
	claims_collect(&claims, &batch, KIND_AGGREGATE);
	for (size_t i = 0; i < claims_count(&claims); i++)
		for (size_t k = 0; stored[k] != '\0'; k++, row++) {
			char text[40];
			int len = snprintf(text, sizeof(text), "%zu", i + 1);

			assert_true(PQsetvalue(r, row, 0, text, len));
			len = snprintf(text, sizeof(text), "%02x000000-0000-0000-0000-000000000000",
			    (unsigned)stored[k]);
			assert_true(PQsetvalue(r, row, 1, text, len));
			text[0] = from[k];
			assert_true(PQsetvalue(r, row, 2, text, 1));
		}
	assert_int_equal(claims_decide(&claims, r, &e), 0);
	PQclear(r);
	for (const struct intake *in = batch.head; in != NULL; in = in->next) {
		for (const struct intake_part *p = in->parts; p != NULL; p = p->next)
			for (size_t i = 0; i < claims_count(&claims); i++)
				if (claims_at(&claims, i)->p == p)
					told[n++] = names[claims_at(&claims, i)->fate];
		told[n++] = in->next != NULL ? ' ' : '\0';
	}
	batch_fini(&batch);
	return told;
}

static void
test_first(void **state)
{
	(void)state;
	batch_init(&batch);
	mail(1, false, "a");
	assert_string_equal(fates("", ""), "n");
	mail(1, false, "aa");
	mail(2, false, "a");
	assert_string_equal(fates("", ""), "nd d");
	mail(1, false, "ab");
	assert_string_equal(fates("", ""), "rr");
	mail(2, false, "ab");
	assert_string_equal(fates("a", "1"), "dr");
	/* Only what is tried again has anything of its own. */
	mail(1, false, "a");
	assert_string_equal(fates("a", "1"), "d");
}

static void
test_again(void **state)
{
	(void)state;
	batch_init(&batch);
	mail(1, true, "a");
	assert_string_equal(fates("a", "1"), "o");
	mail(1, true, "aaa");
	assert_string_equal(fates("a", "1"), "odd");
	mail(1, true, "a");
	assert_string_equal(fates("a", "2"), "d");
	mail(1, true, "a");
	assert_string_equal(fates("", ""), "n");
	mail(1, true, "ab");
	assert_string_equal(fates("a", "1"), "or");
	mail(1, true, "ab");
	assert_string_equal(fates("ab", "12"), "od");
	/* Whoever comes first in the batch. */
	mail(2, true, "a");
	mail(1, true, "a");
	mail(3, true, "a");
	assert_string_equal(fates("a", "1"), "d o d");
	mail(2, true, "ba");
	mail(1, true, "aa");
	assert_string_equal(fates("a", "1"), "rd od");
}

static void
test_again_is_judged(void **state)
{
	struct intake *in;

	(void)state;
	batch_init(&batch);
	in = mail(1, true, "aa");
	in->parts->next->part.report = NULL;
	intake_judge(in, in->parts->next, OUTCOME_REFUSED, "not ours");
	claims_collect(&claims, &batch, KIND_AGGREGATE);
	assert_int_equal(claims_count(&claims), 1);
	claims_at(&claims, 0)->fate = FATE_OWN;
	assert_false(claim_is_stored(claims_at(&claims, 0)));
	assert_false(claim_is_counted(claims_at(&claims, 0)));
	assert_false(claim_is_daily(claims_at(&claims, 0)));
	assert_false(claim_has_original(claims_at(&claims, 0)));
	assert_false(claim_is_revision(claims_at(&claims, 0)));
	assert_true(claim_is_settled(claims_at(&claims, 0)));
	batch_fini(&batch);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first),
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_again_is_judged),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
