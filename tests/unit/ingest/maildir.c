#include "ingest/maildir.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>

#include "tests/unit/ingest/tree.h"

#define CROWD 5000
#define LATER 2000
#define MANY 100000

static struct source *
open_source(const char *path, bool subfolders)
{
	const struct source_conf conf = { .path = path, .subfolders = subfolders };
	struct err e;
	struct source *s = source_open(&conf, "/tmp", &e);

	if (s == NULL)
		fail_msg("%s", e.text);
	return s;
}

/* Whatever software wrote it, a mail is found, and what is no mail is not. */
static void
every_writer_is_understood(void **state)
{
	static const struct {
		const char *name;
		bool mail;
	} t[] = {
		{ "new/1700000001.M10P20.host,S=4,W=5", true },
		{ "cur/1700000002.M10P20.host,S=4,W=5:2,FRSab", true },
		{ "new/1700000003.V801I2aM3.host", true },
		{ "new/1700000003.V801I2aM4.ho\\072st\\057x", true },
		{ "new/1700000004.H10P20.host,S=4", true },
		{ "cur/1700000005.M10P20V0000000000000801I000000002A_0.host,S=4:2,S", true },
		{ "cur/1700000006.20_1.host,U=77:2,S", true },
		{ "cur/1700000007.20_1.host,U=78;2,S", true },
		{ "cur/1700000008.20_1.host,U=79!2,S", true },
		{ "cur/1700000009.M1P2Q3.host", true },
		{ "new/by-hand.eml", true },
		{ "cur/\xff\xfe.not-utf8", true },
		{ "cur/.hidden", false },
		{ "cur/.nfs0000000000000001", false },
		{ "cur/.syncthing.1700000001.M10P20.host.tmp", false },
		{ "cur/~syncthing~1700000001.M10P20.host.tmp", false },
		{ "cur/1700000001.M10P20.sync-conflict-20240101-101010-ABCDEFG.host:2,S", false },
		{ "cur/dovecot-uidlist", false },
		{ "new/maildirfolder", false },
		{ "tmp/1700000010.M10P20.host", false },
		{ "dovecot-uidlist", false },
		{ "dovecot.index.log", false },
		{ "maildirsize", false },
		{ "subscriptions", false },
		{ ".mbsyncstate", false },
		{ ".uidvalidity", false },
		{ ".lock", false },
	};
	struct tree tree = tree_new("/tmp");
	struct keyset *known = keyset_new();
	struct source *s;
	struct buf names;
	size_t mails = 0;

	(void)state;
	tree_maildir(&tree, "");
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		tree_file(&tree, t[i].name, "text");
		mails += t[i].mail;
	}
	buf_init(&names, 1 << 20);
	s = open_source(tree.path, true);
	assert_int_equal(tree_scan(s, known, KNOWN_DONE, &names, NULL), mails);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		if (tree_named(&names, t[i].name) != t[i].mail)
			fail_msg("%s", t[i].name);
	source_close(s);
	s = open_source(tree.path, true);
	assert_int_equal(tree_scan(s, known, KNOWN_DONE, &names, NULL), 0);
	source_close(s);
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
	tree_maildir(&tree, "");
	tree_file(&tree, "new/1.a", "bytes");
	s = open_source(tree.path, false);
	assert_int_equal(source_next(s, known, &m, &e), 1);
	assert_string_equal(m.name, "new/1.a");
	assert_int_equal(m.nkeys, 1);
	assert_int_equal(m.size, 5);
	assert_false(m.known);
	assert_false(m.bare);
	assert_int_equal(read(m.fd, text, sizeof(text)), 5);
	assert_int_equal(write(m.fd, text, 1), -1);
	close(m.fd);
	assert_int_equal(source_next(s, known, &m, &e), 0);
	assert_int_equal(source_next(s, known, &m, &e), 0);
	source_close(s);
	tree_file(&tree, "new/1.b", "");
	keyset_put(known, m.keys[0], KNOWN_DONE);
	s = open_source(tree.path, false);
	assert_int_equal(source_next(s, known, &m, &e), 1);
	assert_string_equal(m.name, "new/1.b");
	assert_int_equal(m.size, 0);
	close(m.fd);
	source_close(s);
	keyset_free(known);
	tree_remove(&tree);
}

