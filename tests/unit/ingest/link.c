/* Making a link: names and addresses, certificates, TLS, STARTTLS. */
#include "tests/unit/ingest/linked.h"

#include "core/now.h"

/* The whole way for a few: the rest is in certificate.c. */
static void
wrong_certificates(void **state)
{
	struct peer_conf server = { .serve = echo, .cert = &good };
	struct peer_conf strange = { .serve = echo, .cert = &stranger };
	struct peer p = peer_start(&server), s = peer_start(&strange);
	struct link_conf conf = conf_for(&s, LINK_TLS);
	char hex[96];

	(void)state;
	refused(&conf, ERR_CONFIG, "its certificate is self-signed");
	refused(&conf, ERR_CONFIG, "\"one.example.test\" port ");
	conf.ca_file = NULL;
	refused(&conf, ERR_CONFIG, "its certificate is self-signed");
	/* what ca_file holds is trusted, root or not */
	conf.ca_file = at("stranger");
	link_close(open_link(&conf));
	conf = conf_for(&p, LINK_TLS);
	conf.ca_file = at("good");
	link_close(open_link(&conf));
	conf.ca_file = NULL;
	refused(&conf, ERR_CONFIG, "was issued by \"Test Root\", who is not known here");
	conf = conf_for(&p, LINK_TLS);
	conf.host = "a.b.example.test";
	refused(&conf, ERR_CONFIG,
	    "is not for \"a.b.example.test\" but for \"*.example.test\", \"127.0.0.1\"");
	cert_fingerprint(&stranger, hex);
	conf.fingerprint = hex;
	refused(&conf, ERR_CONFIG, "change fingerprint");
	cert_fingerprint(&good, hex);
	link_close(open_link(&conf));
	hex[0] = 'x';
	refused(&conf, ERR_CONFIG, "64 hexadecimal digits");
	peer_stop(&p);
	peer_stop(&s);
}

static void
client_certificates(void **state)
{
	static const int newest[] = { TLS1_2_VERSION, TLS1_3_VERSION };
	static const struct {
		const char *certificate, *key, *why;
	} t[] = {
		{ NULL, NULL, "it wants to see a client certificate" },
		{ "foreign", NULL, "it does not accept the certificate in" },
		{ "client", NULL, NULL },
		{ "client", "client", NULL },
	};

	(void)state;
	for (size_t v = 0; v < 2; v++) {
		struct peer_conf server = {
			.serve = greets, .cert = &good, .newest = newest[v], .clients = &root
		};
		struct peer p = peer_start(&server);

		for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
			struct link_conf conf = conf_for(&p, LINK_TLS);
			struct err e = { .kind = ERR_NONE };
			struct link *l;
			char got[12];

			conf.certificate = t[i].certificate != NULL ? at(t[i].certificate) : NULL;
			conf.key = t[i].key != NULL ? at(t[i].key) : NULL;
			l = link_open(&conf, &e);
			/* TLS 1.3 tells only who reads */
			if (l != NULL && link_read(l, got, sizeof(got), &e) > 0)
				assert_memory_equal(got, "* OK", 4);
			link_close(l);
			assert_int_equal(e.kind, t[i].why != NULL ? ERR_CONFIG : ERR_NONE);
			if (t[i].why != NULL && strstr(e.text, t[i].why) == NULL)
				fail_msg("%zu: %s", i, e.text);
		}
		peer_stop(&p);
	}
}

