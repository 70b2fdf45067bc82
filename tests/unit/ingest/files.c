#include "ingest/files.h"

#include <sys/time.h>

#include "tests/unit/ingest/tree.h"

static struct source *
open_source(const char *path)
{
	const struct source_conf conf = { .path = path };
	struct err e;
	struct source *s = source_open(&conf, "/tmp", &e);

	if (s == NULL)
		fail_msg("%s", e.text);
	return s;
}

static size_t
scan(const char *path, struct keyset *known, struct buf *names)
{
	struct source *s = open_source(path);
	size_t n;

	assert_int_equal(source_kind(s), SOURCE_FILES);
	buf_reset(names);
	n = tree_scan(s, known, KNOWN_DONE, names, NULL);
	source_close(s);
	return n;
}

static void
every_regular_file_once(void **state)
{
	static const struct {
		const char *name;
		bool found;
	} t[] = {
		{ "report.xml", true },
		{ "report.eml", true },
		{ "no-extension", true },
		{ "empty", true },
		{ "a/b/c/deep.gz", true },
		{ "a/copy.xml", true },
		{ "a/\xff\x80.zip", true },
		{ "a/new/x", true },
		{ ".hidden", false },
		{ ".git/config", false },
		{ "a/.hidden", false },
	};
	struct tree tree = tree_new("/tmp");
	struct keyset *known = keyset_new();
	struct buf names;
	size_t files = 0;

	(void)state;
	tree_mkdir(&tree, "a");
	tree_mkdir(&tree, "a/b");
	tree_mkdir(&tree, "a/b/c");
	tree_mkdir(&tree, "a/new");
	tree_mkdir(&tree, ".git");
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		tree_file(&tree, t[i].name, strcmp(t[i].name, "empty") == 0 ? "" : "same text");
		files += t[i].found;
	}
	assert_int_equal(symlink("report.xml", tree_at(&tree, "link.xml")), 0);
	assert_int_equal(symlink("..", tree_at(&tree, "a/loop")), 0);
	assert_int_equal(symlink("nowhere", tree_at(&tree, "a/dangling")), 0);
	assert_int_equal(mkfifo(tree_at(&tree, "a/fifo"), 0644), 0);
	buf_init(&names, 1 << 20);
	assert_int_equal(scan(tree.path, known, &names), files);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		if (tree_named(&names, t[i].name) != t[i].found)
			fail_msg("%s", t[i].name);
	assert_int_equal(scan(tree.path, known, &names), 0);
	buf_fini(&names);
	keyset_free(known);
	tree_remove(&tree);
}

static void
what_is_handed_out(void **state)
{
	struct tree tree = tree_new("/tmp");
	struct keyset *known = keyset_new();
	struct source *s;
	struct mail m;
	struct err e;
	char text[8];

	(void)state;
	tree_file(&tree, "x", "bytes");
	s = open_source(tree.path);
	assert_int_equal(source_next(s, known, &m, &e), 1);
	assert_string_equal(m.name, "x");
	assert_int_equal(m.nkeys, 2);
	assert_false(key_eq(m.keys[0], m.keys[1]));
	assert_int_equal(m.size, 5);
	assert_false(m.known);
	assert_true(m.bare);
	assert_int_equal(read(m.fd, text, sizeof(text)), 5);
	close(m.fd);
	assert_int_equal(source_acknowledge(s, m.keys[0], m.name, KNOWN_SUCCESS, &e), 0);
	assert_int_equal(source_next(s, known, &m, &e), 0);
	source_close(s);
	assert_true(tree_holds(&tree, "x", "bytes"));
	keyset_free(known);
	tree_remove(&tree);
}

/* A file may be touched, moved, edited or put back: it is read again only where it must be. */
static void
changes(void **state)
{
	struct tree tree = tree_new("/tmp");
	struct keyset *known = keyset_new();
	const struct timeval old[2] = { { 1700000000, 0 }, { 1700000000, 0 } },
			     older[2] = { { 1600000000, 0 }, { 1600000000, 0 } };
	struct source *s;
	struct mail m;
	struct err e;
	struct key stat_key;
	struct buf names;

	(void)state;
	tree_file(&tree, "x", "text");
	buf_init(&names, 1 << 20);
	assert_int_equal(scan(tree.path, known, &names), 1);
	/* touched: the content is known, the caller is told the new key */
	assert_int_equal(utimes(tree_at(&tree, "x"), old), 0);
	s = open_source(tree.path);
	assert_int_equal(source_next(s, known, &m, &e), 1);
	assert_true(m.known);
	assert_int_equal(m.fd, -1);
	assert_int_equal(m.nkeys, 2);
	assert_int_equal(keyset_get(known, m.keys[0]), KNOWN_DONE);
	assert_int_equal(keyset_get(known, m.keys[1]), KNOWN_NOT);
	stat_key = m.keys[1];
	source_close(s);
	keyset_put(known, stat_key, KNOWN_DONE);
	assert_int_equal(scan(tree.path, known, &names), 0);
	assert_int_equal(utimes(tree_at(&tree, "x"), older), 0);
	s = open_source(tree.path);
	assert_int_equal(source_next(s, known, &m, &e), 1);
	assert_true(m.known);
	keyset_put(known, m.keys[1], KNOWN_DONE);
	source_close(s);
	/* other rights are no change */
	assert_int_equal(chmod(tree_at(&tree, "x"), 0600), 0);
	assert_int_equal(scan(tree.path, known, &names), 0);
	/* edited, to the same length */
	tree_file(&tree, "x", "TEXT");
	s = open_source(tree.path);
	assert_int_equal(source_next(s, known, &m, &e), 1);
	assert_false(m.known);
	close(m.fd);
	source_close(s);
	keyset_put(known, m.keys[0], KNOWN_DONE);
	keyset_put(known, m.keys[1], KNOWN_DONE);
	/* renamed: another entry; the same again at the old place: known by its content */
	assert_int_equal(rename(tree_at(&tree, "x"), tree_at(&tree, "y")), 0);
	assert_int_equal(scan(tree.path, known, &names), 1);
	assert_true(tree_named(&names, "y"));
	tree_file(&tree, "x", "TEXT");
	s = open_source(tree.path);
	assert_int_equal(source_next(s, known, &m, &e), 1);
	assert_string_equal(m.name, "x");
	assert_true(m.known);
	source_close(s);
	buf_fini(&names);
	keyset_free(known);
	tree_remove(&tree);
}

