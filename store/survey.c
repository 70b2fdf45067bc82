#include "store/survey.h"

#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/postmaster.h"

#define TAIL_BYTES 4096

/* The bytes that all below ${path} takes of the disk. */
static uint64_t
bytes_below(char *path)
{
	char *const paths[] = { path, NULL };
	FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);
	uint64_t sum = 0;
	FTSENT *at;

	while (walk != NULL && (at = fts_read(walk)) != NULL)
		if (at->fts_info == FTS_F || at->fts_info == FTS_D)
			sum += (uint64_t)at->fts_statp->st_blocks * 512;
	if (walk != NULL)
		fts_close(walk);
	return sum;
}

static uint64_t
size_of(const char *state_dir, const char *name)
{
	char path[4400];

	snprintf(path, sizeof(path), "%s/%s", state_dir, name);
	return bytes_below(path);
}

/* The end of a file: how many bytes. */
static size_t
read_tail(int dir, const char *name, char *room, size_t n)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;
	ssize_t got = -1;

	if (fd >= 0 && fstat(fd, &st) == 0)
		got = pread(fd, room, n, st.st_size > (off_t)n ? st.st_size - (off_t)n : 0);
	if (fd >= 0)
		close(fd);
	return got > 0 ? (size_t)got : 0;
}

static void
read_last_line(int dir, struct survey *s)
{
	char tail[TAIL_BYTES];
	size_t n = read_tail(dir, POSTMASTER_LOG, tail, sizeof(tail)), start;

	while (n > 0 && tail[n - 1] == '\n')
		n--;
	for (start = n; start > 0 && tail[start - 1] != '\n'; start--)
		;
	snprintf(s->last_line, sizeof(s->last_line), "%.*s", (int)(n - start), tail + start);
}

void
survey_take(const char *state_dir, struct survey *s)
{
	static const char *const words[] = { [POSTMASTER_DOWN] = "down",
		[POSTMASTER_STARTING] = "starting",
		[POSTMASTER_READY] = "running",
		[POSTMASTER_STOPPING] = "stopping" };
	int dir = open(state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct postmaster p = { .dir = dir, .path = state_dir };
	size_t n;

	*s = (struct survey){ .state = "down" };
	if (dir < 0)
		return;
	n = read_tail(dir, "data/PG_VERSION", s->version, sizeof(s->version) - 1);
	s->version[strcspn(s->version, "\n")] = '\0';
	if (n > 0) {
		snprintf(p.socket, sizeof(p.socket), "%s",
		    strlen(state_dir) < sizeof(p.socket) ? state_dir : "");
		s->state = words[postmaster_look(&p)];
		s->data_bytes = size_of(state_dir, "data");
	}
	s->log_bytes = size_of(state_dir, "log");
	read_last_line(dir, s);
	close(dir);
}
