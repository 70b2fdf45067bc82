#include "ingest/settle.h"

#include "tests/unit/ingest/tree.h"

#define MANY 10000
#define ORDINARY 500

static struct source *
open_source(const struct source_conf *conf)
{
	struct err e;
	struct source *s = source_open(conf, "/tmp", &e);

	if (s == NULL)
		fail_msg("%s", e.text);
	return s;
}

static void
acknowledge(struct source *s, const char *name, enum known what)
{
	struct err e;

	if (source_acknowledge(s, (struct key){ { 0 } }, name, what, &e) != 0)
		fail_msg("%s: %s", name, e.text);
}

static void
acknowledge_once(const struct source_conf *conf, const char *name)
{
	struct source *s = open_source(conf);

	acknowledge(s, name, KNOWN_SUCCESS);
	source_close(s);
}

/* One mail, one action: where it is afterwards. */
static void
each_action(void **state)
{
	static const struct {
		enum after after;
		enum known what;
		const char *failures, *before, *after_name;
	} t[] = {
		{ AFTER_KEEP, KNOWN_SUCCESS, NULL, "new/1.a", "new/1.a" },
		{ AFTER_KEEP, KNOWN_SUCCESS, "Bad", "cur/1.a:2,", "cur/1.a:2," },
		{ AFTER_SEEN, KNOWN_SUCCESS, NULL, "new/1.a", "cur/1.a:2,S" },
		{ AFTER_SEEN, KNOWN_SUCCESS, NULL, "cur/1.a:2,FR", "cur/1.a:2,FRS" },
		{ AFTER_SEEN, KNOWN_SUCCESS, NULL, "cur/1.a:2,FTab", "cur/1.a:2,FSTab" },
		{ AFTER_SEEN, KNOWN_SUCCESS, NULL, "cur/1.a;2,F", "cur/1.a;2,FS" },
		{ AFTER_SEEN, KNOWN_SUCCESS, NULL, "cur/1.a:2,S", "cur/1.a:2,S" },
		{ AFTER_SEEN, KNOWN_SUCCESS, NULL, "cur/1.a", "cur/1.a:2,S" },
		{ AFTER_SEEN, KNOWN_SUCCESS, NULL, ".Sub/new/1.a", ".Sub/cur/1.a:2,S" },
		{ AFTER_SEEN, KNOWN_FAILURE, NULL, "new/1.a", "new/1.a" },
		{ AFTER_SEEN, KNOWN_FAILURE, "Bad", "new/1.a", ".Bad/cur/1.a:2," },
		{ AFTER_SEEN, KNOWN_DONE, "Bad", "new/1.a", "new/1.a" },
		{ AFTER_MOVE, KNOWN_SUCCESS, NULL, "new/1.a", ".Done/cur/1.a:2," },
		{ AFTER_MOVE, KNOWN_SUCCESS, NULL, "cur/1.a:2,FS", ".Done/cur/1.a:2,FS" },
		{ AFTER_MOVE, KNOWN_SUCCESS, NULL, ".Sub/cur/1.a:2,", ".Done/cur/1.a:2," },
		{ AFTER_MOVE, KNOWN_FAILURE, "INBOX/Bad", "cur/1.a:2,S", ".Bad/cur/1.a:2,S" },
		{ AFTER_MOVE, KNOWN_FAILURE, NULL, "cur/1.a:2,S", "cur/1.a:2,S" },
		{ AFTER_DELETE, KNOWN_SUCCESS, NULL, "cur/1.a:2,S", NULL },
		{ AFTER_DELETE, KNOWN_FAILURE, NULL, "cur/1.a:2,S", "cur/1.a:2,S" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct tree tree = tree_new("/tmp");
		struct source_conf conf = { .path = tree.path,
			.subfolders = true,
			.after = t[i].after,
			.move_to = "Done",
			.failures = t[i].failures };
		struct source *s;
		struct err e;

		tree_maildir(&tree, "");
		tree_maildir(&tree, ".Sub");
		tree_file(&tree, t[i].before, "text");
		s = open_source(&conf);
		/* twice: acknowledging again changes nothing */
		acknowledge(s, t[i].before, t[i].what);
		acknowledge(s, t[i].before, t[i].what);
		assert_int_equal(source_sync(s, &e), 0);
		source_close(s);
		if (t[i].after_name != NULL && !tree_holds(&tree, t[i].after_name, "text"))
			fail_msg("%zu: not at %s", i, t[i].after_name);
		if (t[i].after_name == NULL || strcmp(t[i].before, t[i].after_name) != 0)
			assert_false(tree_has(&tree, t[i].before));
		tree_remove(&tree);
	}
}

static void
a_target_is_made_like_its_maildir(void **state)
{
	struct tree tree = tree_new("/tmp");
	char box[80];
	struct source_conf conf = {
		.path = box, .after = AFTER_MOVE, .move_to = "INBOX.Done/2024"
	};
	static const char *const made[] = { "box/.Done.2024", "box/.Done.2024/cur",
		"box/.Done.2024/new", "box/.Done.2024/tmp" };
	struct source *s;
	struct stat st;
	mode_t mask = umask(027);

	(void)state;
	snprintf(box, sizeof(box), "%s/box", tree.path);
	tree_maildir(&tree, "box");
	assert_int_equal(chmod(tree_at(&tree, "box"), 02770), 0);
	if (geteuid() == 0)
		assert_int_equal(chown(tree_at(&tree, "box"), 65534, 65534), 0);
	assert_int_equal(chmod(tree_at(&tree, "box"), 02770), 0);
	tree_file(&tree, "box/new/1.a", "text");
	s = open_source(&conf);
	assert_false(tree_has(&tree, "box/.Done.2024"));
	acknowledge(s, "new/1.a", KNOWN_SUCCESS);
	source_close(s);
	umask(mask);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(stat(tree_at(&tree, made[i]), &st), 0);
		assert_int_equal(st.st_mode & 07777, 02770);
		assert_int_equal(st.st_uid, geteuid() == 0 ? 65534 : geteuid());
	}
	assert_int_equal(stat(tree_at(&tree, "box/.Done.2024/maildirfolder"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	tree_remove(&tree);
}

/* The folder of a source that is itself a Maildir++ folder stands beside it. */
static void
a_target_stands_where_servers_look(void **state)
{
	struct tree tree = tree_new("/tmp");
	char box[80];
	struct source_conf conf = { .path = box, .after = AFTER_MOVE, .move_to = ".DMARC.Done" };

	(void)state;
	snprintf(box, sizeof(box), "%s/.DMARC", tree.path);
	tree_maildir(&tree, "");
	tree_maildir(&tree, ".DMARC");
	tree_file(&tree, ".DMARC/new/1.a", "text");
	acknowledge_once(&conf, "new/1.a");
	assert_true(tree_holds(&tree, ".DMARC.Done/cur/1.a:2,", "text"));
	tree_remove(&tree);
}

static void
a_taken_name_is_never_replaced(void **state)
{
	struct tree tree = tree_new("/tmp");
	struct source_conf conf = { .path = tree.path, .after = AFTER_MOVE, .move_to = "Done" };
	struct source *s;

	(void)state;
	tree_maildir(&tree, "");
	tree_maildir(&tree, ".Done");
	tree_file(&tree, "new/1.a,S=4", "mine");
	tree_file(&tree, ".Done/cur/1.a,S=4:2,", "yrs.");
	tree_file(&tree, ".Done/cur/1.a_1,S=4:2,", "his.");
	tree_file(&tree, "cur/2.same:2,S", "same");
	tree_file(&tree, ".Done/cur/2.same:2,S", "same");
	tree_file(&tree, ".Done/cur/3.link:2,S", "link");
	assert_int_equal(
	    link(tree_at(&tree, ".Done/cur/3.link:2,S"), tree_at(&tree, "cur/3.link:2,S")), 0);
	s = open_source(&conf);
	acknowledge(s, "new/1.a,S=4", KNOWN_SUCCESS);
	acknowledge(s, "cur/2.same:2,S", KNOWN_SUCCESS);
	acknowledge(s, "cur/3.link:2,S", KNOWN_SUCCESS);
	source_close(s);
	assert_true(tree_holds(&tree, ".Done/cur/1.a,S=4:2,", "yrs."));
	assert_true(tree_holds(&tree, ".Done/cur/1.a_1,S=4:2,", "his."));
	assert_true(tree_holds(&tree, ".Done/cur/1.a_2,S=4:2,", "mine"));
	assert_true(tree_holds(&tree, ".Done/cur/2.same:2,S", "same"));
	assert_true(tree_holds(&tree, ".Done/cur/3.link:2,S", "link"));
	assert_int_equal(tree_count(&tree, ".Done/cur"), 5);
	assert_int_equal(tree_count(&tree, "new") + tree_count(&tree, "cur"), 0);
	/* and marking as seen leaves two mails of one name alone, but not two links of one mail */
	tree_file(&tree, "new/4.b", "one.");
	tree_file(&tree, "cur/4.b:2,S", "two.");
	tree_file(&tree, "new/5.c", "text");
	assert_int_equal(link(tree_at(&tree, "new/5.c"), tree_at(&tree, "cur/5.c:2,S")), 0);
	conf.after = AFTER_SEEN;
	s = open_source(&conf);
	acknowledge(s, "new/4.b", KNOWN_SUCCESS);
	acknowledge(s, "new/5.c", KNOWN_SUCCESS);
	source_close(s);
	assert_true(tree_holds(&tree, "new/4.b", "one."));
	assert_true(tree_holds(&tree, "cur/4.b:2,S", "two."));
	assert_false(tree_has(&tree, "new/5.c"));
	assert_true(tree_holds(&tree, "cur/5.c:2,S", "text"));
	tree_remove(&tree);
}

static void
another_device(void **state)
{
	struct tree tree = tree_new("/tmp"), far;
	struct source_conf conf = { .path = tree.path, .after = AFTER_MOVE };
	struct stat a, b;
	struct source *s;
	char target[128];

	(void)state;
	if (access("/dev/shm", W_OK) != 0)
		skip();
	far = tree_new("/dev/shm");
	assert_int_equal(stat(tree.path, &a), 0);
	assert_int_equal(stat(far.path, &b), 0);
	snprintf(target, sizeof(target), "%s/box/", far.path);
	conf.move_to = target;
	tree_maildir(&tree, "");
	tree_file(&tree, "new/1.a", "text");
	tree_file(&tree, "cur/2.b:2,S", "same");
	assert_int_equal(stat(tree_at(&tree, "new/1.a"), &a), 0);
	s = open_source(&conf);
	acknowledge(s, "new/1.a", KNOWN_SUCCESS);
	tree_file(&far, "box/cur/2.b:2,S", "same");
	acknowledge(s, "cur/2.b:2,S", KNOWN_SUCCESS);
	source_close(s);
	assert_true(tree_holds(&far, "box/cur/1.a:2,", "text"));
	assert_int_equal(stat(tree_at(&far, "box/cur/1.a:2,"), &b), 0);
	assert_int_equal(a.st_mtim.tv_sec, b.st_mtim.tv_sec);
	assert_int_equal(a.st_mode, b.st_mode);
	assert_int_equal(tree_count(&far, "box/cur"), 2);
	assert_int_equal(tree_count(&far, "box/tmp"), 0);
	assert_false(tree_has(&far, "box/maildirfolder"));
	assert_int_equal(tree_count(&tree, "new") + tree_count(&tree, "cur"), 0);
	tree_remove(&far);
	tree_remove(&tree);
}

/* Ten thousand mails get other names between reading and acknowledging, some twice, some go. */
static void
mails_renamed_meanwhile(void **state)
{
	struct tree tree = tree_new("/tmp");
	struct source_conf conf = { .path = tree.path, .after = AFTER_MOVE, .move_to = "Done" };
	struct keyset *known = keyset_new();
	char name[64], other[64];
	struct source *s;
	struct buf names;

	(void)state;
	tree_maildir(&tree, "");
	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "new/%d.a", i);
		tree_file(&tree, name, "text");
	}
	buf_init(&names, 1 << 20);
	s = open_source(&conf);
	assert_int_equal(tree_scan(s, known, KNOWN_NOT, &names, NULL), MANY);
	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "new/%d.a", i);
		snprintf(other, sizeof(other), "cur/%d.a:2,F", i);
		if (i % 10 == 9)
			assert_int_equal(unlink(tree_at(&tree, name)), 0);
		else
			assert_int_equal(rename(tree_at(&tree, name), tree_at(&tree, other)), 0);
	}
	for (int i = 0; i < MANY; i++) {
		if (i == MANY / 2)
			for (int j = i; j < MANY; j += 100) {
				snprintf(name, sizeof(name), "cur/%d.a:2,F", j);
				snprintf(other, sizeof(other), "cur/%d.a:2,FR", j);
				assert_int_equal(
				    rename(tree_at(&tree, name), tree_at(&tree, other)), 0);
			}
		snprintf(name, sizeof(name), "new/%d.a", i);
		acknowledge(s, name, KNOWN_SUCCESS);
	}
	assert_int_equal(tree_count(&tree, "new") + tree_count(&tree, "cur"), 0);
	assert_int_equal(tree_count(&tree, ".Done/cur"), MANY - MANY / 10);
	assert_true(tree_has(&tree, ".Done/cur/0.a:2,F"));
	assert_true(tree_has(&tree, ".Done/cur/5000.a:2,FR"));
	/* delivered after the last search, and renamed once handed out */
	source_close(s);
	s = open_source(&conf);
	acknowledge(s, "new/early.b", KNOWN_SUCCESS);
	tree_file(&tree, "new/late.b", "text");
	assert_int_equal(tree_scan(s, known, KNOWN_NOT, &names, NULL), 1);
	assert_int_equal(rename(tree_at(&tree, "new/late.b"), tree_at(&tree, "cur/late.b:2,T")), 0);
	acknowledge(s, "new/late.b", KNOWN_SUCCESS);
	assert_true(tree_has(&tree, ".Done/cur/late.b:2,T"));
	source_close(s);
	buf_fini(&names);
	keyset_free(known);
	tree_remove(&tree);
}

