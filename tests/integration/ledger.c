/*
 * Driver of 25-ledger.t.
 *
 *   ledger DIR known SOURCE AFTER [failures]     what is known of a source: how many, and the microseconds
 *   ledger DIR marks SOURCE                      its marks
 *   ledger DIR mark SOURCE [FOLDER NAME UIDVALIDITY UID]...
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "store/ledger.h"

#define MARKS_MOST 100

static long
microseconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void
count(void *arg, struct key k)
{
	size_t *n = arg;

	(void)k;
	++*n;
}

static int
known(struct ledger *l, int64_t id, int argc, char **argv, struct err *e)
{
	size_t done = 0, success = 0, failure = 0, n;
	struct keyset *set = keyset_new();
	struct arena *arena = arena_new((size_t)1 << 20);
	long start = microseconds();
	int rc = ledger_marks(l, id, arena, &n, e) != NULL
	    ? ledger_known(l, id, n > 0, argv[0], argc > 1, set, e)
	    : -1;

	start = microseconds() - start;
	keyset_each(set, KNOWN_DONE, count, &done);
	keyset_each(set, KNOWN_SUCCESS, count, &success);
	keyset_each(set, KNOWN_FAILURE, count, &failure);
	printf("%zu %zu %zu\n%ld\n", done, success, failure, start);
	arena_free(arena);
	keyset_free(set);
	return rc;
}

static int
marks(struct ledger *l, int64_t id, struct err *e)
{
	struct arena *arena = arena_new((size_t)1 << 20);
	size_t n = 0;
	const struct mark *m = ledger_marks(l, id, arena, &n, e);

	for (size_t i = 0; i < n; i++)
		printf("%lld %s %u %u\n", (long long)m[i].folder_id, m[i].name, m[i].uidvalidity,
		    m[i].uid);
	arena_free(arena);
	return m != NULL ? 0 : -1;
}

static int
mark(struct ledger *l, int64_t id, int argc, char **argv, struct err *e)
{
	struct mark m[MARKS_MOST];
	size_t n = 0;

	for (; argc >= 4 && n < MARKS_MOST; argc -= 4, argv += 4)
		m[n++] = (struct mark){ strtoll(argv[0], NULL, 10), argv[1],
			(uint32_t)strtoul(argv[2], NULL, 10),
			(uint32_t)strtoul(argv[3], NULL, 10) };
	return ledger_mark(l, id, m, n, e);
}

static int
run(struct ledger *l, int argc, char **argv, struct err *e)
{
	int64_t id;

	if (ledger_source(l, argv[1], true, &id, e) < 0)
		return -1;
	if (strcmp(argv[0], "known") == 0)
		return known(l, id, argc - 2, argv + 2, e);
	if (strcmp(argv[0], "marks") == 0)
		return marks(l, id, e);
	return mark(l, id, argc - 2, argv + 2, e);
}

int
main(int argc, char **argv)
{
	struct database_conf conf = { .state_dir = argc > 1 ? argv[1] : "" };
	struct database *db;
	struct ledger *l = NULL;
	struct err e;
	int rc = -1;

	if (argc < 4)
		return 1;
	db = database_open(&conf, &e);
	if (db != NULL && database_ready(db, true, &e) == 0)
		l = ledger_open(db, &e);
	if (l != NULL)
		rc = run(l, argc - 2, argv + 2, &e);
	if (rc < 0)
		printf("%s\n", e.text);
	ledger_close(l);
	database_close(db);
	return rc < 0;
}
