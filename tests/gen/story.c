/* story.c - what one source did on one day, and how a receiver judges it. */
#include "story.h"

#include <stdio.h>
#include <string.h>

#define IPV4(a, b, c, d) ((uint32_t)(a) << 24 | (b) << 16 | (c) << 8 | (d))

enum {
	TENANTS = 64, /* recipient domains that one Enterprise Outlook report tells apart */
	ESP_HOSTS = 250,
	CLOUD_HOSTS = 4096,
	FORWARD_HOSTS = 1 << 17,
	FORGER_HOSTS = 1 << 17,
	BURST_DAYS = 9, /* a forger's campaign comes about so often */
};

static void
put_v4(char *to, size_t size, uint32_t address)
{
	snprintf(to, size, "%u.%u.%u.%u", address >> 24, address >> 16 & 255, address >> 8 & 255,
	    address & 255);
}

/* Spread ${k} over 2^17 hosts so that neighbours in a report are none in the network. */
static uint32_t
scatter(uint32_t k)
{
	return (k * 40503u) & ((1u << 17) - 1);
}

static void
set_auth(struct auth *a, const char *domain, const char *selector, const char *result)
{
	snprintf(a->domain, sizeof(a->domain), "%s", domain);
	snprintf(a->selector, sizeof(a->selector), "%s", selector);
	a->result = result;
}

static void
add_dkim(struct record *r, const char *domain, const char *selector, const char *result)
{
	set_auth(&r->dkims[r->ndkim++], domain, selector, result);
}

/* Envelope sender and the SPF result for it. */
static void
set_spf(struct record *r, const char *domain, const char *result)
{
	snprintf(r->envelope_from, sizeof(r->envelope_from), "%s", domain);
	set_auth(&r->spf_result, domain, "", result);
}

static void
set_from(struct record *r, const struct domain *d, const char *label)
{
	snprintf(r->header_from, sizeof(r->header_from), "%s%s", label, d->name);
}

/* The domain's own signature, as it left the domain's own server. */
static void
sign(const struct scene *s, uint32_t k, struct record *r)
{
	const struct domain *d = s->domain;
	size_t which = domain_selector(d, s->day, k);
	bool broken = which == 1 && d->break_day != 0 && s->day >= d->break_day;

	add_dkim(r, d->name, d->selector[which], broken ? "fail" : "pass");
}

static void
from_own(const struct scene *s, uint32_t k, struct record *r)
{
	uint32_t host = k / SELECTORS % s->domain->hosts;

	if (s->start % 100 < s->reporter->v6)
		snprintf(r->ip, sizeof(r->ip), "2001:db8:%x::%x", s->domain->address & 0xffff,
		    0x25 + host);
	else
		put_v4(r->ip, sizeof(r->ip), s->domain->address + host);
	sign(s, k, r);
	set_from(r, s->domain, "");
	set_spf(r, s->domain->name, "pass");
}

static void
from_cloud(const struct scene *s, uint32_t k, struct record *r)
{
	uint32_t host = (s->start + k) % CLOUD_HOSTS;
	char name[80];

	/* Google and the like are reached over IPv6 by this sender, and by few others. */
	if (s->reporter->v6 >= 20 || k >= 120)
		snprintf(r->ip, sizeof(r->ip), "2001:db8:365:%x::%x", 0x7d00 + host / 64,
		    0x200 + host % 64);
	else
		put_v4(r->ip, sizeof(r->ip), IPV4(203, 0, 113, 4) + host % 120);
	sign(s, k, r);
	snprintf(name, sizeof(name), "%s.onmicrosoft.example", s->domain->tenant);
	add_dkim(r, name, "selector1-onmicrosoft", "pass");
	set_from(r, s->domain, "");
	set_spf(r, s->domain->name, "pass");
}

static void
from_esp(const struct scene *s, uint32_t k, struct record *r)
{
	put_v4(r->ip, sizeof(r->ip), IPV4(198, 51, 100, 2) + (s->start + k) % ESP_HOSTS);
	set_from(r, s->domain, k / ESP_HOSTS % 2 == 1 ? "news." : "");
	add_dkim(r, r->header_from, "sw1", "pass");
	add_dkim(r, "sendwerk.example", "s2048", "pass");
	set_spf(r, "bounce.sendwerk.example", "pass");
}