/* What is wrong with our own files is told before anybody is connected to. */
static void
bad_files(void **state)
{
	struct peer nobody = { .text = "1" };
	static const struct {
		const char *ca, *certificate, *key, *why;
	} t[] = {
		{ "nothing", NULL, NULL, "could not read the ca_file \"/tmp/" },
		{ "", NULL, NULL, "holds no certificate in PEM" },
		{ "root", "nothing", NULL, "could not read the certificate \"/tmp/" },
		{ "root", "client", "nothing", "could not read the key \"/tmp/" },
		{ "root", NULL, "client", "a key and no certificate" },
		{ "root", "client", "foreign", "holds no key (PEM) for the certificate in" },
		{ "root", "sealed", NULL, "has a passphrase" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct link_conf conf = conf_for(&nobody, LINK_TLS);

		conf.ca_file = t[i].ca[0] != '\0' ? at(t[i].ca) : "/dev/null";
		conf.certificate = t[i].certificate != NULL ? at(t[i].certificate) : NULL;
		conf.key = t[i].key != NULL ? at(t[i].key) : NULL;
		refused(&conf, ERR_CONFIG, t[i].why);
	}
}

static void
no_tls(void **state)
{
	static const struct {
		struct peer_conf server;
		enum err_kind kind;
		const char *why;
	} t[] = {
		{ { .serve = greets }, ERR_CONFIG, "is that the right port?" },
		{ { .serve = echo, .cert = &good, .newest = TLS1_1_VERSION }, ERR_CONFIG,
		    "it speaks no TLS as new as 1.2" },
		{ { .serve = leaves }, ERR_SOURCE, "" },
		{ { .serve = silent }, ERR_SOURCE,
		    "no answer to the handshake of TLS within 1 seconds" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct peer p = peer_start(&t[i].server);
		struct link_conf conf = conf_for(&p, LINK_TLS);

		conf.connect_seconds = 1;
		refused(&conf, t[i].kind, t[i].why);
		peer_stop(&p);
	}
}

static void
drop_hello(struct end *c)
{
	char p[4096];

	end_read(c, p, sizeof(p));
}

static void
ends_of_tls(void **state)
{
	struct peer_conf rude = { .serve = echo, .cert = &good, .rude = true };
	struct peer_conf drops = { .serve = drop_hello };
	struct peer p = peer_start(&rude), d = peer_start(&drops);
	struct link_conf conf = conf_for(&p, LINK_TLS);
	struct link *l = open_link(&conf);

	(void)state;
	put(l, "bye!", 4);
	expect(l, "bye!");
	expect_end(l, "without a goodbye");
	link_close(l);
	conf.port = d.text;
	refused(&conf, ERR_SOURCE, "it ended the connection during the handshake of TLS");
	peer_stop(&p);
	peer_stop(&d);
}

static void
names_and_addresses(void **state)
{
	struct peer_conf server = { .serve = greets };
	struct peer p = peer_start(&server), full = { .fd = -1 };
	struct peer_conf deaf = { .address = "127.0.0.2", .port = p.port };
	struct link_conf conf = conf_for(&p, LINK_CLEAR);
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)p.port) };
	struct link *l;
	int64_t before;
	int queue[4];

	(void)state;
	/* nobody listens on ::1 */
	conf.host = "both.test";
	l = open_link(&conf);
	expect(l, "* OK hello\r\n");
	assert_false(link_is_private(l));
	assert_string_equal(link_cipher(l), "no TLS");
	link_close(l);
	/* whose queue is full does not answer */
	full.fd = peer_listen(&deaf, &full, 0);
	inet_pton(AF_INET, deaf.address, &a.sin_addr);
	for (size_t i = 0; i < 4; i++) {
		queue[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		connect(queue[i], (struct sockaddr *)&a, sizeof(a));
	}
	conf.host = "two.test";
	conf.connect_seconds = 1;
	before = now_ms();
	l = open_link(&conf);
	assert_in_range(now_ms() - before, 900, 5000);
	expect(l, "* OK hello\r\n");
	link_close(l);
	conf.host = "127.0.0.2";
	refused(&conf, ERR_SOURCE, "could not connect: no answer");
	for (size_t i = 0; i < 4; i++)
		close(queue[i]);
	close(full.fd);
	peer_stop(&p);
	conf.host = "both.test";
	refused(&conf, ERR_SOURCE, "could not connect: ::1: ");
	refused(&conf, ERR_SOURCE, "; 127.0.0.1: Connection refused");
	conf.host = "later.test";
	refused(&conf, ERR_SOURCE, "could not look up the host \"later.test\"");
	conf.host = "mixed.test";
	refused(&conf, ERR_CONFIG, "not this machine");
	conf.host = "192.0.2.1";
	refused(&conf, ERR_CONFIG, "not this machine");
	conf.host = "m\xC3\xBCller.test";
	refused(&conf, ERR_CONFIG, "xn--");
	conf.host = "";
	refused(&conf, ERR_CONFIG, "there is no host");
	conf.host = "127.0.0.1";
	conf.port = "imap";
	refused(&conf, ERR_CONFIG, "no port");
}

static void
starts_tls(struct end *c)
{
	char p[64];

	end_read(c, p, sizeof(p));
	end_write(c, "a OK\r\n", 6);
	end_secure(c);
	echo(c);
}

static void
injects(struct end *c)
{
	char p[64];

	end_read(c, p, sizeof(p));
	end_write(c, "a OK\r\n* PREAUTH\r\n", 17);
	silent(c);
}

static void
injects_later(struct end *c)
{
	char p[64];

	end_read(c, p, sizeof(p));
	end_write(c, "a OK\r\n", 6);
	usleep(50000);
	end_write(c, "* PREAUTH\r\n", 11);
	silent(c);
}

static void
starttls(void **state)
{
	struct peer_conf server = { .serve = starts_tls, .cert = &good, .starttls = true };
	struct peer_conf evil = { .serve = injects }, slow = { .serve = injects_later };
	struct peer p = peer_start(&server), q = peer_start(&evil), r = peer_start(&slow);
	struct link_conf conf = conf_for(&p, LINK_STARTTLS);
	struct link *l = open_link(&conf);
	struct err e = { .kind = ERR_NONE };

	(void)state;
	assert_false(link_is_private(l));
	put(l, "a STARTTLS\r\n", 12);
	expect(l, "a OK\r\n");
	assert_int_equal(link_starttls(l, &e), 0);
	assert_true(link_is_private(l));
	put(l, "safe!", 5);
	expect(l, "safe!");
	expect_end(l, "it ended the connection");
	link_close(l);
	/* its certificate counts here too */
	conf.host = "a.b.example.test";
	l = open_link(&conf);
	put(l, "a STARTTLS\r\n", 12);
	expect(l, "a OK\r\n");
	assert_int_equal(link_starttls(l, &e), -1);
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_non_null(strstr(e.text, "is not for"));
	assert_int_equal(link_flush(l, &e), -1);
	link_close(l);
	/* bytes of somebody: taken in with the OK, and still in the kernel */
	for (int later = 0; later < 2; later++) {
		conf = conf_for(later ? &r : &q, LINK_STARTTLS);
		l = open_link(&conf);
		put(l, "a STARTTLS\r\n", 12);
		expect(l, "a OK\r\n");
		if (later)
			usleep(150000);
		assert_int_equal(link_starttls(l, &e), -1);
		assert_int_equal(e.kind, ERR_CONFIG);
		assert_non_null(strstr(e.text, "something came before TLS"));
		assert_false(link_is_private(l));
		link_close(l);
	}
	peer_stop(&r);
	peer_stop(&p);
	peer_stop(&q);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tls_and_back),
		cmocka_unit_test(wrong_certificates),
		cmocka_unit_test(client_certificates),
		cmocka_unit_test(bad_files),
		cmocka_unit_test(no_tls),
		cmocka_unit_test(ends_of_tls),
		cmocka_unit_test(names_and_addresses),
		cmocka_unit_test(starttls),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_certs, free_certs);
}
