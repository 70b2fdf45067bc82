/* noise.h - the other mail in a postmaster's mailbox. */
#ifndef GEN_NOISE_H
#define GEN_NOISE_H
#include <stdint.h>

struct rng;
struct text;

/*
 * Write into ${out} an ordinary mail to ${domain}, delivered at ${when}: from
 * people, a bounce, an automatic answer, a newsletter or an invoice.  Some have
 * attachments, zip and gzip among them; none holds a report.
 */
void noise_mail(struct text *out, const char *domain, int64_t when, struct rng *);
#endif
