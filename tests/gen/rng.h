/* rng.h - numbers that look random and depend on nothing but their keys. */
#ifndef GEN_RNG_H
#define GEN_RNG_H
#include <stdint.h>

/*
 * Integers only: a double may round differently from one compiler to the next,
 * and the same seed must give the same bytes everywhere.
 */
struct rng {
	uint64_t state;
};

/* One independent stream for each set of keys. */
struct rng rng_make(uint64_t seed, uint64_t a, uint64_t b, uint64_t c);
uint64_t rng_next(struct rng *);

/* Uniform in 0 … ${n} - 1; 0 when ${n} is 0. */
uint32_t rng_below(struct rng *, uint32_t n);

/* Uniform in ${low} … ${high}, both included. */
uint32_t rng_range(struct rng *, uint32_t low, uint32_t high);

/* The stateless half: spreads one number over 64 bits. */
uint64_t rng_mix(uint64_t);
#endif
