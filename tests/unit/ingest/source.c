#include "ingest/source.h"

#include <poll.h>

#include "tests/unit/ingest/tree.h"

static void
a_source_is_named_by_its_real_path(void **state)
{
	struct tree tree = tree_new("/tmp");
	struct err e;
	static const struct {
		const char *path, *kind, *real;
		bool maildir;
	} t[] = {
		{ "box", "maildir:", "box", true },
		{ "box/", "maildir:", "box", true },
		{ "box/../box/./", "maildir:", "box", true },
		{ "link", "maildir:", "box", true },
		{ "untmp", "maildir:", "untmp", true },
		{ "dir", "files:", "dir", false },
		{ "curless", "files:", "curless", false },
		{ "\xff.xml", "files:", "\xff.xml", false },
	};

	(void)state;
	tree_maildir(&tree, "box");
	tree_maildir(&tree, "untmp");
	assert_int_equal(rmdir(tree_at(&tree, "untmp/tmp")), 0);
	tree_maildir(&tree, "curless");
	assert_int_equal(rmdir(tree_at(&tree, "curless/cur")), 0);
	tree_file(&tree, "curless/cur", "text");
	tree_mkdir(&tree, "dir");
	tree_file(&tree, "\xff.xml", "text");
	assert_int_equal(symlink("box", tree_at(&tree, "link")), 0);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		char id[256];
		const char *path = tree_at(&tree, t[i].path);
		const struct source_conf conf = { .path = path };
		struct source *s = source_open(&conf, "/tmp", &e);

		assert_non_null(s);
		snprintf(id, sizeof(id), "%s%s/%s", t[i].kind, tree.path, t[i].real);
		assert_string_equal(source_id(s), id);
		assert_int_equal(source_kind(s), t[i].maildir ? SOURCE_MAILDIR : SOURCE_FILES);
		source_close(s);
	}
	source_close(NULL);
	tree_remove(&tree);
}

static void
what_is_no_source_is_said(void **state)
{
	static const struct {
		const char *path;
		enum after after;
		const char *failures, *text;
	} t[] = {
		{ "missing", AFTER_KEEP, NULL, "/missing\": there is no such file" },
		{ "file/x", AFTER_KEEP, NULL, "/file/x\": there is no such file" },
		{ "loop", AFTER_KEEP, NULL, "/loop\": there is no such file" },
		{ "fifo", AFTER_KEEP, NULL, "/fifo\": it is neither maildir nor" },
		{ "file", AFTER_SEEN, NULL, "/file\": it is no maildir" },
		{ "dir", AFTER_MOVE, NULL, "/dir\": it is no maildir" },
		{ "dir", AFTER_DELETE, NULL, "/dir\": it is no maildir" },
		{ "dir", AFTER_KEEP, "Bad", "/dir\": it is no maildir" },
		{ "box", AFTER_MOVE, NULL, "it is not said where to" },
	};
	struct tree tree = tree_new("/tmp");

	(void)state;
	tree_maildir(&tree, "box");
	tree_mkdir(&tree, "dir");
	tree_file(&tree, "file", "text");
	assert_int_equal(mkfifo(tree_at(&tree, "fifo"), 0644), 0);
	assert_int_equal(symlink("loop", tree_at(&tree, "loop")), 0);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		const char *path = tree_at(&tree, t[i].path);
		const struct source_conf conf = {
			.path = path, .after = t[i].after, .failures = t[i].failures
		};
		struct err e = { .kind = ERR_NONE };

		assert_null(source_open(&conf, "/tmp", &e));
		assert_int_equal(e.kind, ERR_CONFIG);
		if (strstr(e.text, t[i].text) == NULL)
			fail_msg("%s", e.text);
	}
	tree_remove(&tree);
}

static int
open_closed_doors(const struct tree *t)
{
	static const char *const closed[] = { "box", "dir", "dir/x", "halfbox" };

	for (size_t i = 0; i < sizeof(closed) / sizeof(closed[0]); i++) {
		const char *path = tree_at(t, closed[i]);
		const struct source_conf conf = { .path = path };
		struct err e = { .kind = ERR_NONE };
		struct source *s = source_open(&conf, "/tmp", &e);

		TREE_CHECK(s == NULL);
		TREE_CHECK(e.kind == ERR_SOURCE && strstr(e.text, t->path) != NULL);
		TREE_CHECK(strstr(e.text, "Permission denied (ruastat runs as ") != NULL);
	}
	return 0;
}

