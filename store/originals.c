#include "store/originals.h"

#include <stdio.h>
#include <string.h>

#include "core/limits.h"
#include "store/field.h"

#include "sql.h"

#define DAYS_TO_2000 10957 /* from 1970: PostgreSQL counts from there */

/* Columns of sql/query/reparse_page.sql. */
enum {
	DOMAIN_ID,
	DAY,
	REPORT_KEY,
	IDENTITY_KEY,
	DAYS,
	INTAKE_ID,
	IMPORTED_AT,
	NAME,
	HEADER,
	MEMBER,
	BYTES
};

void
originals_init(struct originals *s)
{
	*s = (struct originals){ 0 };
	s->last.domain_id = INT64_MIN;
}

void
originals_fini(struct originals *s)
{
	PQclear(s->page);
}

static struct key
key_at(const PGresult *page, int row, int column)
{
	struct key k = { { 0 } };

	if (PQgetlength(page, row, column) == (int)sizeof(k.b))
		memcpy(k.b, PQgetvalue(page, row, column), sizeof(k.b));
	return k;
}

int
originals_take(struct originals *s)
{
	const PGresult *page = s->page;
	int n = 0;

	for (int row = 0; row < PQntuples(page); row++) {
		struct reparse_original *o = &s->list[n];

		o->identity = (struct identity){
			.domain_id = (int64_t)field_number(page, row, DOMAIN_ID),
			.day = (int32_t)field_number(page, row, DAY) + DAYS_TO_2000,
			.days = (int16_t)field_number(page, row, DAYS),
			.report_key = key_at(page, row, REPORT_KEY),
			.identity_key = key_at(page, row, IDENTITY_KEY),
		};
		s->last = o->identity;
		o->intake_id = (int64_t)field_number(page, row, INTAKE_ID);
		o->imported_at = (int64_t)field_number(page, row, IMPORTED_AT);
		o->domain = field_bytes(page, row, NAME);
		o->member = field_bytes(page, row, MEMBER);
		o->header = field_bytes(page, row, HEADER);
		o->bytes = field_bytes(page, row, BYTES);
		n += !PQgetisnull(page, row, INTAKE_ID);
	}
	return n;
}

enum remedy
originals_ask(struct originals *s, PGconn *c, const struct reparse_conf *conf, struct err *e)
{
	char domain_id[24], day[16], key[2 * sizeof(struct key) + 1], most[16], most_bytes[24];
	const char *values[] = { conf->domain, conf->from, conf->to, domain_id, day, key, most,
		most_bytes };

	snprintf(domain_id, sizeof(domain_id), "%lld", (long long)s->last.domain_id);
	snprintf(day, sizeof(day), "%d", (int)s->last.day);
	for (size_t i = 0; i < sizeof(struct key); i++)
		snprintf(key + 2 * i, 3, "%02x", s->last.report_key.b[i]);
	snprintf(most, sizeof(most), "%d", LIMIT_REPARSE_ORIGINALS);
	snprintf(most_bytes, sizeof(most_bytes), "%llu", LIMIT_REPARSE_BYTES);
	PQclear(s->page);
	s->page = PQexecParams(c, sql_query_reparse_page, 8, NULL, values, NULL, NULL, 1);
	return connection_judge(c, s->page, e);
}
