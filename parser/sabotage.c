#include "parser/sabotage.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/frame.h"
#include "core/limits.h"
#include "core/str.h"

#define FIELD "\nX-Ruastat-Test: "
#define HEAD 4096 /* bytes of the mail that are looked at */
#define PIECE ((size_t)1 << 20)

static void
crash(int socket)
{
	volatile char *nowhere = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)socket;
	*nowhere = 1;
}

static void
end_at_once(int socket)
{
	(void)socket;
	_exit(0);
}

static void
abort_at_once(int socket)
{
	(void)socket;
	abort();
}

static void
spin(int socket)
{
	volatile bool more = true;

	(void)socket;
	while (more)
		;
}

/* In the jail this is the one call that waits; what comes is the next job, which is not done. */
static void
hang(int socket)
{
	char byte;

	while (read(socket, &byte, 1) > 0)
		;
}

static void
eat(int socket)
{
	char *p;

	(void)socket;
	/* Not without end: under a sanitizer nothing else ends it. */
	for (size_t n = 0; n < 2 * LIMIT_WORKER_MEMORY && (p = calloc(1, PIECE)) != NULL;
	     n += PIECE)
		memset(p, 1, PIECE);
	abort();
}

static void
babble(int socket)
{
	static const char noise[4096] = { (char)0xff };

	(void)!write(socket, noise, sizeof(noise));
}

/* An end with nothing in it. */
static void
forge(int socket)
{
	struct buf b;

	buf_init(&b, 64);
	frame_close(&b, frame_open(&b, FRAME_END));
	(void)!frame_write(socket, buf_str(&b));
	buf_fini(&b);
}

static const struct deed {
	const char *name;
	void (*run)(int socket);
} deeds[] = {
	{ "crash", crash },
	{ "abort", abort_at_once },
	{ "exit", end_at_once },
	{ "spin", spin },
	{ "hang", hang },
	{ "memory", eat },
	{ "babble", babble },
	{ "forge", forge },
};

/* What stands behind ${prefix}, if ${s} begins with it. */
static bool
after(struct str *s, struct str prefix)
{
	if (!str_casestarts(*s, prefix))
		return false;
	*s = (struct str){ s->p + prefix.n, s->n - prefix.n };
	return true;
}

void
sabotage(const char *value, int fd, int socket)
{
	char room[HEAD];
	ssize_t n = pread(fd, room, sizeof(room), 0);
	struct str head = { room, n > 0 ? (size_t)n : 0 };
	const char *at = str_find(head, STR(FIELD));
	struct str said = { at, at != NULL ? head.n - (size_t)(at - head.p) : 0 };

	if (!after(&said, STR(FIELD)) || !after(&said, str_of(value)) || !after(&said, STR(" ")))
		return;
	for (size_t i = 0; i < sizeof(deeds) / sizeof(deeds[0]); i++)
		if (after(&said, str_of(deeds[i].name)))
			deeds[i].run(socket);
}