static void
closed_doors_name_who_may_open_them(void **state)
{
	struct tree tree = tree_new("/tmp");

	(void)state;
	tree_maildir(&tree, "box");
	tree_maildir(&tree, "halfbox");
	tree_mkdir(&tree, "dir");
	tree_file(&tree, "dir/x", "text");
	assert_int_equal(chmod(tree_at(&tree, "box"), 0), 0);
	assert_int_equal(chmod(tree_at(&tree, "halfbox/cur"), 0), 0);
	assert_int_equal(chmod(tree_at(&tree, "dir"), 0), 0);
	assert_int_equal(tree_as_nobody(open_closed_doors, &tree), 0);
	assert_int_equal(chmod(tree_at(&tree, "box"), 0755), 0);
	assert_int_equal(chmod(tree_at(&tree, "halfbox/cur"), 0755), 0);
	assert_int_equal(chmod(tree_at(&tree, "dir"), 0755), 0);
	tree_remove(&tree);
}

/* The next step of a source that is watched, after waiting for it ${ms} at most. */
static int
next_within(struct source *s, struct keyset *known, int ms, struct mail *m, struct err *e)
{
	struct pollfd p;
	int step = source_next(s, known, m, e);

	for (; step == SOURCE_WAIT && ms > 0; ms -= 50) {
		source_pollfd(s, &p);
		poll(&p, 1, 50);
		if (p.revents != 0)
			step = source_next(s, known, m, e);
	}
	return step;
}

static void
comes(struct source *s, struct keyset *known, const char *name)
{
	struct mail m;
	struct err e;
	int step = next_within(s, known, 2000, &m, &e);

	if (step < 0)
		fail_msg("%s", e.text);
	assert_int_equal(step, SOURCE_MAIL);
	assert_string_equal(m.name, name);
	close(m.fd);
	assert_int_equal(source_next(s, known, &m, &e), SOURCE_WAIT);
}

static void
comes_nothing(struct source *s, struct keyset *known)
{
	struct mail m;
	struct err e;

	assert_int_equal(next_within(s, known, 500, &m, &e), SOURCE_WAIT);
}

static struct source *
watch(const char *path, enum after after)
{
	const struct source_conf conf = {
		.path = path, .after = after, .subfolders = true, .watch = true
	};
	struct err e;
	struct source *s = source_open(&conf, "/tmp", &e);

	if (s == NULL)
		fail_msg("%s", e.text);
	return s;
}

static void
a_watched_maildir_tells_what_comes(void **state)
{
	struct tree tree = tree_new("/tmp");
	struct keyset *known = keyset_new();
	struct source *s;
	struct mail m;
	struct err e;

	(void)state;
	tree_maildir(&tree, "box");
	s = watch(tree_at(&tree, "box"), AFTER_KEEP);
	comes_nothing(s, known);
	tree_file(&tree, "box/tmp/a", "text");
	comes_nothing(s, known);
	assert_int_equal(rename(tree_at(&tree, "box/tmp/a"), tree_at(&tree, "box/new/a")), 0);
	comes(s, known, "new/a");
	/* it is not known yet, and not given again */
	assert_int_equal(rename(tree_at(&tree, "box/new/a"), tree_at(&tree, "box/cur/a:2,S")), 0);
	tree_file(&tree, "box/cur/b:2,", "text");
	comes(s, known, "cur/b:2,");
	tree_maildir(&tree, "box/.Sub");
	comes_nothing(s, known);
	tree_file(&tree, "box/.Sub/new/c", "text");
	comes(s, known, ".Sub/new/c");
	assert_int_equal(rename(tree_at(&tree, "box"), tree_at(&tree, "gone")), 0);
	assert_int_equal(next_within(s, known, 2000, &m, &e), -1);
	assert_int_equal(e.kind, ERR_SOURCE);
	assert_non_null(strstr(e.text, "/box\" is gone"));
	source_close(s);
	keyset_free(known);
	tree_remove(&tree);
}

