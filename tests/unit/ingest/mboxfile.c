/* An mbox that others write to: what is read, what is read again, and what is left alone. */
#include "ingest/mboxfile.h"

#include <poll.h>
#include <sys/file.h>
#include <sys/time.h>

#include "core/arena.h"
#include "core/limits.h"
#include "tests/unit/ingest/tree.h"

#define SEP "From a@b.example Wed Nov 15 02:00:00 2023\n"
#define MAIL(n) SEP "Message-ID: <" n "@x>\n\nbody " n "\n\n"

/* What a run knows from the one before it. */
struct past {
	struct keyset *known;
	struct position position;
	bool has_position;
};

static struct tree tree;
static struct past past;
static struct err e;

static struct source *
open_box(bool watch)
{
	const struct source_conf conf = { .path = tree_at(&tree, "box"), .watch = watch };
	struct source *s = source_open(&conf, tree.path, &e);

	if (s == NULL)
		fail_msg("%s", e.text);
	assert_int_equal(source_kind(s), SOURCE_MBOX);
	if (past.has_position)
		source_resume_at(s, &past.position);
	return s;
}

/* The text of the mail in ${m} behind what ${out} has, in brackets; its descriptor is closed. */
static void
put_text(const struct mail *m, struct buf *out)
{
	ssize_t n = pread(m->fd, buf_room(out, m->size + 1), m->size + 1, 0);

	assert_true(m->held && n == (ssize_t)m->size);
	buf_grown(out, (size_t)n);
	buf_puts(out, STR("|"));
	close(m->fd);
}

/* Mails of a source until it ends or waits; all are committed. */
static size_t
take_all(struct source *s, struct buf *out)
{
	struct mail m;
	size_t n = 0;
	int rc;

	while ((rc = source_next(s, past.known, &m, &e)) == SOURCE_MAIL) {
		put_text(&m, out);
		keyset_put(past.known, m.keys[0], KNOWN_DONE);
		assert_int_equal(source_acknowledge(s, m.keys[0], m.name, KNOWN_DONE, &e), 0);
		n++;
	}
	if (rc < 0)
		fail_msg("%s", e.text);
	past.has_position |= source_position(s, &past.position);
	return n;
}

/* A whole run: how many mails it gave. */
static size_t
run(struct buf *out)
{
	struct source *s = open_box(false);
	size_t n;

	buf_reset(out);
	n = take_all(s, out);
	buf_put8(out, '\0');
	source_close(s);
	return n;
}

static bool
is_unchanged(void)
{
	struct source *s = open_box(false);
	bool yes = source_unchanged(s);

	source_close(s);
	return yes;
}

