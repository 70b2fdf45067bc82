/* domain.c - whose mail the reports are about, and who sends in their name. */
#include "domain.h"

#include <stdio.h>
#include <string.h>

#include "rng.h"

#define IPV4(a, b, c, d) ((uint32_t)(a) << 24 | (b) << 16 | (c) << 8 | (d))

/* The cast of the demo.  Addresses are from RFC 5737 and RFC 2544. */
static const struct domain cast[DEMO_DOMAINS] = {
	{
		/* Everything in order; forged a lot; may stay at reject. */
		.name = "nordwind.example",
		.p = POLICY_REJECT, .sp = POLICY_REJECT,
		.adkim = 'r', .aspf = 'r', .pct = 100,
		.selector = { "nw2026a", "nw2026b" },
		.address = IPV4(192, 0, 2, 25), .hosts = 1,
		.senders = {
			{ KIND_OWN, 900, 30 },
			{ KIND_ESP, 4000, 30 },
			{ KIND_FORWARD, 40, 15 },
			{ KIND_LIST, 25, 5 },
			{ KIND_FORGER, 60, 20 },
		},
	},
	{
		/* The one whose new selector breaks. */
		.name = "lindenhof.example",
		.p = POLICY_QUARANTINE, .sp = POLICY_QUARANTINE,
		.adkim = 'r', .aspf = 'r', .pct = 100,
		.selector = { "lh2025", "lh2026" },
		.address = IPV4(192, 0, 2, 40), .hosts = 2,
		.senders = {
			{ KIND_OWN, 600, 50 },
			{ KIND_FORWARD, 35, 25 },
			{ KIND_LIST, 10, 5 },
			{ KIND_FORGER, 20, 20 },
		},
	},
	{
		/* Microsoft 365 and a newsletter service, still at none. */
		.name = "atelier-kobalt.example",
		.p = POLICY_NONE, .sp = POLICY_NONE,
		.adkim = 'r', .aspf = 'r', .pct = 100,
		.selector = { "selector1", "selector2" },
		.tenant = "atelierkobalt",
		.senders = {
			{ KIND_CLOUD, 700, 60 },
			{ KIND_ESP, 1200, 20 },
			{ KIND_FORWARD, 20, 10 },
			{ KIND_FORGER, 12, 10 },
		},
	},
	{
		/* Never sends a message, and is forged all the same. */
		.name = "parkhaus-mitte.example",
		.p = POLICY_NONE, .sp = POLICY_NONE,
		.adkim = 'r', .aspf = 'r', .pct = 100,
		.selector = { "unused", "unused" },
		.senders = { { KIND_FORGER, 90, 100 } },
	},
	{
		/* A club: small, strict, and much on mailing lists. */
		.name = "example.org",
		.p = POLICY_REJECT, .sp = POLICY_QUARANTINE,
		.adkim = 's', .aspf = 's', .pct = 100,
		.selector = { "rsa1", "rsa2" },
		.address = IPV4(192, 0, 2, 80), .hosts = 1,
		.senders = {
			{ KIND_OWN, 150, 40 },
			{ KIND_LIST, 60, 30 },
			{ KIND_FORWARD, 15, 20 },
			{ KIND_FORGER, 8, 10 },
		},
	},
};

void
domain_demo(struct domain *d, size_t n, int64_t last, uint32_t days)
{
	*d = cast[n];
	if (strcmp(d->name, "lindenhof.example") == 0) {
		d->break_day = last - (days > BREAK_DAYS ? BREAK_DAYS : days / 2);
		d->switch_day = d->break_day - 12;
	}
}

void
domain_usual(struct domain *d, size_t n)
{
	static const char *const first[] = { "alster", "birken", "dorf", "eichen", "falken",
		"garten", "hafen", "insel", "kranich", "linden", "moor", "nebel", "ostsee",
		"pappel", "quell", "rosen", "sonnen", "tannen", "ufer", "weiden" };
	static const char *const second[] = { "verlag", "apotheke", "druck", "bau", "musik",
		"reisen", "technik", "schule", "praxis", "handel", "kontor", "werke", "galerie",
		"klinik", "optik", "energie", "logistik" };
	static const enum policy p[] = { POLICY_NONE, POLICY_REJECT, POLICY_NONE, POLICY_QUARANTINE,
		POLICY_NONE, POLICY_NONE, POLICY_REJECT, POLICY_NONE };
	static const struct sender usual[DOMAIN_SENDERS] = { { KIND_OWN, 300, 18 },
		{ KIND_ESP, 500, 40 }, { KIND_FORWARD, 15, 16 }, { KIND_LIST, 5, 4 },
		{ KIND_FORGER, 15, 22 } };
	static const struct sender cloud[DOMAIN_SENDERS] = { { KIND_CLOUD, 500, 40 },
		{ KIND_ESP, 300, 24 }, { KIND_FORWARD, 15, 12 }, { KIND_LIST, 5, 4 },
		{ KIND_FORGER, 15, 20 } };
	static const struct sender parked[DOMAIN_SENDERS] = { { KIND_FORGER, 30, 100 } };
	uint64_t h = rng_mix(n + 1);
	const char *one = first[n % 20], *two = second[n / 20 % 17];

	memset(d, 0, sizeof(*d));
	if (n < 20 * 17)
		snprintf(d->name, sizeof(d->name), "%s%s.example", one, two);
	else
		snprintf(d->name, sizeof(d->name), "%s%s-%zu.example", one, two, n / 340);
	d->p = p[n % 8];
	d->sp = n % 5 == 0 ? POLICY_NONE : d->p;
	d->adkim = n % 11 == 0 ? 's' : 'r';
	d->aspf = n % 13 == 0 ? 's' : 'r';
	d->pct = d->p == POLICY_QUARANTINE && n % 16 == 3 ? 50 : 100;
	snprintf(d->selector[0], sizeof(d->selector[0]), "s%u", (unsigned)(h >> 8) % 900 + 1);
	snprintf(d->selector[1], sizeof(d->selector[1]), "k%u", (unsigned)(h >> 24) % 90 + 10);
	d->address = IPV4(192, 0, 2, 1) + (uint32_t)(h % 250);
	d->hosts = 1 + (uint32_t)(h >> 40) % 4;
	if (n % 10 == 7)
		memcpy(d->senders, parked, sizeof(parked));
	else if (n % 4 == 1)
		memcpy(d->senders, cloud, sizeof(cloud));
	else
		memcpy(d->senders, usual, sizeof(usual));
	d->tenant = one;
}

size_t
domain_selector(const struct domain *d, int64_t day, uint32_t k)
{
	enum { TURN = 30, OVERLAP = 2 };
	size_t turn = (size_t)(day / TURN) % SELECTORS;

	if (d->switch_day != 0)
		return day >= d->switch_day;
	if (day % TURN < OVERLAP)
		return k % SELECTORS;
	return turn;
}

const char *
policy_name(enum policy p)
{
	static const char *const names[] = { "none", "quarantine", "reject" };

	return names[p];
}