static void
one_file(void **state)
{
	struct tree tree = tree_new("/tmp");
	struct keyset *known = keyset_new();
	char path[128], link_path[128];
	struct source *s;
	struct buf names;

	(void)state;
	snprintf(path, sizeof(path), "%s/.report.xml", tree.path);
	snprintf(link_path, sizeof(link_path), "%s/link", tree.path);
	tree_file(&tree, ".report.xml", "text");
	assert_int_equal(symlink(path, link_path), 0);
	buf_init(&names, 1 << 20);
	assert_int_equal(scan(link_path, known, &names), 1);
	assert_true(tree_named(&names, ".report.xml"));
	assert_int_equal(scan(path, known, &names), 0);
	s = open_source(link_path);
	assert_int_equal(strncmp(source_id(s), "files:/", 7), 0);
	assert_non_null(strstr(source_id(s), "/.report.xml"));
	source_close(s);
	buf_fini(&names);
	keyset_free(known);
	tree_remove(&tree);
}

static void
content_counts_beyond_one_piece(void **state)
{
	struct tree tree = tree_new("/tmp");
	struct keyset *known = keyset_new();
	struct source *s;
	struct mail m;
	struct err e;
	struct key first;
	int fd;

	(void)state;
	tree_file(&tree, "x", "text");
	assert_int_equal(truncate(tree_at(&tree, "x"), 200000), 0);
	s = open_source(tree.path);
	assert_int_equal(source_next(s, known, &m, &e), 1);
	assert_int_equal(m.size, 200000);
	first = m.keys[0];
	close(m.fd);
	source_close(s);
	fd = open(tree_at(&tree, "x"), O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, "!", 1, 199999), 1);
	close(fd);
	s = open_source(tree.path);
	assert_int_equal(source_next(s, known, &m, &e), 1);
	assert_false(key_eq(first, m.keys[0]));
	close(m.fd);
	source_close(s);
	keyset_free(known);
	tree_remove(&tree);
}

static int
scan_with_closed_doors(const struct tree *t)
{
	const struct source_conf conf = { .path = t->path };
	struct keyset *known = keyset_new();
	struct err e = { .kind = ERR_NONE };
	struct source *s = source_open(&conf, "/tmp", &e);
	struct mail m;
	int files = 0, closed_file = 0, closed_dir = 0, rc;

	TREE_CHECK(s != NULL);
	while ((rc = source_next(s, known, &m, &e)) != 0) {
		if (rc > 0) {
			files++;
			close(m.fd);
			continue;
		}
		TREE_CHECK(e.kind == ERR_MESSAGE && strstr(e.text, "Permission denied") != NULL);
		closed_file += strstr(e.text, "/closed.xml\"") != NULL;
		closed_dir += strstr(e.text, "/closed\"") != NULL;
	}
	TREE_CHECK(files == 2 && closed_file == 1 && closed_dir == 1);
	source_close(s);
	keyset_free(known);
	return 0;
}

static void
what_cannot_be_read_is_named_and_passed(void **state)
{
	struct tree tree = tree_new("/tmp");

	(void)state;
	tree_mkdir(&tree, "closed");
	tree_mkdir(&tree, "open");
	tree_file(&tree, "closed.xml", "text");
	tree_file(&tree, "open.xml", "text");
	tree_file(&tree, "open/x", "text");
	assert_int_equal(chmod(tree_at(&tree, "closed.xml"), 0), 0);
	assert_int_equal(chmod(tree_at(&tree, "closed"), 0), 0);
	assert_int_equal(tree_as_nobody(scan_with_closed_doors, &tree), 0);
	assert_int_equal(chmod(tree_at(&tree, "closed"), 0755), 0);
	tree_remove(&tree);
}

static void
depth_has_an_end(void **state)
{
	struct tree tree = tree_new("/tmp");
	struct keyset *known = keyset_new();
	struct source *s;
	struct buf names, errors;
	char path[256] = "";

	(void)state;
	for (int i = 0; i < FILES_DEPTH + 3; i++) {
		strncat(path, i == 0 ? "d" : "/d", sizeof(path) - strlen(path) - 1);
		tree_mkdir(&tree, path);
	}
	tree_file(&tree, "x", "text");
	tree_file(&tree, "d/x", "text");
	buf_init(&names, 1 << 20);
	buf_init(&errors, 1 << 20);
	s = open_source(tree.path);
	assert_int_equal(tree_scan(s, known, KNOWN_NOT, &names, &errors), 2);
	source_close(s);
	assert_non_null(str_find(buf_str(&errors), STR("nested more than 32 deep")));
	buf_fini(&errors);
	buf_fini(&names);
	keyset_free(known);
	tree_remove(&tree);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_regular_file_once),
		cmocka_unit_test(what_is_handed_out),
		cmocka_unit_test(changes),
		cmocka_unit_test(one_file),
		cmocka_unit_test(content_counts_beyond_one_piece),
		cmocka_unit_test(what_cannot_be_read_is_named_and_passed),
		cmocka_unit_test(depth_has_an_end),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("files", tests, NULL, NULL);
}
