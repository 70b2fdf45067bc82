/* domain.h - whose mail the reports are about, and who sends in their name. */
#ifndef GEN_DOMAIN_H
#define GEN_DOMAIN_H
#include <stddef.h>
#include <stdint.h>

enum policy {
	POLICY_NONE,
	POLICY_QUARANTINE,
	POLICY_REJECT,
};

enum kind {
	KIND_OWN,     /* the domain's own server: SPF and DKIM pass, aligned */
	KIND_CLOUD,   /* its Microsoft 365 tenant: the same, over IPv6 */
	KIND_ESP,     /* newsletters: DKIM aligned, SPF passes for the bounce domain */
	KIND_FORWARD, /* forwarders: DKIM survives, SPF does not */
	KIND_LIST,    /* mailing lists: neither survives */
	KIND_FORGER,
};

struct sender {
	enum kind kind;
	uint32_t daily;  /* messages on a usual day, in the demo */
	uint32_t weight; /* share of the records, in the benchmark */
};

enum {
	DOMAIN_SENDERS = 5,
	SELECTORS = 2,
};

/* RFC 7489, 6.3, and who uses the name.  A sender without weight ends the list. */
struct domain {
	char name[64];
	enum policy p, sp;
	char adkim, aspf; /* 'r' or 's' */
	uint32_t pct;
	char selector[SELECTORS][24];
	int64_t switch_day; /* selector[1] from here on; 0: they rotate */
	int64_t break_day;  /* from here on selector[1] gives no valid signature; 0: never */
	uint32_t address;   /* the own server's first, IPv4 */
	uint32_t hosts;     /* how many of them */
	const char *tenant; /* the label at Microsoft 365 */
	struct sender senders[DOMAIN_SENDERS];
};

enum {
	DEMO_DOMAINS = 5,
	BREAK_DAYS = 21, /* the demo's selector breaks so long before the end */
};

/* The domain number ${n} of the demo (below DEMO_DOMAINS), told up to ${last}, a day. */
void domain_demo(struct domain *, size_t n, int64_t last, uint32_t days);

/* Any number of others, of the kinds that are usual. */
void domain_usual(struct domain *, size_t n);

/* Which of the selectors signs the ${k}th record of ${day}. */
size_t domain_selector(const struct domain *, int64_t day, uint32_t k);

const char *policy_name(enum policy);
#endif
