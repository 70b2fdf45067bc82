#include "ingest/inotify.h"

#include <poll.h>
#include <time.h>

#include "tests/unit/ingest/tree.h"

static int64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000ll + t.tv_nsec / 1000000;
}

static int
open_dir(const struct tree *t, const char *rel)
{
	int fd = open(tree_at(t, rel), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

/* Milliseconds until it is due, at most ${most}; -1: it is not. */
static int
until_due(struct inotify *in, int most)
{
	struct pollfd p = { .fd = inotify_fd(in), .events = POLLIN };
	int64_t start = now_ms(), left = most;

	while (!inotify_due(in)) {
		left = most - (now_ms() - start);
		if (left <= 0)
			return -1;
		poll(&p, 1, (int)left);
	}
	return (int)(now_ms() - start);
}

static struct inotify *
open_quiet(enum inotify_what what, int dir)
{
	struct err e;
	struct inotify *in = inotify_open(what, &e);

	assert_non_null(in);
	assert_true(inotify_due(in));
	assert_int_equal(inotify_watch(in, dir), 0);
	inotify_done(in);
	return in;
}

static void
what_changes_is_told(void **state)
{
	struct tree tree = tree_new("/tmp");
	struct inotify *in;
	int fd, took;

	(void)state;
	tree_mkdir(&tree, "new");
	fd = open_dir(&tree, "new");
	in = open_quiet(INOTIFY_NAMES, fd);
	close(fd);
	assert_int_equal(until_due(in, 400), -1);
	tree_file(&tree, "new/a", "text");
	assert_in_range(until_due(in, 100), 0, 90);
	inotify_done(in);
	/* nothing more of it: only a pause follows what follows at once */
	assert_int_equal(until_due(in, 400), -1);
	assert_int_equal(rename(tree_at(&tree, "new/a"), tree_at(&tree, "new/b")), 0);
	assert_in_range(until_due(in, 100), 0, 90);
	inotify_done(in);
	assert_int_equal(unlink(tree_at(&tree, "new/b")), 0);
	took = until_due(in, 1000);
	assert_in_range(took, 150, 400);
	inotify_done(in);
	assert_int_equal(rmdir(tree_at(&tree, "new")), 0);
	assert_in_range(until_due(in, 1000), 150, 900);
	inotify_close(in);
	inotify_close(NULL);
	tree_remove(&tree);
}

static void
what_happens_during_a_look_counts_for_the_next(void **state)
{
	struct tree tree = tree_new("/tmp");
	struct inotify *in;
	int fd = open_dir(&tree, "");

	(void)state;
	in = open_quiet(INOTIFY_NAMES, fd);
	inotify_again(in);
	assert_in_range(until_due(in, 1000), 150, 900);
	tree_file(&tree, "a", "text");
	inotify_service(in);
	inotify_done(in);
	assert_in_range(until_due(in, 1000), 150, 900);
	/* a long look is followed by a long pause, and by no longer one */
	nanosleep(&(struct timespec){ 0, 150000000 }, NULL);
	tree_file(&tree, "b", "text");
	inotify_done(in);
	assert_in_range(until_due(in, 2000), 900, 1200);
	close(fd);
	inotify_close(in);
	tree_remove(&tree);
}

/* A look that is under way keeps the descriptor quiet once what came was taken in. */
static void
the_descriptor_does_not_stay_ready(void **state)
{
	struct tree tree = tree_new("/tmp");
	struct pollfd p = { .events = POLLIN };
	struct inotify *in;
	int fd = open_dir(&tree, "");

	(void)state;
	in = open_quiet(INOTIFY_NAMES, fd);
	p.fd = inotify_fd(in);
	assert_int_equal(poll(&p, 1, 300), 0);
	tree_file(&tree, "a", "text");
	assert_int_equal(poll(&p, 1, 0), 1);
	assert_true(inotify_due(in));
	for (int i = 0; i < 1000; i++)
		tree_file(&tree, "b", "text");
	assert_int_equal(poll(&p, 1, 0), 1);
	inotify_service(in);
	assert_int_equal(poll(&p, 1, 300), 0);
	inotify_done(in);
	assert_int_equal(poll(&p, 1, 1500), 1);
	assert_true(inotify_due(in));
	close(fd);
	inotify_close(in);
	tree_remove(&tree);
}

static void
a_file_counts_when_it_is_complete(void **state)
{
	struct tree tree = tree_new("/tmp");
	struct inotify *in;
	int fd = open_dir(&tree, ""), file;

	(void)state;
	tree_mkdir(&tree, "aside");
	in = open_quiet(INOTIFY_FILES, fd);
	file = open(tree_at(&tree, "a"), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	assert_int_equal(write(file, "text", 4), 4);
	assert_int_equal(until_due(in, 400), -1);
	close(file);
	assert_in_range(until_due(in, 100), 0, 90);
	inotify_done(in);
	tree_mkdir(&tree, "dir");
	assert_in_range(until_due(in, 1000), 150, 900);
	inotify_done(in);
	tree_file(&tree, "aside/b", "text");
	assert_int_equal(until_due(in, 400), -1);
	assert_int_equal(rename(tree_at(&tree, "aside/b"), tree_at(&tree, "b")), 0);
	assert_in_range(until_due(in, 100), 0, 90);
	close(fd);
	inotify_close(in);
	tree_remove(&tree);
}

/* More events than the kernel keeps: that something was lost is enough. */
static void
an_overflow_is_a_change(void **state)
{
	struct tree tree = tree_new("/tmp");
	struct inotify *in;
	int fd = open_dir(&tree, "");

	(void)state;
	in = open_quiet(INOTIFY_NAMES, fd);
	tree_file(&tree, "0", "text");
	for (int i = 0; i < 20000; i++) {
		char from[16], to[16];

		snprintf(from, sizeof(from), "%d", i);
		snprintf(to, sizeof(to), "%d", i + 1);
		assert_int_equal(renameat(fd, from, fd, to), 0);
	}
	assert_true(until_due(in, 1000) >= 0);
	inotify_done(in);
	assert_int_equal(until_due(in, 400), -1);
	close(fd);
	inotify_close(in);
	tree_remove(&tree);
}

static void
what_is_no_directory_cannot_be_watched(void **state)
{
	struct tree tree = tree_new("/tmp");
	struct err e;
	struct inotify *in = inotify_open(INOTIFY_NAMES, &e);
	int fd;

	(void)state;
	tree_file(&tree, "a", "text");
	fd = open(tree_at(&tree, "a"), O_RDONLY | O_CLOEXEC);
	assert_int_not_equal(inotify_watch(in, fd), 0);
	assert_int_not_equal(inotify_watch(in, -1), 0);
	close(fd);
	inotify_close(in);
	tree_remove(&tree);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_changes_is_told),
		cmocka_unit_test(what_happens_during_a_look_counts_for_the_next),
		cmocka_unit_test(the_descriptor_does_not_stay_ready),
		cmocka_unit_test(a_file_counts_when_it_is_complete),
		cmocka_unit_test(an_overflow_is_a_change),
		cmocka_unit_test(what_is_no_directory_cannot_be_watched),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("inotify", tests, NULL, NULL);
}
