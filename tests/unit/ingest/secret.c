#include "ingest/secret.h"

#include <signal.h>
#include <time.h>

#include "tests/unit/ingest/tree.h"

#include "core/instrument.h"
#include "ingest/command.h"

static int
read_it(const struct secret_conf *c, char *text, size_t room, struct err *e)
{
	struct buf b;
	int rc;

	*e = (struct err){ 0 };
	buf_init(&b, SECRET_BYTES);
	rc = secret_read(c, "the password of x", &b, e);
	if (rc == 0) {
		assert_int_equal(b.p[b.n], '\0');
		snprintf(text, room, "%s", b.p);
		assert_int_equal(strlen(b.p), b.n);
	} else {
		assert_null(b.p);
		assert_int_equal(strncmp(e->text, "the password of x: ", 19), 0);
	}
	secret_wipe(&b);
	assert_null(b.p);
	return rc;
}

static void
write_file(const char *path, const void *p, size_t n, mode_t mode)
{
	int fd;

	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, p, n), n);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void
the_first_line_of_a_file(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
		mode_t mode;
		const char *secret; /* or NULL: */
		const char *complaint;
	} t[] = {
		{ "secret\n", 7, 0600, "secret", NULL },
		{ "secret", 6, 0400, "secret", NULL },
		{ "secret\r\nmore\n", 13, 0600, "secret", NULL },
		{ " a b \xc3\xa9 \nmore", 13, 0700, " a b \xc3\xa9 ", NULL },
		{ "a\rb\n", 4, 0600, "a\rb", NULL },
		{ "a\n\0b", 4, 0600, "a", NULL },
		{ "", 0, 0600, NULL, "empty" },
		{ "\nsecret\n", 8, 0600, NULL, "empty" },
		{ "\r\n", 2, 0600, NULL, "empty" },
		{ "a\0b\n", 4, 0600, NULL, "NUL" },
		{ "secret\n", 7, 0604, NULL, "chmod 600" },
		{ "secret\n", 7, 0640, NULL, "chmod 600" },
		{ "secret\n", 7, 0620, NULL, "chmod 600" },
	};
	struct tree tree = tree_new("/tmp");
	const char *path = tree_at(&tree, "file");
	const struct secret_conf c = { .file = path };
	char text[100];
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		write_file(path, t[i].bytes, t[i].n, t[i].mode);
		if (t[i].secret != NULL) {
			if (read_it(&c, text, sizeof(text), &e) < 0)
				fail_msg("%zu: %s", i, e.text);
			assert_string_equal(text, t[i].secret);
			continue;
		}
		assert_int_equal(read_it(&c, text, sizeof(text), &e), -1);
		assert_int_equal(e.kind, ERR_CONFIG);
		if (strstr(e.text, t[i].complaint) == NULL || strstr(e.text, "secret") != NULL)
			fail_msg("%zu: %s", i, e.text);
	}
	tree_remove(&tree);
}

static void
of_any_length_that_fits(void **state)
{
	static char bytes[SECRET_BYTES + 10], text[SECRET_BYTES + 10];
	struct tree tree = tree_new("/tmp");
	const char *path = tree_at(&tree, "file");
	const struct secret_conf c = { .file = path };
	struct err e;

	(void)state;
	memset(bytes, 'a', sizeof(bytes));
	write_file(path, bytes, SECRET_BYTES - 1, 0600);
	assert_int_equal(read_it(&c, text, sizeof(text), &e), 0);
	assert_int_equal(strlen(text), SECRET_BYTES - 1);
	write_file(path, bytes, SECRET_BYTES, 0600);
	assert_int_equal(read_it(&c, text, sizeof(text), &e), -1);
	assert_int_equal(e.kind, ERR_CONFIG);
	bytes[SECRET_BYTES - 1] = '\n';
	write_file(path, bytes, sizeof(bytes), 0600);
	assert_int_equal(read_it(&c, text, sizeof(text), &e), 0);
	assert_int_equal(strlen(text), SECRET_BYTES - 1);
	tree_remove(&tree);
}

static void
what_is_no_file_is_refused(void **state)
{
	struct tree tree = tree_new("/tmp");
	const struct secret_conf gone = { .file = tree_at(&tree, "gone") };
	const struct secret_conf directory = { .file = tree_at(&tree, "") };
	const struct secret_conf fifo = { .file = tree_at(&tree, "fifo") };
	const struct secret_conf none = { .file = NULL };
	char text[10];
	struct err e;

	(void)state;
	assert_int_equal(mkfifo(fifo.file, 0600), 0);
	assert_int_equal(read_it(&gone, text, sizeof(text), &e), -1);
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_int_equal(read_it(&directory, text, sizeof(text), &e), -1);
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_int_equal(read_it(&fifo, text, sizeof(text), &e), -1);
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_int_equal(read_it(&none, text, sizeof(text), &e), -1);
	assert_false(secret_is_named(&none));
	assert_true(secret_is_named(&fifo));
	tree_remove(&tree);
}