static void
append(const char *text)
{
	int fd = open(tree_at(&tree, "box"), O_WRONLY | O_APPEND | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static int
setup(void **state)
{
	(void)state;
	tree = tree_new("/tmp");
	past = (struct past){ .known = keyset_new() };
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	keyset_free(past.known);
	tree_remove(&tree);
	return 0;
}

static void
what_is_new_is_read(void **state)
{
	const struct timeval old[2] = { { 1500000000, 0 }, { 1600000000, 0 } };
	struct stat st;
	struct buf got;

	(void)state;
	buf_init(&got, 1 << 20);
	tree_file(&tree, "box", MAIL("1") MAIL("2"));
	assert_int_equal(utimes(tree_at(&tree, "box"), old), 0);
	assert_false(is_unchanged());
	assert_int_equal(run(&got), 2);
	assert_string_equal(
	    got.p, "Message-ID: <1@x>\n\nbody 1\n\n|Message-ID: <2@x>\n\nbody 2\n\n|");
	assert_int_equal(stat(tree_at(&tree, "box"), &st), 0);
	assert_int_equal(st.st_mtim.tv_sec, 1600000000);
	assert_int_equal(st.st_atim.tv_sec, 1500000000);
	assert_true(is_unchanged());
	assert_int_equal(run(&got), 0);
	append(MAIL("3"));
	assert_false(is_unchanged());
	assert_int_equal(run(&got), 1);
	assert_true(strstr(got.p, "<3@x>") != NULL);
	assert_true(is_unchanged());
	/* What was known need not be, to read on. */
	keyset_free(past.known);
	past.known = keyset_new();
	append(MAIL("4"));
	assert_int_equal(run(&got), 1);
	buf_fini(&got);
}

/* Whatever others do to the file: each mail comes once. */
static void
what_was_rewritten_gives_only_what_is_new(void **state)
{
	static const struct {
		const char *what, *text;
		size_t news;
	} table[] = {
		{ "as it was", MAIL("1") MAIL("2") MAIL("3"), 3 },
		{ "read by a mail reader",
		    SEP
		    "Message-ID: <1@x>\nStatus: RO\nX-UID: 7\nX-Keywords:\n  a\n\nbody 1\n\n" MAIL(
			"2") SEP "X-Status: A\nMessage-ID: <3@x>\nContent-Length: 7\n\nbody 3\n",
		    0 },
		{ "the first deleted", MAIL("2") MAIL("3"), 0 },
		{ "the last deleted", MAIL("2"), 0 },
		{ "and one delivered", MAIL("2") MAIL("5"), 1 },
		{ "in another order", MAIL("5") MAIL("2") MAIL("1"), 0 },
		{ "emptied", "", 0 },
		{ "begun anew", MAIL("6"), 1 },
		{ "a mail became longer", SEP "Message-ID: <6@x>\n\nbody 6\n\nand more\n", 1 },
		{ "with line ends changed",
		    "From a Wed Nov 15\r\nMessage-ID: <7@x>\r\n\r\nb\r\n\r\n" MAIL("6"), 1 },
		{ "cut in its last mail",
		    "From a Wed Nov 15\r\nMessage-ID: <7@x>\r\n\r\nb\r\n\r\n" SEP
		    "Message-ID: <6@x>\n\nbo",
		    1 },
	};
	struct buf got;

	(void)state;
	buf_init(&got, 1 << 20);
	for (int replaced = 0; replaced < 2; replaced++) {
		for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
			size_t n;

			tree_file(&tree, "new", table[i].text);
			if (replaced)
				rename(tree_at(&tree, "new"), tree_at(&tree, "box"));
			else
				tree_file(&tree, "box", table[i].text);
			n = run(&got);
			if (n != (replaced ? 0 : table[i].news))
				fail_msg("%s: %zu new", table[i].what, n);
			assert_true(is_unchanged());
			assert_int_equal(run(&got), 0);
		}
	}
	buf_fini(&got);
}

/* A mark must not pass over what is not committed. */
static void
the_position_waits_for_commits(void **state)
{
	struct source *s;
	struct mail m[3];
	struct position p;

	(void)state;
	tree_file(&tree, "box", MAIL("1") MAIL("2") MAIL("3"));
	s = open_box(false);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(source_next(s, past.known, &m[i], &e), SOURCE_MAIL);
		close(m[i].fd);
	}
	assert_int_equal(source_next(s, past.known, &m[0], &e), SOURCE_END);
	assert_false(source_position(s, &p));
	source_acknowledge(s, m[2].keys[0], "", KNOWN_DONE, &e);
	source_acknowledge(s, m[1].keys[0], "", KNOWN_DONE, &e);
	assert_false(source_position(s, &p));
	source_close(s);
	/* The first was not committed: the next run gives it, and the others if they are not known. */
	s = open_box(false);
	keyset_put(past.known, m[1].keys[0], KNOWN_DONE);
	assert_int_equal(source_next(s, past.known, &m[0], &e), SOURCE_MAIL);
	close(m[0].fd);
	source_acknowledge(s, m[0].keys[0], "", KNOWN_DONE, &e);
	assert_int_equal(source_next(s, past.known, &m[2], &e), SOURCE_MAIL);
	close(m[2].fd);
	assert_true(source_position(s, &p));
	assert_true(p.end == 2 * strlen(MAIL("1")) && p.last_at == strlen(MAIL("1")));
	source_acknowledge(s, m[2].keys[0], "", KNOWN_DONE, &e);
	assert_true(source_position(s, &p));
	assert_true(p.end == 3 * strlen(MAIL("1")));
	assert_false(source_position(s, &p));
	source_close(s);
}

