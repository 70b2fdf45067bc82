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
	return s->at <= now && s->at > now - TOLD_SECONDS * INT64_C(1000000);
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

/* Where a server's own words begin in ${text}; its end where there are none. */
static size_t
server_at(struct str text)
{
	static const char *const openings[] = { "the server says: ",
		"the server ended the session: " };
	size_t least = text.n;

	for (size_t i = 0; i < sizeof(openings) / sizeof(openings[0]); i++) {
		const char *at = str_find(text, str_of(openings[i]));
		size_t n = at != NULL ? (size_t)(at - text.p) + strlen(openings[i]) : text.n;

		least = n < least ? n : least;
	}
	return least;
}

/* What names a line: servers add times and numbers of sessions, so their words with digits are all one. */
static int64_t
name_of(struct str text)
{
	size_t at = server_at(text);
	struct digest *d = digest_new();
	int64_t line;

	digest_start(d);
	digest_add(d, (struct str){ text.p, at });
	for (size_t n; at < text.n; at += n + 1) {
		const char *blank = memchr(text.p + at, ' ', text.n - at);
		struct str word = { text.p + at, 0 };
		bool digit = false;

		n = blank != NULL ? (size_t)(blank - word.p) : text.n - at;
		word.n = n;
		for (size_t i = 0; i < n; i++)
			digit |= word.p[i] >= '0' && word.p[i] <= '9';
		digest_field(d, digit ? STR("#") : word);
	}
	line = id_of(digest_end(d));
	digest_free(d);
	return line;
}

static bool
wanted(void *arg, struct str text)
{
	bool print;

	(void)arg;
	if (news) {
		news = false;
		return true;
	}
	if (flock(file, LOCK_EX) < 0)
		return true;
	print = note(name_of(text), microseconds());
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