/* Pipes, directories and links stand where mails do: nothing hangs, nothing is followed. */
static void
only_regular_files_are_mails(void **state)
{
	struct tree tree = tree_new("/tmp");
	struct keyset *known = keyset_new();
	struct source *s;
	struct buf names;

	(void)state;
	tree_maildir(&tree, "");
	assert_int_equal(mkfifo(tree_at(&tree, "cur/1.fifo:2,"), 0644), 0);
	tree_mkdir(&tree, "cur/2.directory:2,");
	assert_int_equal(symlink("/etc/passwd", tree_at(&tree, "new/3.link")), 0);
	tree_file(&tree, "cur/4.mail:2,", "text");
	buf_init(&names, 1 << 20);
	s = open_source(tree.path, false);
	assert_int_equal(tree_scan(s, known, KNOWN_NOT, &names, NULL), 1);
	assert_true(tree_named(&names, "cur/4.mail:2,"));
	source_close(s);
	buf_fini(&names);
	keyset_free(known);
	tree_remove(&tree);
}

static void
one_base_is_one_mail(void **state)
{
	struct tree tree = tree_new("/tmp");
	struct keyset *known = keyset_new();
	struct source *s;
	struct buf names;

	(void)state;
	tree_maildir(&tree, "");
	tree_maildir(&tree, ".Copy");
	tree_file(&tree, "new/1.a", "text");
	tree_file(&tree, "cur/1.a:2,F", "text");
	tree_file(&tree, ".Copy/cur/1.a;2,FS", "text");
	buf_init(&names, 1 << 20);
	s = open_source(tree.path, true);
	assert_int_equal(tree_scan(s, known, KNOWN_NOT, &names, NULL), 1);
	source_close(s);
	s = open_source(tree.path, true);
	assert_int_equal(tree_scan(s, known, KNOWN_DONE, &names, NULL), 1);
	source_close(s);
	assert_int_equal(rename(tree_at(&tree, "cur/1.a:2,F"), tree_at(&tree, "cur/1.a:2,FRS")), 0);
	s = open_source(tree.path, true);
	assert_int_equal(tree_scan(s, known, KNOWN_DONE, &names, NULL), 0);
	source_close(s);
	buf_fini(&names);
	keyset_free(known);
	tree_remove(&tree);
}

static void
subfolders_on_request(void **state)
{
	static const char *const folders[] = { ".Reports", ".Reports.2024", ".Trash", ".Processed",
		".Processed.old", ".Broken", ".stversions", "..DOVECOT-TRASHED", "Work/Reports",
		"Work/Reports/Deep", "Plain" };
	static const struct {
		const char *name;
		bool found;
	} t[] = {
		{ "new/1.root", true },
		{ ".Reports/new/1..Reports", true },
		{ ".Reports.2024/new/1..Reports.2024", true },
		{ ".Trash/new/1..Trash", true },
		{ ".Processed.old/new/1..Processed.old", true },
		{ "Work/Reports/new/1.Work-Reports", true },
		{ "Work/Reports/Deep/new/1.Work-Reports-Deep", true },
		{ "Plain/new/1.Plain", true },
		{ ".Processed/new/1..Processed", false },
		{ ".Broken/new/1..Broken", false },
		{ ".stversions/new/1..stversions", false },
		{ "..DOVECOT-TRASHED/new/1...DOVECOT-TRASHED", false },
	};
	struct tree tree = tree_new("/tmp");
	struct keyset *known = keyset_new();
	struct source_conf conf = { .path = tree.path,
		.subfolders = true,
		.after = AFTER_MOVE,
		.move_to = "INBOX.Processed",
		.failures = "Broken" };
	struct source *s;
	struct buf names;
	struct err e;

	(void)state;
	tree_maildir(&tree, "");
	tree_mkdir(&tree, "Work");
	tree_mkdir(&tree, ".notmuch");
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		tree_maildir(&tree, folders[i]);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		tree_file(&tree, t[i].name, "text");
	assert_int_equal(symlink(".", tree_at(&tree, "loop")), 0);
	buf_init(&names, 1 << 20);
	s = source_open(&conf, "/tmp", &e);
	assert_non_null(s);
	assert_int_equal(tree_scan(s, known, KNOWN_NOT, &names, NULL), 8);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		if (tree_named(&names, t[i].name) != t[i].found)
			fail_msg("%s", t[i].name);
	source_close(s);
	buf_reset(&names);
	s = open_source(tree.path, false);
	assert_int_equal(tree_scan(s, known, KNOWN_NOT, &names, NULL), 1);
	assert_true(tree_named(&names, "new/1.root"));
	source_close(s);
	buf_fini(&names);
	keyset_free(known);
	tree_remove(&tree);
}

