#include "parser/quirks.h"

#include "parser/normal.h"

#define DETAIL_BYTES 120

bool
quirks_has(const struct quirks *q, const char *rule)
{
	struct str name = str_of(rule);

	for (size_t i = 0; i < q->n; i++)
		if (q->list[i].rule.p == name.p || str_eq(q->list[i].rule, name))
			return true;
	return false;
}

void
quirks_add(struct quirks *q, const char *rule, struct str detail)
{
	struct str name = str_of(rule);

	if (quirks_has(q, rule) || q->n == LIMIT_QUIRKS)
		return;
	/* The last place tells that there were more. */
	if (q->n == LIMIT_QUIRKS - 1)
		name = STR("quirks-cut");
	q->list[q->n].rule = name;
	q->list[q->n].detail = arena_str(q->arena, normal_cut(detail, DETAIL_BYTES));
	q->n++;
}