static void
from_forwarder(const struct scene *s, uint32_t k, struct rng *rng, struct record *r)
{
	static const char *const fail[] = { "softfail", "fail", "softfail", "neutral" };
	uint32_t host = scatter(s->start + k);
	char name[80];

	if (k % 5 == 0)
		put_v4(r->ip, sizeof(r->ip), IPV4(203, 0, 113, 130) + host % 120);
	else if (s->reporter->v6 > 0 && k % 7 == 3)
		snprintf(r->ip, sizeof(r->ip), "2001:db8:f%02x:%x::19", host >> 12, host & 0xfff);
	else
		put_v4(r->ip, sizeof(r->ip), IPV4(100, 64, 0, 0) + host * 11 % (1u << 21));
	sign(s, k, r);
	set_from(r, s->domain, "");
	snprintf(name, sizeof(name), "weiter%u.example", host % 97);
	if (host % 97 % 5 < 2) {
		/* It rewrites the envelope sender, and signs what it sends on. */
		add_dkim(r, name, "fwd", "pass");
		set_spf(r, name, "pass");
	} else {
		set_spf(r, s->domain->name, fail[rng_below(rng, 4)]);
	}
}

static void
from_list(const struct scene *s, uint32_t k, struct record *r)
{
	const struct domain *d = s->domain;
	size_t which = domain_selector(d, s->day, k);

	put_v4(r->ip, sizeof(r->ip), IPV4(203, 0, 113, 252) + k % 2);
	add_dkim(r, d->name, d->selector[which], "fail");
	add_dkim(r, "lists.verein.example", "list1", "pass");
	set_from(r, d, "");
	set_spf(r, "lists.verein.example", "pass");
}

static void
from_forger(const struct scene *s, uint32_t k, struct rng *rng, struct record *r)
{
	static const char *const labels[] = { "", "", "", "", "", "rechnung.", "mail.",
		"no-reply." };
	static const uint32_t nets[] = { IPV4(198, 18, 0, 0), IPV4(198, 19, 64, 0),
		IPV4(100, 100, 0, 0), IPV4(100, 111, 128, 0) };
	uint32_t host = scatter(s->start + k), dice = rng_below(rng, 100);
	char name[80];

	put_v4(r->ip, sizeof(r->ip), nets[host & 3] + (host >> 2) % (1u << 15));
	set_from(r, s->domain, labels[rng_below(rng, 8)]);
	snprintf(name, sizeof(name), "vps%u.billig-host.example", host >> 4 & 0xfff);
	if (dice < 45)
		set_spf(r, s->domain->name, s->domain->p == POLICY_NONE ? "softfail" : "fail");
	else if (dice < 75)
		set_spf(r, name, "none");
	else
		set_spf(r, name, "pass");
	if (dice % 10 < 2)
		add_dkim(r, name, "mail", "pass");
	else if (dice % 10 == 2)
		add_dkim(r, s->domain->name, "default", "permerror");
}

/* All names here have an organizational domain of two labels. */
static const char *
organization(const char *name)
{
	const char *p = strrchr(name, '.');

	while (p != NULL && p > name && p[-1] != '.')
		p--;
	return p != NULL ? p : name;
}

static bool
aligned(const struct auth *a, const char *header_from, char mode)
{
	if (strcmp(a->result, "pass") != 0)
		return false;
	if (mode == 's')
		return strcmp(a->domain, header_from) == 0;
	return strcmp(organization(a->domain), organization(header_from)) == 0;
}

/* Does the receiver let a message through that fails?  Says why in ${r}. */
static bool
spared(const struct scene *s, enum kind kind, enum policy p, uint32_t dice, struct record *r)
{
	unsigned habits = s->reporter->habits;

	if (kind == KIND_LIST && (habits & HABIT_ARC) && dice % 4 != 0) {
		r->reason = "local_policy";
		r->comment = "arc=pass";
	} else if (kind == KIND_LIST && (habits & HABIT_LIST)) {
		r->reason = "mailing_list";
		r->comment = "Policy ignored due to local mailing list policy";
	} else if (kind == KIND_FORWARD && (habits & HABIT_FORWARDED)) {
		r->reason = "forwarded";
		r->comment = "";
	} else if (p == POLICY_QUARANTINE && dice >= s->domain->pct && !(habits & HABIT_9990)) {
		r->reason = "sampled_out";
		r->comment = "";
	}
	return r->reason != NULL;
}

