#include "store/migration.h"

#include <stdio.h>

#include "core/digest.h"
#include "store/connection.h"

#include "sql.h"

static void
hex(const struct sha256 *h, char out[65])
{
	for (size_t i = 0; i < sizeof(h->b); i++)
		snprintf(out + 2 * i, 3, "%02x", h->b[i]);
}

void
migration_sum(const char *text, char out[65])
{
	struct digest *d = digest_new();
	struct sha256 h = digest_of(d, str_of(text));

	hex(&h, out);
	digest_free(d);
}

void
migration_views_sum(char out[65])
{
	struct digest *d = digest_new();
	struct sha256 h;

	digest_start(d);
	for (size_t i = 0; i < sql_views_n; i++)
		digest_field(d, str_of(sql_views[i].text));
	h = digest_end(d);
	hex(&h, out);
	digest_free(d);
}

static int
run(PGconn *c, const char *sql, int n, const char *const *values, struct err *e)
{
	PGresult *r = connection_run(c, sql, n, values, e);

	PQclear(r);
	return r != NULL ? 0 : -1;
}

int
migration_apply(PGconn *c, const struct sql_file *files, size_t n, const char *name,
    const char *sum, struct err *e)
{
	const char *values[] = { name, sum };

	for (size_t i = 0; i < n; i++)
		if (run(c, files[i].text, 0, NULL, e) < 0)
			return err_wrap(e, "could not apply \"%s\"", files[i].name);
	return run(c, sql_query_note_migration, 2, values, e);
}