static void
a_credential_is_as_systemd_made_it(void **state)
{
	static const char *const wrong[] = { "", ".", "..", "a/b", "/etc/passwd", "gone" };
	struct tree tree = tree_new("/tmp");
	struct secret_conf c = { .credential = "imap" };
	char text[100];
	struct err e;

	(void)state;
	write_file(tree_at(&tree, "imap"), "from systemd\n", 13, 0440);
	unsetenv("CREDENTIALS_DIRECTORY");
	assert_int_equal(read_it(&c, text, sizeof(text), &e), -1);
	assert_int_equal(e.kind, ERR_CONFIG);
	setenv("CREDENTIALS_DIRECTORY", tree.path, 1);
	assert_int_equal(read_it(&c, text, sizeof(text), &e), 0);
	assert_string_equal(text, "from systemd");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		c.credential = wrong[i];
		assert_int_equal(read_it(&c, text, sizeof(text), &e), -1);
		assert_int_equal(e.kind, ERR_CONFIG);
	}
	unsetenv("CREDENTIALS_DIRECTORY");
	tree_remove(&tree);
}

static void
what_a_command_prints(void **state)
{
	static const struct {
		const char *command, *secret;
		enum err_kind kind;
	} t[] = {
		{ "echo secret", "secret", ERR_NONE },
		{ "printf 'sec'; sleep 0.1; printf 'ret\\nmore\\n'", "secret", ERR_NONE },
		{ "echo secret; head -c 10000000 /dev/zero", "secret", ERR_NONE },
		{ "cat; echo secret", "secret", ERR_NONE },
		{ "sleep 11 & echo secret", "secret", ERR_NONE },
		{ "exec 1>&-; sleep 0.1", NULL, ERR_CONFIG },
		{ "true", NULL, ERR_CONFIG },
		{ "echo secret; exit 3", NULL, ERR_SOURCE },
		{ "echo secret; kill -KILL $$", NULL, ERR_SOURCE },
		{ "echo secret; /nowhere/command 2>/dev/null", NULL, ERR_CONFIG },
		{ "/etc/passwd 2>/dev/null", NULL, ERR_CONFIG },
		{ "head -c 70000 /dev/zero | tr '\\0' a", NULL, ERR_CONFIG },
	};
	time_t from = time(NULL);
	char text[100];
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		const struct secret_conf c = { .command = t[i].command };
		int rc = read_it(&c, text, sizeof(text), &e);

		if (rc != (t[i].secret != NULL ? 0 : -1) || e.kind != t[i].kind)
			fail_msg("%zu: %d, %s", i, rc, e.text);
		if (rc == 0)
			assert_string_equal(text, t[i].secret);
		else
			assert_null(strstr(e.text, "secret"));
	}
	assert_true(time(NULL) - from < (INSTRUMENTED ? 200 : 10));
}

/* With all its children, wherever they are. */
static void
a_command_that_takes_too_long_is_killed(void **state)
{
	struct tree tree = tree_new("/tmp");
	time_t from = time(NULL);
	char command[200];
	struct buf b;
	struct err e;
	pid_t child = 0;
	FILE *f;

	(void)state;
	snprintf(command, sizeof(command), "sleep 60 & echo $! >%s; trap '' TERM; wait",
	    tree_at(&tree, "pid"));
	buf_init(&b, SECRET_BYTES);
	assert_int_equal(command_read(command, 1, &b, &e), -1);
	assert_int_equal(e.kind, ERR_SOURCE);
	assert_true(time(NULL) - from < 5);
	f = fopen(tree_at(&tree, "pid"), "re");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%d", &child), 1);
	fclose(f);
	for (int i = 0; i < 100 && kill(child, 0) == 0; i++) {
		char status[64], line[100] = "";

		snprintf(status, sizeof(status), "/proc/%d/stat", child);
		f = fopen(status, "re");
		if (f == NULL || fgets(line, sizeof(line), f) == NULL ||
		    strstr(line, ") Z") != NULL)
			i = 1000; /* gone, or waiting for somebody to notice */
		if (f != NULL)
			fclose(f);
		usleep(20000);
		assert_true(i != 99);
	}
	buf_fini(&b);
	tree_remove(&tree);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_line_of_a_file),
		cmocka_unit_test(of_any_length_that_fits),
		cmocka_unit_test(what_is_no_file_is_refused),
		cmocka_unit_test(a_credential_is_as_systemd_made_it),
		cmocka_unit_test(what_a_command_prints),
		cmocka_unit_test(a_command_that_takes_too_long_is_killed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
