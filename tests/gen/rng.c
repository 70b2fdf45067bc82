/* rng.c - a Weyl sequence through a multiply-and-shift finaliser. */
#include "rng.h"

#define GOLDEN 0x9e3779b97f4a7c15u /* 2^64 / golden ratio */

uint64_t
rng_mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

struct rng
rng_make(uint64_t seed, uint64_t a, uint64_t b, uint64_t c)
{
	struct rng r;

	r.state = rng_mix(seed + GOLDEN);
	r.state = rng_mix(r.state ^ (a + GOLDEN));
	r.state = rng_mix(r.state ^ (b + 2 * GOLDEN));
	r.state = rng_mix(r.state ^ (c + 3 * GOLDEN));
	return r;
}

uint64_t
rng_next(struct rng *r)
{
	r->state += GOLDEN;
	return rng_mix(r->state);
}

uint32_t
rng_below(struct rng *r, uint32_t n)
{
	return (uint32_t)(((rng_next(r) >> 32) * n) >> 32);
}

uint32_t
rng_range(struct rng *r, uint32_t low, uint32_t high)
{
	return low + rng_below(r, high - low + 1);
}