/* What an earlier run stored and could not acknowledge is acknowledged unread. */
static void
the_known_are_acknowledged_on_the_way(void **state)
{
	struct tree tree = tree_new("/tmp");
	struct source_conf conf = {
		.path = tree.path, .after = AFTER_MOVE, .move_to = "Done", .failures = "Bad"
	};
	struct keyset *known = keyset_new();
	struct mail m;
	struct err e;
	struct source *s;
	struct buf names;
	size_t n;

	(void)state;
	tree_maildir(&tree, "");
	tree_file(&tree, "new/1.good", "text");
	s = open_source(&conf);
	assert_int_equal(source_next(s, known, &m, &e), 1);
	keyset_put(known, m.keys[0], KNOWN_SUCCESS);
	close(m.fd);
	tree_file(&tree, "cur/2.bad:2,S", "text");
	source_close(s);
	s = open_source(&conf);
	assert_int_equal(source_next(s, known, &m, &e), 1);
	keyset_put(known, m.keys[0], KNOWN_FAILURE);
	close(m.fd);
	source_close(s);
	assert_true(tree_has(&tree, ".Done/cur/1.good:2,"));
	assert_int_equal(
	    rename(tree_at(&tree, ".Done/cur/1.good:2,"), tree_at(&tree, "cur/1.good:2,F")), 0);
	tree_file(&tree, "cur/3.none:2,", "text");
	buf_init(&names, 1 << 20);
	s = open_source(&conf);
	assert_int_equal(tree_scan(s, known, KNOWN_DONE, &names, NULL), 1);
	assert_int_equal(source_sync(s, &e), 0);
	assert_true(key_eq(*source_settled(s, &n), m.keys[0]));
	assert_int_equal(n, 1);
	(void)source_settled(s, &n);
	assert_int_equal(n, 0);
	source_close(s);
	assert_int_equal(keyset_get(known, m.keys[0]), KNOWN_DONE);
	assert_true(tree_has(&tree, ".Bad/cur/2.bad:2,S"));
	/* the other was settled before: it is nobody's business where its owner puts it */
	assert_true(tree_has(&tree, "cur/1.good:2,F"));
	assert_true(tree_has(&tree, "cur/3.none:2,"));
	buf_fini(&names);
	keyset_free(known);
	tree_remove(&tree);
}