static void
judge(const struct scene *s, enum kind kind, uint32_t dice, struct record *r)
{
	const struct domain *d = s->domain;
	enum policy p = strcmp(r->header_from, d->name) == 0 ? d->p : d->sp;
	size_t i;

	for (i = 0; i < r->ndkim; i++)
		r->dkim |= aligned(&r->dkims[i], r->header_from, d->adkim);
	r->spf = aligned(&r->spf_result, r->header_from, d->aspf);
	r->disposition = DISP_NONE;
	if (r->dkim || r->spf) {
		if ((s->reporter->habits & HABIT_9990) && p != POLICY_NONE)
			r->disposition = DISP_PASS;
	} else if (p != POLICY_NONE && !spared(s, kind, p, dice, r)) {
		r->disposition = p == POLICY_REJECT ? DISP_REJECT : DISP_QUARANTINE;
	}
	if (r->reason == NULL && (s->reporter->habits & HABIT_ARC_FAIL)) {
		r->reason = "local_policy";
		r->comment = "arc=fail";
	}
}

void
story_record(
    const struct scene *s, const struct sender *from, uint32_t k, struct rng *rng, struct record *r)
{
	static const char *const boxes[] = { "outlook.com", "hotmail.com", "live.com", "msn.com" };

	memset(r, 0, sizeof(*r));
	r->count = 1;
	switch (from->kind) {
	case KIND_OWN:
		from_own(s, k, r);
		break;
	case KIND_CLOUD:
		from_cloud(s, k, r);
		break;
	case KIND_ESP:
		from_esp(s, k, r);
		break;
	case KIND_FORWARD:
		from_forwarder(s, k, rng, r);
		break;
	case KIND_LIST:
		from_list(s, k, r);
		break;
	case KIND_FORGER:
		from_forger(s, k, rng, r);
		break;
	}
	if (s->reporter->habits & HABIT_TENANTS)
		snprintf(r->envelope_to, sizeof(r->envelope_to), "kunde%u.example",
		    (s->start + k * 7) % TENANTS);
	else
		snprintf(r->envelope_to, sizeof(r->envelope_to), "%s", boxes[rng_below(rng, 4)]);
	judge(s, from->kind, rng_below(rng, 100), r);
}

uint32_t
story_capacity(const struct scene *s, const struct sender *from)
{
	uint32_t split = s->reporter->habits & HABIT_TENANTS ? TENANTS : 1;

	switch (from->kind) {
	case KIND_OWN:
		return s->domain->hosts * SELECTORS * split;
	case KIND_LIST:
		return 2 * split;
	case KIND_ESP:
		return ESP_HOSTS * 2;
	case KIND_CLOUD:
		return CLOUD_HOSTS;
	case KIND_FORWARD:
		return FORWARD_HOSTS;
	case KIND_FORGER:
		return FORGER_HOSTS;
	}
	return 0;
}

uint32_t
story_volume(const struct scene *s, const struct sender *from)
{
	bool weekend = (s->day + 4) % 7 % 6 == 0; /* day 0 was a Thursday */
	uint64_t luck = rng_mix((uint64_t)s->day * 31 + from->daily);

	switch (from->kind) {
	case KIND_OWN:
	case KIND_CLOUD:
	case KIND_LIST:
		return weekend ? from->daily / 5 : from->daily;
	case KIND_ESP:
		return (s->day + 4) % 7 == 2 ? from->daily : from->daily / 40;
	case KIND_FORWARD:
		return weekend ? from->daily / 2 : from->daily;
	case KIND_FORGER:
		return luck % BURST_DAYS == 0 ? from->daily * 8 : from->daily;
	}
	return 0;
}

bool
record_same(const struct record *a, const struct record *b)
{
	size_t i;

	if (strcmp(a->ip, b->ip) != 0 || strcmp(a->header_from, b->header_from) != 0 ||
	    strcmp(a->envelope_from, b->envelope_from) != 0 ||
	    strcmp(a->envelope_to, b->envelope_to) != 0 || a->ndkim != b->ndkim ||
	    strcmp(a->spf_result.result, b->spf_result.result) != 0 || a->reason != b->reason ||
	    a->comment != b->comment)
		return false;
	for (i = 0; i < a->ndkim; i++)
		if (strcmp(a->dkims[i].selector, b->dkims[i].selector) != 0 ||
		    a->dkims[i].result != b->dkims[i].result)
			return false;
	return true;
}

const char *
disposition_name(enum disposition d)
{
	static const char *const names[] = { "none", "quarantine", "reject", "pass" };

	return names[d];
}
