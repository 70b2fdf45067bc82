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

void
progress_step(struct progress *p, const struct tally *t)
{
	struct timespec now;
	double elapsed;

	if (!p->shown)
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (seconds(&p->last, &now) < 0.1)
		return;
	p->last = now;
	elapsed = seconds(&p->start, &now);
	fprintf(stderr, "\r%llu mails, %llu reports, %llu records, %.0f mails/s\033[K",
	    (unsigned long long)t->mails, (unsigned long long)t->reports,
	    (unsigned long long)t->records, (double)t->mails / (elapsed > 0 ? elapsed : 1));
	p->written = true;
}

void
progress_end(struct progress *p)
{
	if (p->written)
		fputs("\r\033[K", stderr);
	p->written = false;
}
