#include "cli/progress.h"

#include <stdio.h>
#include <unistd.h>

#include "cli/tally.h"

void
progress_start(struct progress *p, bool wanted)
{
	*p = (struct progress){ .shown = wanted && isatty(STDERR_FILENO) };
	clock_gettime(CLOCK_MONOTONIC, &p->start);
	p->last = p->start;
}

static double
seconds(const struct timespec *from, const struct timespec *to)
{
	return (double)(to->tv_sec - from->tv_sec) + (double)(to->tv_nsec - from->tv_nsec) / 1e9;
}

/* Seconds since the start, or 0 when it is too early for another line. */
static double
due(struct progress *p)
{
	struct timespec now;

	if (!p->shown)
		return 0;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (seconds(&p->last, &now) < 0.1)
		return 0;
	p->last = now;
	p->written = true;
	return seconds(&p->start, &now);
}

void
progress_step(struct progress *p, const struct tally *t)
{
	double elapsed = due(p);

	if (elapsed > 0)
		fprintf(stderr, "\r%llu mails, %llu reports, %llu records, %.0f mails/s\033[K",
		    (unsigned long long)t->mails, (unsigned long long)t->reports,
		    (unsigned long long)t->records, (double)t->mails / elapsed);
}

void
progress_count(struct progress *p, uint64_t reports, uint64_t changed)
{
	double elapsed = due(p);

	if (elapsed > 0)
		fprintf(stderr, "\r%llu reports, %llu not as they should be, %.0f reports/s\033[K",
		    (unsigned long long)reports, (unsigned long long)changed,
		    (double)reports / elapsed);
}

void
progress_mails(struct progress *p, uint64_t mails, uint64_t changed)
{
	double elapsed = due(p);

	if (elapsed > 0)
		fprintf(stderr, "\r%llu mails, %llu with another outcome, %.0f mails/s\033[K",
		    (unsigned long long)mails, (unsigned long long)changed,
		    (double)mails / elapsed);
}

void
progress_end(struct progress *p)
{
	if (p->written)
		fputs("\r\033[K", stderr);
	p->written = false;
}
