/* Finding elements: at their place, near it, and not at all; and the table they are found in. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "parser/schema.h"

static struct fields fields;

/* The row of ${path}, going down from the root name by name. */
static int
row_of(const char *path)
{
	struct str rest = str_of(path);
	int row = fields_find(&fields, FIELDS_OUTSIDE, STR("feedback"));

	while (rest.n > 0) {
		const char *slash = memchr(rest.p, '/', rest.n);
		size_t n = slash != NULL ? (size_t)(slash - rest.p) : rest.n;

		row = fields_find(&fields, row, (struct str){ rest.p, n });
		n += slash != NULL;
		rest = (struct str){ rest.p + n, rest.n - n };
	}
	return row;
}

static void
test_every_row(void **state)
{
	int n;
	const struct schema_row *rows = schema_rows(&n);

	(void)state;
	for (int i = 0; i < n; i++) {
		assert_int_equal(row_of(rows[i].path), i);
		assert_int_equal(fields_is_leaf(&fields, i), rows[i].set != NULL);
		assert_true(fields_parent(&fields, i) < i);
	}
}

static void
test_nearest(void **state)
{
	static const struct {
		const char *in, *name, *found; /* NULL: nothing */
	} table[] = {
		{ "record/row", "COUNT", "record/row/count" },
		{ "record/row", "identifiers", "record/identifiers" },
		{ "report_metadata/report_id", "record", "record" },
		{ "record/auth_results/spf", "dkim", "record/auth_results/dkim" },
		{ "record/row/policy_evaluated", "dkim", "record/row/policy_evaluated/dkim" },
		{ "record/row", "record", "record" },
		{ "record/identifiers", "domain", NULL },
		{ "", "count", NULL },
		{ "record", "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		assert_int_equal(fields_find(&fields, row_of(table[i].in), str_of(table[i].name)),
		    table[i].found != NULL ? row_of(table[i].found) : FIELDS_UNKNOWN);
	assert_int_equal(fields_find(&fields, FIELDS_OUTSIDE, STR("record")), FIELDS_UNKNOWN);
	assert_false(fields_is_leaf(&fields, FIELDS_OUTSIDE));
}

/* Values outside the element they belong to have no place to go. */
static void
test_value_without_place(void **state)
{
	struct arena *a = arena_new(1u << 20);

	(void)state;
	fields_start(&fields, a);
	fields_value(&fields, row_of("record/auth_results/dkim/domain"), STR("x"));
	fields_value(&fields, row_of("record/row/count"), STR("5"));
	fields_close(&fields, row_of("record"));
	assert_false(fields.record_ready);
	fields_open(&fields, row_of("record"));
	fields_value(&fields, row_of("record/row/count"), STR("5"));
	fields_open(&fields, row_of("record"));
	fields_close(&fields, row_of("record"));
	assert_false(fields.record_ready);
	assert_int_equal(fields.quirks.n, 2); /* null-record, record-in-record */
	arena_free(a);
}

/* Several errors are one text, and never too long. */
static void
test_errors(void **state)
{
	struct arena *a = arena_new(1u << 20);
	int row = row_of("report_metadata/error");
	char line[1500];

	(void)state;
	memset(line, 'x', sizeof(line));
	fields_start(&fields, a);
	fields_value(&fields, row, STR("one"));
	fields_value(&fields, row, STR("two"));
	assert_true(str_eq(fields.report.error, STR("one\ntwo")));
	for (int i = 0; i < 4; i++)
		fields_value(&fields, row, (struct str){ line, sizeof(line) });
	assert_int_equal(fields.report.error.n, LIMIT_COMMENT_BYTES);
	arena_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_row),
		cmocka_unit_test(test_nearest),
		cmocka_unit_test(test_value_without_place),
		cmocka_unit_test(test_errors),
	};
	int rc;

	fields_init(&fields);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	fields_fini(&fields);
	return rc;
}