static int
settle_without_permission(const struct tree *t)
{
	const struct source_conf conf = { .path = t->path, .after = AFTER_DELETE };
	struct keyset *known = keyset_new();
	struct err e = { .kind = ERR_NONE };
	struct source *s = source_open(&conf, "/tmp", &e);
	struct mail m;
	struct key first;
	size_t n;

	TREE_CHECK(s != NULL && source_next(s, known, &m, &e) == 1);
	first = m.keys[0];
	keyset_put(known, first, KNOWN_SUCCESS);
	TREE_CHECK(source_acknowledge(s, m.keys[0], m.name, KNOWN_SUCCESS, &e) == -1);
	TREE_CHECK(e.kind == ERR_SOURCE && strstr(e.text, t->path) != NULL);
	TREE_CHECK(strstr(e.text, "Permission denied") != NULL);
	close(m.fd);
	source_close(s);
	/* on the way: the new one comes first, the trouble last and once, the known stays pending */
	s = source_open(&conf, "/tmp", &e);
	TREE_CHECK(s != NULL && source_next(s, known, &m, &e) == 1);
	TREE_CHECK(!key_eq(m.keys[0], first));
	close(m.fd);
	TREE_CHECK(source_next(s, known, &m, &e) == -1 && e.kind == ERR_SOURCE);
	TREE_CHECK(source_next(s, known, &m, &e) == 0);
	TREE_CHECK(keyset_get(known, first) == KNOWN_SUCCESS);
	(void)source_settled(s, &n);
	TREE_CHECK(n == 0);
	source_close(s);
	keyset_free(known);
	return 0;
}