/* However often a mail stands there: it is one, and behind its copies only what is committed is passed. */
static void
copies_wait_with_what_they_are_copies_of(void **state)
{
	const size_t one = strlen(MAIL("1"));
	struct source *s;
	struct mail a, b;
	struct position p;

	(void)state;
	tree_file(&tree, "box", MAIL("1") MAIL("2") MAIL("1") MAIL("2") MAIL("1"));
	s = open_box(false);
	assert_int_equal(source_next(s, past.known, &a, &e), SOURCE_MAIL);
	close(a.fd);
	assert_int_equal(source_next(s, past.known, &b, &e), SOURCE_MAIL);
	close(b.fd);
	assert_int_equal(source_next(s, past.known, &(struct mail){ 0 }, &e), SOURCE_END);
	source_acknowledge(s, a.keys[0], "", KNOWN_DONE, &e);
	assert_true(source_position(s, &p));
	assert_true(p.end == one);
	source_acknowledge(s, b.keys[0], "", KNOWN_DONE, &e);
	assert_true(source_position(s, &p));
	assert_true(p.end == 5 * one && p.last_at == 4 * one);
	source_close(s);
}

static void
quoting_is_undone_and_internal_data_left_out(void **state)
{
	struct buf got;

	(void)state;
	buf_init(&got, 1 << 20);
	tree_file(&tree, "box",
	    SEP "From: Mail System Internal Data <x>\nSubject: FOLDER INTERNAL DATA\n\nx\n\n" SEP
		"A: 1\n\n>From x\n>>From y\n\n" SEP "Content-Length: 51\n\n>From z\n" SEP "\n\n");
	assert_int_equal(run(&got), 2);
	assert_string_equal(
	    got.p, "A: 1\n\nFrom x\n>From y\n\n|Content-Length: 51\n\nFrom z\n" SEP "\n\n|");
	assert_true(is_unchanged());
	buf_fini(&got);
}

/* A lock of a delivery, of either kind, is waited for without blocking, but not for ever. */
static void
locks(void **state)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	struct pollfd p;
	struct source *s;
	struct mail m;
	struct buf got;
	int fd, rc;

	(void)state;
	buf_init(&got, 1 << 20);
	tree_file(&tree, "box", MAIL("1"));
	fd = open(tree_at(&tree, "box"), O_RDWR | O_CLOEXEC);
	assert_int_equal(fcntl(fd, F_OFD_SETLK, &whole), 0);
	s = open_box(false);
	assert_int_equal(source_next(s, past.known, &m, &e), SOURCE_WAIT);
	source_pollfd(s, &p);
	assert_int_equal(poll(&p, 1, 5000), 1);
	assert_int_equal(source_next(s, past.known, &m, &e), SOURCE_WAIT);
	close(fd);
	source_pollfd(s, &p);
	assert_int_equal(poll(&p, 1, 5000), 1);
	assert_int_equal(source_next(s, past.known, &m, &e), SOURCE_MAIL);
	put_text(&m, &got);
	source_close(s);
	tree_file(&tree, "box.lock", "");
	s = open_box(false);
	while ((rc = source_next(s, past.known, &m, &e)) == SOURCE_WAIT) {
		source_pollfd(s, &p);
		assert_int_equal(poll(&p, 1, 5000), 1);
	}
	assert_int_equal(rc, -1);
	assert_int_equal(e.kind, ERR_SOURCE);
	assert_non_null(strstr(e.text, "box\" is locked by another program (\""));
	source_close(s);
	buf_fini(&got);
}

/* We hold no lock while anybody has a mail in hand. */
static void
nobody_is_kept_waiting(void **state)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	struct source *s;
	struct mail m;
	int fd;

	(void)state;
	tree_file(&tree, "box", MAIL("1") MAIL("2"));
	s = open_box(false);
	assert_int_equal(source_next(s, past.known, &m, &e), SOURCE_MAIL);
	close(m.fd);
	fd = open(tree_at(&tree, "box"), O_RDWR | O_CLOEXEC);
	assert_int_equal(fcntl(fd, F_SETLK, &whole), 0);
	close(fd);
	source_close(s);
}

