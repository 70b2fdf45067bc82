#include "ingest/post.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ingest/fetchconf.h"
#include "ingest/imapkey.h"

static struct post *ends[2];

static int
set_up(void **state)
{
	int sockets[2];

	(void)state;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0)
		return -1;
	ends[0] = post_new(sockets[0]);
	ends[1] = post_new(sockets[1]);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	post_free(ends[0]);
	post_free(ends[1]);
	return 0;
}

static struct post_message
receive(enum post_type type)
{
	struct post_message m;

	assert_int_equal(post_receive(ends[1], &m), 1);
	assert_int_equal(m.type, type);
	return m;
}

static void
messages_come_as_they_were_sent(void **state)
{
	const struct mark mark = { -7, "DMARC/Grüße", 4000000000u, 17 };
	struct err e = { ERR_SOURCE, "the server is away" }, heard;
	struct post_message m;
	struct buf name;
	struct mark got;

	(void)state;
	buf_init(&name, 100);
	assert_int_equal(post_receive(ends[1], &m), 0);
	post_mark(ends[0], &mark);
	post_trouble(ends[0], &e);
	post_send(ends[0], POST_START, STR(""), -1);
	m = receive(POST_MARK);
	assert_int_equal(m.fd, -1);
	assert_int_equal(post_get_mark(m.payload, &got, &name), 0);
	assert_int_equal(got.folder_id, -7);
	assert_int_equal(got.uidvalidity, 4000000000u);
	assert_int_equal(got.uid, 17);
	assert_string_equal(got.name, "DMARC/Grüße");
	m = receive(POST_TROUBLE);
	assert_int_equal(post_get_trouble(m.payload, &heard), 0);
	assert_int_equal(heard.kind, ERR_SOURCE);
	assert_string_equal(heard.text, e.text);
	assert_int_equal(receive(POST_START).payload.n, 0);
	buf_fini(&name);
}

static void
a_mail_comes_with_its_descriptor(void **state)
{
	int fd = memfd_create("test", MFD_CLOEXEC);
	struct post_message m;
	char room[8];

	(void)state;
	assert_int_equal(write(fd, "mail", 4), 4);
	post_send(ends[0], POST_MAIL, STR("name"), fd);
	/* it was sent at once, and is ours no more */
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	m = receive(POST_MAIL);
	assert_true(m.fd >= 0);
	assert_int_equal(pread(m.fd, room, sizeof(room), 0), 4);
	assert_memory_equal(room, "mail", 4);
	close(m.fd);
}

/* The other end reads nothing: everything is queued, in order, and nobody waits. */
static void
what_the_socket_does_not_take_is_queued(void **state)
{
	enum { COUNT = 5000 };
	struct key k = { { 0 } };
	enum known what;
	const char *keys;
	size_t n;

	(void)state;
	for (uint32_t i = 0; i < COUNT; i++) {
		k = imapkey_put((struct imapkey){ 1, 2, i });
		post_keys(ends[0], KNOWN_SUCCESS, &k, 1);
	}
	assert_true(post_queued(ends[0]));
	for (uint32_t i = 0; i < COUNT; i++) {
		struct post_message m;

		post_flush(ends[0]);
		m = receive(POST_KEYS);
		assert_int_equal(post_get_keys(m.payload, &what, &keys, &n), 0);
		assert_int_equal(what, KNOWN_SUCCESS);
		assert_int_equal(n, 1);
		memcpy(&k, keys, sizeof(k));
		assert_int_equal(imapkey_get(k).uid, i);
	}
	assert_false(post_queued(ends[0]));
}

static void
many_keys_go_in_several_messages(void **state)
{
	static struct key keys[2 * POST_KEYS_MOST + 3];
	size_t got = 0, n;
	struct post_message m;
	enum known what;
	const char *at;

	(void)state;
	post_keys(ends[0], KNOWN_DONE, keys, sizeof(keys) / sizeof(keys[0]));
	while (post_receive(ends[1], &m) > 0) {
		assert_int_equal(post_get_keys(m.payload, &what, &at, &n), 0);
		got += n;
		post_flush(ends[0]);
	}
	assert_int_equal(got, sizeof(keys) / sizeof(keys[0]));
}

