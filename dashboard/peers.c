#include "dashboard/peers.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/limits.h"
#include "core/now.h"

/* Of an IPv6 address the first 64 bits, all that a single customer is sure to be; else all of it. */
struct origin {
	unsigned char family, b[16];
};

struct peer {
	int fd;           /* -1: the place is free */
	bool asked;       /* its request is here */
	bool leaving;     /* shut down, and to be gone soon */
	int64_t deadline; /* milliseconds: among many of one second the oldest is meant */
	struct origin origin;
};

struct peers {
	pthread_mutex_t mutex;
	size_t nproxies;
	struct origin proxies[LIMIT_PROXIES]; /* whole addresses */
	struct peer all[PEERS_PLACES];
};

static struct origin
address_of(const struct sockaddr *a)
{
	struct origin o = { 0 };

	if (a->sa_family == AF_INET) {
		o.family = AF_INET;
		memcpy(o.b, &((const struct sockaddr_in *)(const void *)a)->sin_addr, 4);
	} else if (a->sa_family == AF_INET6) {
		const struct in6_addr *six =
		    &((const struct sockaddr_in6 *)(const void *)a)->sin6_addr;

		o.family = IN6_IS_ADDR_V4MAPPED(six) ? AF_INET : AF_INET6;
		if (o.family == AF_INET)
			memcpy(o.b, six->s6_addr + 12, 4);
		else
			memcpy(o.b, six->s6_addr, 16);
	}
	return o;
}

static struct origin
origin_of(const struct sockaddr *a)
{
	struct origin o = address_of(a);

	if (o.family == AF_INET6)
		memset(o.b + 8, 0, 8);
	return o;
}

static bool
same(const struct origin *a, const struct origin *b)
{
	return a->family == b->family && memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

struct peers *
peers_new(const char *const *proxies, size_t n)
{
	struct peers *p = calloc(1, sizeof(*p));

	if (p == NULL)
		abort();
	pthread_mutex_init(&p->mutex, NULL);
	for (size_t i = 0; i < PEERS_PLACES; i++)
		p->all[i].fd = -1;
	for (size_t i = 0; i < n && p->nproxies < LIMIT_PROXIES; i++) {
		struct origin *o = &p->proxies[p->nproxies];

		if (inet_pton(AF_INET, proxies[i], o->b) == 1)
			o->family = AF_INET;
		else if (inet_pton(AF_INET6, proxies[i], o->b) == 1)
			o->family = AF_INET6;
		else
			continue;
		p->nproxies++;
	}
	return p;
}

void
peers_free(struct peers *p)
{
	if (p == NULL)
		return;
	pthread_mutex_destroy(&p->mutex);
	free(p);
}

bool
peers_trusts(const struct peers *p, const struct sockaddr *a)
{
	struct origin o = address_of(a);

	for (size_t i = 0; i < p->nproxies; i++)
		if (same(&p->proxies[i], &o))
			return true;
	return false;
}

/* With the mutex held. */
static void
send_away(struct peer *one)
{
	shutdown(one->fd, SHUT_RDWR);
	one->leaving = true;
}

/* Whoever of the two has less time left; either may be NULL. */
static struct peer *
sooner(struct peer *a, struct peer *b)
{
	return a == NULL || (b != NULL && b->deadline < a->deadline) ? b : a;
}

/* Who must go for a newcomer of ${o}: with the mutex held.  False where it is the newcomer. */
static bool
make_room(struct peers *p, const struct origin *o, bool trusted)
{
	struct peer *waiting = NULL, *own_waiting = NULL, *taking = NULL, *victim;
	size_t own = 0, all = 0;

	for (size_t i = 0; i < PEERS_PLACES; i++) {
		struct peer *one = &p->all[i];

		if (one->fd < 0 || one->leaving)
			continue;
		all++;
		own += same(&one->origin, o);
		if (one->asked)
			taking = sooner(taking, one);
		else
			waiting = sooner(waiting, one);
		if (!one->asked && same(&one->origin, o))
			own_waiting = sooner(own_waiting, one);
	}
	if (own >= LIMIT_HTTP_PER_ADDRESS && !trusted)
		victim = own_waiting;
	else if (all >= LIMIT_HTTP_CONNECTIONS)
		victim = waiting != NULL ? waiting : taking;
	else
		return true;
	if (victim != NULL)
		send_away(victim);
	return victim != NULL;
}

bool
peers_admit(struct peers *p, const struct sockaddr *a)
{
	struct origin o = origin_of(a);
	bool admitted;

	pthread_mutex_lock(&p->mutex);
	admitted = make_room(p, &o, peers_trusts(p, a));
	pthread_mutex_unlock(&p->mutex);
	return admitted;
}

struct peer *
peers_opened(struct peers *p, int fd, const struct sockaddr *a)
{
	struct peer *one = NULL;

	pthread_mutex_lock(&p->mutex);
	for (size_t i = 0; i < PEERS_PLACES && one == NULL; i++)
		if (p->all[i].fd < 0)
			one = &p->all[i];
	if (one != NULL)
		*one = (struct peer){ .fd = fd,
			.origin = origin_of(a),
			.deadline = now_ms() + LIMIT_HTTP_WAIT_SECONDS * 1000 };
	else
		shutdown(fd, SHUT_RDWR);
	pthread_mutex_unlock(&p->mutex);
	return one;
}

void
peers_closed(struct peers *p, struct peer *one)
{
	if (one == NULL)
		return;
	pthread_mutex_lock(&p->mutex);
	one->fd = -1;
	pthread_mutex_unlock(&p->mutex);
}

static void
set(struct peers *p, struct peer *one, bool asked, int64_t seconds)
{
	if (one == NULL)
		return;
	pthread_mutex_lock(&p->mutex);
	one->asked = asked;
	one->deadline = now_ms() + seconds * 1000;
	pthread_mutex_unlock(&p->mutex);
}

void
peers_asked(struct peers *p, struct peer *one)
{
	set(p, one, true, LIMIT_HTTP_ANSWER_SECONDS);
}

void
peers_answered(struct peers *p, struct peer *one)
{
	set(p, one, false, LIMIT_HTTP_WAIT_SECONDS);
}

void
peers_tick(struct peers *p)
{
	int64_t t = now_ms();

	pthread_mutex_lock(&p->mutex);
	for (size_t i = 0; i < PEERS_PLACES; i++)
		if (p->all[i].fd >= 0 && p->all[i].deadline < t)
			send_away(&p->all[i]);
	pthread_mutex_unlock(&p->mutex);
}