static int
scan_with_closed_doors(const struct tree *t)
{
	const struct source_conf conf = { .path = t->path, .subfolders = true };
	struct keyset *known = keyset_new();
	struct err e = { .kind = ERR_NONE };
	struct mail m;
	struct source *s = source_open(&conf, "/tmp", &e);
	int mails = 0, closed_mail = 0, closed_folder = 0, rc;

	TREE_CHECK(s != NULL);
	while ((rc = source_next(s, known, &m, &e)) != 0) {
		if (rc > 0) {
			mails++;
			close(m.fd);
			continue;
		}
		TREE_CHECK(e.kind == ERR_MESSAGE && strstr(e.text, t->path) != NULL);
		TREE_CHECK(strstr(e.text, "Permission denied") != NULL);
		TREE_CHECK(strstr(e.text, "ruastat runs as") != NULL);
		closed_mail += strstr(e.text, "/new/1.closed\"") != NULL;
		closed_folder += strstr(e.text, "/.Closed\"") != NULL;
	}
	TREE_CHECK(mails == 2);
	TREE_CHECK(closed_mail == 1);
	TREE_CHECK(closed_folder >= 1);
	source_close(s);
	keyset_free(known);
	return 0;
}

static void
what_cannot_be_read_is_named_and_passed(void **state)
{
	struct tree tree = tree_new("/tmp");

	(void)state;
	tree_maildir(&tree, "");
	tree_maildir(&tree, ".Closed");
	tree_maildir(&tree, ".Open");
	tree_file(&tree, "new/1.closed", "text");
	tree_file(&tree, "new/2.open", "text");
	tree_file(&tree, ".Open/new/3.open", "text");
	assert_int_equal(chmod(tree_at(&tree, "new/1.closed"), 0), 0);
	assert_int_equal(chmod(tree_at(&tree, ".Closed"), 0), 0);
	assert_int_equal(tree_as_nobody(scan_with_closed_doors, &tree), 0);
	assert_int_equal(chmod(tree_at(&tree, ".Closed"), 0755), 0);
	tree_remove(&tree);
}

/* ----- others at work meanwhile ----- */

static void
crowd_name(char *out, const char *box, unsigned i, const char *info)
{
	snprintf(out, 64, "%s/1700000000.M%uP1.host%s", box, i, info);
}

