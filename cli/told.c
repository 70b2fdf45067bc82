#include "cli/told.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/digest.h"
#include "core/log.h"

/* In the byte order of the machine: the file does not travel, and what cannot be read is not told. */
struct slot {
	int64_t at; /* when it was printed, microseconds UTC: no two at once */
	int64_t line;
};

#define BYTES ((off_t)(TOLD_SLOTS * sizeof(struct slot)))

static int file = -1; /* one per process, as standard error is */
static bool news;

static int64_t
microseconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static bool
is_recent(const struct slot *s, int64_t now)
{
	/* A clock that was set back must not silence anything for years. */
	return s->at <= now && now - s->at < TOLD_SECONDS * INT64_C(1000000);
}

/* The slot of ${line}, or else the one to be used for it. */
static size_t
find(const struct slot *slots, int64_t line, int64_t now)
{
	int64_t least = INT64_MAX;
	size_t best = 0;

	for (size_t i = 0; i < TOLD_SLOTS; i++) {
		int64_t at = is_recent(&slots[i], now) ? slots[i].at : INT64_MIN;

		if (slots[i].line == line)
			return i;
		if (at < least) {
			least = at;
			best = i;
		}
	}
	return best;
}

/* With the file locked: whether ${line} is to be printed; then it is told. */
static bool
note(int64_t line, int64_t now)
{
	struct slot slots[TOLD_SLOTS], told = { now, line };
	size_t i;

	if (pread(file, slots, sizeof(slots), 0) != (ssize_t)sizeof(slots))
		return true;
	i = find(slots, line, now);
	if (slots[i].line == line && is_recent(&slots[i], now))
		return false;
	/* Not told again before it is told: what cannot be written is printed once more. */
	(void)!pwrite(file, &told, sizeof(told), (off_t)(i * sizeof(told)));
	return true;
}

static bool
wanted(void *arg, struct str text)
{
	struct digest *d;
	bool print;

	(void)arg;
	if (news) {
		news = false;
		return true;
	}
	if (flock(file, LOCK_EX) < 0)
		return true;
	d = digest_new();
	print = note(id_of(digest_of(d, text)), microseconds());
	digest_free(d);
	flock(file, LOCK_UN);
	return print;
}

/* All of its blocks at once: it never needs another. */
static bool
make_whole(void)
{
	struct stat st;

	if (fstat(file, &st) < 0 || !S_ISREG(st.st_mode))
		return false;
	return st.st_size == BYTES ||
	    (ftruncate(file, 0) == 0 && posix_fallocate(file, 0, BYTES) == 0);
}

void
told_begin(const char *state_dir)
{
	char path[4400];

	told_end();
	snprintf(path, sizeof(path), "%s/told", state_dir);
	file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (file < 0)
		return;
	if (make_whole())
		log_filter(wanted, NULL);
	else
		told_end();
}

void
told_end(void)
{
	log_filter(NULL, NULL);
	news = false;
	if (file >= 0)
		close(file);
	file = -1;
}

void
told_news(void)
{
	news = file >= 0;
}
