#include "store/identity.h"

#define DAY INT64_C(86400)
#define YEAR_1 INT64_C(-62135596800)
#define YEAR_2012 INT64_C(1325376000)
#define YEAR_10000 INT64_C(253402300800)

int64_t
identity_id(struct digest *d, struct str kind, struct str name)
{
	digest_start(d);
	digest_field(d, kind);
	digest_field(d, name);
	return id_of(digest_end(d));
}

struct str
identity_reporter(const struct report *r)
{
	const char *at;

	if (r->org_name.n > 0)
		return r->org_name;
	at = r->email.n > 0 ? memrchr(r->email.p, '@', r->email.n) : NULL;
	if (at != NULL && at + 1 < r->email.p + r->email.n)
		return (struct str){ at + 1, (size_t)(r->email.p + r->email.n - at - 1) };
	return STR("unknown");
}

bool
identity_datable(const struct report *r)
{
	return r->begin >= YEAR_1 && r->begin < YEAR_10000 && r->end >= YEAR_1 &&
	    r->end < YEAR_10000;
}

/* Floor of a division by a day, for times before 1970 too. */
static int64_t
day_of(int64_t t)
{
	return t >= 0 ? t / DAY : -((-t + DAY - 1) / DAY);
}

static int16_t
days_of(const struct report *r, int64_t now)
{
	int64_t length = r->end - r->begin;

	if (length < 0 || length > 31 * DAY || r->begin < YEAR_2012 || r->end > now + 2 * DAY)
		return 0;
	if (length <= 25 * 3600)
		return 1;
	return (int16_t)(day_of(r->end - 1) - day_of(r->begin) + 1);
}

void
identity_of(struct digest *d, const struct report *r, const struct sha256 *records, int64_t now,
    struct identity *out)
{
	struct str reporter = identity_reporter(r);
	struct sha256 identity;

	digest_start(d);
	digest_field(d, r->policy.domain);
	digest_field(d, reporter);
	digest_field(d, r->report_id);
	digest_number(d, (uint64_t)r->begin);
	digest_number(d, (uint64_t)r->end);
	identity = digest_end(d);
	out->identity_key = key_of(identity);

	digest_start(d);
	digest_add(d, (struct str){ (const char *)identity.b, sizeof(identity.b) });
	digest_add(d, (struct str){ (const char *)records->b, sizeof(records->b) });
	out->report_key = key_of(digest_end(d));

	out->domain_id = identity_id(d, STR("domain"), r->policy.domain);
	out->reporter_id = identity_id(d, STR("reporter"), reporter);
	out->day = (int32_t)day_of(r->begin + (r->end - r->begin) / 2);
	out->days = days_of(r, now);
}
