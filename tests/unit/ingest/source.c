#include "ingest/source.h"

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
		struct source *s = source_open(&conf, &e);

		assert_non_null(s);
		snprintf(id, sizeof(id), "%s%s/%s", t[i].kind, tree.path, t[i].real);
		assert_string_equal(source_id(s), id);
		assert_int_equal(source_is_maildir(s), t[i].maildir);
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

		assert_null(source_open(&conf, &e));
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
		struct source *s = source_open(&conf, &e);

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_source_is_named_by_its_real_path),
		cmocka_unit_test(what_is_no_source_is_said),
		cmocka_unit_test(closed_doors_name_who_may_open_them),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("source", tests, NULL, NULL);
}
