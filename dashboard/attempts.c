#include "dashboard/attempts.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "core/digest.h"
#include "core/password.h"

#define PLACES 4096 /* a power of two; 100 kB */
#define NEAR 8      /* places a key may stand in */

/* So many at once, then one more every so many seconds. */
struct budget {
	char kind;
	unsigned burst, seconds;
};

static const struct budget budgets[] = {
	{ 'b', 5, 60 },  /* this user from this address */
	{ 'a', 20, 15 }, /* this address */
	{ 'u', 50, 10 }, /* this user: strangers must not lock him out easily */
};

#define TRUST_SECONDS (30 * 86400)

enum { BUDGETS = sizeof(budgets) / sizeof(budgets[0]) };

/* Charged so many; full again at a time, hence forgotten then. */
struct place {
	struct key key;
	int64_t until; /* each charge moves it on by ->seconds; 0: free */
};

struct attempts {
	pthread_mutex_t mutex;
	struct digest *digest;
	char seed[TOKEN_BYTES]; /* strangers choose the names */
	struct place places[PLACES];
};

struct attempts *
attempts_new(void)
{
	struct attempts *a = calloc(1, sizeof(*a));

	if (a == NULL)
		abort();
	pthread_mutex_init(&a->mutex, NULL);
	a->digest = digest_new();
	token_new(a->seed);
	return a;
}

void
attempts_free(struct attempts *a)
{
	if (a == NULL)
		return;
	pthread_mutex_destroy(&a->mutex);
	digest_free(a->digest);
	free(a);
}

/* Of an IPv6 address the first 64 bits: the rest is its owner's to choose. */
static void
add_address(struct digest *d, struct str address)
{
	char text[INET6_ADDRSTRLEN] = "";
	struct in6_addr six;

	if (address.n < sizeof(text))
		memcpy(text, address.p, address.n);
	if (inet_pton(AF_INET6, text, &six) == 1 && IN6_IS_ADDR_V4MAPPED(&six))
		digest_field(d, str_of(inet_ntop(AF_INET, six.s6_addr + 12, text, sizeof(text))));
	else if (inet_pton(AF_INET6, text, &six) == 1)
		digest_field(d, (struct str){ (const char *)&six, 8 });
	else
		digest_field(d, address);
}

static struct key
key_for(struct attempts *a, char kind, struct str user, struct str address)
{
	digest_start(a->digest);
	digest_field(a->digest, str_of(a->seed));
	digest_field(a->digest, (struct str){ &kind, 1 });
	if (kind != 'a')
		digest_field(a->digest, user);
	if (kind != 'u')
		add_address(a->digest, address);
	return key_of(digest_end(a->digest));
}

/* Its place: the one it has, else the one that is free soonest among those it may have. */
static struct place *
place_of(struct attempts *a, struct key k)
{
	size_t first = ((size_t)k.b[0] << 8 | k.b[1]) % PLACES;
	struct place *best = NULL;

	for (size_t i = 0; i < NEAR; i++) {
		struct place *p = &a->places[(first + i) % PLACES];

		if (key_eq(p->key, k))
			return p;
		if (best == NULL || p->until < best->until)
			best = p;
	}
	*best = (struct place){ .key = k };
	return best;
}

/* Seconds until ${p} has room for one more. */
static int64_t
wait_for(const struct place *p, const struct budget *b, int64_t now)
{
	int64_t owed = p->until > now ? p->until - now : 0;
	int64_t most = (int64_t)(b->burst - 1) * b->seconds;

	return owed > most ? owed - most : 0;
}

/* Whether budget ${i} does not bind: that of the user alone, for a link or where he was let in lately. */
static bool
is_exempt(struct attempts *a, size_t i, struct str user, struct str address, int64_t now)
{
	return budgets[i].kind == 'u' &&
	    (user.n == 0 || place_of(a, key_for(a, 't', user, address))->until > now);
}

unsigned
attempts_charge(struct attempts *a, struct str user, struct str address, int64_t now)
{
	int64_t longest = 0;

	pthread_mutex_lock(&a->mutex);
	/* The narrowest first: what it refuses costs the others nothing. */
	for (size_t i = 0; i < BUDGETS && longest == 0; i++)
		if (!is_exempt(a, i, user, address, now))
			longest = wait_for(place_of(a, key_for(a, budgets[i].kind, user, address)),
			    &budgets[i], now);
	for (size_t i = 0; i < BUDGETS && longest == 0; i++) {
		struct place *p = place_of(a, key_for(a, budgets[i].kind, user, address));

		p->until = (p->until > now ? p->until : now) + budgets[i].seconds;
	}
	pthread_mutex_unlock(&a->mutex);
	return (unsigned)longest;
}

static void
forgive(struct attempts *a, struct str user, struct str address, int64_t now)
{
	for (size_t i = 0; i < BUDGETS; i++) {
		struct place *p = place_of(a, key_for(a, budgets[i].kind, user, address));

		p->until -= p->until > now ? budgets[i].seconds : 0;
	}
}

void
attempts_forgive(struct attempts *a, struct str user, struct str address, int64_t now)
{
	pthread_mutex_lock(&a->mutex);
	forgive(a, user, address, now);
	pthread_mutex_unlock(&a->mutex);
}

void
attempts_trust(struct attempts *a, struct str user, struct str address, int64_t now)
{
	pthread_mutex_lock(&a->mutex);
	forgive(a, user, address, now);
	place_of(a, key_for(a, 't', user, address))->until = now + TRUST_SECONDS;
	pthread_mutex_unlock(&a->mutex);
}
