#include "cli/upkeep.h"

#include "core/log.h"
#include "core/now.h"
#include "store/ledger.h"

#define EXPIRE_MS (INT64_C(3600) * 1000)

void
upkeep_init(struct upkeep *u, struct ledger *ledger, unsigned failure_days, uint64_t kept_total)
{
	*u = (struct upkeep){ .ledger = ledger,
		.failure_days = failure_days,
		.kept_total = kept_total,
		.due = ledger != NULL ? 0 : INT64_MAX };
}

void
upkeep_trim(struct upkeep *u)
{
	struct err e;

	if (ledger_trim(u->ledger, u->kept_total, &e) < 0)
		log_event(LOG_DEBUG, "%s", e.text);
	u->kept = 0;
}

void
upkeep_kept(struct upkeep *u, uint64_t bytes)
{
	u->kept += bytes;
	if (u->kept > u->kept_total / 4)
		upkeep_trim(u);
}

void
upkeep_expire(struct upkeep *u)
{
	struct err e;

	if (now_ms() < u->due)
		return;
	if (ledger_expire(u->ledger, u->failure_days, &e) < 0)
		log_event(LOG_DEBUG, "%s", e.text);
	/* Whoever just opened the database has seen to this. */
	if (u->due > 0 && ledger_tend(u->ledger, &e) < 0)
		log_event(LOG_DEBUG, "%s", e.text);
	u->due = now_ms() + EXPIRE_MS;
}