static void
a_mailbox_that_may_only_be_read(void **state)
{
	struct tree tree = tree_new("/tmp");

	(void)state;
	tree_maildir(&tree, "");
	tree_file(&tree, "new/1.a", "text");
	tree_file(&tree, "cur/2.b:2,", "text");
	assert_int_equal(chmod(tree_at(&tree, "new"), 0555), 0);
	assert_int_equal(chmod(tree_at(&tree, "cur"), 0555), 0);
	assert_int_equal(tree_as_nobody(settle_without_permission, &tree), 0);
	assert_int_equal(chmod(tree_at(&tree, "new"), 0755), 0);
	assert_int_equal(chmod(tree_at(&tree, "cur"), 0755), 0);
	assert_true(tree_holds(&tree, "new/1.a", "text"));
	tree_remove(&tree);
}

static void
what_is_not_acknowledged_is_not_touched(void **state)
{
	static const enum after after[] = { AFTER_SEEN, AFTER_MOVE, AFTER_DELETE };
	struct tree tree = tree_new("/tmp");
	struct source_conf conf = {
		.path = tree.path, .subfolders = true, .move_to = "Done", .failures = "Bad"
	};
	struct buf before, now;
	char name[80];

	(void)state;
	tree_maildir(&tree, "");
	for (int i = 0; i < ORDINARY; i++) {
		snprintf(name, sizeof(name),
		    i % 3 == 0 ? "new/%d.M%dP1.host" : "cur/%d.M%dP1.host:2,%s", 1700000000 + i, i,
		    i % 3 == 1 ? "" : "FRSa");
		tree_file(&tree, name, name);
	}
	buf_init(&before, 1 << 20);
	buf_init(&now, 1 << 20);
	tree_listing(&tree, "", &before);
	for (size_t i = 0; i < 3; i++) {
		struct keyset *known = keyset_new();
		struct buf names;
		struct source *s;
		struct err e;

		conf.after = after[i];
		buf_init(&names, 1 << 20);
		for (int run = 0; run < 2; run++) {
			s = open_source(&conf);
			assert_int_equal(
			    tree_scan(s, known, KNOWN_DONE, &names, NULL), run == 0 ? ORDINARY : 0);
			assert_int_equal(source_sync(s, &e), 0);
			source_close(s);
		}
		buf_reset(&now);
		tree_listing(&tree, "", &now);
		assert_false(now.over);
		assert_true(str_eq(buf_str(&before), buf_str(&now)));
		buf_fini(&names);
		keyset_free(known);
	}
	buf_fini(&before);
	buf_fini(&now);
	tree_remove(&tree);
}