/* What a server and its readers do to ${n} mails, and LATER deliveries; never returns. */
static void
keep_busy(int dir, const volatile char *stop)
{
	static const char *const infos[] = { ":2,", ":2,S", ":2,FS", ":2,RS", ":2,F" };
	unsigned char at[CROWD + LATER]; /* 0: in new, i: in cur with infos[i - 1] */
	unsigned there = CROWD, x = 1;
	char from[64], to[64];

	/* a test that fails takes this with it */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
		_exit(3);
	memset(at, 0, sizeof(at));
	memset(at, 1, CROWD);
	while (!*stop || there < CROWD + LATER) {
		unsigned i, next;

		x = x * 1103515245u + 12345u;
		i = (x >> 8) % there;
		next = 1 + (x >> 24) % 5;
		crowd_name(from, at[i] == 0 ? "new" : "cur", i, at[i] == 0 ? "" : infos[at[i] - 1]);
		crowd_name(to, "cur", i, infos[next - 1]);
		if (renameat(dir, from, dir, to) != 0)
			_exit(1);
		at[i] = (unsigned char)next;
		if (there < CROWD + LATER && x % 4 == 0) {
			int fd;

			crowd_name(from, "tmp", there, "");
			crowd_name(to, "new", there, "");
			fd = openat(dir, from, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
			if (fd < 0 || write(fd, "text", 4) != 4 || close(fd) != 0 ||
			    renameat(dir, from, dir, to) != 0)
				_exit(2);
			there++;
		}
	}
	_exit(0);
}

static void
count_crowd(struct source *s, struct keyset *known, unsigned *met)
{
	struct mail m;
	struct err e;
	struct key *keys = calloc(CROWD + LATER, sizeof(*keys));
	size_t n = 0;
	int rc;

	assert_non_null(keys);
	while ((rc = source_next(s, known, &m, &e)) != 0) {
		unsigned i;

		assert_int_equal(rc, 1);
		assert_int_equal(sscanf(strchr(m.name, 'M'), "M%uP1", &i), 1);
		assert_true(i < CROWD + LATER && n < CROWD + LATER);
		assert_int_equal(m.size, 4);
		met[i]++;
		keys[n++] = m.keys[0];
		close(m.fd);
	}
	/* the database learns of them only now, and so do we */
	while (n > 0)
		keyset_put(known, keys[--n], KNOWN_DONE);
	free(keys);
}

static void
nothing_is_missed_while_others_deliver(void **state)
{
	struct tree tree = tree_new("/tmp");
	struct keyset *known = keyset_new();
	volatile char *stop =
	    mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned met[CROWD + LATER] = { 0 }, scans = 1;
	struct source *s;
	char name[64];
	int status = -1, dir;
	pid_t pid;

	(void)state;
	assert_ptr_not_equal(stop, MAP_FAILED);
	tree_maildir(&tree, "");
	for (unsigned i = 0; i < CROWD; i++) {
		crowd_name(name, "cur", i, ":2,");
		tree_file(&tree, name, "text");
	}
	dir = open(tree.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(dir >= 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		keyset_free(known);
		keep_busy(dir, stop);
	}
	s = open_source(tree.path, false);
	count_crowd(s, known, met);
	source_close(s);
	for (unsigned i = 0; i < CROWD; i++)
		assert_int_equal(met[i], 1);
	*stop = 1;
	do {
		s = open_source(tree.path, false);
		count_crowd(s, known, met);
		source_close(s);
		scans++;
	} while (waitpid(pid, &status, WNOHANG) == 0);
	assert_int_equal(status, 0);
	s = open_source(tree.path, false);
	count_crowd(s, known, met);
	source_close(s);
	for (unsigned i = 0; i < CROWD + LATER; i++)
		assert_int_equal(met[i], 1);
	print_message("# %u scans while mails were delivered and renamed\n", scans);
	close(dir);
	munmap((void *)(uintptr_t)stop, 1);
	keyset_free(known);
	tree_remove(&tree);
}

static double
milliseconds_since(const struct timespec *t)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - t->tv_sec) * 1e3 + (double)(now.tv_nsec - t->tv_nsec) / 1e6;
}

static void
a_hundred_thousand_known_mails(void **state)
{
	struct tree tree = tree_new("/tmp");
	struct keyset *known = keyset_new();
	struct source *s;
	struct timespec start;
	struct buf names;
	char name[80];

	(void)state;
	tree_maildir(&tree, "");
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "cur/%u.M%uP4711.mail.example.org,S=3456,W=3512:2,S",
		    1700000000 + i, i);
		tree_file(&tree, name, "");
	}
	buf_init(&names, 64 << 20);
	s = open_source(tree.path, false);
	clock_gettime(CLOCK_MONOTONIC, &start);
	assert_int_equal(tree_scan(s, known, KNOWN_DONE, &names, NULL), MANY);
	print_message("# %d new mails opened in %.0f ms\n", MANY, milliseconds_since(&start));
	source_close(s);
	for (int i = 0; i < 3; i++) {
		buf_reset(&names);
		clock_gettime(CLOCK_MONOTONIC, &start);
		s = open_source(tree.path, false);
		assert_int_equal(tree_scan(s, known, KNOWN_DONE, &names, NULL), 0);
		source_close(s);
		print_message(
		    "# %d known mails scanned in %.1f ms\n", MANY, milliseconds_since(&start));
	}
	buf_fini(&names);
	keyset_free(known);
	tree_remove(&tree);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_writer_is_understood),
		cmocka_unit_test(what_is_handed_out),
		cmocka_unit_test(only_regular_files_are_mails),
		cmocka_unit_test(one_base_is_one_mail),
		cmocka_unit_test(subfolders_on_request),
		cmocka_unit_test(what_cannot_be_read_is_named_and_passed),
		cmocka_unit_test(nothing_is_missed_while_others_deliver),
		cmocka_unit_test(a_hundred_thousand_known_mails),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("maildir", tests, NULL, NULL);
}