/* What is appended while it is read comes too, and what is watched goes on for ever. */
static void
growing(void **state)
{
	struct source *s;
	struct mail m;
	struct buf got;
	struct pollfd p;
	size_t n = 0;

	(void)state;
	buf_init(&got, 1 << 20);
	tree_file(&tree, "box", "");
	s = open_box(true);
	assert_int_equal(take_all(s, &got), 0);
	append(MAIL("1"));
	for (int i = 0; i < 100 && n == 0; i++) {
		source_pollfd(s, &p);
		poll(&p, 1, 100);
		source_service(s, &e);
		n = take_all(s, &got);
	}
	assert_int_equal(n, 1);
	source_close(s);
	append(MAIL("2") MAIL("3"));
	s = open_box(false);
	assert_int_equal(source_next(s, past.known, &m, &e), SOURCE_MAIL);
	close(m.fd);
	while (source_next(s, past.known, &m, &e) == SOURCE_MAIL)
		close(m.fd);
	source_close(s);
	buf_fini(&got);
}

/* 100 MB without a separator: refused by its size, in little memory; the mail behind it comes. */
static void
one_that_is_too_big(void **state)
{
	static char block[1 << 20];
	const char next[] = "\n\n" MAIL("2");
	struct source *s;
	struct mail m;
	int fd;

	(void)state;
	memset(block, 'x', sizeof(block));
	tree_file(&tree, "box", SEP "Message-ID: <1@x>\n\n");
	fd = open(tree_at(&tree, "box"), O_WRONLY | O_APPEND | O_CLOEXEC);
	for (int i = 0; i < 100; i++)
		assert_int_equal(write(fd, block, sizeof(block)), sizeof(block));
	assert_int_equal(write(fd, next, sizeof(next) - 1), sizeof(next) - 1);
	close(fd);
	s = open_box(false);
	assert_int_equal(source_next(s, past.known, &m, &e), SOURCE_MAIL);
	assert_false(m.held);
	assert_true(m.size > LIMIT_MAIL_BYTES && m.size < (101ull << 20));
	close(m.fd);
	assert_int_equal(source_next(s, past.known, &m, &e), SOURCE_MAIL);
	assert_int_equal(m.size, strlen(MAIL("2")) - strlen(SEP));
	close(m.fd);
	assert_int_equal(source_next(s, past.known, &m, &e), SOURCE_END);
	source_close(s);
}

static int
open_others_box(const struct tree *t)
{
	const struct source_conf conf = { .path = tree_at(t, "box") };
	struct source *s = source_open(&conf, "/tmp", &e);

	TREE_CHECK(s == NULL && e.kind == ERR_SOURCE);
	TREE_CHECK(strstr(e.text, "sudo -u root") == NULL);
	TREE_CHECK(strstr(e.text, "usermod -aG mail ") != NULL);
	return 0;
}

static void
what_it_cannot_be(void **state)
{
	struct source_conf conf = { .path = "" };

	(void)state;
	tree_file(&tree, "box", MAIL("1"));
	conf.path = tree_at(&tree, "box");
	conf.after = AFTER_SEEN;
	assert_null(source_open(&conf, "/tmp", &e));
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_non_null(strstr(e.text, "an mbox is only ever read; after = keep"));
	conf.after = AFTER_KEEP;
	conf.failures = "Bad";
	assert_null(source_open(&conf, "/tmp", &e));
	conf.failures = NULL;
	conf.subfolders = true;
	assert_null(source_open(&conf, "/tmp", &e));
	assert_int_equal(e.kind, ERR_CONFIG);
	if (geteuid() == 0) {
		assert_int_equal(chown(tree_at(&tree, "box"), 0, 8), 0);
		assert_int_equal(chmod(tree_at(&tree, "box"), 0660), 0);
		assert_int_equal(tree_as_nobody(open_others_box, &tree), 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_new_is_read, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    what_was_rewritten_gives_only_what_is_new, setup, teardown),
		cmocka_unit_test_setup_teardown(the_position_waits_for_commits, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    copies_wait_with_what_they_are_copies_of, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    quoting_is_undone_and_internal_data_left_out, setup, teardown),
		cmocka_unit_test_setup_teardown(locks, setup, teardown),
		cmocka_unit_test_setup_teardown(nobody_is_kept_waiting, setup, teardown),
		cmocka_unit_test_setup_teardown(growing, setup, teardown),
		cmocka_unit_test_setup_teardown(one_that_is_too_big, setup, teardown),
		cmocka_unit_test_setup_teardown(what_it_cannot_be, setup, teardown),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("mboxfile", tests, NULL, NULL);
}