static void
targets_that_cannot_be(void **state)
{
	struct tree tree = tree_new("/tmp");
	char self[80], occupied[80], inside[80], orphan[80], file[80], below[80], longer[300];
	const char *const bad[] = { "", ".", "..", "INBOX", "inbox", "INBOX.", "A..B", "A//B",
		"../x", "A.", "Taken", NULL, self, occupied, inside, orphan, file, below, longer };
	char box[80];
	struct source_conf conf = { .path = box, .after = AFTER_MOVE };
	struct err e;

	(void)state;
	snprintf(box, sizeof(box), "%s/box", tree.path);
	snprintf(self, sizeof(self), "%s/box/", tree.path);
	snprintf(occupied, sizeof(occupied), "%s/occupied", tree.path);
	snprintf(inside, sizeof(inside), "%s/box/cur", tree.path);
	snprintf(orphan, sizeof(orphan), "%s/none/x", tree.path);
	snprintf(file, sizeof(file), "%s/file", tree.path);
	snprintf(below, sizeof(below), "%s/file/x", tree.path);
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	tree_maildir(&tree, "box");
	tree_file(&tree, "box/.Taken", "no directory");
	tree_mkdir(&tree, "occupied");
	tree_file(&tree, "occupied/x", "text");
	tree_file(&tree, "file", "text");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		conf.move_to = bad[i];
		if (source_open(&conf, "/tmp", &e) != NULL)
			fail_msg("%s", bad[i] != NULL ? bad[i] : "NULL");
		assert_int_equal(e.kind, ERR_CONFIG);
	}
	/* left by a creation that was killed half-way */
	tree_mkdir(&tree, "box/.Half");
	tree_mkdir(&tree, "box/.Half/tmp");
	tree_file(&tree, "box/new/1.a", "text");
	conf.move_to = "Half";
	acknowledge_once(&conf, "new/1.a");
	assert_true(tree_has(&tree, "box/.Half/cur/1.a:2,"));
	assert_true(tree_has(&tree, "box/.Half/new"));
	tree_remove(&tree);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_action),
		cmocka_unit_test(a_target_is_made_like_its_maildir),
		cmocka_unit_test(a_target_stands_where_servers_look),
		cmocka_unit_test(a_taken_name_is_never_replaced),
		cmocka_unit_test(another_device),
		cmocka_unit_test(mails_renamed_meanwhile),
		cmocka_unit_test(the_known_are_acknowledged_on_the_way),
		cmocka_unit_test(a_mailbox_that_may_only_be_read),
		cmocka_unit_test(what_is_not_acknowledged_is_not_touched),
		cmocka_unit_test(targets_that_cannot_be),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("settle", tests, NULL, NULL);
}