static void
a_peer_that_is_gone_is_seen_after_what_it_said(void **state)
{
	struct post_message m;

	(void)state;
	post_send(ends[0], POST_THROUGH, STR(""), -1);
	post_free(ends[0]);
	ends[0] = NULL;
	receive(POST_THROUGH);
	assert_int_equal(post_receive(ends[1], &m), -1);
	/* sending to it is no harm */
	post_send(ends[1], POST_FINISH, STR(""), -1);
	assert_false(post_queued(ends[1]));
}

static void
payloads_of_another_shape_are_refused(void **state)
{
	struct buf name;
	enum known what;
	const char *keys;
	struct mark m;
	struct err e;
	size_t n;

	(void)state;
	buf_init(&name, 10);
	assert_int_equal(post_get_keys(STR(""), &what, &keys, &n), -1);
	assert_int_equal(post_get_keys(STR("\001short"), &what, &keys, &n), -1);
	assert_int_equal(post_get_keys(STR("\0110123456789abcdef"), &what, &keys, &n), -1);
	assert_int_equal(post_get_mark(STR("0123456789abcde"), &m, &name), -1);
	assert_int_equal(post_get_mark(STR("0123456789abcdef\xff"), &m, &name), -1);
	assert_int_equal(post_get_mark(STR("0123456789abcdefa longer name"), &m, &name), -1);
	assert_int_equal(post_get_trouble(STR(""), &e), -1);
	assert_int_equal(post_get_trouble(STR("\003text"), &e), -1);
	buf_fini(&name);
}

static void
a_configuration_survives_the_way(void **state)
{
	const char *folders[] = { "INBOX", "DMARC/*" };
	const struct fetch_conf in = { .imap = { .name = "office",
					   .user = "ada",
					   .link = { .host = "imap.example.org",
					       .port = "993",
					       .tls = LINK_STARTTLS,
					       .fingerprint = "AB:CD",
					       .wait_seconds = 60 },
					   .auth = IMAP_AUTH_XOAUTH2,
					   .token = { .grant = TOKEN_DEVICE, .scope = "a b" },
					   .folders = folders,
					   .nfolders = 2,
					   .compress = true,
					   .idle_seconds = 540 },
		.after = AFTER_MOVE,
		.move_to = "Done",
		.tmp_dir = "/tmp",
		.watch = true };
	struct arena *a = arena_new(1 << 20);
	struct fetch_conf out;
	struct buf b;

	(void)state;
	buf_init(&b, FETCHCONF_BYTES);
	fetchconf_put(&b, &in);
	assert_int_equal(fetchconf_get(a, buf_str(&b), &out), 0);
	assert_string_equal(out.imap.name, "office");
	assert_string_equal(out.imap.link.host, "imap.example.org");
	assert_string_equal(out.imap.link.fingerprint, "AB:CD");
	assert_null(out.imap.link.ca_file);
	assert_int_equal(out.imap.link.tls, LINK_STARTTLS);
	assert_int_equal(out.imap.link.wait_seconds, 60);
	assert_int_equal(out.imap.auth, IMAP_AUTH_XOAUTH2);
	assert_int_equal(out.imap.token.grant, TOKEN_DEVICE);
	assert_string_equal(out.imap.token.scope, "a b");
	assert_int_equal(out.imap.nfolders, 2);
	assert_string_equal(out.imap.folders[1], "DMARC/*");
	assert_true(out.imap.compress);
	assert_int_equal(out.imap.idle_seconds, 540);
	assert_int_equal(out.after, AFTER_MOVE);
	assert_string_equal(out.move_to, "Done");
	assert_null(out.failures);
	assert_true(out.watch);
	for (size_t n = 0; n + 1 < b.n - strlen("INBOX") - strlen("DMARC/*") - 4; n++)
		assert_int_equal(fetchconf_get(a, (struct str){ b.p, n }, &out), -1);
	buf_fini(&b);
	arena_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(messages_come_as_they_were_sent, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    a_mail_comes_with_its_descriptor, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    what_the_socket_does_not_take_is_queued, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    many_keys_go_in_several_messages, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    a_peer_that_is_gone_is_seen_after_what_it_said, set_up, tear_down),
		cmocka_unit_test(payloads_of_another_shape_are_refused),
		cmocka_unit_test(a_configuration_survives_the_way),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