static void
a_watched_directory_tells_what_is_complete(void **state)
{
	struct tree tree = tree_new("/tmp");
	struct keyset *known = keyset_new();
	struct source *s;
	struct mail m;
	struct err e;
	int fd;

	(void)state;
	tree_mkdir(&tree, "dir");
	s = watch(tree_at(&tree, "dir"), AFTER_KEEP);
	comes_nothing(s, known);
	fd = open(tree_at(&tree, "dir/a"), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	for (int i = 0; i < 6; i++) {
		assert_int_equal(write(fd, "text", 4), 4);
		tree_file(&tree, "dir/.other", "a reason to look");
		assert_int_equal(next_within(s, known, 300, &m, &e), SOURCE_WAIT);
	}
	close(fd);
	comes(s, known, "a");
	tree_mkdir(&tree, "dir/deep");
	tree_file(&tree, "dir/deep/b", "text");
	comes(s, known, "deep/b");
	comes_nothing(s, known);
	assert_int_equal(rename(tree_at(&tree, "dir"), tree_at(&tree, "gone")), 0);
	assert_int_equal(next_within(s, known, 2000, &m, &e), -1);
	assert_int_equal(e.kind, ERR_SOURCE);
	source_close(s);
	keyset_free(known);
	tree_remove(&tree);
}

static void
a_watched_file_tells_when_it_is_another(void **state)
{
	struct tree tree = tree_new("/tmp");
	struct keyset *known = keyset_new();
	struct source *s;

	(void)state;
	tree_file(&tree, "a", "text");
	s = watch(tree_at(&tree, "a"), AFTER_KEEP);
	comes(s, known, "a");
	tree_file(&tree, "b", "another");
	comes_nothing(s, known);
	assert_int_equal(rename(tree_at(&tree, "b"), tree_at(&tree, "a")), 0);
	comes(s, known, "a");
	source_close(s);
	keyset_free(known);
	tree_remove(&tree);
}

static int
acknowledge_what_is_refused(const struct tree *t)
{
	const char *path = tree_at(t, "box");
	const struct source_conf conf = { .path = path, .after = AFTER_DELETE, .watch = true };
	struct keyset *known = keyset_new();
	struct key keys[2];
	struct mail m;
	struct err e = { .kind = ERR_NONE };
	struct source *s = source_open(&conf, "/tmp", &e);
	size_t n;

	TREE_CHECK(s != NULL);
	for (int i = 0; i < 2; i++) {
		TREE_CHECK(source_next(s, known, &m, &e) == SOURCE_MAIL);
		close(m.fd);
		keys[i] = m.keys[0];
		keyset_put(known, m.keys[0], KNOWN_DONE);
		/* told once */
		TREE_CHECK(source_acknowledge(s, m.keys[0], m.name, KNOWN_SUCCESS, &e) ==
		    (i == 0 ? -1 : 0));
		TREE_CHECK(e.kind == ERR_MESSAGE && strstr(e.text, "Permission denied") != NULL);
	}
	TREE_CHECK(source_next(s, known, &m, &e) == SOURCE_WAIT);
	(void)source_settled(s, &n);
	TREE_CHECK(n == 0);
	TREE_CHECK(chmod(tree_at(t, "box/new"), 0755) == 0);
	TREE_CHECK(mkdir(tree_at(t, "box/.reason"), 0755) == 0);
	TREE_CHECK(next_within(s, known, 500, &m, &e) == SOURCE_WAIT);
	(void)source_settled(s, &n);
	TREE_CHECK(n == 2 && !tree_has(t, "box/new/a") && !tree_has(t, "box/new/b"));
	TREE_CHECK(!key_eq(keys[0], keys[1]));
	source_close(s);
	keyset_free(known);
	return 0;
}

static void
what_could_not_be_acknowledged_is_tried_by_the_next_scan(void **state)
{
	struct tree tree = tree_new("/tmp");

	(void)state;
	tree_maildir(&tree, "box");
	tree_file(&tree, "box/new/a", "text");
	tree_file(&tree, "box/new/b", "text");
	if (geteuid() == 0) {
		assert_int_equal(chown(tree_at(&tree, "box"), 65534, 65534), 0);
		assert_int_equal(chown(tree_at(&tree, "box/new"), 65534, 65534), 0);
	}
	assert_int_equal(chmod(tree_at(&tree, "box/new"), 0555), 0);
	assert_int_equal(tree_as_nobody(acknowledge_what_is_refused, &tree), 0);
	tree_remove(&tree);
}

/* What waits and is not there any more was moved or deleted by somebody. */
static void
what_is_gone_is_settled_at_the_end(void **state)
{
	struct tree tree = tree_new("/tmp");
	struct source_conf conf = { .path = tree.path, .after = AFTER_DELETE };
	struct keyset *known = keyset_new();
	struct key gone = { { 1 } };
	struct source *s;
	struct buf names;
	struct err e;
	size_t n;

	(void)state;
	buf_init(&names, 1 << 20);
	tree_maildir(&tree, "");
	tree_file(&tree, "new/a", "text");
	keyset_put(known, gone, KNOWN_SUCCESS);
	s = source_open(&conf, "/tmp", &e);
	assert_non_null(s);
	assert_int_equal(tree_scan(s, known, KNOWN_DONE, &names, NULL), 1);
	assert_true(key_eq(*source_settled(s, &n), gone));
	assert_int_equal(n, 1);
	assert_int_equal(keyset_get(known, gone), KNOWN_DONE);
	(void)source_settled(s, &n);
	assert_int_equal(n, 0);
	source_close(s);
	buf_fini(&names);
	keyset_free(known);
	tree_remove(&tree);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_source_is_named_by_its_real_path),
		cmocka_unit_test(what_is_no_source_is_said),
		cmocka_unit_test(closed_doors_name_who_may_open_them),
		cmocka_unit_test(a_watched_maildir_tells_what_comes),
		cmocka_unit_test(a_watched_directory_tells_what_is_complete),
		cmocka_unit_test(a_watched_file_tells_when_it_is_another),
		cmocka_unit_test(what_could_not_be_acknowledged_is_tried_by_the_next_scan),
		cmocka_unit_test(what_is_gone_is_settled_at_the_end),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("source", tests, NULL, NULL);
}
